//! Who is told of what while the agent looks elsewhere.

use support_shared::message::SenderRole;
use support_shared::notice::{AgentNotice, TicketNotice};
use support_shared::ticket::{AgentName, LastMessage, Ticket};

use super::{Story, guest};
use crate::core::attention::{Notice, Preview};
use crate::core::fixture::{agent, ticket};
use crate::core::{Effect, Msg};

fn mine(n: u64) -> Ticket {
    let me = AgentName { id: agent().id, name: agent().display_name };
    Ticket { assignee: Some(me), ..ticket(n) }
}

/// The ticket after its guest has said something more.
fn says(ticket: &Ticket, seq: u64, text: &str) -> AgentNotice {
    let later = ticket.updated_at.plus_millis(i64::try_from(seq).unwrap());
    let last = LastMessage {
        seq,
        sender_role: SenderRole::Guest,
        sender_name: "Maya".to_owned(),
        preview: text.to_owned(),
        created_at: later,
    };
    let now =
        Ticket { last_seq: seq, last_message: Some(last), updated_at: later, ..ticket.clone() };
    AgentNotice::TicketUpdated(TicketNotice { ticket: now })
}

fn told(story: &mut Story) -> Vec<Notice> {
    let notice = |effect| match effect {
        Effect::Notify(notice) => Some(notice),
        _ => None,
    };
    std::mem::take(&mut story.effects).into_iter().filter_map(notice).collect()
}

fn passes(story: &mut Story, millis: i64) {
    story.now = story.now.plus_millis(millis);
    story.happens(Msg::Deadline);
}

#[test]
fn a_message_in_my_ticket_is_told_in_the_console_s_own_words() {
    let mut story = Story::online([mine(1), ticket(2)]);

    story.notices(says(&ticket(2), 2, "not mine"));
    assert!(told(&mut story).is_empty());
    story.notices(says(&mine(1), 2, "my card 4111 1111"));

    let told = told(&mut story);
    assert_eq!(told.len(), 1);
    assert!(told[0].text.starts_with("New message in "), "{told:?}");
    assert_eq!(told[0].preview, None);
}

#[test]
fn a_new_ticket_and_one_that_becomes_mine_are_told_but_not_what_i_did_myself() {
    let mut story = Story::online([ticket(1), ticket(2)]);

    story.notices(says(&ticket(3), 1, "new"));
    assert!(told(&mut story)[0].text.starts_with("New ticket "));
    passes(&mut story, 5_000);
    story.notices(AgentNotice::TicketUpdated(TicketNotice { ticket: mine(2) }));
    assert!(told(&mut story)[0].text.ends_with(" was assigned to you"));
    passes(&mut story, 5_000);
    story.keys("gga");
    story.notices(AgentNotice::TicketUpdated(TicketNotice { ticket: mine(1) }));

    assert!(told(&mut story).is_empty());
}

#[test]
fn many_messages_are_one_notice_every_few_seconds() {
    let mut story = Story::online([mine(1), mine(2)]);

    for seq in 2..30 {
        story.notices(says(&mine(1), seq, "x"));
        story.notices(says(&mine(2), seq, "y"));
    }
    assert_eq!(told(&mut story).len(), 1);
    let due = story.state.next_deadline().unwrap();
    assert!(due <= story.now.plus_millis(5_000));
    passes(&mut story, 5_000);

    assert_eq!(told(&mut story)[0].text, "55 new messages");
    passes(&mut story, 60_000);
    assert!(told(&mut story).is_empty());
}

#[test]
fn whoever_looks_at_the_conversation_is_not_told_and_at_the_console_without_a_sound() {
    let mut story = Story::online([mine(1), mine(2)]);
    story.keys("<enter>");
    story.joined(None, [guest(1)]);
    story.effects.clear();

    story.notices(says(&mine(1), 2, "seen"));
    assert!(told(&mut story).is_empty());
    story.happens(Msg::Focus(true));
    story.notices(says(&mine(2), 2, "elsewhere"));
    assert!(told(&mut story).is_empty());
    assert!(story.toast().starts_with("New message in "));

    story.happens(Msg::Focus(false));
    story.notices(says(&mine(1), 3, "away"));
    assert_eq!(told(&mut story).len(), 1);
}

#[test]
fn coming_back_to_the_console_makes_the_next_notice_needless() {
    let mut story = Story::online([mine(1)]);
    story.happens(Msg::Focus(false));
    story.notices(says(&mine(1), 2, "one"));
    story.notices(says(&mine(1), 3, "two"));
    told(&mut story);

    story.happens(Msg::Focus(true));
    passes(&mut story, 5_000);

    assert!(told(&mut story).is_empty());
}

#[test]
fn nothing_disturbs_who_does_not_want_to_be() {
    let mut story = Story::online([mine(1)]);

    story.keys("D");
    story.notices(says(&mine(1), 2, "x"));
    passes(&mut story, 5_000);
    assert!(told(&mut story).is_empty());
    story.keys("D");
    story.notices(says(&mine(1), 3, "y"));

    assert_eq!(told(&mut story).len(), 1);
}

#[test]
fn who_wants_a_preview_gets_it_neutralised() {
    let mut story = Story::online([mine(1)]);
    story.state.attention.preview = Preview::Text;

    story.notices(says(&mine(1), 2, "a\u{1b}]0;x\u{7}b\nc\u{202e}"));

    let told = told(&mut story);
    assert_eq!(told[0].preview.as_deref(), Some("Maya: a␛]0;x␇b c"));
}
