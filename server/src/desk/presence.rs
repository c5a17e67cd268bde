//! Which connections of which agents sit in which tickets. In memory only: whether an agent has
//! joined is the log's to say, and this decides when to write that it has left.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use support_shared::{AgentId, TicketId};

/// Where somebody sits, and who.
pub(super) type Seat = (TicketId, AgentId);

/// What a connection is to a ticket, and the number up to which it knew the log when it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    None,
    /// It looks on without being seen.
    Watch(u64),
    Seat(u64),
}

impl Place {
    /// What is left of it when the entry `closed` has closed the ticket.
    fn after_close(self, closed: u64) -> Self {
        match self {
            Self::Watch(since) | Self::Seat(since) if since < closed => Self::None,
            kept => kept,
        }
    }
}

/// The seats that are taken.
#[derive(Default)]
pub(super) struct Presence {
    seats: Mutex<Seats>,
    /// Held while who is here is told, so that the last word on an agent is the right one.
    telling: Mutex<()>,
}

#[derive(Default)]
struct Seats {
    /// Each with the number up to which the log was known when it was taken.
    by_ticket: HashMap<Seat, HashMap<Arc<str>, u64>>,
    /// In an order, so that what follows from one that is gone happens in an order.
    by_connection: HashMap<Arc<str>, BTreeSet<Seat>>,
    /// Connections that look on without being seen.
    watching: HashMap<Arc<str>, HashMap<TicketId, u64>>,
    /// What connections were, each to the ticket that it is about to join.
    joining: HashMap<Arc<str>, (Seat, Place)>,
    /// The agents that are connected.
    here: BTreeMap<AgentId, Here>,
}

/// An agent that is connected.
#[derive(Default)]
struct Here {
    /// What it was called when it last connected.
    name: String,
    connections: HashSet<Arc<str>>,
}

impl Presence {
    fn lock(&self) -> MutexGuard<'_, Seats> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whoever tells what it finds here does so one after the other.
    pub(super) fn telling(&self) -> MutexGuard<'_, ()> {
        self.telling.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection sits down that knows of the ticket's log up to `seq`.
    pub(super) fn sit(&self, ticket: TicketId, agent: AgentId, connection: &Arc<str>, seq: u64) {
        let mut seats = self.lock();
        let seat = (ticket, agent);
        seats.unwatch(ticket, connection);
        let since = match seats.place(seat, connection) {
            Place::Seat(since) => since.max(seq),
            Place::Watch(_) | Place::None => seq,
        };
        seats.seat(seat, connection, since);
    }

    /// A connection looks on that knows of the ticket's log up to `seq`. One that sits there
    /// already stays where everybody sees it.
    pub(super) fn watch(&self, ticket: TicketId, connection: &Arc<str>, seq: u64) {
        let mut seats = self.lock();
        let taken = seats.by_connection.get(connection);
        if taken.is_some_and(|seats| seats.iter().any(|(at, _)| *at == ticket)) {
            return;
        }
        let watched = seats.watching.entry(Arc::clone(connection)).or_default();
        let since = watched.entry(ticket).or_default();
        *since = seq.max(*since);
    }

    /// Whether a connection looks on only.
    pub(super) fn watches(&self, ticket: TicketId, connection: &Arc<str>) -> bool {
        self.lock().watching.get(connection).is_some_and(|tickets| tickets.contains_key(&ticket))
    }

    /// A connection is about to join: what it is to the ticket now is kept in mind, and whatever
    /// closes the ticket meanwhile takes that away too. It joins one ticket at a time.
    pub(super) fn begin_joining(&self, seat: Seat, connection: &Arc<str>) {
        let mut seats = self.lock();
        let place = seats.place(seat, connection);
        seats.joining.insert(Arc::clone(connection), (seat, place));
    }

    /// It has joined.
    pub(super) fn end_joining(&self, connection: &Arc<str>) {
        self.lock().joining.remove(connection);
    }

    /// It has not: it is again what it was before, less what a close has taken away. Answers with
    /// that, and whether it was the last of its agent in the ticket.
    pub(super) fn take_back_joining(&self, seat: Seat, connection: &Arc<str>) -> (Place, bool) {
        let mut seats = self.lock();
        // A connection that has gone meanwhile was nothing before.
        let place = seats.joining.remove(connection).map_or(Place::None, |(_, place)| place);
        let stood = match place {
            Place::Seat(since) => {
                seats.seat(seat, connection, since);
                false
            }
            Place::Watch(_) | Place::None => seats.stand(seat, connection),
        };
        if let Place::Watch(since) = place {
            let watched = seats.watching.entry(Arc::clone(connection)).or_default();
            watched.insert(seat.0, since);
        }
        (place, stood)
    }

    /// An agent's connection comes in; true if it is the first.
    pub(super) fn come(&self, agent: AgentId, name: &str, connection: &Arc<str>) -> bool {
        let mut seats = self.lock();
        let here = seats.here.entry(agent).or_default();
        name.clone_into(&mut here.name);
        here.connections.insert(Arc::clone(connection));
        here.connections.len() == 1
    }

    /// An agent's connection is gone; its name if it was the last.
    pub(super) fn go(&self, agent: AgentId, connection: &Arc<str>) -> Option<String> {
        let mut seats = self.lock();
        let here = seats.here.get_mut(&agent)?;
        here.connections.remove(connection);
        if !here.connections.is_empty() {
            return None;
        }
        seats.here.remove(&agent).map(|here| here.name)
    }

    /// Whether an agent is connected.
    pub(super) fn is_here(&self, agent: AgentId) -> bool {
        self.lock().here.contains_key(&agent)
    }

    /// The agents that are connected, with their names.
    pub(super) fn here(&self) -> Vec<(AgentId, String)> {
        self.lock().here.iter().map(|(agent, here)| (*agent, here.name.clone())).collect()
    }

    /// A connection gets up; true when it was the last of its agent in the ticket.
    pub(super) fn stand(&self, ticket: TicketId, agent: AgentId, connection: &Arc<str>) -> bool {
        self.lock().stand((ticket, agent), connection)
    }

    /// Nobody sits in a ticket any more who came before the entry `closed`.
    pub(super) fn clear(&self, ticket: TicketId, closed: u64) {
        let mut seats = self.lock();
        let Seats { by_ticket, by_connection, watching, joining, .. } = &mut *seats;
        by_ticket.retain(|(it, _), taken| {
            taken.retain(|_, since| *it != ticket || *since >= closed);
            !taken.is_empty()
        });
        by_connection.retain(|connection, taken| {
            taken.retain(|seat| {
                by_ticket.get(seat).is_some_and(|taken| taken.contains_key(connection))
            });
            !taken.is_empty()
        });
        watching.retain(|_, tickets| {
            tickets.retain(|it, since| *it != ticket || *since >= closed);
            !tickets.is_empty()
        });
        for (_, place) in joining.values_mut().filter(|((at, _), _)| *at == ticket) {
            *place = place.after_close(closed);
        }
    }

    /// A connection is gone. Answers with the seats that nobody of the same agent has kept.
    pub(super) fn gone(&self, connection: &Arc<str>) -> Vec<Seat> {
        let mut seats = self.lock();
        seats.watching.remove(connection);
        seats.joining.remove(connection);
        let taken = seats.by_connection.remove(connection).unwrap_or_default();
        taken.into_iter().filter(|seat| seats.vacate(*seat, connection)).collect()
    }

    /// Whether nobody is anywhere.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        let Seats { by_ticket, by_connection, watching, joining, here } = &*self.lock();
        let seats = by_ticket.is_empty() && by_connection.is_empty();
        seats && watching.is_empty() && joining.is_empty() && here.is_empty()
    }

    /// The seats that are taken, each with the least that was known of the log when it was.
    pub(super) fn seats(&self) -> BTreeMap<Seat, u64> {
        let seats = self.lock();
        let taken = seats.by_ticket.iter();
        let since = |taken: &HashMap<Arc<str>, u64>| taken.values().copied().min();
        taken.filter_map(|(seat, taken)| Some((*seat, since(taken)?))).collect()
    }

    /// Whether the agent sits in the ticket with any connection.
    pub(super) fn sits(&self, ticket: TicketId, agent: AgentId) -> bool {
        self.lock().by_ticket.contains_key(&(ticket, agent))
    }
}

impl Seats {
    fn place(&self, seat: Seat, connection: &Arc<str>) -> Place {
        let taken = self.by_ticket.get(&seat).and_then(|taken| taken.get(connection));
        let watched = self.watching.get(connection).and_then(|tickets| tickets.get(&seat.0));
        match (taken, watched) {
            (Some(since), _) => Place::Seat(*since),
            (None, Some(since)) => Place::Watch(*since),
            (None, None) => Place::None,
        }
    }

    fn seat(&mut self, seat: Seat, connection: &Arc<str>, since: u64) {
        self.by_ticket.entry(seat).or_default().insert(Arc::clone(connection), since);
        self.by_connection.entry(Arc::clone(connection)).or_default().insert(seat);
    }

    fn stand(&mut self, seat: Seat, connection: &Arc<str>) -> bool {
        self.unwatch(seat.0, connection);
        if let Some(taken) = self.by_connection.get_mut(connection) {
            taken.remove(&seat);
            if taken.is_empty() {
                self.by_connection.remove(connection);
            }
        }
        self.vacate(seat, connection)
    }

    fn unwatch(&mut self, ticket: TicketId, connection: &Arc<str>) {
        if let Some(tickets) = self.watching.get_mut(connection) {
            tickets.remove(&ticket);
            if tickets.is_empty() {
                self.watching.remove(connection);
            }
        }
    }

    fn vacate(&mut self, seat: Seat, connection: &Arc<str>) -> bool {
        let Some(taken) = self.by_ticket.get_mut(&seat) else {
            return false;
        };
        let sat = taken.remove(connection).is_some();
        let last = taken.is_empty();
        if last {
            self.by_ticket.remove(&seat);
        }
        sat && last
    }
}

#[cfg(test)]
mod tests {
    use ulid::Ulid;

    use super::*;

    #[test]
    fn an_agent_is_gone_with_its_last_connection_only() {
        let presence = Presence::default();
        let ticket = TicketId::from_ulid(Ulid::from(1));
        let agent = AgentId::from_ulid(Ulid::from(2));
        let (one, two) = (Arc::from("one"), Arc::from("two"));
        presence.sit(ticket, agent, &one, 1);
        presence.sit(ticket, agent, &one, 1);
        presence.sit(ticket, agent, &two, 1);

        assert_eq!(presence.gone(&one), []);
        assert!(presence.sits(ticket, agent));
        assert!(presence.stand(ticket, agent, &two));
        assert!(!presence.stand(ticket, agent, &two));
        assert!(!presence.sits(ticket, agent));
        assert!(presence.lock().by_connection.is_empty());
    }

    #[test]
    fn a_close_takes_nobody_away_who_came_after_it() {
        let presence = Presence::default();
        let ticket = TicketId::from_ulid(Ulid::from(1));
        let (agent, other) = (AgentId::from_ulid(Ulid::from(2)), AgentId::from_ulid(Ulid::from(3)));
        let (before, after): (Arc<str>, Arc<str>) = (Arc::from("before"), Arc::from("after"));
        let (onlooker, late_onlooker) = (Arc::from("onlooker"), Arc::from("late onlooker"));
        presence.sit(ticket, agent, &before, 4);
        presence.watch(ticket, &onlooker, 4);
        // Closed by the fifth entry, opened again by the sixth.
        presence.sit(ticket, other, &after, 6);
        presence.watch(ticket, &late_onlooker, 6);

        presence.clear(ticket, 5);

        assert!(!presence.sits(ticket, agent) && !presence.watches(ticket, &onlooker));
        assert!(presence.sits(ticket, other) && presence.watches(ticket, &late_onlooker));
        assert_eq!(presence.gone(&after), [(ticket, other)]);
        assert!(presence.gone(&late_onlooker).is_empty());
        assert!(presence.is_empty());
    }

    #[test]
    fn a_join_that_is_taken_back_leaves_what_was_before_and_what_a_close_has_left_of_it() {
        let ticket = TicketId::from_ulid(Ulid::from(1));
        let agent = AgentId::from_ulid(Ulid::from(2));
        let connection: Arc<str> = Arc::from("one");
        // The close comes while it joins, after that, or not at all.
        for (during, after) in [(true, false), (false, true), (false, false)] {
            for before in [Place::None, Place::Watch(4), Place::Seat(4)] {
                let presence = Presence::default();
                match before {
                    Place::None => {}
                    Place::Watch(seq) => presence.watch(ticket, &connection, seq),
                    Place::Seat(seq) => presence.sit(ticket, agent, &connection, seq),
                }
                presence.begin_joining((ticket, agent), &connection);
                presence.sit(ticket, agent, &connection, 6);
                if during {
                    presence.clear(ticket, 5);
                }
                let (place, stood) = presence.take_back_joining((ticket, agent), &connection);
                if after {
                    presence.clear(ticket, 5);
                }

                let expected = if during { Place::None } else { before };
                assert_eq!((place, stood), (expected, !matches!(expected, Place::Seat(_))));
                let left = if after { Place::None } else { expected };
                assert_eq!(presence.lock().place((ticket, agent), &connection), left);
                presence.gone(&connection);
                assert!(presence.is_empty());
            }
        }
    }

    #[test]
    fn who_sits_somewhere_is_still_seen_there_when_it_asks_only_to_look_on() {
        let presence = Presence::default();
        let ticket = TicketId::from_ulid(Ulid::from(1));
        let agent = AgentId::from_ulid(Ulid::from(2));
        let connection: Arc<str> = Arc::from("one");
        presence.sit(ticket, agent, &connection, 4);

        presence.watch(ticket, &connection, 5);

        assert!(presence.sits(ticket, agent) && !presence.watches(ticket, &connection));
    }
}
