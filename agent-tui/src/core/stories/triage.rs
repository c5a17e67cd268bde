//! What is done with a ticket of the queue: peeking, claiming, who answers for it, tags and priority.

use support_shared::message::{Message, SenderRole, SystemEvent};
use support_shared::notice::{AgentNotice, PresenceChanged};
use support_shared::request::{AgentRequest, AssignTicket, IfAssignee, NewAssignee, TagTicket};
use support_shared::ticket::{PresenceState, Priority, Ticket};
use support_shared::{ApiError, ErrorCode};

use super::queue::{bob, finds, lists, mine, of, only};
use super::{Story, closed, guest};
use crate::core::fixture::{agent, message, ticket, ticket_id};
use crate::core::link::{Answer, Refusal};
use crate::core::overlay::Overlay;
use crate::core::{Effect, Focus};
use crate::view::stage::rows;

#[test]
fn a_peek_tells_nobody_until_the_agent_replies() {
    let mut story = Story::online([ticket(1), ticket(2)]);
    let joins = |story: &mut Story| -> Vec<bool> {
        let silent = |effect| match effect {
            Effect::Ask(request) => match *request {
                AgentRequest::JoinTicket(join) => Some(join.silent),
                AgentRequest::MarkRead(_) => panic!("a peek has marked something as read"),
                _ => None,
            },
            _ => None,
        };
        std::mem::take(&mut story.effects).into_iter().filter_map(silent).collect()
    };

    story.keys("p");
    assert_eq!(joins(&mut story), [true]);
    story.joined(None, [guest(1)]);
    story.says(guest(2));
    assert!(joins(&mut story).is_empty());

    story.goes_offline();
    story.comes_online();
    assert_eq!(joins(&mut story), [true]);
    story.joined(Some(2), []);

    story.keys("r");
    assert_eq!(joins(&mut story), [false]);
    assert_eq!(story.state.focus, Focus::Composer);
}

#[test]
fn a_ticket_that_was_peeked_at_is_joined_for_all_to_see_when_it_is_claimed() {
    let mut story = Story::online([ticket(1)]);
    story.keys("p");
    story.joined(None, [guest(1)]);
    story.keys("a");
    let AgentRequest::AssignTicket(asked) = story
        .effects
        .pop()
        .map(|effect| match effect {
            Effect::Ask(request) => *request,
            other => panic!("{other:?}"),
        })
        .unwrap()
    else {
        panic!("no claim")
    };
    story.effects.clear();

    let answer = Ok(Answer::Changed(Box::new(mine(1))));
    story.answer(AgentRequest::AssignTicket(asked), answer);

    let AgentRequest::JoinTicket(join) = only(&mut story) else { panic!("no join") };
    assert!(!join.silent);
}

#[test]
fn the_agents_in_a_conversation_are_followed_by_its_log() {
    let mut story = Story::in_conversation([guest(1)]);
    let here = |story: &Story| {
        let people = &story.state.conversation().unwrap().people;
        people.others("Alice").map(|name| name.line(20)).collect::<Vec<_>>()
    };
    let system = |seq, event| Message {
        event: Some(event),
        ..message(seq, SenderRole::System, "somebody came or went")
    };

    story.says(system(2, SystemEvent::AgentJoined { agent: bob() }));
    assert_eq!(here(&story), ["Bob"]);
    story.says(system(3, SystemEvent::AgentLeft { agent: bob() }));
    assert!(here(&story).is_empty());
}

#[test]
fn a_ticket_is_assigned_to_a_colleague_from_the_state_that_is_shown() {
    let mut story = Story::online([mine(1)]);
    let online = PresenceChanged {
        agent_id: bob().id,
        name: "Bob".to_owned(),
        state: PresenceState::Online,
    };
    story.notices(AgentNotice::PresenceChanged(online));

    story.keys("Abo<enter>");

    let request = AssignTicket {
        ticket_id: ticket_id(1),
        agent_id: NewAssignee::Agent(bob().id),
        note: None,
        if_assignee: IfAssignee::Agent(agent().id),
    };
    assert_eq!(only(&mut story), AgentRequest::AssignTicket(request.clone()));
    let answer = Ok(Answer::Changed(Box::new(of(bob(), 1))));
    story.answer(AgentRequest::AssignTicket(request), answer);
    assert!(story.toast().ends_with("is assigned to Bob"), "{}", story.toast());
}

#[test]
fn of_whoever_has_the_ticket_it_is_said_as_of_all_others_whether_they_are_here() {
    let states = [PresenceState::Online, PresenceState::Away, PresenceState::Offline].map(Some);
    let words = ["has it, online", "has it, away", "has it, not here", "has it"];
    for (state, words) in states.into_iter().chain([None]).zip(words) {
        let mut story = Story::online([of(bob(), 1)]);
        if let Some(state) = state {
            let (agent_id, name) = (bob().id, "Bob".to_owned());
            let told = PresenceChanged { agent_id, name, state };
            story.notices(AgentNotice::PresenceChanged(told));
        }
        story.keys("A");

        let rows = rows(&story);
        let row = rows.iter().find(|row| row.contains("Bob") && row.contains("has it"));
        let row = row.unwrap_or_else(|| panic!("{rows:#?}"));
        assert!(row.trim_end_matches([' ', '│']).ends_with(&format!("  {words}")), "{row}");
        // Enter alone changes nothing.
        story.effects.clear();
        story.keys("<enter>");
        assert!(story.effects().is_empty());
    }
}

#[test]
fn a_ticket_goes_back_to_the_queue_with_a_note_that_no_failure_loses() {
    let mut story = Story::online([mine(1)]);

    story.keys("bneeds a refund<enter>");
    let AgentRequest::AssignTicket(asked) = only(&mut story) else { panic!("not assigned") };
    assert_eq!(asked.agent_id, NewAssignee::Nobody);
    assert_eq!(asked.note.as_ref().unwrap().as_str(), "needs a refund");
    let error = ApiError::new(ErrorCode::Unavailable, "the store is away");
    story.answer(AgentRequest::AssignTicket(asked), Err(Refusal::Error(error)));
    story.keys("b<enter>");

    let AgentRequest::AssignTicket(again) = only(&mut story) else { panic!("not assigned") };
    assert_eq!(again.note.unwrap().as_str(), "needs a refund");
}

/// What is in the line that is open.
fn line(story: &Story) -> &str {
    match &story.state.overlay {
        Some(Overlay::Line(line)) => line.text.text(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_note_that_waits_for_its_next_try_is_lost_by_nothing_done_to_other_tickets() {
    let mut story = Story::online([mine(1), mine(2), ticket(3)]);
    story.keys("bring her<enter>");
    let handed = only(&mut story);
    story.answer(handed, Err(Refusal::Lost));

    // A claim of another one is refused, and the line of a second one is opened.
    story.keys("<down><down>a");
    let claim = only(&mut story);
    story.answer(claim, Err(Refusal::Error(ApiError::new(ErrorCode::Conflict, "taken"))));
    story.keys("kb");
    assert_eq!(line(&story), "");
    story.keys("<esc>kb");

    assert_eq!(line(&story), "ring her");
}

#[test]
fn the_reason_of_a_close_that_did_not_come_about_is_there_for_the_next_try() {
    let mut story = Story::in_conversation([guest(1)]);
    let reason = "paid back";
    let again = |story: &mut Story| {
        story.keys("x");
        assert_eq!(line(story), reason);
        story.effects.clear();
        story.keys("<enter>");
    };
    story.keys(&format!("<esc>x{reason}<enter>"));
    let close = only(&mut story);
    story.answer(close, Err(Refusal::Error(ApiError::new(ErrorCode::RateLimited, "too fast"))));
    again(&mut story);
    let close = only(&mut story);
    story.answer(close, Err(Refusal::Lost));
    again(&mut story);
    let close = only(&mut story);
    story.answer(close, Err(Refusal::Lost));

    // It is given up as what was written before it could not be sent.
    story.keys("rbye<enter><esc>");
    again(&mut story);
    story.is_saved();
    let Some(text) = story.effects().into_iter().find_map(|effect| match effect {
        Effect::Ask(request) if request.name() == "message:send" => Some(*request),
        _ => None,
    }) else {
        panic!("nothing is sent")
    };
    story.answer(text, Err(Refusal::Error(ApiError::new(ErrorCode::TooLarge, "too long"))));
    assert!(story.toast().starts_with("not closed"));
    again(&mut story);
    assert!(matches!(only(&mut story), AgentRequest::CloseTicket(_)));
}

#[test]
fn tags_are_edited_as_a_line_and_only_what_changed_is_asked_for() {
    let tags = vec!["billing".to_owned(), "vip".to_owned()];
    let mut story = Story::online([Ticket { tags, ..ticket(1) }]);

    story.keys("T<c-w>refund<enter>");

    let request = TagTicket {
        ticket_id: ticket_id(1),
        add: vec!["refund".to_owned().try_into().unwrap()],
        remove: vec!["vip".to_owned().try_into().unwrap()],
        priority: None,
    };
    assert_eq!(only(&mut story), AgentRequest::TagTicket(request));
    story.keys("T<enter>");
    assert!(story.effects.is_empty(), "nothing was changed");
}

#[test]
fn the_priority_is_picked_from_a_list_that_begins_at_what_it_is() {
    let mut story = Story::online([ticket(1)]);

    story.keys("P<enter>");
    assert!(story.effects.is_empty(), "it is normal already");
    story.keys("Phi<enter>");

    let AgentRequest::TagTicket(asked) = only(&mut story) else { panic!("not changed") };
    assert_eq!(asked.priority, Some(Priority::High));
}

#[test]
fn a_closed_ticket_is_opened_again_from_its_list() {
    let mut story = Story::online([]);
    story.keys("4");
    let asked = lists(&mut story);
    finds(&mut story, &asked[0], vec![closed(1)], None);

    story.keys("o");

    assert_eq!(story.asked(), ["ticket:reopen"]);
}
