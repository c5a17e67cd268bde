//! What is known of a ticket and its guest.

use ratatui::layout::Size;
use support_shared::answer::TicketPage;
use support_shared::request::{AgentRequest, ListTickets};
use support_shared::ticket::{Guest, Rating, Ticket};

use super::{Story, closed, guest};
use crate::core::details::details;
use crate::core::fixture::{noon, ticket, ticket_id};
use crate::core::link::Answer;
use crate::core::{Effect, Msg};

fn with_email(of: Ticket, as_guest_of: u64) -> Ticket {
    let guest = Guest { email: Some("maya@example.com".to_owned()), ..ticket(as_guest_of).guest };
    Ticket { guest, ..of }
}

fn lookups(story: &mut Story) -> Vec<ListTickets> {
    let list = |effect| match effect {
        Effect::Ask(request) => match *request {
            AgentRequest::ListTickets(list) => Some(list),
            _ => None,
        },
        _ => None,
    };
    std::mem::take(&mut story.effects).into_iter().filter_map(list).collect()
}

fn text(story: &Story, label: &str) -> Option<String> {
    let rows = details(&story.state, ticket_id(1));
    rows.into_iter().find(|row| row.label == label).map(|row| row.text)
}

#[test]
fn the_details_name_what_is_known_and_leave_out_what_is_not() {
    let rating = Rating { score: 4, comment: Some("quick".to_owned()), at: noon() };
    let tags = vec!["billing".to_owned(), "vip".to_owned()];
    let full = Ticket { rating: Some(rating), tags, ..with_email(ticket(1), 1) };
    let story = Story::online([full]);

    assert_eq!(text(&story, "E-mail").as_deref(), Some("maya@example.com"));
    assert_eq!(text(&story, "Tags").as_deref(), Some("billing, vip"));
    assert_eq!(text(&story, "Rating").as_deref(), Some("4 of 5"));
    assert_eq!(text(&story, "Assignee").as_deref(), Some("nobody"));
    assert_eq!(text(&story, "Unread").as_deref(), Some("1 by the guest\n1 by us"));
    assert_eq!(text(&story, "Closed"), None);
    let bare = Story::online([ticket(1)]);
    assert_eq!(text(&bare, "E-mail"), None);
    assert_eq!(text(&bare, "Tags"), None);
}

#[test]
fn earlier_tickets_of_the_guest_are_looked_up_once_and_another_guest_s_are_left_out() {
    let mut story = Story::online([with_email(ticket(1), 1)]);
    assert!(lookups(&mut story).is_empty());

    story.keys("d");
    let asked = lookups(&mut story);
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].q.as_deref(), Some("maya@example.com"));
    let tickets = vec![with_email(closed(50), 1), with_email(closed(51), 51)];
    let page = TicketPage { tickets, next_cursor: None };
    let request = AgentRequest::ListTickets(asked[0].clone());
    story.answer(request, Ok(Answer::Tickets(Box::new(page))));

    let others = text(&story, "Others").unwrap();
    assert!(others.contains("Card declined 50"), "{others}");
    let rows = details(&story.state, ticket_id(1));
    assert!(!rows.iter().any(|row| row.text.contains("Card declined 51")));
    story.keys("<esc>d");
    assert!(lookups(&mut story).is_empty());
}

#[test]
fn on_a_wide_screen_the_details_are_a_pane_and_their_key_says_so() {
    let mut story = Story::in_conversation([guest(1)]);
    story.happens(Msg::Resize(Size::new(160, 40)));

    assert!(story.state.layout().details.is_some());
    story.keys("<esc>d");

    assert!(story.state.overlay.is_none());
    assert_eq!(story.toast(), "the details are on the right of the screen");
}
