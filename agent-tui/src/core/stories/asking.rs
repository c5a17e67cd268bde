//! What is asked and answered before something is done, and what is said of keys that do nothing.

use super::*;
use crate::core::overlay::Overlay;
use support_shared::{AgentId, ApiError, ErrorCode};

#[test]
fn a_key_that_does_nothing_here_says_where_it_works() {
    let mut story = Story::online([ticket(1), ticket(2)]);
    story.keys("x");
    assert_eq!(story.toast(), "x is close: it works in a conversation, Enter opens the ticket");
    story.keys("z");
    assert_eq!(story.toast(), "z does nothing here: ? shows what keys do");
    story.keys("gq");
    assert_eq!(story.toast(), "g q is back: it works in a conversation, Enter opens the ticket");
    story.keys("<enter>");
    story.joined(None, [guest(1)]);
    story.keys("<a-q>");
    assert_eq!(story.toast(), "Alt-q does nothing here: F1 shows what keys do");
    story.keys("<esc>p");
    assert_eq!(story.toast(), "p is peek: it works in the queue, Esc goes there");
    story.keys("dz");
    assert_eq!(story.toast(), "z does nothing in the details: Esc closes them");
    story.keys("<esc>T<down>");
    assert_eq!(story.toast(), "there is only this one line");
}

#[test]
fn a_claim_that_is_made_twice_is_ours_and_not_lost() {
    let mut story = Story::online([ticket(1)]);
    story.keys("aa");
    let claims: Vec<AgentRequest> = story
        .effects()
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::Ask(request) => Some(*request),
            _ => None,
        })
        .collect();
    let [first, second] = <[AgentRequest; 2]>::try_from(claims).unwrap();
    let mine = AgentName { id: agent().id, name: "Alice".to_owned() };
    let conflict = |id: AgentId| {
        let mut error = ApiError::new(ErrorCode::Conflict, "it has an assignee");
        let assignee = serde_json::json!({ "id": id, "name": "Alice" });
        error.details = Some(serde_json::json!({ "assignee": assignee }));
        Err(Refusal::Error(error))
    };
    let ticket = Ticket { assignee: Some(mine), ..ticket(1) };
    story.answer(first.clone(), Ok(Answer::Changed(Box::new(ticket))));
    story.answer(second, conflict(agent().id));
    assert_eq!(story.toast(), "938NG1 is yours already");
    // Another agent of the same name is another agent.
    story.answer(first, conflict(AgentId::from_ulid(ulid::Ulid::nil())));
    assert_eq!(story.toast(), "not yours: Alice has it");
}

#[test]
fn the_palette_has_what_works_and_tickets_before_what_does_not() {
    let mut eve = ticket(2);
    eve.guest.name = Some("Eve".to_owned());
    let mut story = Story::online([ticket(1), eve]);
    story.keys("<c-k>eve<enter>");
    assert_eq!(story.state.open, Some(ticket_id(2)));
    story.keys("<esc><c-k>");
    let Some(Overlay::Pick(pick)) = &story.state.overlay else { panic!("no palette") };
    let works: Vec<bool> =
        pick.choices(&story.state).iter().map(|choice| choice.why_not.is_none()).collect();
    assert!(works.is_sorted_by(|one, next| one >= next), "{works:?}");
}

#[test]
fn the_question_before_a_close_takes_a_reason() {
    let mut story = Story::in_conversation([guest(1)]);
    story.keys("<esc>x<esc>");
    assert!(story.asked().is_empty(), "Esc keeps it open");
    for (keys, reason) in [("x<enter>", None), ("xpaid back <enter>", Some("paid back"))] {
        story.keys(keys);
        let asked = story.effects().into_iter().find_map(|effect| match effect {
            Effect::Ask(request) => match *request {
                AgentRequest::CloseTicket(close) => Some(close),
                _ => None,
            },
            _ => None,
        });
        let asked = asked.unwrap().reason;
        assert_eq!(asked.as_ref().map(support_shared::text::Subject::as_str), reason);
    }
}
