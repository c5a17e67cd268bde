//! What has to be so when there is no trouble any more, and when everybody has left.

use super::*;

impl World {
    pub(super) fn all_is_sent(&mut self, net: &mut Inner) {
        for (number, client) in self.clients.iter().enumerate() {
            let (online, waits, asks) = (client.online, client.waits(), client.unanswered());
            net.checks.require(online, "V8", || format!("client {number} is not connected"));
            net.checks.require(waits == 0, "V9", || format!("client {number} has {waits} to send"));
            net.checks
                .require(asks == 0, "V17", || format!("client {number} waits for {asks} answers"));
        }
        let alive = net.nodes.clone();
        net.checks.at_rest(&alive);
        let admitted = net.links.values().filter(|link| link.with_agents);
        let left = admitted.filter_map(|link| Some((link.client, link.session()?)));
        let left = left.collect::<Vec<_>>().into_iter().find(|it| net.checks.has_ended(it.1));
        net.checks.require(left.is_none(), "V12", || {
            format!("client, session {left:?}: has ended, and is still told of the queue")
        });
    }

    pub(super) fn all_is_seen(&mut self, net: &mut Inner) {
        let truth = Arc::clone(&self.ground.truth);
        let data = truth.lock().unwrap().clone();
        for (number, client) in self.clients.iter().enumerate() {
            let is_agent = matches!(client.who, Identity::Agent(..));
            for (id, view) in &client.views {
                let epoch = view.epoch.as_deref();
                net.checks.shown(epoch, &view.conversation.entries);
                net.checks.shown(epoch, &view.notes.entries);
                let Some(kept) = data.tickets.get(id).filter(|_| view.in_room) else { continue };
                // With several nodes, the bus may have lost the notice of a close and not the close.
                let told = !view.open || self.places > 1 || net.is_in_room(number, *id);
                net.checks.require(told, "V8", || {
                    format!("client {number} is not in the room of {id}, and thinks it is in it")
                });
                let has = (view.conversation.last(), view.notes.last());
                let is = (kept.conversation.len() as u64, kept.notes.len() as u64);
                let all = has.0 == is.0 && (!is_agent || has.1 == is.1);
                let same = epoch == Some(data.epoch.as_str());
                net.checks.require(all && same, "V8", || {
                    format!("client {number} has {has:?} of {is:?} in {id}, and thinks it is in it")
                });
            }
        }
        self.presence_is_right(net, &data);
    }

    pub(super) fn presence_is_right(&mut self, net: &mut Inner, data: &Data) {
        for kept in data.tickets.values().filter(|kept| kept.record.is_open()) {
            let ticket = kept.record.id;
            for client in &self.clients {
                let Identity::Agent(agent, _) = &client.who else { continue };
                let present =
                    kept.record.conversation.present.iter().any(|present| present.id == agent.id);
                let seated = self.nodes.values();
                let seated = seated.filter(|it| it.desk.presence.sits(ticket, agent.id)).count();
                net.checks.require(present == (seated > 0), "V15", || {
                    format!("{} in {ticket}: present {present}, {seated} seats", agent.name)
                });
                // With several nodes, the bus may have lost what a client knows it by.
                if self.places > 1 {
                    continue;
                }
                let view = client.views.get(&ticket);
                // A join that was refused may have been written, and then it is tried again.
                let sits = view.is_some_and(|view| view.in_room && view.seated);
                let may = view.is_some_and(|view| view.in_room);
                net.checks.require(!sits && !present || present && may, "V15", || {
                    format!("{} in {ticket}: present {present}, sits {sits}", agent.name)
                });
            }
        }
    }

    pub(super) fn all_have_left(&mut self, net: &mut Inner) {
        let data = self.ground.truth.lock().unwrap().clone();
        for kept in data.tickets.values() {
            let present = &kept.record.conversation.present;
            net.checks.require(present.is_empty(), "V15", || {
                format!("{present:?} are in {} after everybody has left", kept.record.id)
            });
        }
        let (links, rooms) =
            (net.links.len(), net.links.values().map(|it| it.rooms.len()).sum::<usize>());
        net.checks.require(links == 0 && rooms == 0, "V18", || format!("{links} links"));
        for node in self.nodes.values() {
            let desk = &node.desk;
            let empty = desk.presence.is_empty() && desk.connections.is_empty();
            let tasks = desk.tasks.len();
            // Those that tell of what is stored, and where logs end, that look after seats and
            // logins, and that say who sits here.
            net.checks.require(empty && tasks == 5, "V18", || {
                format!("{:?} keeps seats: {}, tasks: {tasks}", node.id, !empty)
            });
        }
    }
}
