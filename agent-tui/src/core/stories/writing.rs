//! What is written: two modes, drafts that outlive the console, the editor, and messages that wait
//! while their ticket becomes somebody else's.

use support_shared::notice::{AgentNotice, TicketNotice};
use support_shared::request::AgentRequest;
use support_shared::ticket::{AgentName, Ticket};
use support_shared::{AgentId, ApiError, ErrorCode};
use ulid::Ulid;

use super::{Story, closed, guest};
use crate::core::composer::MOST_CHARS;
use crate::core::draft::{Draft, Mode};
use crate::core::fixture::{noon, ticket, ticket_id};
use crate::core::link::Refusal;
use crate::core::outbox::Standing;
use crate::core::{Effect, Focus, Msg};

fn bobs(n: u64) -> Ticket {
    let bob = AgentName { id: AgentId::from_ulid(Ulid::from(7u128)), name: "Bob".to_owned() };
    Ticket { assignee: Some(bob), ..ticket(n) }
}

fn draft(n: u64, mode: Mode, text: &str) -> Draft {
    Draft {
        ticket_id: ticket_id(n),
        mode,
        text: text.to_owned(),
        changed_at: noon(),
        holes: Vec::new(),
        aside: false,
    }
}

fn written(story: &Story) -> (Mode, &str) {
    let open = story.state.conversation().unwrap();
    (open.mode(), open.composer.text())
}

/// The drafts that were handed to the disk last.
fn kept(story: &Story) -> Option<Vec<Draft>> {
    story.effects.iter().rev().find_map(|effect| match effect {
        Effect::SaveDrafts(drafts) => Some(drafts.clone()),
        _ => None,
    })
}

fn settles(story: &mut Story) {
    story.now = story.now.plus_millis(400);
    story.happens(Msg::Deadline);
}

#[test]
fn a_note_and_a_reply_are_two_texts_and_switching_moves_neither() {
    let mut story = Story::in_conversation([guest(1)]);

    story.keys("to Maya<c-n>about Maya");
    assert_eq!(written(&story), (Mode::Note, "about Maya"));
    story.keys("<c-n>");
    assert_eq!(written(&story), (Mode::Reply, "to Maya"));
    story.keys("<esc>i");

    assert_eq!(written(&story), (Mode::Note, "about Maya"));
    assert_eq!(story.state.focus, Focus::Composer);
}

#[test]
fn a_text_that_is_sent_is_no_draft_from_that_moment_on() {
    let mut story = Story::in_conversation([guest(1)]);
    story.keys("hello");
    settles(&mut story);
    assert_eq!(kept(&story).map(|drafts| drafts.len()), Some(1));

    story.keys(" Maya<enter>");

    let saves = story.effects.iter().filter_map(|effect| match effect {
        Effect::SaveOutbox { parcels, .. } => Some(("outbox", parcels.len())),
        Effect::SaveDrafts(drafts) => Some(("drafts", drafts.len())),
        _ => None,
    });
    let saves: Vec<_> = saves.collect();
    // The outbox first: a text is in one of the two at every moment.
    assert_eq!(saves[saves.len() - 2..], [("outbox", 1), ("drafts", 0)]);
}

#[test]
fn what_is_written_as_a_note_is_sent_as_one_and_only_that() {
    let mut story = Story::in_conversation([guest(1)]);

    story.keys("to Maya<c-n>about Maya<enter>");
    story.is_saved();

    let sent = story.effects.iter().find_map(|effect| match effect {
        Effect::Ask(request) => match &**request {
            AgentRequest::SendMessage(sent) => Some(sent),
            _ => None,
        },
        _ => None,
    });
    let sent = sent.unwrap();
    assert!(sent.internal);
    assert_eq!(sent.content.to_string(), "about Maya");
    story.keys("<c-n>");
    assert_eq!(written(&story), (Mode::Reply, "to Maya"));
}

#[test]
fn a_draft_is_on_disk_soon_after_the_first_change_and_not_with_every_key() {
    let mut story = Story::in_conversation([guest(1)]);

    story.keys("hal");
    assert_eq!(kept(&story), None);
    assert_eq!(story.state.next_deadline(), Some(story.now.plus_millis(400)));
    story.now = story.now.plus_millis(399);
    story.keys("f<c-n>x");
    assert_eq!(kept(&story), None);
    story.now = story.now.plus_millis(1);
    story.happens(Msg::Deadline);

    let kept = kept(&story).unwrap();
    let texts: Vec<_> = kept.iter().map(|it| (it.mode, it.text.as_str())).collect();
    assert_eq!(texts, [(Mode::Reply, "half"), (Mode::Note, "x")]);
    story.effects.clear();
    settles(&mut story);
    assert!(story.effects.is_empty());
}

#[test]
fn a_draft_that_was_sent_is_no_draft_any_more() {
    let mut story = Story::in_conversation([guest(1)]);

    story.keys("hello");
    settles(&mut story);
    assert_eq!(kept(&story).unwrap().len(), 1);
    story.keys("<enter>");
    settles(&mut story);

    assert_eq!(kept(&story), Some(Vec::new()));
}

#[test]
fn drafts_of_a_run_before_mark_the_queue_and_are_there_on_opening() {
    let note = Draft { aside: true, ..draft(1, Mode::Note, "she called") };
    let left = vec![draft(1, Mode::Reply, "half a"), note];
    let mut story = Story::with_left(Vec::new(), left.clone());
    story.comes_online();
    story.lists([ticket(1), ticket(2)]);
    assert!(story.state.has_draft(ticket_id(1)) && !story.state.has_draft(ticket_id(2)));

    story.keys("<enter>");
    story.joined(None, [guest(1)]);
    assert_eq!(written(&story), (Mode::Reply, "half a"));
    story.now = story.now.plus_millis(1_000);
    story.keys("<c-n>!");
    settles(&mut story);

    let texts: Vec<_> = kept(&story).unwrap().into_iter().map(|it| it.text).collect();
    assert_eq!(texts, ["she called!", "half a"]);
}

#[test]
fn a_ticket_in_which_only_a_note_was_begun_opens_with_the_note() {
    let left = vec![draft(1, Mode::Note, "she called")];
    let mut story = Story::with_left(Vec::new(), left);
    story.comes_online();
    story.lists([ticket(1)]);

    story.keys("<enter>");

    assert_eq!(written(&story), (Mode::Note, "she called"));
}

#[test]
fn leaving_asks_only_when_the_drafts_are_not_on_disk() {
    let mut story = Story::in_conversation([guest(1)]);
    story.keys("draft<esc>");
    story.happens(Msg::DraftsSaved(Err("disk full".into())));
    assert!(story.toast().contains("disk full"));

    story.keys("q");
    assert!(story.effects.is_empty() && story.state.overlay.is_some());
    story.keys("<esc>");
    story.happens(Msg::DraftsSaved(Ok(())));
    story.keys("q");

    assert_eq!(story.effects, [Effect::Quit]);
}

#[test]
fn the_editor_gets_the_draft_and_what_it_leaves_goes_into_that_draft_only() {
    let mut story = Story::in_conversation([guest(1)]);
    story.keys("reply<c-n>half<c-e>");
    let handed = Effect::Edit { ticket: ticket_id(1), mode: Mode::Note, text: "half".to_owned() };
    assert_eq!(story.effects, [handed]);

    // Another conversation may be open by then, and a hostile file is text like any other.
    story.keys("<c-n>");
    let outcome = Ok("whole\r\n\u{1b}]0;x\u{7}note\n\n".to_owned());
    story.happens(Msg::Edited { ticket: ticket_id(1), mode: Mode::Note, outcome });
    assert_eq!(written(&story), (Mode::Reply, "reply"));
    story.keys("<c-n>");
    let (mode, text) = written(&story);
    assert_eq!(mode, Mode::Note);
    assert!(text.starts_with("whole\n") && text.ends_with("note"), "{text:?}");
    assert!(!text.contains(['\u{1b}', '\u{7}', '\r']));
    assert!(story.asked().is_empty());

    let outcome = Err("vi: the text is as it was".to_owned());
    story.happens(Msg::Edited { ticket: ticket_id(1), mode: Mode::Note, outcome });
    assert_eq!(story.toast(), "vi: the text is as it was");
    assert_eq!(written(&story).1.lines().count(), 2);
}

#[test]
fn a_paste_beyond_what_the_composer_holds_is_cut_and_says_so() {
    let mut story = Story::in_conversation([guest(1)]);

    story.happens(Msg::Paste("e\u{301}".repeat(MOST_CHARS)));

    assert!(story.toast().contains("the rest was left out"));
    let text = written(&story).1;
    assert!(text.chars().count() <= MOST_CHARS && text.ends_with("e\u{301}"));
    story.keys("x");
    assert!(story.toast().contains("left out") || written(&story).1.ends_with('x'));
}

#[test]
fn a_long_paste_says_how_long_it_is_and_sends_nothing() {
    let mut story = Story::in_conversation([guest(1)]);

    story.happens(Msg::Paste("line\n".repeat(12)));

    assert!(story.toast().starts_with("12 lines pasted"));
    assert!(story.asked().is_empty());
}

#[test]
fn the_mode_is_kept_with_the_drafts_even_if_nothing_is_written_in_it_yet() {
    let mut story = Story::in_conversation([guest(1)]);
    story.keys("half a<c-n>");
    settles(&mut story);

    for (written_next, expected) in [("", ""), ("she called", "she called")] {
        story.keys(written_next);
        settles(&mut story);
        let left = kept(&story).unwrap();
        let mut again = Story::with_left(Vec::new(), left);
        again.comes_online();
        again.lists([ticket(1)]);
        again.keys("<enter>");

        assert_eq!(written(&again), (Mode::Note, expected));
        assert_eq!(again.state.conversation().unwrap().aside.text(), "half a");
    }
    story.keys("<c-n>");
    settles(&mut story);
    let mut again = Story::with_left(Vec::new(), kept(&story).unwrap());
    again.comes_online();
    again.lists([ticket(1)]);
    again.keys("<enter>");
    assert_eq!(written(&again), (Mode::Reply, "half a"));
}

#[test]
fn a_reply_that_waited_is_held_when_its_ticket_was_given_to_somebody_else() {
    let mut story = Story::in_conversation([guest(1)]);
    story.goes_offline();
    story.keys("I will refund it<enter><c-n>angry<enter>");
    story.is_saved();
    story.effects.clear();

    story.comes_online();
    assert_eq!(story.asked(), ["ticket:list", "join after Some(1)"]);
    story.lists([bobs(1), ticket(2)]);

    // The note is for the desk whoever answers for the ticket; the reply asks first.
    let asked = story.asked();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].ends_with("angry"), "{asked:?}");
    let held = &story.state.outbox.items()[0];
    assert_eq!(held.standing, Standing::Held("given to Bob meanwhile".into()));
    assert!(story.toast().starts_with("not sent to"));
}

#[test]
fn a_held_reply_is_sent_on_demand_and_then_is_not_held_again() {
    let mut story = Story::in_conversation([guest(1)]);
    story.goes_offline();
    story.keys("I will refund it<enter>");
    story.is_saved();
    story.comes_online();
    story.lists([bobs(1), ticket(2)]);
    story.asked();

    story.notices(AgentNotice::TicketUpdated(TicketNotice { ticket: bobs(1) }));
    story.keys("<esc>t");
    story.is_saved();

    let asked = story.asked();
    assert!(asked[0].ends_with("I will refund it"), "{asked:?}");
}

#[test]
fn what_was_written_to_somebody_elses_ticket_knowingly_is_not_held() {
    let mut story = Story::in_conversation([guest(1)]);
    story.notices(AgentNotice::TicketUpdated(TicketNotice { ticket: bobs(1) }));
    story.goes_offline();
    story.keys("I help you, Bob<enter>");
    story.is_saved();
    story.effects.clear();

    story.comes_online();
    story.lists([bobs(1), ticket(2)]);

    assert!(story.asked().last().unwrap().ends_with("I help you, Bob"));
}

#[test]
fn a_held_reply_that_the_log_has_already_is_settled_and_never_asked_about() {
    let mut story = Story::in_conversation([guest(1)]);
    story.keys("I will refund it<enter>");
    story.is_saved();
    let id = story.state.outbox.items()[0].parcel.client_message_id.clone();
    story.goes_offline();
    story.comes_online();
    story.lists([bobs(1), ticket(2)]);
    assert!(matches!(story.state.outbox.items()[0].standing, Standing::Held(_)));

    let mut stored = super::mine(2, 0, "I will refund it");
    stored.client_message_id = Some(id);
    story.joined(Some(1), [stored]);

    assert!(story.state.outbox.items().is_empty());
    assert_eq!(story.shown(), [1, 2]);
}

#[test]
fn a_reply_to_a_ticket_that_was_closed_meanwhile_is_kept_with_the_reason() {
    let mut story = Story::in_conversation([guest(1)]);
    story.goes_offline();
    story.keys("one more thing<enter>");
    story.is_saved();
    story.effects.clear();
    story.comes_online();
    story.notices(AgentNotice::TicketClosed(TicketNotice { ticket: closed(1) }));
    story.lists([ticket(2)]);

    // Only the server knows whether it took the message before the ticket was closed.
    let request = story.effects.iter().find_map(|effect| match effect {
        Effect::Ask(request) if matches!(**request, AgentRequest::SendMessage(_)) => {
            Some((**request).clone())
        }
        _ => None,
    });
    let error = ApiError::new(ErrorCode::TicketClosed, "this conversation is closed");
    story.answer(request.unwrap(), Err(Refusal::Error(error)));

    let standing = &story.state.outbox.items()[0].standing;
    assert_eq!(*standing, Standing::Failed("this conversation is closed".into()));
}
