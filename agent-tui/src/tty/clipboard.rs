//! Hands a text to the terminal's clipboard (OSC 52), also through SSH. It is only ever written:
//! a clipboard that is read could be sent to whoever asks.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Terminals take less than 100,000 bytes at once; no message is longer.
const MOST_BYTES: usize = 64 << 10;

/// The bytes that a terminal takes for it.
pub(crate) fn copy(text: &str) -> Vec<u8> {
    let end = (0..=MOST_BYTES.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    let text = &text[..end.unwrap_or(0)];
    format!("\u{1b}]52;c;{}\u{1b}\\", STANDARD.encode(text)).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_written_in_a_form_that_cannot_end_early_and_never_asked_for() {
        assert_eq!(copy("hi\u{1b}]52;c;?\u{7}"), b"\x1b]52;c;aGkbXTUyO2M7Pwc=\x1b\\");
        let long = copy(&"é".repeat(MOST_BYTES));
        assert!(long.len() < 100_000);
    }
}
