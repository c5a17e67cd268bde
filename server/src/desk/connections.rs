//! How many live connections somebody has. Counted when one comes in, and given back when it is
//! gone, whatever ended it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use support_shared::{AgentId, GuestId, SessionId};

use super::actor::{Actor, Address, Who};
use super::error::DeskError;
use super::limits::Limits;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Holder {
    Guest(GuestId),
    Agent(AgentId),
    /// One login of an agent. It has no limit of its own.
    Session(SessionId),
    Address(Address),
}

/// The live connections, by who holds them.
#[derive(Default)]
pub(super) struct Connections(Mutex<HashMap<Holder, u32>>);

impl Connections {
    /// Counts a connection, unless one of its holders has as many as it may.
    pub(super) fn open(&self, actor: &Actor, limits: &Limits) -> Result<(), DeskError> {
        let holders = holders(actor);
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for holder in &holders {
            let (limit, most) = match holder {
                Holder::Guest(_) => ("guest_sockets", limits.guest_sockets),
                Holder::Agent(_) => ("agent_sockets", limits.agent_sockets),
                Holder::Address(_) => ("address_sockets", limits.address_sockets),
                Holder::Session(_) => continue,
            };
            if most != 0 && open.get(holder).is_some_and(|count| *count >= most) {
                return Err(DeskError::RateLimited { limit, retry_after_ms: 10_000 });
            }
        }
        for holder in holders {
            *open.entry(holder).or_default() += 1;
        }
        Ok(())
    }

    /// Gives a connection back.
    pub(super) fn close(&self, actor: &Actor) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for holder in holders(actor) {
            if let Some(count) = open.get_mut(&holder) {
                *count -= 1;
                if *count == 0 {
                    open.remove(&holder);
                }
            }
        }
    }

    /// The agents' logins that have connections here.
    pub(super) fn sessions(&self) -> Vec<SessionId> {
        let open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let sessions = open.keys().filter_map(|holder| match holder {
            Holder::Session(session) => Some(*session),
            Holder::Guest(_) | Holder::Agent(_) | Holder::Address(_) => None,
        });
        sessions.collect()
    }

    /// Whether there is none.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

fn holders(actor: &Actor) -> Vec<Holder> {
    let who = match actor.who {
        Who::Guest(guest) => vec![Holder::Guest(guest)],
        Who::Agent { agent, session, .. } => vec![Holder::Agent(agent), Holder::Session(session)],
        Who::Stranger | Who::Unproven | Who::Operator => vec![],
    };
    who.into_iter().chain(actor.address.map(Holder::Address)).collect()
}

#[cfg(test)]
mod tests {
    use ulid::Ulid;

    use super::*;

    #[test]
    fn a_connection_that_is_gone_makes_room_for_another() {
        let connections = Connections::default();
        let limits = Limits { guest_sockets: 2, address_sockets: 3, ..Limits::default() };
        let guest = |number: u128| {
            let who = Who::Guest(GuestId::from_ulid(Ulid::from(number)));
            Actor::without_connection(who).from(Address::of([127, 0, 0, 1].into()))
        };

        connections.open(&guest(1), &limits).unwrap();
        connections.open(&guest(1), &limits).unwrap();
        assert!(connections.open(&guest(1), &limits).is_err());
        connections.open(&guest(2), &limits).unwrap();
        assert!(connections.open(&guest(3), &limits).is_err());
        connections.close(&guest(1));
        connections.open(&guest(3), &limits).unwrap();
        for number in [1, 2, 3] {
            connections.close(&guest(number));
        }
        assert!(connections.0.lock().unwrap().is_empty());
    }

    #[test]
    fn the_addresses_of_one_ipv6_network_are_one_holder() {
        let of = |text: &str| Address::of(text.parse().unwrap());

        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
