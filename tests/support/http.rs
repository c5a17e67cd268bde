//! HTTP as it is on the wire, for those who write or read it themselves.

/// The head and the body of a message, once all of it is there.
pub(crate) fn whole(heard: &[u8]) -> Option<(String, String)> {
    let text = String::from_utf8_lossy(heard);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length").then(|| value.parse::<usize>().unwrap())
    });
    (body.len() >= length.unwrap_or(0)).then(|| (head.to_owned(), body.to_owned()))
}
