//! Working the queue: lists, searching, peeking, and who answers for a ticket.

use support_shared::answer::TicketPage;
use support_shared::message::{Message, SenderRole, SystemEvent};
use support_shared::notice::{AgentNotice, PresenceChanged, TicketNotice};
use support_shared::request::{
    AgentRequest, AssignTicket, AssigneeFilter, IfAssignee, ListTickets, NewAssignee, TagTicket,
};
use support_shared::ticket::{AgentName, PresenceState, Priority, Ticket, TicketStatus};
use support_shared::{AgentId, ApiError, ErrorCode};

use super::{Story, closed, guest};
use crate::core::fixture::{agent, message, ticket, ticket_id};
use crate::core::link::{Answer, Refusal};
use crate::core::overlay::Overlay;
use crate::core::{Effect, Focus, Msg};
use crate::view::stage::rows;

fn bob() -> AgentName {
    AgentName { id: AgentId::from_ulid(ulid::Ulid::from_parts(77, 7)), name: "Bob".to_owned() }
}

fn of(who: AgentName, n: u64) -> Ticket {
    Ticket { assignee: Some(who), ..ticket(n) }
}

fn mine(n: u64) -> Ticket {
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
fn lists(story: &mut Story) -> Vec<ListTickets> {
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
fn only(story: &mut Story) -> AgentRequest {
    let mut effects = std::mem::take(&mut story.effects);
    assert_eq!(effects.len(), 1, "{effects:?}");
    match effects.remove(0) {
        Effect::Ask(request) => *request,
        other => panic!("{other:?}"),
    }
}

fn finds(story: &mut Story, asked: &ListTickets, tickets: Vec<Ticket>, next: Option<&str>) {
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
