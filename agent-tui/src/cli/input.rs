//! What the commands read from standard input: a password, or the text of a message.

use std::io::{self, BufRead, Read};

use super::output::Usage;

/// More than a server takes of anything; nothing is read beyond.
const MOST_BYTES: u64 = 1 << 20;

/// The first line, without its end. A password never comes by an argument: others could read it.
pub(super) fn password(by_stdin: bool) -> anyhow::Result<String> {
    if !by_stdin {
        let text = "give the password on standard input, with --password-stdin";
        return Err(Usage(text.to_owned()).into());
    }
    let mut lines = io::stdin().lock().take(MOST_BYTES).lines();
    let line = lines.next().transpose()?;
    line.ok_or_else(|| Usage("no password on standard input".to_owned()).into())
}

/// Everything, without the line ends at its end: those are the shell's.
pub(super) fn text() -> anyhow::Result<String> {
    text_of(io::stdin().lock())
}

fn text_of(from: impl Read) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    from.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(Usage("standard input is too long for a message".to_owned()).into());
    }
    let mut text = String::from_utf8(bytes)
        .map_err(|_| Usage("standard input is not UTF-8 text".to_owned()))?;
    text.truncate(text.trim_end_matches(['\r', '\n']).len());
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_keeps_its_lines_and_loses_the_last_line_end() {
        assert_eq!(text_of(&b"a\n\n b\r\n\n"[..]).unwrap(), "a\n\n b");
        assert_eq!(text_of(&b""[..]).unwrap(), "");
    }

    #[test]
    fn what_is_no_text_or_has_no_end_is_refused() {
        assert!(text_of(&b"\xff"[..]).unwrap_err().is::<Usage>());
        assert!(text_of(io::repeat(b'a')).unwrap_err().is::<Usage>());
    }
}
