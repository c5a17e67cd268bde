//! The agent's own editor: which one it is, and the file that passes the text to it and back. The
//! file is for its owner only, in a directory of its own that goes with everything in it, and no
//! shell has a say in any of it. The screen is the caller's business.

use std::fs::{OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::core::draft::Mode;

/// The most that is read back of a file; the composer takes less.
const LARGEST: u64 = 1 << 20;

/// The text on its way through the editor.
pub(crate) struct Passage {
    /// Goes with all that the editor leaves beside the file.
    _directory: tempfile::TempDir,
    file: PathBuf,
}

impl Passage {
    pub(crate) fn open(home: &Path, mode: Mode, text: &str) -> io::Result<Self> {
        let owner_only = Permissions::from_mode(0o700);
        let directory = tempfile::Builder::new()
            .prefix(".writing-")
            .permissions(owner_only)
            .tempdir_in(home)?;
        let file = directory.path().join(format!("{}.txt", mode.word()));
        let mut open = OpenOptions::new();
        open.write(true).create_new(true).mode(0o600);
        open.open(&file)?.write_all(text.as_bytes())?;
        Ok(Self { _directory: directory, file })
    }

    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// What the editor has left. Some replace the file instead of writing to it.
    pub(crate) fn text(&self) -> io::Result<String> {
        let mut bytes = Vec::new();
        std::fs::File::open(&self.file)?.take(LARGEST).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// The editor's program and arguments, as the environment names it.
pub(crate) fn command(variable: impl Fn(&str) -> Option<String>) -> Result<Vec<String>, String> {
    for name in ["VISUAL", "EDITOR"] {
        if let Some(value) = variable(name).filter(|value| !value.trim().is_empty()) {
            return match split(&value) {
                Some(words) if !words.is_empty() => Ok(words),
                _ => Err(format!("${name} has a quote without its other half")),
            };
        }
    }
    Ok(vec!["vi".to_owned()])
}

/// Splits as a shell would, without anything else that a shell does: blanks separate, quotes and
/// backslashes keep together.
fn split(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => word.get_or_insert_default().push(rest.next()?),
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn the_text_passes_through_a_private_file_that_is_gone_afterwards() {
        let home = tempfile::tempdir().unwrap();
        let passage = Passage::open(home.path(), Mode::Note, "half a").unwrap();
        let file = passage.file().to_owned();
        assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));

        // As editors do: another file in its place, and a copy left behind.
        let directory = file.parent().unwrap();
        std::fs::write(directory.join("note.txt~"), "half a").unwrap();
        std::fs::write(directory.join("new"), "half a sentence\n").unwrap();
        std::fs::rename(directory.join("new"), &file).unwrap();

        assert_eq!(passage.text().unwrap(), "half a sentence\n");
        drop(passage);
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
    }

    #[test]
    fn the_editor_is_split_into_words_and_no_shell_sees_them() {
        let named = |visual: &str, editor: &str| {
            command(|name| Some(if name == "VISUAL" { visual } else { editor }.to_owned()))
        };

        assert_eq!(named("", "nano").unwrap(), ["nano"]);
        assert_eq!(named("code --wait", "nano").unwrap(), ["code", "--wait"]);
        assert_eq!(
            named(r#"'/opt/my editor/vi' "a \"b\"" c\ d $(touch x); "#, "").unwrap(),
            ["/opt/my editor/vi", "a \"b\"", "c d", "$(touch", "x);"]
        );
        assert_eq!(command(|_| None).unwrap(), ["vi"]);
        assert!(named("vi \"", "").unwrap_err().starts_with("$VISUAL"));
    }
}
