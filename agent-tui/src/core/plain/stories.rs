//! The line mode, told as stories: lines in, lines and requests out.

use support_shared::answer::TicketPage;
use support_shared::message::{Message, SenderRole};
use support_shared::notice::{AgentNotice, PresenceChanged};
use support_shared::request::{AgentRequest, NewAssignee};
use support_shared::ticket::{PresenceState, Priority, Ticket, TicketStatus};
use support_shared::{AgentId, ApiError};

use super::*;
use crate::core::fixture::{message, note, ticket};
use crate::core::link::{Answer, LinkEvent, Refusal};
use crate::core::stories::{Story, guest};
use crate::core::{Effect, Msg};

/// A line mode over a story.
struct Lines {
    story: Story,
    told: Told,
    reader: Reader,
}

impl Lines {
    fn of(story: Story) -> Self {
        let mut story = story;
        story.state.size = PAGE;
        Self { story, told: Told::default(), reader: Reader::default() }
    }

    /// In a conversation that has been read out.
    fn joined(messages: impl IntoIterator<Item = Message>) -> Self {
        let mut lines = Self::of(Story::online([ticket(1), ticket(2)]));
        lines.types("join 938NG1");
        lines.story.joined(None, messages);
        lines.news();
        lines
    }

    /// Types a line; answers with what is said then.
    fn types(&mut self, line: &str) -> Vec<String> {
        if let Some(word) = self.reader.line(line) {
            self.story.happens(Msg::Word(word));
        }
        self.news()
    }

    fn news(&mut self) -> Vec<String> {
        let said = self.story.effects().into_iter().filter_map(|effect| match effect {
            Effect::Say { text, .. } => Some(text),
            other => {
                self.story.keep(other);
                None
            }
        });
        let mut lines: Vec<String> = said.collect();
        lines.extend(self.told.news(&self.story.state));
        lines
    }
}

#[test]
fn a_conversation_is_read_out_once_and_followed() {
    let mut lines = Lines::of(Story::online([ticket(1)]));
    assert_eq!(lines.news(), ["online as Alice: 1 waiting, 1 open"]);
    assert_eq!(lines.types("list"), ["938NG1 Maya, waits 5m, 1 unread: Card declined 1"]);

    assert!(lines.types("join 938ng1").is_empty());
    lines.story.joined_with_notes(None, [guest(1)], [note(1, 1, "she is abroad")]);
    assert_eq!(
        lines.news(),
        [
            "conversation 938NG1 with Maya: Card declined 1",
            "Sunday 22 November 2026",
            "11:59 guest Maya: message 1",
            "11:59 note by Alice, not for Maya: she is abroad",
        ]
    );
    lines.story.says(guest(2));
    assert_eq!(lines.news(), ["11:59 guest Maya: message 2"]);
    assert!(lines.news().is_empty());
}

#[test]
fn a_line_is_on_disk_before_it_is_sent_and_is_read_out_when_it_is_stored() {
    let mut lines = Lines::joined([guest(1)]);

    assert!(lines.types("reply close the window and try again").is_empty());
    assert!(!lines.story.asked().iter().any(|asked| asked.starts_with("send")));
    lines.story.is_saved();
    let asked = lines.story.asked();
    assert!(asked.iter().any(|it| it.ends_with("close the window and try again")), "{asked:?}");
}

#[test]
fn a_forged_line_of_a_guest_is_indented_and_acts_on_nothing() {
    let mut lines = Lines::joined([guest(1)]);

    let text = "hi\n11:59 agent Bob: pay her\u{1b}]0;mine\u{7}\ttab";
    lines.story.says(message(2, SenderRole::Guest, text));

    assert_eq!(
        lines.news(),
        ["11:59 guest Maya: hi", "    11:59 agent Bob: pay her␛]0;mine␇    tab"]
    );
}

#[test]
fn closing_asks_once_and_any_other_line_means_no() {
    let mut lines = Lines::joined([guest(1)]);
    lines.story.asked();

    assert_eq!(lines.types("close"), ["close 938NG1 with Maya? yes or no"]);
    assert_eq!(lines.types("list mine"), ["not closed", "no tickets"]);
    lines.types("close");
    assert!(lines.story.asked().is_empty());
    lines.types("yes");

    assert_eq!(lines.story.asked(), ["ticket:close"]);
    assert_eq!(lines.types("yes"), ["there was no question"]);
}

#[test]
fn what_is_read_out_is_read_however_much_it_is() {
    let mut lines = Lines::joined((1..=200).map(guest));

    let marked = |effect: &Effect| match effect {
        Effect::Ask(request) => match **request {
            AgentRequest::MarkRead(ref mark) => mark.seq == 200,
            _ => false,
        },
        _ => false,
    };
    assert!(lines.story.effects().iter().any(marked));
}

#[test]
fn what_cannot_be_done_says_why() {
    let mut lines = Lines::of(Story::online([ticket(1)]));
    lines.news();

    assert_eq!(lines.types("hello"), ["no ticket is joined: join REF, or help"]);
    assert_eq!(lines.types("claim"), ["join a ticket first: join REF"]);
    assert!(lines.types("join 000000")[0].starts_with("no open ticket is called 000000"));
    let help = lines.types("help").join("\n");
    for word in ["list closed", "join REF", "reply TEXT", "assign NAME", "never sent", "quit"] {
        assert!(help.contains(word), "{word}");
    }
}

#[test]
fn offline_a_line_is_kept_and_said_to_be() {
    let mut lines = Lines::joined([guest(1)]);
    lines.story.goes_offline();
    assert!(lines.news()[0].starts_with("connection lost"));

    lines.types("Try it again");
    lines.story.is_saved();

    assert_eq!(lines.news(), ["your message to 938NG1 is kept until the server is back"]);
    assert!(lines.story.state.outbox.has_unanswered());
}

/// What was asked for since the last look.
fn requests(lines: &mut Lines) -> Vec<AgentRequest> {
    let effects = lines.story.effects().into_iter();
    effects
        .filter_map(|effect| match effect {
            Effect::Ask(request) => Some(*request),
            _ => None,
        })
        .collect()
}

fn colleague(n: u64, name: &str, state: PresenceState) -> AgentNotice {
    let agent_id = AgentId::from_ulid(ulid::Ulid::from_parts(n, 1));
    AgentNotice::PresenceChanged(PresenceChanged { agent_id, name: name.to_owned(), state })
}

#[test]
fn the_ticket_is_worked_on_by_the_names_that_the_screen_has() {
    let mut lines = Lines::joined([guest(1)]);
    lines.story.notices(colleague(7, "Bob Lee", PresenceState::Offline));
    lines.story.notices(colleague(8, "Bobby", PresenceState::Online));
    requests(&mut lines);
    let mut asked = |line: &str| {
        assert_eq!(lines.types(line), Vec::<String>::new(), "{line}");
        requests(&mut lines)
    };

    let [AgentRequest::AssignTicket(it)] = &asked("assign bob lee")[..] else { panic!("assign") };
    assert_eq!(it.agent_id, NewAssignee::Agent(AgentId::from_ulid(ulid::Ulid::from_parts(7, 1))));
    let [AgentRequest::AssignTicket(it)] = &asked("assign me")[..] else { panic!("assign me") };
    assert_eq!(it.agent_id, NewAssignee::Me);
    let [AgentRequest::TagTicket(it)] = &asked("tags vip, card")[..] else { panic!("tags") };
    assert_eq!(it.add.len(), 2);
    let [AgentRequest::TagTicket(it)] = &asked("priority high")[..] else { panic!("priority") };
    assert_eq!(it.priority, Some(Priority::High));

    assert_eq!(lines.types("tags"), ["no tags"]);
    assert_eq!(lines.types("priority"), ["priority: normal"]);
    assert!(lines.types("assign bob")[0].starts_with("more than one is called bob"));
    assert!(lines.types("hand-back for Bob")[0].contains("nobody has it"));
    assert_eq!(lines.types("reopen"), ["this conversation is open"]);
    assert_eq!(lines.types("who"), ["Alice, that is you", "Bobby, online", "Bob Lee, not here"]);
    assert!(lines.types("details").contains(&"Priority: normal".to_owned()));
    assert_eq!(lines.types("unsent"), ["every message was sent"]);
    assert!(lines.types("back")[0].contains("938NG1 is not left"));
    assert_eq!(lines.types("hello"), ["no ticket is joined: join REF, or help"]);
    assert!(requests(&mut lines).is_empty(), "none of these asks for anything");
}

#[test]
fn lists_that_are_looked_up_are_said_when_they_are_there_and_lead_to_their_tickets() {
    let mut lines = Lines::of(Story::online([ticket(1)]));
    lines.story.happens(Msg::Canned(Ok(Vec::new())));
    assert!(is_settled(&lines.story.state));
    lines.news();

    assert!(lines.types("list closed").is_empty());
    assert!(!is_settled(&lines.story.state), "the next line waits for it");
    let [AgentRequest::ListTickets(asked)] = &requests(&mut lines)[..] else { panic!("a list") };
    assert_eq!(asked.status, Some(TicketStatus::Closed));
    let shut = Ticket { status: TicketStatus::Closed, waiting_since: None, ..ticket(2) };
    let page = TicketPage { tickets: vec![shut], next_cursor: None };
    lines.story.happens(Msg::Link(LinkEvent::Answered {
        request: Box::new(AgentRequest::ListTickets(asked.clone())),
        answer: Ok(Answer::Tickets(Box::new(page))),
    }));
    let reference = ticket(2).reference;
    assert_eq!(lines.news(), [format!("{reference} Maya, 1 unread: Card declined 2")]);
    assert!(is_settled(&lines.story.state));
    lines.types(&format!("join {reference}"));
    assert!(matches!(requests(&mut lines)[..], [AgentRequest::JoinTicket(_)]));

    lines.story.goes_offline();
    lines.news();
    assert!(lines.types("search maya")[0].starts_with("offline"));
}

#[test]
fn a_search_that_the_server_refuses_holds_up_no_line_that_follows() {
    let mut lines = Lines::of(Story::online([ticket(1)]));
    lines.story.happens(Msg::Canned(Ok(Vec::new())));
    lines.news();
    let refused = |lines: &mut Lines, line: &str, code| {
        assert!(lines.types(line).is_empty());
        lines.story.now = lines.story.now.plus_millis(200);
        lines.story.happens(Msg::Deadline);
        let asked = requests(lines);
        let [AgentRequest::ListTickets(_)] = &asked[..] else { panic!("no search: {asked:?}") };
        let error = ApiError::new(code, "at most 8 words");
        lines.story.happens(Msg::Link(LinkEvent::Answered {
            request: Box::new(asked[0].clone()),
            answer: Err(Refusal::Error(error)),
        }));
        assert!(is_settled(&lines.story.state), "the next line is taken");
        lines.news()
    };
    let complaint = ["the tickets could not be looked up: at most 8 words"];

    let long = "search one two three four five six seven eight nine";
    assert_eq!(refused(&mut lines, long, ErrorCode::Invalid), complaint);
    assert_eq!(refused(&mut lines, long, ErrorCode::Invalid), complaint, "nothing was found");
    assert_eq!(refused(&mut lines, "search one", ErrorCode::RateLimited), complaint);
}

#[test]
fn a_canned_reply_is_sent_by_its_shortcut_unless_something_must_be_filled_in() {
    let mut lines = Lines::of(crate::core::stories::canned::writing());
    lines.news();

    assert_eq!(lines.types("canned"), ["hello: First words", "refund: Money back"]);
    assert!(lines.types("canned hello").is_empty());
    lines.story.is_saved();
    let asked = lines.story.asked();
    assert!(asked.iter().any(|it| it.ends_with("Hello Maya, this is Alice.")), "{asked:?}");
    let said = lines.types("canned refund");
    assert!(said.last().unwrap().starts_with("not sent: fill in {amount}, {day}"), "{said:?}");
    assert_eq!(lines.types("canned none"), ["no canned reply is called none"]);
    assert!(requests(&mut lines).is_empty());
}

#[test]
fn a_close_that_cannot_be_is_said_to_be_a_fault() {
    let mut lines = Lines::joined([guest(1)]);
    requests(&mut lines);
    lines.types(&format!("close {}", "x".repeat(201)));
    lines.story.happens(Msg::Word(Word::Yes));

    let faults: Vec<(String, Option<ErrorCode>)> = lines
        .story
        .effects()
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::Say { text, fault } => Some((text, fault)),
            _ => None,
        })
        .collect();
    let [(text, Some(ErrorCode::Invalid))] = &faults[..] else { panic!("{faults:?}") };
    assert!(text.starts_with("a reason: "), "{text}");
    assert_eq!(lines.types("yes"), ["there was no question"]);
}

#[test]
fn a_reason_is_read_out_before_a_ticket_is_closed_with_it() {
    let mut lines = Lines::joined([guest(1)]);
    requests(&mut lines);

    assert_eq!(
        lines.types("close paid back"),
        ["close 938NG1 with Maya, who can read this: paid back? yes or no"]
    );
    lines.types("yes");

    let [AgentRequest::CloseTicket(asked)] = &requests(&mut lines)[..] else { panic!("close") };
    assert_eq!(asked.reason.as_ref().unwrap().as_str(), "paid back");
}
