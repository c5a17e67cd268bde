//! The queue's rows: what stands in which column, and who has a row of one's own.

use ratatui::layout::{Rect, Size};
use support_shared::ticket::{AgentName, Priority, Ticket};
use support_shared::{AgentId, ApiError, ErrorCode};

use super::{Story, guest};
use crate::core::cards::{Cards, LEGEND};
use crate::core::draft::{Draft, Mode};
use crate::core::fixture::{noon, ticket, ticket_id};
use crate::core::link::Refusal;
use crate::core::{Effect, Msg};
use crate::text::{has_rtl, width};

fn bobs(n: u64) -> Ticket {
    let bob = AgentName { id: AgentId::from_ulid(ulid::Ulid::from(7u128)), name: "Bob".to_owned() };
    Ticket { assignee: Some(bob), ..ticket(n) }
}

/// The rows of all tickets in a pane of this width, as the queue's pane has them.
fn rows(story: &mut Story, wide: u16, high: u16) -> Vec<String> {
    story.happens(Msg::Resize(Size::new(wide, high)));
    let area = story.state.layout().queue.unwrap();
    let cards = Cards::of(&story.state, area);
    let rows: Vec<String> = cards.iter().flat_map(|(_, lines)| lines.clone()).collect();
    assert!(rows.iter().all(|row| width(row) == usize::from(area.width)), "{rows:?}");
    assert!(rows.len() < usize::from(area.height));
    rows
}

/// A console with a ticket that is open, waits, has a draft and a refused message.
fn everything() -> Story {
    let mut story = Story::in_conversation([guest(1)]);
    story.keys("on its way<enter>");
    story.is_saved();
    let sent = story.effects().into_iter().find_map(|effect| match effect {
        Effect::Ask(request) if request.name() == "message:send" => Some(*request),
        _ => None,
    });
    let error = ApiError::new(ErrorCode::Forbidden, "not now");
    story.answer(sent.unwrap(), Err(Refusal::Error(error)));
    story.keys("more<esc><esc>");
    story
}

#[test]
fn no_sign_of_a_ticket_hides_another() {
    let mut story = everything();

    let narrow = rows(&mut story, 80, 24);
    assert!(narrow[0].starts_with(">*~? 938NG1  5m"), "{narrow:?}");
    assert!(narrow[1].starts_with(" *   938NG2  5m"), "{narrow:?}");
    let wide = rows(&mut story, 120, 40);
    assert!(wide[0].starts_with(">* 938NG1 Maya") && wide[1].starts_with("~? Card"), "{wide:?}");
    assert!(wide[2].starts_with(" * 938NG2 Maya") && wide[3].starts_with("   Card"), "{wide:?}");
}

#[test]
fn a_message_on_its_way_has_another_sign_than_one_that_waits_for_a_decision() {
    let mut story = Story::in_conversation([guest(1)]);
    story.goes_offline();
    story.keys("on its way<enter><esc><esc>");

    assert!(rows(&mut story, 80, 24)[0].starts_with(">* ^ 938NG1"));
}

#[test]
fn a_draft_of_a_run_before_is_marked_before_the_ticket_is_opened() {
    let draft = Draft {
        ticket_id: ticket_id(2),
        mode: Mode::Reply,
        text: "half".to_owned(),
        changed_at: noon(),
        holes: Vec::new(),
        aside: false,
    };
    let mut story = Story::with_left(Vec::new(), vec![draft]);
    story.comes_online();
    story.lists([ticket(1), ticket(2)]);

    let rows = rows(&mut story, 80, 24);
    assert!(rows[0].starts_with(" *   ") && rows[1].starts_with(" *~  "), "{rows:?}");
}

#[test]
fn assignee_and_tags_are_there_at_every_width() {
    let tagged = Ticket { tags: vec!["vip".to_owned(), "card".to_owned()], ..bobs(1) };
    let mut story = Story::online([tagged]);

    for (wide, high, parts) in [
        (80, 24, &["#vip", "#card", "Bob"][..]),
        (100, 30, &["#vip", "Bob"]),
        (120, 40, &["#vip", "#card", "Bob"]),
        (200, 60, &["#vip", "#card", "Bob"]),
    ] {
        let rows = rows(&mut story, wide, high).concat();
        assert!(parts.iter().all(|part| rows.contains(part)), "{wide}: {rows}");
        assert!(rows.contains("Card"), "{wide}: {rows}");
    }
}

#[test]
fn what_is_written_from_right_to_left_shares_its_row_with_nothing() {
    let mut layla = ticket(1);
    layla.guest.name = Some("ليلى".to_owned());
    layla.subject = Some("البطاقة مرفوضة".to_owned());
    layla.tags = vec!["שלום".to_owned(), "vip".to_owned()];
    layla.priority = Priority::Urgent;
    let by =
        AgentName { id: AgentId::from_ulid(ulid::Ulid::from(7u128)), name: "דנה".to_owned() };
    layla.assignee = Some(by);
    let mut plain = ticket(2);
    plain.last_message.as_mut().unwrap().preview = "مرحبا".to_owned();
    let mut story = Story::online([layla, plain]);

    for (wide, high) in [(80, 24), (120, 40)] {
        let rows = rows(&mut story, wide, high);
        for row in rows.iter().filter(|row| has_rtl(row)) {
            let others = row.chars().any(|c| c.is_ascii_alphanumeric());
            assert!(!others && row.starts_with("     "), "{row:?}");
        }
        let whole = rows.concat();
        for part in ["938NG1", "ليلى", "البطاقة مرفوضة", "#שלום", "#vip", "דנה", "938NG2"]
        {
            assert!(whole.contains(part), "{part}: {rows:#?}");
        }
        assert!(!whole.contains("مرحبا"), "a preview gives way");
    }
}

#[test]
fn the_selected_ticket_is_in_the_pane_whatever_rows_the_others_have() {
    let tickets = (1..=40).map(|n| {
        let mut ticket = ticket(n);
        ticket.guest.name = (n % 3 == 0).then(|| "ليلى".to_owned());
        ticket
    });
    let mut story = Story::online(tickets);

    for _ in 0..40 {
        let area = Rect::new(0, 1, 80, 22);
        let cards = Cards::of(&story.state, area);
        let at = story.state.queue.position().unwrap();
        assert!(cards.iter().any(|(index, _)| *index == at), "{at}");
        let rows: usize = cards.iter().map(|(_, lines)| lines.len()).sum();
        assert!((19..=21).contains(&rows), "{rows} at {at}");
        // A row points at the ticket that is drawn there.
        let first = cards.iter().next().unwrap();
        assert_eq!(cards.at(1), Some(first.0));
        assert_eq!(cards.at(0), None);
        assert_eq!(cards.at(u16::try_from(rows).unwrap() + 1), None);
        story.keys("<down>");
    }
}

#[test]
fn the_readme_says_what_every_sign_means() {
    let readme = include_str!("../../../../README.md");
    for (sign, words) in LEGEND {
        let row = format!("| `{sign}` | {words}");
        assert!(readme.contains(&row), "{row}");
    }
}
