//! What a line means that is typed into the line mode: one of its words, or text for the guest.
//!
//! No command must be sent to a guest: a line that begins with the name of one is that command, or
//! refused, and what is nearly one is asked about. A text that begins so is sent by `reply`.

use support_shared::ids::TicketName;
use support_shared::ticket::Priority;

use crate::commands::{CommandId as C, rows};
use crate::core::draft::Mode;
use crate::core::filter::Filter;
use crate::text::fit;

/// A line that ends a text of several lines.
const END: &str = ".";

/// What the line mode is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Word {
    List(Filter),
    Search(String),
    Open {
        name: TicketName,
        silent: bool,
    },
    Say {
        mode: Mode,
        text: String,
    },
    /// What the command of the screen does, with nothing more to say.
    Run(C),
    Quiet,
    /// With a reason, or without.
    Close(String),
    Assign(String),
    HandBack(String),
    /// All the tags that the ticket is to have; without any, which it has.
    Tags(Option<String>),
    Priority(Option<Priority>),
    Details,
    Who,
    Unsent,
    Canned(Option<String>),
    /// Lines go to nobody.
    Back,
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
const WORDS: [(&str, &str, &str); 27] = [
    (
        "list",
        "list, list mine, list unassigned, list closed",
        "tickets; the open ones longest waiting first, closed ones last closed first",
    ),
    ("search", "search WORDS", "those of the last list with these words in subject, ref or guest"),
    (
        "join",
        "join REF",
        "come into a conversation and read it; lines are then replies to its guest",
    ),
    ("watch", "watch REF", "read a conversation and follow it without being seen"),
    ("next", "next", "the next ticket that needs you, without being seen"),
    ("reply", "reply TEXT", "send to the guest; reply alone begins a text of several lines"),
    ("note", "note TEXT", "write for the desk only; note alone begins several lines"),
    (
        "canned",
        "canned, canned SHORTCUT",
        "the canned replies; with one of their shortcuts, send that reply to the guest",
    ),
    ("claim", "claim", "answer for the ticket"),
    ("assign", "assign NAME", "let a colleague answer for it; assign me takes it over"),
    ("hand-back", "hand-back, hand-back NOTE", "back into the queue, with a note for the next"),
    ("tags", "tags, tags ONE, OTHER", "its tags; change them to these; tags - takes all away"),
    ("priority", "priority, priority low", "how urgent it is; change it: low normal high urgent"),
    ("details", "details", "what is known of the ticket and its guest"),
    ("who", "who", "your colleagues, and who of them is here"),
    ("close", "close, close REASON", "close the ticket, after a yes; its guest can read why"),
    ("reopen", "reopen", "open the closed ticket again"),
    ("back", "back", "lines go to no guest any more; the conversation is not left"),
    ("leave", "leave", "leave the conversation"),
    ("unsent", "unsent", "what you have written and is not sent"),
    ("retry", "retry", "send a refused message again"),
    ("takeback", "takeback", "take a refused message back as a draft"),
    ("quiet", "quiet", "do not disturb, until it is typed again"),
    ("reconnect", "reconnect", "connect now instead of waiting"),
    ("yes", "yes, no", "answers to a question"),
    ("help", "help", "these words"),
    ("quit", "quit", "end"),
];

/// The lines of the help.
pub(super) fn help() -> impl Iterator<Item = String> {
    let words = WORDS.iter().map(|(_, form, help)| format!("{form}: {help}"));
    words.chain([
        "Any other line is sent to the guest of the ticket that you have joined.".to_owned(),
        "A line that begins with a word of these, or with the name of a command of the screen, \
         is never sent: to send such a text, put reply before it, as in reply close the window."
            .to_owned(),
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
    let lower = first.to_lowercase();
    let word = match (command(&lower, rest), lower == first) {
        (Some(Ok(word)), true) => word,
        // A sentence begins with a capital; but nobody capitalises a whole command by chance.
        (Some(Ok(_)), false) => {
            let rest = if rest.is_empty() { String::new() } else { format!(" {rest}") };
            let meant = fit(&format!("{lower}{rest}"), 60);
            Word::Wrong(format!("did you mean {meant}? {SEND}"))
        }
        (Some(Err(_)), false) if !rest.is_empty() => say(Mode::Reply, line),
        (Some(Err(why)), _) => Word::Wrong(format!("{why}. {SEND}")),
        (None, _) => match nearly(&lower).filter(|_| rest.is_empty()) {
            Some(word) => Word::Wrong(format!("did you mean {word}? {SEND}")),
            None => say(Mode::Reply, line),
        },
    };
    Some(word)
}

/// How a text is sent that is none of the words, but begins like one.
const SEND: &str = "To send this to the guest, put reply before it";

/// What a line that begins with this word is, or why it is nothing; nothing for any other word.
fn command(first: &str, rest: &str) -> Option<Result<Word, String>> {
    let alone =
        |word| if rest.is_empty() { Ok(word) } else { Err(format!("{first} stands alone")) };
    let list = |filter| alone(Word::List(filter));
    Some(match first {
        "list" => match rest {
            "" | "open" => Ok(Word::List(Filter::Open)),
            "mine" => Ok(Word::List(Filter::Mine)),
            "unassigned" => Ok(Word::List(Filter::Unassigned)),
            "closed" => Ok(Word::List(Filter::Closed)),
            _ => Err("list takes mine, unassigned, open or closed".to_owned()),
        },
        "show-open" => list(Filter::Open),
        "show-mine" => list(Filter::Mine),
        "show-unassigned" => list(Filter::Unassigned),
        "show-closed" => list(Filter::Closed),
        "search" if rest.is_empty() => Err("search for what? search WORDS".to_owned()),
        "search" => Ok(Word::Search(rest.to_owned())),
        "join" | "watch" | "open" | "peek" => match rest.parse() {
            Ok(name) => Ok(Word::Open { name, silent: matches!(first, "watch" | "peek") }),
            Err(_) if rest.is_empty() => Err(format!("{first} which ticket? {first} REF")),
            Err(_) => Err(format!("{first} takes the six characters of a ticket")),
        },
        "reply" | "note" => {
            let mode = if first == "note" { Mode::Note } else { Mode::Reply };
            Ok(if rest.is_empty() { Word::Begin(mode) } else { say(mode, rest) })
        }
        "canned" if rest.contains(char::is_whitespace) => {
            Err("canned takes one shortcut".to_owned())
        }
        "canned" => Ok(Word::Canned(Some(rest.to_owned()).filter(|it| !it.is_empty()))),
        "claim" => alone(Word::Run(C::Claim)),
        "assign" if rest.is_empty() => Err("assign to whom? assign NAME".to_owned()),
        "assign" => Ok(Word::Assign(rest.to_owned())),
        "hand-back" => Ok(Word::HandBack(rest.to_owned())),
        "hand" if rest.split_whitespace().next() == Some("back") => {
            Err("did you mean hand-back?".to_owned())
        }
        "tags" => Ok(Word::Tags(Some(rest.to_owned()).filter(|it| !it.is_empty()))),
        "priority" => match rest.to_lowercase().as_str() {
            "" => Ok(Word::Priority(None)),
            "low" => Ok(Word::Priority(Some(Priority::Low))),
            "normal" => Ok(Word::Priority(Some(Priority::Normal))),
            "high" => Ok(Word::Priority(Some(Priority::High))),
            "urgent" => Ok(Word::Priority(Some(Priority::Urgent))),
            _ => Err("priority is low, normal, high or urgent".to_owned()),
        },
        "details" => alone(Word::Details),
        "who" => alone(Word::Who),
        "close" => Ok(Word::Close(rest.to_owned())),
        "reopen" => alone(Word::Run(C::Reopen)),
        "back" => alone(Word::Back),
        "leave" => alone(Word::Run(C::Leave)),
        "next" | "next-need" => alone(Word::Run(C::NextNeed)),
        "unsent" => alone(Word::Unsent),
        "retry" => alone(Word::Run(C::Retry)),
        "takeback" | "take-back" => alone(Word::Run(C::TakeBack)),
        "quiet" => alone(Word::Quiet),
        "reconnect" => alone(Word::Run(C::Reconnect)),
        "help" | "?" => alone(Word::Help),
        "quit" | "exit" => alone(Word::Quit),
        "yes" => alone(Word::Yes),
        "no" => alone(Word::No),
        _ if rows().any(|command| command.id.name() == first) => {
            Err(format!("{first} is for the screen and does nothing in lines"))
        }
        _ => return None,
    })
}

fn say(mode: Mode, text: &str) -> Word {
    Word::Say { mode, text: text.to_owned() }
}

/// The word that this one was perhaps to be: a letter or two are others, or in another order.
fn nearly(lower: &str) -> Option<&'static str> {
    WORDS.iter().map(|(word, ..)| *word).find(|word| {
        distance(word, lower) <= 1 + usize::from(word.len() > 4) || letters(word) == letters(lower)
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

    fn is_refused(line: &str) -> String {
        match &read(line)[..] {
            [Word::Wrong(why)] => why.clone(),
            other => panic!("{line:?} is {other:?}"),
        }
    }

    #[test]
    fn a_sentence_is_a_text_and_so_is_everything_after_reply() {
        for text in [
            "Join us on the first of May",
            "List all that you see, please",
            "Quit the app first",
            "No problem",
            "Back in a minute",
            "Thank you",
            "ok",
            "no, it is not",
        ] {
            assert_eq!(read(text), [reply(text)]);
        }
        assert_eq!(read("reply close the window"), [reply("close the window")]);
        assert_eq!(read("reply close"), [reply("close")]);
    }

    #[test]
    fn no_line_that_begins_with_the_name_of_a_command_is_ever_sent() {
        let names = rows().map(|command| command.id.name());
        let words = WORDS.iter().map(|(word, ..)| (*word).to_owned());
        for name in names.chain(words).filter(|name| !["reply", "note"].contains(&name.as_str())) {
            for line in [name.clone(), format!("{name} the one"), format!("  {name}  vip ")] {
                for word in read(&line) {
                    assert!(!matches!(word, Word::Say { .. }), "{line:?} is {word:?}");
                }
            }
            let capital = name[..1].to_uppercase() + &name[1..];
            assert!(is_refused(&capital).contains("reply"), "{capital}");
        }
        for line in ["Assign bob", "Tags vip", "Priority high", "Search maya", "Note that"] {
            assert!(is_refused(line).starts_with("did you mean "), "{line}");
        }
        for line in
            ["open the door", "palette", "erase-word", "yes please", "list all", "hand back"]
        {
            assert!(is_refused(line).ends_with(SEND), "{line}");
        }
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
        assert_eq!(
            read("list\nlist closed"),
            [Word::List(Filter::Open), Word::List(Filter::Closed)]
        );
        assert_eq!(read("tags vip, card"), [Word::Tags(Some("vip, card".to_owned()))]);
        assert_eq!(read("priority High"), [Word::Priority(Some(Priority::High))]);
        assert_eq!(read("assign Bob Lee"), [Word::Assign("Bob Lee".to_owned())]);
        assert_eq!(read("canned\nreopen"), [Word::Canned(None), Word::Run(C::Reopen)]);
        assert_eq!(read("note she is abroad"), [say(Mode::Note, "she is abroad")]);
        assert_eq!(read("\n \n"), []);
    }

    #[test]
    fn a_text_of_several_lines_ends_with_a_dot_and_is_not_sent_without() {
        assert_eq!(
            read("reply\none\n\n  close\n.\nclose"),
            [Word::Begin(Mode::Reply), reply("one\n\n  close"), Word::Close(String::new())]
        );
        let text = "one\ntwo".to_owned();
        assert_eq!(
            read("note\none\ntwo"),
            [Word::Begin(Mode::Note), Word::Unfinished { mode: Mode::Note, text }]
        );
    }
}
