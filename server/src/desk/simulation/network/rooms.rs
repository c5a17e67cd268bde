//! Rooms, who is told in them, and the bus between nodes, which may lose what it carries.

use super::*;

impl Inner {
    pub(super) fn of_node(
        &self,
        node: NodeId,
        side: Side,
    ) -> impl Iterator<Item = (LinkId, &Link)> {
        self.links
            .iter()
            .filter(move |(_, link)| link.node == node && link.at_server)
            .filter(move |(_, link)| link.side() == side)
            .map(|(id, link)| (*id, link))
    }

    pub(super) fn room(&self, node: NodeId, side: Side, ticket: TicketId) -> Vec<LinkId> {
        let links = self.of_node(node, side);
        links.filter(|(_, link)| link.rooms.contains_key(&ticket)).map(|(id, _)| id).collect()
    }

    /// Whether a client is told of what happens in a ticket.
    pub(in crate::desk::simulation) fn is_in_room(&self, client: usize, ticket: TicketId) -> bool {
        let mut links = self.links.values().filter(|link| link.client == client && !link.cut);
        links.any(|link| link.rooms.contains_key(&ticket))
    }

    /// Does on a node's own connections what was told there or has come over the bus.
    pub(in crate::desk::simulation) fn tell(&mut self, node: NodeId, tell: Tell) {
        if !self.is_alive(node) {
            return;
        }
        match tell {
            Tell::Guest(ticket, notice) => {
                for id in self.room(node, Side::Guest, ticket) {
                    self.told(id, &notice);
                    self.send(id, Frame::Guest(notice.clone()));
                }
            }
            Tell::Agents(agents, notice) => {
                let links = match agents {
                    Agents::In(ticket) => self.room(node, Side::Agent, ticket),
                    Agents::All => {
                        let links = self.of_node(node, Side::Agent);
                        links.filter(|(_, link)| link.with_agents).map(|(id, _)| id).collect()
                    }
                };
                for id in links {
                    if let AgentNotice::MessageNew(new) = &notice {
                        self.told(id, &GuestNotice::MessageNew(new.clone()));
                    }
                    self.send(id, Frame::Agent(notice.clone()));
                }
            }
            Tell::Others(ticket, passing, but) => {
                let (guest, agent) = match passing {
                    Passing::Typing(it) => {
                        (GuestNotice::Typing(it.clone()), AgentNotice::Typing(it))
                    }
                    Passing::Read(it) => (GuestNotice::Read(it.clone()), AgentNotice::Read(it)),
                };
                for id in self.room(node, Side::Guest, ticket) {
                    if Some(id) != but {
                        self.send(id, Frame::Guest(guest.clone()));
                    }
                }
                for id in self.room(node, Side::Agent, ticket) {
                    if Some(id) != but {
                        self.send(id, Frame::Agent(agent.clone()));
                    }
                }
            }
            Tell::ClearAgents(ticket, closed) => {
                for id in self.room(node, Side::Agent, ticket) {
                    if let Some(link) = self.links.get_mut(&id) {
                        link.rooms.retain(|it, seq| *it != ticket || *seq >= closed);
                    }
                }
            }
            Tell::End(whose, why) => {
                let links = self.of_node(node, Side::Agent);
                let links = links.filter(|(_, link)| link.is_ended_by(whose));
                let ended: Vec<LinkId> = links.map(|(id, _)| id).collect();
                for id in ended {
                    self.send(id, Frame::Agent(AgentNotice::SessionEnded(why.clone())));
                    self.lose_at_server(id);
                    let after = self.latency();
                    self.plan(after, Event::LostAtClient(id));
                }
            }
        }
    }

    pub(super) fn told(&mut self, id: LinkId, notice: &GuestNotice) {
        if let GuestNotice::MessageNew(new) = notice
            && let (Some(seq), Some(link)) = (new.message.seq, self.links.get_mut(&id))
        {
            link.told.insert((new.message.ticket_id, seq));
        }
    }

    /// The same on every node: at once on this one, over the bus on the others.
    pub(super) fn tell_everywhere(&mut self, node: NodeId, tell: Tell) {
        if !self.is_alive(node) {
            return;
        }
        let others: Vec<NodeId> = self.nodes.iter().copied().filter(|it| *it != node).collect();
        for other in others {
            let Weather { bus_is_cut, bus_loses, .. } = self.weather;
            if bus_is_cut || self.random.chance(bus_loses) {
                continue;
            }
            let soonest = self.now() + self.latency();
            let free = self.bus_at.entry((node.place, other.place)).or_default();
            *free = soonest.max(*free);
            let at = *free;
            self.plan_at(at, Event::Bus(other, Box::new(tell.clone())));
        }
        self.tell(node, tell);
    }
}

/// The hub of one node.
pub(in crate::desk::simulation) struct Rooms {
    pub(in crate::desk::simulation) shared: Arc<Shared>,
    pub(in crate::desk::simulation) node: NodeId,
}

fn id(connection: &Connection) -> LinkId {
    connection.id.parse().unwrap()
}

impl Rooms {
    fn tell(&self, tell: Tell) {
        let mut inner = self.shared.lock();
        let message = match &tell {
            Tell::Guest(_, GuestNotice::MessageNew(new))
            | Tell::Agents(_, AgentNotice::MessageNew(new)) => Some(new.message.clone()),
            _ => None,
        };
        if inner.is_alive(self.node) {
            if let Some(message) = message {
                inner.checks.announces(self.node, &message);
            }
            inner.tell_everywhere(self.node, tell);
        }
    }
}

impl Hub for Rooms {
    fn tell_guest(&self, ticket: TicketId, notice: &GuestNotice) {
        self.tell(Tell::Guest(ticket, notice.clone()));
    }

    fn tell_agents(&self, agents: Agents, notice: &AgentNotice) {
        self.tell(Tell::Agents(agents, notice.clone()));
    }

    fn tell_one(&self, _: &Connection, _: &AgentNotice) {
        // Only who is online, which is not simulated.
    }

    fn tell_others(&self, ticket: TicketId, notice: &Passing, but: Option<&Connection>) {
        self.tell(Tell::Others(ticket, notice.clone(), but.map(id)));
    }

    fn tell_other_agents(&self, ticket: TicketId, notice: &AgentNotice, _: Option<&Connection>) {
        // Only typing in the notes, which is not simulated.
        self.tell(Tell::Agents(Agents::In(ticket), notice.clone()));
    }

    fn occupied(&self) -> Vec<TicketId> {
        let inner = self.shared.lock();
        let links = inner.links.values().filter(|it| it.node == self.node && it.at_server);
        let rooms: BTreeSet<TicketId> = links.flat_map(|it| it.rooms.keys().copied()).collect();
        rooms.into_iter().collect()
    }

    fn enter(&self, connection: &Connection, ticket: TicketId, seq: u64) {
        if let Some(link) = self.shared.lock().links.get_mut(&id(connection))
            && link.at_server
        {
            let known = link.rooms.entry(ticket).or_default();
            *known = seq.max(*known);
        }
    }

    fn put_back(&self, connection: &Connection, ticket: TicketId, seq: u64) {
        if let Some(link) = self.shared.lock().links.get_mut(&id(connection))
            && let Some(known) = link.rooms.get_mut(&ticket)
        {
            *known = seq;
        }
    }

    fn leave(&self, connection: &Connection, ticket: TicketId) {
        if let Some(link) = self.shared.lock().links.get_mut(&id(connection)) {
            link.rooms.remove(&ticket);
        }
    }

    fn clear_agents(&self, ticket: TicketId, closed: u64) {
        self.tell(Tell::ClearAgents(ticket, closed));
    }

    fn end(&self, whose: Ending, why: &SessionEnded) {
        self.tell(Tell::End(whose, why.clone()));
    }
}
