//! What stands around texts: titles, counts, toasts, the legend. None of it hides what matters.

use support_shared::notice::{AgentNotice, TicketNotice};
use support_shared::ticket::{AgentName, Ticket, TicketStatus};

use super::stage::{rows, sized};
use crate::core::cards::LEGEND;
use crate::core::fixture::{agent, ticket};
use crate::core::stories::{Story, guest};

#[test]
fn a_toast_hides_neither_whom_one_writes_to_nor_the_keys_nor_the_last_ticket() {
    let mut story = Story::in_conversation((1..60).map(guest));
    story.keys("<esc><pgup>");
    story.says(guest(60));
    story.keys("o");
    let shown = rows(&story);
    assert!(shown[0].contains("this conversation is open"), "{shown:#?}");
    assert!(shown[21].contains("Reply to Maya") && shown[21].contains("1 new below"));
    assert!(shown[23].contains("? help"));

    let mut story = Story::online((1..=21).map(ticket));
    let before = rows(&story);
    story.keys("o");
    let shown = rows(&story);
    assert!(shown[0].contains("this conversation is open"));
    assert_eq!(shown[1..], before[1..]);
    assert!(shown[22].contains("Card declined 21"), "{shown:#?}");
}

#[test]
fn a_toast_in_an_outage_leaves_the_outage_to_be_seen_and_a_long_one_is_seen_to_its_key() {
    let mut story = Story::in_conversation([guest(1)]);
    story.goes_offline();
    story.keys("<esc><esc>T");
    let shown = rows(&story);
    assert!(shown[0].contains("offline: a ticket can be changed"), "{}", shown[0]);

    let text = format!("not sent to 938NG1: {}", "long ".repeat(30));
    let leads = crate::commands::CommandId::Unsent;
    story.state.toast = Some(crate::core::toast::Toast::leading(text, story.now, leads));
    assert!(rows(&story)[0].trim_end().ends_with("… (u shows it)"), "{}", rows(&story)[0]);
    story.keys("<tab>");
    story.state.toast = Some(crate::core::toast::Toast::leading("not sent", story.now, leads));
    assert!(rows(&story)[0].contains("not sent (Esc, then u shows it)"), "{}", rows(&story)[0]);
}

#[test]
fn the_filters_have_their_counts_at_every_width() {
    let story = Story::online((1..=12).map(ticket));
    let mut story = story;
    for (wide, high, title) in [
        (60, 20, "1 mine 0   2 unassigned 12   3 all open 12   4 closed"),
        (40, 20, "1 mine 0  2 free 12  3 all 12  4 closed"),
        (100, 30, "mine 0 free 12 all 12 closed"),
        (200, 60, "1 mine 0  2 free 12  3 all 12  4 closed"),
    ] {
        story = sized(story, wide, high);
        let shown = rows(&story);
        assert!(shown[1].starts_with(&format!(" {title}")), "{wide}: {}", shown[1]);
    }
}

#[test]
fn the_title_has_the_tags_there_is_room_for_and_no_dangling_dot() {
    let title = |story: &Story| rows(story)[1].clone();
    let mut story = Story::in_conversation([guest(1)]);
    let told = |story: &mut Story, change: fn(&mut Ticket)| {
        let mut ticket = ticket(1);
        change(&mut ticket);
        story.notices(AgentNotice::TicketUpdated(TicketNotice { ticket }));
    };
    told(&mut story, |ticket| ticket.tags = vec!["vip".to_owned(), "t".repeat(70)]);
    assert!(title(&story).contains("Card declined 1 #vip "), "{}", title(&story));
    let carol = support_shared::message::SystemEvent::AgentJoined {
        agent: AgentName {
            id: support_shared::AgentId::from_ulid(ulid::Ulid::nil()),
            name: "Carol".into(),
        },
    };
    let mut joined = crate::core::fixture::message(
        2,
        support_shared::message::SenderRole::System,
        "Carol joined the chat",
    );
    joined.event = Some(carol);
    story.says(joined);
    assert!(title(&story).ends_with(" Carol is here "), "{:?}", title(&story));
    told(&mut story, |ticket| {
        ticket.assignee = Some(AgentName { id: agent().id, name: "Alice".to_owned() });
    });
    assert!(title(&story).ends_with(" Carol is here · yours "), "{:?}", title(&story));
    told(&mut story, |ticket| {
        ticket.assignee = Some(AgentName { id: agent().id, name: "Alice".to_owned() });
        ticket.status = TicketStatus::Closed;
    });

    assert!(title(&story).ends_with("  closed "), "{:?}", title(&story));
}

#[test]
fn the_help_says_what_the_signs_of_the_queue_mean() {
    for (wide, high) in [(80, 24), (120, 40)] {
        let mut story = sized(Story::online([ticket(1)]), wide, high);
        story.keys("?");
        let shown = rows(&story).join("\n");
        for (sign, words) in LEGEND {
            assert!(shown.contains(&format!("{sign} {words}")), "{sign}: {shown}");
        }
    }
}
