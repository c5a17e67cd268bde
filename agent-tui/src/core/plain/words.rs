//! What a line means that is typed into the line mode: one of its words, or text for the guest.
//!
//! A text must not do something because it begins with a word, and a mistyped word must not be sent
//! to a guest: a word without an argument stands alone on its line, and what is nearly one is asked
//! about.

use support_shared::ids::TicketName;

use crate::core::draft::Mode;
use crate::core::filter::Filter;

/// A line that ends a text of several lines.
const END: &str = ".";

/// What the line mode is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Word {
    List(Filter),
    Open {
        name: TicketName,
        silent: bool,
    },
    Say {
        mode: Mode,
        text: String,
    },
    Claim,
    Close,
    Leave,
    Next,
    Retry,
    TakeBack,
    Help,
    Quit,
    Yes,
    No,
    /// Lines from here on are a text.
    Begin(Mode),
    /// The end of the input came before that of the text.
    Unfinished {
        mode: Mode,
        text: String,
    },
    /// Nothing that can be done; why.
    Wrong(String),
}

/// The words, how they are written, and what they do.
const WORDS: [(&str, &str, &str); 12] = [
    ("list", "list, list mine, list unassigned", "the open tickets, longest waiting first"),
    (
        "join",
        "join REF",
        "come into a conversation and read it; lines are then replies to its guest",
    ),
    ("watch", "watch REF", "read a conversation and follow it without being seen"),
    ("reply", "reply TEXT", "send to the guest; reply alone begins a text of several lines"),
    ("note", "note TEXT", "write for the desk only; note alone begins several lines"),
    ("claim", "claim", "answer for the ticket"),
    ("close", "close", "close the ticket, after a yes"),
    ("leave", "leave", "leave the conversation"),
    ("next", "next", "the next ticket that needs you, without being seen"),
    ("retry", "retry", "send a refused message again"),
    ("takeback", "takeback", "take a refused message back as a draft"),
    ("quit", "quit", "end; help lists these words"),
];

/// The lines of the help.
pub(super) fn help() -> impl Iterator<Item = String> {
    let words = WORDS.iter().map(|(_, form, help)| format!("{form}: {help}"));
    words.chain([
        "Any other line is sent to the guest of the ticket that you have joined.".to_owned()
    ])
}

/// Reads lines. A text of several lines is kept here until its end.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    begun: Option<(Mode, Vec<String>)>,
}

impl Reader {
    /// The next line, without its end.
    pub(crate) fn line(&mut self, line: &str) -> Option<Word> {
        if let Some((mode, lines)) = &mut self.begun {
            if line.trim_end() != END {
                lines.push(line.to_owned());
                return None;
            }
            let word = Word::Say { mode: *mode, text: lines.join("\n") };
            self.begun = None;
            return Some(word);
        }
        let word = word_of(line.trim())?;
        if let Word::Begin(mode) = word {
            self.begun = Some((mode, Vec::new()));
        }
        Some(word)
    }

    /// There are no more lines.
    pub(crate) fn end(&mut self) -> Option<Word> {
        let (mode, lines) = self.begun.take()?;
        Some(Word::Unfinished { mode, text: lines.join("\n") })
    }
}

fn word_of(line: &str) -> Option<Word> {
    if line.is_empty() {
        return None;
    }
    let (first, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    let word = match (first, rest) {
        ("list", "" | "open") => Word::List(Filter::Open),
        ("list", "mine") => Word::List(Filter::Mine),
        ("list", "unassigned") => Word::List(Filter::Unassigned),
        ("claim", "") => Word::Claim,
        ("close", "") => Word::Close,
        ("leave", "") => Word::Leave,
        ("next", "") => Word::Next,
        ("retry", "") => Word::Retry,
        ("takeback", "") => Word::TakeBack,
        ("help" | "?", "") => Word::Help,
        ("quit" | "exit", "") => Word::Quit,
        ("yes", "") => Word::Yes,
        ("no", "") => Word::No,
        ("reply", "") => Word::Begin(Mode::Reply),
        ("note", "") => Word::Begin(Mode::Note),
        ("reply", text) => say(Mode::Reply, text),
        ("note", text) => say(Mode::Note, text),
        ("join" | "watch", "") => Word::Wrong(format!("{first} which ticket? {first} REF")),
        ("join" | "watch", name) if !name.contains(char::is_whitespace) => {
            let silent = first == "watch";
            match name.parse() {
                Ok(name) => Word::Open { name, silent },
                Err(_) => Word::Wrong(format!("{first} takes the six characters of a ticket")),
            }
        }
        (_, "") => match nearly(first) {
            Some(word) => Word::Wrong(format!("did you mean {word}? To send this: reply {first}")),
            None => say(Mode::Reply, line),
        },
        _ => say(Mode::Reply, line),
    };
    Some(word)
}

fn say(mode: Mode, text: &str) -> Word {
    Word::Say { mode, text: text.to_owned() }
}

/// The word that this one was perhaps to be: a letter or two are others, or in another order.
fn nearly(typed: &str) -> Option<&'static str> {
    let lower = typed.to_lowercase();
    WORDS.iter().map(|(word, ..)| *word).find(|word| {
        distance(word, &lower) <= 1 + usize::from(word.len() > 4)
            || letters(word) == letters(&lower)
    })
}

fn letters(word: &str) -> Vec<char> {
    let mut letters: Vec<char> = word.chars().collect();
    letters.sort_unstable();
    letters
}

/// How many letters must be put, taken or changed to make one of the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().take(20).collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, b) in other.iter().enumerate() {
            let change = corner + usize::from(a != *b);
            corner = row[j + 1];
            row[j + 1] = change.min(corner + 1).min(row[j] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &str) -> Vec<Word> {
        let mut reader = Reader::default();
        let mut words: Vec<Word> = lines.lines().filter_map(|line| reader.line(line)).collect();
        words.extend(reader.end());
        words
    }

    fn reply(text: &str) -> Word {
        say(Mode::Reply, text)
    }

    #[test]
    fn a_text_that_begins_with_a_word_is_a_text() {
        for text in [
            "close the window and try again",
            "join us on the first of May",
            "list all that you see, please",
            "quit the app first",
            "Thank you",
            "ok",
        ] {
            assert_eq!(read(text), [reply(text)]);
        }
        assert_eq!(read("reply close"), [reply("close")]);
    }

    #[test]
    fn a_mistyped_word_is_not_sent_to_a_guest() {
        for (typed, word) in
            [("clsoe", "close"), ("quti", "quit"), ("clam", "claim"), ("Close", "close")]
        {
            let [Word::Wrong(why)] = &read(typed)[..] else { panic!("{typed}") };
            assert!(why.contains(word), "{why}");
        }
        assert!(matches!(read("join")[..], [Word::Wrong(_)]));
        assert!(matches!(read("join somebody")[..], [Word::Wrong(_)]));
    }

    #[test]
    fn words_and_their_arguments() {
        let name: TicketName = "QJVQRG".parse().unwrap();
        assert_eq!(read("join qjvqrg"), [Word::Open { name, silent: false }]);
        assert_eq!(read("  watch QJVQRG "), [Word::Open { name, silent: true }]);
        assert_eq!(read("list\nlist mine"), [Word::List(Filter::Open), Word::List(Filter::Mine)]);
        assert_eq!(read("note she is abroad"), [say(Mode::Note, "she is abroad")]);
        assert_eq!(read("\n \n"), []);
    }

    #[test]
    fn a_text_of_several_lines_ends_with_a_dot_and_is_not_sent_without() {
        assert_eq!(
            read("reply\none\n\n  close\n.\nclose"),
            [Word::Begin(Mode::Reply), reply("one\n\n  close"), Word::Close]
        );
        let text = "one\ntwo".to_owned();
        assert_eq!(
            read("note\none\ntwo"),
            [Word::Begin(Mode::Note), Word::Unfinished { mode: Mode::Note, text }]
        );
    }
}
