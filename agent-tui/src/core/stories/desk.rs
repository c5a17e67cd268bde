//! The console among others: who has a ticket, who has read, who writes, and what was missed.

use support_shared::message::SenderRole;
use support_shared::notice::{AgentNotice, HeadNotice, TicketNotice, TypingNotice};
use support_shared::request::{AgentRequest, AssignTicket, IfAssignee, MarkRead, NewAssignee};
use support_shared::ticket::{AgentName, Ticket};
use support_shared::{ApiError, ErrorCode};

use super::{Story, guest};
use crate::core::fixture::{agent, ticket, ticket_id};
use crate::core::link::{Answer, Refusal};
use crate::core::{Effect, Msg};

fn head(seq: u64, epoch: &str) -> AgentNotice {
    let epoch = epoch.to_owned();
    AgentNotice::Head(HeadNotice { ticket_id: ticket_id(1), seq, note_seq: None, epoch })
}

fn typing(name: &str, role: SenderRole, typing: bool) -> AgentNotice {
    AgentNotice::Typing(TypingNotice {
        ticket_id: ticket_id(1),
        name: name.to_owned(),
        role,
        typing,
    })
}

fn claim(n: u64) -> AssignTicket {
    AssignTicket {
        ticket_id: ticket_id(n),
        agent_id: NewAssignee::Me,
        note: None,
        if_assignee: IfAssignee::Nobody,
    }
}

fn mine(n: u64) -> Ticket {
    let me = AgentName { id: agent().id, name: agent().display_name };
    Ticket { assignee: Some(me), ..ticket(n) }
}

/// How far the console says that it has read, since the last look.
fn read(story: &mut Story) -> Vec<u64> {
    let seq = |effect| match effect {
        Effect::Ask(request) => match *request {
            AgentRequest::MarkRead(MarkRead { seq, .. }) => Some(seq),
            _ => None,
        },
        _ => None,
    };
    std::mem::take(&mut story.effects).into_iter().filter_map(seq).collect()
}

#[test]
fn a_head_that_is_ahead_asks_for_what_was_missed() {
    let mut story = Story::in_conversation([guest(1), guest(2)]);

    story.notices(head(2, "e"));
    assert!(story.asked().is_empty());
    story.notices(head(3, "e"));
    story.notices(head(3, "e"));

    assert_eq!(story.asked(), ["join after Some(2)"]);
}

#[test]
fn a_head_of_another_history_asks_too() {
    let mut story = Story::in_conversation([guest(1), guest(2)]);

    story.notices(head(1, "other"));

    assert_eq!(story.asked(), ["join after Some(2)"]);
}

#[test]
fn a_message_that_is_seen_is_marked_as_read_once() {
    let mut story = Story::in_conversation([guest(1)]);

    story.says(guest(2));
    assert_eq!(read(&mut story), [2]);
    story.says(guest(2));
    story.keys("x");
    assert!(read(&mut story).is_empty());
    story.says(guest(3));
    assert_eq!(read(&mut story), [3]);
}

#[test]
fn what_is_below_the_screen_or_behind_the_queue_is_not_read() {
    let mut story = Story::in_conversation((1..60).map(guest));

    story.keys("<pgup>");
    story.says(guest(60));
    assert!(read(&mut story).is_empty());
    story.keys("<esc><end>");
    assert_eq!(read(&mut story), [60]);

    story.keys("<esc>");
    story.says(guest(61));
    assert!(read(&mut story).is_empty());
    story.keys("<tab>");
    assert_eq!(read(&mut story), [61]);
}

#[test]
fn what_another_agent_has_read_needs_no_second_mark() {
    let mut story = Story::in_conversation([guest(1)]);

    let seen = Ticket { agent_read_seq: 2, ..ticket(1) };
    story.notices(AgentNotice::TicketUpdated(TicketNotice { ticket: seen }));
    story.says(guest(2));

    assert!(read(&mut story).is_empty());
}

#[test]
fn a_mark_that_an_outage_swallowed_is_made_again() {
    let mut story = Story::in_conversation([guest(1)]);
    story.says(guest(2));
    read(&mut story);

    story.goes_offline();
    let lost = MarkRead { ticket_id: ticket_id(1), seq: 2 };
    story.answer(AgentRequest::MarkRead(lost), Err(Refusal::Lost));
    story.comes_online();
    story.joined(Some(2), []);

    assert_eq!(read(&mut story), [2]);
}

#[test]
fn somebody_who_writes_is_shown_until_the_message_or_for_six_seconds() {
    let mut story = Story::in_conversation([guest(1)]);
    let writing = |story: &Story| story.state.conversation().unwrap().writing.is_some();

    story.notices(typing("Maya", SenderRole::Guest, true));
    assert!(writing(&story));
    story.says(guest(2));
    assert!(!writing(&story));

    story.notices(typing("Maya", SenderRole::Guest, true));
    let due = story.state.next_deadline().unwrap();
    assert_eq!(due, story.now.plus_millis(6_000));
    story.now = due;
    story.happens(Msg::Deadline);
    assert!(!writing(&story));

    story.notices(typing("Maya", SenderRole::Guest, true));
    story.notices(typing("Maya", SenderRole::Guest, false));
    assert!(!writing(&story));
}

#[test]
fn a_claim_makes_the_selected_ticket_ours() {
    let mut story = Story::online([ticket(1)]);

    story.keys("a");
    assert_eq!(story.effects, [Effect::Ask(Box::new(AgentRequest::AssignTicket(claim(1))))]);
    story.effects.clear();
    let answer = Ok(Answer::Changed(Box::new(mine(1))));
    story.answer(AgentRequest::AssignTicket(claim(1)), answer);
    assert!(story.toast().ends_with("is yours"));
    story.keys("a");

    assert_eq!(story.toast(), "this ticket is yours already");
    assert!(story.effects.is_empty());
}

#[test]
fn a_claim_that_somebody_else_has_won_says_who() {
    let mut story = Story::in_conversation([guest(1)]);
    story.keys("<esc>a");
    assert_eq!(story.asked(), ["ticket:assign"]);

    let mut error = ApiError::new(ErrorCode::Conflict, "somebody else has it");
    error.details = Some(serde_json::json!({ "assignee": { "id": "x", "name": "Bo\u{1b}[1mb" } }));
    story.answer(AgentRequest::AssignTicket(claim(1)), Err(Refusal::Error(error)));

    assert_eq!(story.toast(), "not yours: Bob has it");
}
