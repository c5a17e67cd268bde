//! Connections: they delay, keep their order, and break.

use super::*;

impl Inner {
    pub(in crate::desk::simulation) fn open(
        &mut self,
        client: usize,
        node: NodeId,
        who: Who,
        side: Side,
    ) -> LinkId {
        let id = self.next_link;
        self.next_link += 1;
        let name: Arc<str> = Arc::from(id.to_string());
        let connection = Connection { side, id: Arc::clone(&name), seat: name };
        let actor = Actor { who, connection: Some(connection), address: None };
        let link = Link {
            client,
            node,
            actor,
            cut: false,
            at_server: false,
            at_client: true,
            line: None,
            rooms: BTreeMap::new(),
            with_agents: false,
            told: BTreeSet::new(),
            up: 0,
            down: 0,
        };
        self.links.insert(id, link);
        let after = self.latency();
        self.plan(after, Event::Open(id));
        id
    }

    /// Up a connection: after what was sent up before.
    pub(in crate::desk::simulation) fn ask(&mut self, id: LinkId, request: u64, command: Command) {
        let soonest = self.now() + self.latency();
        let Some(link) = self.links.get_mut(&id) else { return };
        link.up = link.up.max(soonest);
        let at = link.up;
        self.plan_at(at, Event::Request(id, request, Box::new(command)));
    }

    /// Down a connection: after what was sent down before.
    pub(in crate::desk::simulation) fn send(&mut self, id: LinkId, frame: Frame) {
        let soonest = self.now() + self.latency();
        let Some(link) = self.links.get_mut(&id) else { return };
        if !link.cut {
            link.down = link.down.max(soonest);
            let at = link.down;
            self.plan_at(at, Event::Frame(id, Box::new(frame)));
        }
    }

    /// Breaks a connection. Each side finds out within so many milliseconds.
    pub(in crate::desk::simulation) fn cut(&mut self, id: LinkId, server: u64, client: u64) {
        let (server, client) = (self.random.below(server + 1), self.random.below(client + 1));
        let Some(link) = self.links.get_mut(&id) else { return };
        if !link.cut {
            link.cut = true;
            self.plan(server, Event::LostAtServer(id));
            self.plan(client, Event::LostAtClient(id));
        }
    }

    /// The node has found out: its part of the connection is gone.
    pub(in crate::desk::simulation) fn lose_at_server(&mut self, id: LinkId) {
        if let Some(link) = self.links.get_mut(&id) {
            link.cut = true;
            link.at_server = false;
            link.line = None;
            link.rooms.clear();
            link.with_agents = false;
            if !link.at_client {
                self.links.remove(&id);
            }
        }
    }

    /// The client has found out, or has closed it.
    pub(in crate::desk::simulation) fn lose_at_client(&mut self, id: LinkId) {
        if let Some(link) = self.links.get_mut(&id) {
            link.at_client = false;
            if !link.at_server && link.line.is_none() {
                self.links.remove(&id);
            }
        }
    }
}
