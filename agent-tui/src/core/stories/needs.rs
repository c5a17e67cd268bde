//! Going from one ticket that needs us to the next.

use support_shared::message::SenderRole;
use support_shared::notice::{AgentNotice, TicketNotice};
use support_shared::ticket::{AgentName, LastMessage, Ticket};

use super::Story;
use crate::core::fixture::{agent, ticket, ticket_id};

fn mine(n: u64) -> Ticket {
    let me = AgentName { id: agent().id, name: agent().display_name };
    Ticket { assignee: Some(me), ..ticket(n) }
}

/// The ticket after its guest has written up to this message.
fn written(ticket: Ticket, seq: u64) -> Ticket {
    let last =
        LastMessage { seq, sender_role: SenderRole::Guest, ..ticket.last_message.clone().unwrap() };
    Ticket {
        last_seq: seq,
        last_message: Some(last),
        updated_at: ticket.updated_at.plus_millis(i64::try_from(seq).unwrap()),
        ..ticket
    }
}

fn open(story: &Story) -> u64 {
    let open = story.state.open.unwrap();
    (1..9).find(|n| ticket_id(*n) == open).unwrap()
}

fn pressed(story: &mut Story, keys: &str) -> u64 {
    story.keys(keys);
    open(story)
}

#[test]
fn n_leads_from_a_stranger_s_ticket_to_ones_own_that_waits_and_goes_on_from_there() {
    let answered = Ticket { waiting_since: None, agent_read_seq: 1, ..mine(5) };
    let mut story = Story::online([ticket(1), ticket(2), answered]);
    story.keys("p");
    assert_eq!(open(&story), 1);
    let waits = Ticket { waiting_since: ticket(5).waiting_since, ..written(mine(5), 4) };
    story.notices(AgentNotice::TicketUpdated(TicketNotice { ticket: waits }));

    assert_eq!(pressed(&mut story, "n"), 5);
    assert_eq!(pressed(&mut story, "n"), 1);
    assert_eq!(pressed(&mut story, "n"), 2);
    assert_eq!(pressed(&mut story, "n"), 5, "all were seen: from the first again");
}

#[test]
fn what_is_written_during_the_walk_comes_before_what_has_not_been_seen() {
    let mut story = Story::online([ticket(1), ticket(2), ticket(3), mine(5)]);
    assert_eq!(pressed(&mut story, "n"), 5);
    assert_eq!(pressed(&mut story, "n"), 1);

    let ticket = written(mine(5), 2);
    story.notices(AgentNotice::TicketUpdated(TicketNotice { ticket }));

    assert_eq!(pressed(&mut story, "n"), 5);
    assert_eq!(pressed(&mut story, "n"), 2);
    assert_eq!(pressed(&mut story, "n"), 3);
}

#[test]
fn who_has_gone_elsewhere_by_himself_begins_with_ones_own_again() {
    let mut story = Story::online([ticket(1), ticket(2), ticket(3), mine(5)]);
    story.keys("nn");
    assert_eq!(open(&story), 1);

    story.keys("<esc>");
    while story.state.queue.selected().map(|card| card.id) != Some(ticket_id(3)) {
        story.keys("<down>");
    }

    assert_eq!(pressed(&mut story, "n"), 5);
}
