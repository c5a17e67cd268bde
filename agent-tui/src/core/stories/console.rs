//! The console by itself: writing, reading, outages, leaving.

use ratatui::layout::Size;
use support_shared::answer::{Joined, MessagePage, MessageSent};
use support_shared::message::{Message, SenderRole};
use support_shared::notice::{AgentNotice, TicketNotice};
use support_shared::request::AgentRequest;
use support_shared::{ApiError, ErrorCode};

use super::{Story, closed, guest, join_request, mine};
use crate::core::draft::Mode;
use crate::core::fixture::{client_id, message, ticket, ticket_id};
use crate::core::link::{Answer, LinkEvent, LinkState, Refusal};
use crate::core::outbox::{Parcel, Standing};
use crate::core::{Effect, Focus, Msg};
use crate::text::Untrusted;

#[test]
fn a_new_ticket_appears_by_itself_and_enter_joins_it() {
    let mut story = Story::online([]);

    story.notices(AgentNotice::TicketUpdated(TicketNotice { ticket: ticket(1) }));
    story.keys("<enter>");

    assert_eq!(story.asked(), ["join after None"]);
    assert_eq!(story.state.focus, Focus::Composer);
}

#[test]
fn a_reply_is_on_disk_before_it_is_sent_and_is_shown_once() {
    let mut story = Story::in_conversation([guest(1)]);

    story.keys("hello<c-j>there<enter>");
    let before = story.asked();
    story.keys("x");
    assert!(before.is_empty());
    story.is_saved();
    let sent = story.asked();
    assert_eq!(sent.len(), 1);
    assert!(sent[0].ends_with("hello\nthere"), "{sent:?}");

    let id = story.state.outbox.items()[0].parcel.client_message_id.clone();
    let stored =
        Message { client_message_id: Some(id), ..message(2, SenderRole::Agent, "hello\nthere") };
    story.says(stored.clone());
    story.answer(
        AgentRequest::SendMessage(support_shared::request::SendMessage {
            ticket_id: ticket_id(1),
            content: "hello".to_owned().try_into().unwrap(),
            client_message_id: stored.client_message_id.clone().unwrap(),
            internal: false,
        }),
        Ok(Answer::Sent(Box::new(MessageSent { message: stored, duplicate: false }))),
    );

    assert_eq!(story.shown(), [1, 2]);
    assert!(story.state.outbox.items().is_empty());
    assert_eq!(story.state.conversation().unwrap().composer.text(), "x");
}

#[test]
fn after_an_outage_the_queue_the_room_and_the_unsent_are_asked_for_in_this_order() {
    let mut story = Story::in_conversation([guest(1), guest(2)]);

    story.goes_offline();
    story.keys("still there?<enter>");
    story.is_saved();
    assert!(story.asked().is_empty());
    story.comes_online();

    // What waits is sent when it is known whose the ticket is by now.
    assert_eq!(story.asked(), ["ticket:list", "join after Some(2)"]);
    story.lists([ticket(1)]);
    let asked = story.asked();
    assert!(asked[0].ends_with("still there?"), "{asked:?}");
}

#[test]
fn every_message_is_shown_once_whatever_came_twice_over_an_outage() {
    let mut story = Story::in_conversation([guest(1), guest(2)]);

    story.goes_offline();
    story.comes_online();
    story.says(guest(4));
    story.joined(Some(2), [guest(3), guest(4), guest(5)]);
    story.says(guest(5));

    assert_eq!(story.shown(), [1, 2, 3, 4, 5]);
}

#[test]
fn a_gap_asks_for_what_is_missing() {
    let mut story = Story::in_conversation([guest(1)]);

    story.says(guest(4));

    assert_eq!(story.asked(), ["join after Some(1)"]);
    assert_eq!(story.shown(), [1]);
}

#[test]
fn a_reset_forgets_what_was_and_reads_anew() {
    let mut story = Story::in_conversation([guest(1), guest(2)]);
    let page = Joined {
        ticket: ticket(1),
        epoch: "other".to_owned(),
        reset: true,
        messages: Vec::new(),
        has_more: false,
        notes: None,
        has_more_notes: None,
        participants: Vec::new(),
    };

    let asked = crate::core::run::join_request(ticket_id(1), story.state.conversation());
    story.answer(asked, Ok(Answer::Joined(Box::new(page))));

    assert_eq!(story.asked(), ["join after None"]);
    assert!(story.shown().is_empty());
}

#[test]
fn closing_asks_once_and_brings_the_agent_back_to_the_queue() {
    let mut story = Story::in_conversation([guest(1)]);

    story.keys("<esc>x");
    assert!(story.asked().is_empty());
    story.keys("<esc>x<enter>");
    assert_eq!(story.asked(), ["ticket:close"]);
    let request = support_shared::request::CloseTicket { ticket_id: ticket_id(1), reason: None };
    story.answer(AgentRequest::CloseTicket(request), Ok(Answer::Closed(Box::new(closed(1)))));

    assert_eq!(story.state.focus, Focus::Queue);
    assert!(story.state.open.is_none());
    assert_eq!(story.state.queue.cards().len(), 1);
}

#[test]
fn a_ticket_that_somebody_else_closes_is_read_only_and_keeps_the_draft() {
    let mut story = Story::in_conversation([guest(1)]);

    story.keys("half a sen");
    story.notices(AgentNotice::TicketClosed(TicketNotice { ticket: closed(1) }));
    assert!(story.toast().contains("closed by Bob"));
    story.keys("<enter>");

    assert_eq!(story.toast(), "this conversation is closed");
    assert!(story.asked().is_empty());
    assert_eq!(story.state.conversation().unwrap().composer.text(), "half a sen");
}

#[test]
fn a_refused_message_is_kept_and_can_be_taken_back() {
    let mut story = Story::in_conversation([guest(1)]);
    story.keys("too late<enter>");
    story.is_saved();
    let id = story.state.outbox.items()[0].parcel.client_message_id.clone();
    let request = support_shared::request::SendMessage {
        ticket_id: ticket_id(1),
        content: "too late".to_owned().try_into().unwrap(),
        client_message_id: id,
        internal: false,
    };

    let error = ApiError::new(ErrorCode::TicketClosed, "this conversation is \u{1b}[31mclosed");
    story.answer(AgentRequest::SendMessage(request), Err(Refusal::Error(error)));
    assert!(matches!(story.state.outbox.items()[0].standing, Standing::Failed(_)));
    assert!(story.toast().ends_with("this conversation is closed"));
    story.keys("<esc>e");

    assert!(story.state.outbox.items().is_empty());
    assert_eq!(story.state.conversation().unwrap().composer.text(), "too late");
}

#[test]
fn what_a_run_before_left_unsent_is_sent_under_its_old_name() {
    let ticket = ticket(1);
    let parcel = Parcel {
        ticket_id: ticket.id,
        reference: ticket.reference,
        client_message_id: client_id(77),
        text: "from before".to_owned(),
        mode: Mode::Reply,
        assignee: None,
    };
    let mut story = Story::with_left(vec![parcel], Vec::new());

    story.comes_online();
    assert_eq!(story.asked(), ["ticket:list"]);
    story.lists([]);
    assert_eq!(story.asked(), ["send client-77 from before"]);
    story.goes_offline();
    story.comes_online();
    story.lists([]);

    assert_eq!(story.asked(), ["ticket:list", "send client-77 from before"]);
    story.says(mine(2, 77, "from before"));
    assert!(story.state.outbox.items().is_empty());
}

#[test]
fn page_up_asks_for_earlier_messages_once_and_keeps_the_reader_where_he_is() {
    let mut story = Story::in_conversation((100..150).map(guest));

    story.keys("<pgup><pgup><pgup>");
    assert_eq!(story.asked(), ["earlier than Some(100)"]);
    let anchor = story.state.conversation().unwrap().scroll;
    let asked = support_shared::request::ListMessages {
        ticket_id: ticket_id(1),
        before: Some(100),
        limit: None,
        notes: false,
    };
    let page = MessagePage { messages: (50..100).map(guest).collect(), has_more: true };
    story.answer(AgentRequest::ListMessages(asked), Ok(Answer::Messages(Box::new(page))));
    story.says(guest(150));

    let conversation = story.state.conversation().unwrap();
    assert_eq!(story.shown().len(), 101);
    assert_eq!(conversation.scroll, anchor);
    assert_eq!(conversation.new_below(), 1);
    story.keys("<esc><end>");
    assert!(story.state.conversation().unwrap().scroll.is_following());
}

#[test]
fn a_key_that_can_do_nothing_says_why() {
    let mut story = Story::online([ticket(1)]);

    story.keys("<tab>");
    assert!(story.toast().starts_with("no conversation is open"));
    story.now = story.now.plus_millis(5_000);
    story.happens(Msg::Deadline);

    assert_eq!(story.toast(), "");
}

#[test]
fn letters_are_text_in_the_composer_and_commands_outside() {
    let mut story = Story::in_conversation([guest(1)]);

    story.keys("quit? x<esc>x");

    assert_eq!(story.state.conversation().unwrap().composer.text(), "quit? x");
    assert!(story.state.overlay.is_some());
    assert!(story.effects.is_empty());
}

#[test]
fn a_paste_never_sends_and_never_commands() {
    let mut story = Story::in_conversation([guest(1)]);

    story.keys("<esc>");
    story.happens(Msg::Paste("x\nq\r\n\u{1b}[2J".to_owned()));

    assert_eq!(story.state.conversation().unwrap().composer.text(), "x\nq\n[2J");
    assert!(story.effects.is_empty());
}

#[test]
fn leaving_takes_two_interrupts_within_a_moment() {
    let mut story = Story::online([]);

    story.keys("<c-c>");
    story.now = story.now.plus_millis(3_000);
    story.happens(Msg::Deadline);
    story.keys("<c-c>");
    assert!(story.effects.is_empty());
    story.keys("<c-c>");

    assert_eq!(story.effects, [Effect::Quit]);
}

#[test]
fn the_end_of_the_session_asks_to_sign_in_and_forgets_nothing() {
    let mut story = Story::in_conversation([guest(1)]);

    story.keys("sent<enter>draft");
    story.is_saved();
    story.effects.clear();
    story.link(LinkEvent::SignedOut { why: "the session has ended".into() });
    assert_eq!(story.effects, [Effect::SignedOut]);
    story.effects.clear();
    // Whoever is in the middle of a word goes on, Enter included.
    assert!(story.toast().contains("Ctrl-R signs you in again"), "{}", story.toast());
    story.keys(" and<enter>more");
    story.is_saved();
    assert!(story.asked().is_empty());
    assert_eq!(story.state.conversation().unwrap().composer.text(), "more");
    story.keys("<c-r>pass word<enter>");
    let of = |story: &mut Story| {
        story.effects().into_iter().find_map(|effect| match effect {
            Effect::SignIn { agent, password } => Some((agent.username, password)),
            _ => None,
        })
    };
    let (name, password) = of(&mut story).unwrap();
    assert_eq!((name.as_str(), password.reveal()), ("alice", "pass word"));
    assert!(!format!("{password:?} {:?}", story.state.overlay).contains("pass word"));
    story.keys("once<enter>");
    assert!(of(&mut story).is_none(), "one is under way");
    story.link(LinkEvent::SignInRefused { why: "wrong password".into() });
    story.keys("<c-u>again<enter>");
    assert_eq!(of(&mut story).unwrap().1.reveal(), "again");
    story.comes_online();
    assert!(story.state.overlay.is_none());
    story.lists([ticket(1)]);

    let asked = story.asked();
    assert!(asked.last().unwrap().ends_with("sent"), "{asked:?}");
    assert_eq!(story.state.conversation().unwrap().composer.text(), "more");
}

#[test]
fn nothing_is_due_when_nothing_changes_by_itself() {
    let mut story = Story::online([]);
    assert_eq!(story.state.next_deadline(), None);

    story.goes_offline();
    let LinkState::Offline { .. } = story.state.link else { panic!("offline") };
    assert_eq!(story.state.next_deadline(), Some(story.now.plus_millis(1_000)));
}

#[test]
fn a_disk_that_fails_loses_no_text() {
    let mut story = Story::in_conversation([guest(1)]);

    story.keys("keep me<enter>");
    story.happens(Msg::Saved { revision: 1, outcome: Err(Untrusted::from("disk full")) });

    assert!(story.toast().contains("disk full"));
    assert!(story.asked().is_empty());
    assert_eq!(story.state.outbox.items()[0].parcel.text, "keep me");
}

#[test]
fn a_room_that_the_server_cannot_open_now_is_asked_for_again() {
    let mut story = Story::online([ticket(1)]);
    story.keys("<enter>");
    story.asked();

    let busy = ApiError::new(ErrorCode::Unavailable, "the store is out of reach");
    story.answer(join_request(), Err(Refusal::Error(busy)));
    assert!(story.asked().is_empty());
    let due = story.state.resync_at.unwrap();
    assert!(story.state.next_deadline().unwrap() <= due);
    story.now = due;
    story.happens(Msg::Deadline);

    assert_eq!(story.asked(), ["ticket:list", "join after None"]);
}

#[test]
fn a_message_beyond_what_may_wait_stays_in_the_composer() {
    let mut story = Story::in_conversation([guest(1)]);
    story.goes_offline();
    for _ in 0..100 {
        story.keys("a<enter>");
    }

    story.keys("one too many<enter>");

    assert_eq!(story.state.outbox.items().len(), 100);
    assert_eq!(story.state.conversation().unwrap().composer.text(), "one too many");
}

#[test]
fn the_end_of_the_link_ends_the_console_with_a_word() {
    let mut story = Story::online([]);

    story.happens(Msg::Fatal("gone"));

    assert_eq!(story.effects, [Effect::Fail("gone")]);
}

#[test]
fn the_terminal_may_have_any_size() {
    let mut story = Story::in_conversation((1..60).map(guest));

    for (width, height) in [(1, 1), (39, 9), (40, 10), (80, 24), (100, 24), (300, 100)] {
        story.happens(Msg::Resize(Size::new(width, height)));
        story.keys("<pgup><esc>jkggG<tab><down>r");
    }
}
