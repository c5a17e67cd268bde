//! The queue on the screen: lists, searching, and what comes next.

use support_shared::answer::TicketPage;
use support_shared::notice::{AgentNotice, TicketNotice};
use support_shared::request::{AgentRequest, AssigneeFilter, ListTickets};
use support_shared::ticket::{AgentName, Ticket, TicketStatus};
use support_shared::{AgentId, ApiError, ErrorCode};

use super::{Story, closed};
use crate::core::fixture::{agent, ticket, ticket_id};
use crate::core::link::{Answer, Refusal};
use crate::core::{Effect, Focus, Msg};
use crate::view::stage::rows;

pub(super) fn bob() -> AgentName {
    AgentName { id: AgentId::from_ulid(ulid::Ulid::from_parts(77, 7)), name: "Bob".to_owned() }
}

pub(super) fn of(who: AgentName, n: u64) -> Ticket {
    Ticket { assignee: Some(who), ..ticket(n) }
}

pub(super) fn mine(n: u64) -> Ticket {
    of(AgentName { id: agent().id, name: agent().display_name }, n)
}

fn waits_longer(ticket: Ticket, minutes: i64) -> Ticket {
    let since = ticket.waiting_since.map(|since| since.plus_millis(-minutes * 60_000));
    Ticket { waiting_since: since, ..ticket }
}

fn shown(story: &Story) -> Vec<u64> {
    let number = |id| (1..2_000).find(|n| ticket_id(*n) == id).unwrap();
    story.state.queue.shown().iter().map(|card| number(card.id)).collect()
}

/// The lists that were asked for since the last look.
pub(super) fn lists(story: &mut Story) -> Vec<ListTickets> {
    let list = |effect| match effect {
        Effect::Ask(request) => match *request {
            AgentRequest::ListTickets(list) => Some(list),
            _ => None,
        },
        _ => None,
    };
    std::mem::take(&mut story.effects).into_iter().filter_map(list).collect()
}

/// The only request since the last look.
pub(super) fn only(story: &mut Story) -> AgentRequest {
    let mut effects = std::mem::take(&mut story.effects);
    assert_eq!(effects.len(), 1, "{effects:?}");
    match effects.remove(0) {
        Effect::Ask(request) => *request,
        other => panic!("{other:?}"),
    }
}

pub(super) fn finds(
    story: &mut Story,
    asked: &ListTickets,
    tickets: Vec<Ticket>,
    next: Option<&str>,
) {
    let page = TicketPage { tickets, next_cursor: next.map(str::to_owned) };
    let request = AgentRequest::ListTickets(asked.clone());
    story.answer(request, Ok(Answer::Tickets(Box::new(page))));
}

fn passes(story: &mut Story, millis: i64) {
    story.now = story.now.plus_millis(millis);
    story.happens(Msg::Deadline);
}

#[test]
fn one_key_lists_mine_or_nobodys_without_asking_the_server() {
    let mut story = Story::online([ticket(1), mine(2), of(bob(), 3)]);

    story.keys("1");
    assert_eq!(shown(&story), [2]);
    story.keys("2");
    assert_eq!(shown(&story), [1]);
    story.keys("3");
    assert_eq!(shown(&story), [1, 2, 3]);
    story.keys("1");
    story.notices(AgentNotice::TicketUpdated(TicketNotice { ticket: mine(4) }));

    assert_eq!(shown(&story), [2, 4]);
    assert!(story.asked().is_empty());
}

#[test]
fn closed_tickets_are_read_page_by_page_as_the_agent_goes_down() {
    let mut story = Story::online([ticket(1)]);

    story.keys("4");
    let first = lists(&mut story);
    assert_eq!(first.len(), 1);
    assert_eq!(first[0].status, Some(TicketStatus::Closed));
    finds(&mut story, &first[0], (100..150).map(closed).collect(), Some("next"));
    assert!(lists(&mut story).is_empty(), "nobody has gone down yet");

    story.keys("G");
    let second = lists(&mut story);
    assert_eq!(second.len(), 1);
    assert_eq!(second[0].cursor.as_deref(), Some("next"));
    story.keys("G");
    assert!(lists(&mut story).is_empty(), "asked once");
    finds(&mut story, &second[0], (150..200).map(closed).collect(), None);
    story.keys("G");

    assert_eq!(shown(&story).len(), 100);
    assert!(lists(&mut story).is_empty());
}

#[test]
fn a_ticket_that_is_closed_meanwhile_is_the_first_of_the_closed_ones() {
    let mut story = Story::online([ticket(1)]);
    story.keys("4");
    let asked = lists(&mut story);
    let old = Ticket { closed_at: Some(story.now.plus_millis(-9_000)), ..closed(100) };
    finds(&mut story, &asked[0], vec![old], None);

    let new = Ticket { closed_at: Some(story.now), ..closed(1) };
    story.notices(AgentNotice::TicketClosed(TicketNotice { ticket: new.clone() }));
    assert_eq!(shown(&story), [1, 100]);
    let again = Ticket { status: TicketStatus::Open, closed_at: None, ..new };
    story.notices(AgentNotice::TicketUpdated(TicketNotice { ticket: again }));

    assert_eq!(shown(&story), [100]);
}

#[test]
fn a_search_asks_when_nobody_types_any_more_and_shows_what_the_last_words_found() {
    let mut story = Story::online([ticket(1), mine(2)]);

    story.keys("1/car");
    assert!(lists(&mut story).is_empty());
    passes(&mut story, 200);
    let early = lists(&mut story);
    assert_eq!(early[0].q.as_deref(), Some("car"));
    assert_eq!(early[0].assignee, Some(AssigneeFilter::Me));
    story.keys("d");
    passes(&mut story, 200);
    let late = lists(&mut story);
    assert_eq!(late[0].q.as_deref(), Some("card"));
    finds(&mut story, &late[0], vec![mine(2)], None);
    finds(&mut story, &early[0], vec![mine(2), mine(3)], None);
    assert_eq!(shown(&story), [2]);

    story.keys("<enter><enter>");
    assert_eq!(story.state.open, Some(ticket_id(2)));
    story.keys("<esc><esc><esc>");
    assert_eq!(story.state.queue.words(), "");
}

#[test]
fn a_search_that_the_server_refuses_is_asked_for_once_and_says_so() {
    let mut story = Story::online([ticket(1)]);
    story.keys("/one two");
    passes(&mut story, 200);
    let asked = lists(&mut story).remove(0);
    let error = ApiError::new(ErrorCode::Invalid, "at most 8 words");
    let request = AgentRequest::ListTickets(asked.clone());
    story.answer(request.clone(), Err(Refusal::Error(error)));

    assert_eq!(story.toast(), "the tickets could not be looked up: at most 8 words");
    assert!(rows(&story).iter().any(|row| row.contains("The server refuses to look it up")));
    for _ in 0..5 {
        passes(&mut story, 3_000);
    }
    assert!(lists(&mut story).is_empty(), "it would be refused again");
    assert!(story.toast().is_empty());

    // Other words are another question, and what passes is asked again.
    story.keys("<c-w>");
    passes(&mut story, 200);
    let asked = lists(&mut story).remove(0);
    let error = ApiError::new(ErrorCode::Unavailable, "not now");
    story.answer(AgentRequest::ListTickets(asked.clone()), Err(Refusal::Error(error)));
    passes(&mut story, 3_000);
    assert_eq!(lists(&mut story), [asked]);
}

#[test]
fn a_search_that_is_cancelled_shows_the_list_again() {
    let mut story = Story::online([ticket(1), ticket(2)]);

    story.keys("/zzz");
    passes(&mut story, 200);
    let asked = lists(&mut story);
    finds(&mut story, &asked[0], Vec::new(), None);
    assert!(shown(&story).is_empty());
    story.keys("<esc>");

    assert_eq!(shown(&story), [1, 2]);
}

#[test]
fn what_was_looked_up_is_looked_up_again_after_an_outage() {
    let mut story = Story::online([ticket(1)]);
    story.keys("4");
    let asked = lists(&mut story);
    finds(&mut story, &asked[0], vec![closed(100)], None);

    story.goes_offline();
    story.comes_online();

    assert_eq!(lists(&mut story).len(), 2, "the open ones, and what is shown");
}

#[test]
fn a_queue_of_thousands_is_read_as_far_as_somebody_looks() {
    let mut story = Story::new();
    story.comes_online();
    let mut from = 1;
    let mut next = lists(&mut story);
    for _ in 0..5 {
        let page = (from..from + 200).map(ticket).collect();
        from += 200;
        finds(&mut story, &next[0], page, Some("more"));
        next = lists(&mut story);
    }
    assert!(next.is_empty(), "a thousand are here");
    assert!(story.state.queue.is_loaded() && story.state.queue.has_more());

    story.keys("G");

    assert_eq!(lists(&mut story).len(), 1);
}

#[test]
fn n_goes_round_what_needs_me_mine_before_nobodys_and_the_longest_waiting_first() {
    let answered = Ticket { waiting_since: None, ..mine(5) };
    let mut read = answered.clone();
    read.agent_read_seq = 1;
    let tickets = [
        waits_longer(ticket(1), 50),
        waits_longer(ticket(2), 90),
        waits_longer(mine(3), 10),
        waits_longer(of(bob(), 4), 99),
        read,
    ];
    let mut story = Story::online(tickets);

    let mut seen = Vec::new();
    for _ in 0..4 {
        story.keys("n");
        let open = story.state.open.unwrap();
        seen.push((1..6).find(|n| ticket_id(*n) == open).unwrap());
        assert_eq!(story.state.focus, Focus::Timeline);
    }

    assert_eq!(seen, [3, 2, 1, 3]);
}

#[test]
fn n_says_so_when_nothing_needs_me() {
    let mut story = Story::online([of(bob(), 1)]);

    story.keys("n");

    assert_eq!(story.toast(), "nothing else waits for you");
}
