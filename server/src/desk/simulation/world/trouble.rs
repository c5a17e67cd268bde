//! What goes wrong, and what is done from outside.

use super::*;

impl World {
    pub(super) fn fault(&mut self, net: &mut Inner, fault: Fault) {
        match fault {
            Fault::Crash => {
                let place = usize::try_from(self.random.below(self.places as u64)).unwrap();
                self.crash(net, place);
                net.plan(200 + self.random.below(4000), Event::Fault(Fault::Start(place)));
            }
            Fault::Start(place) => self.start(net, place),
            Fault::Cut => {
                let links: Vec<LinkId> = net.links.keys().copied().collect();
                if !links.is_empty() {
                    let link = *self.random.pick(&links);
                    net.cut(link, 20_000, 10_000);
                }
            }
            Fault::Weather => {
                net.weather = Weather {
                    store_fails: *self.random.pick(&[0, 0, 20, 200, 1000]),
                    store_slow: *self.random.pick(&[0, 5, 50, 2000, 7000]),
                    lag: *self.random.pick(&[0, 0, 50, 3000]),
                    latency: *self.random.pick(&[5, 50, 1000]),
                    bus_is_cut: self.random.chance(200),
                    bus_loses: *self.random.pick(&[0, 0, 100]),
                };
            }
            Fault::Calm => net.weather = Weather { latency: 20, ..Weather::default() },
            Fault::ClientRestarts => {
                let client = usize::try_from(self.random.below(self.clients.len() as u64));
                self.clients[client.unwrap()].restart(net);
            }
            Fault::SignOut => self.sign_out(net),
            Fault::Snapshot => self.snapshot = Some(self.ground.snapshot()),
            Fault::Restore => self.restore(net),
            Fault::ClockJumps => {
                let off = i64::try_from(self.random.below(20_000)).unwrap() - 10_000;
                *self.random.pick(&self.clocks).lock().unwrap() = off;
            }
            Fault::Peace => {
                self.peace = true;
                net.weather = Weather { latency: 20, ..Weather::default() };
                for client in &mut self.clients {
                    client.quiet = true;
                }
            }
            Fault::Sent => self.all_is_sent(net),
            Fault::Leave => {
                self.all_is_seen(net);
                for client in &mut self.clients {
                    client.gone = true;
                    client.hang_up(net);
                }
            }
            Fault::End => self.all_have_left(net),
        }
    }

    /// Somebody ends a session, on any node.
    pub(super) fn sign_out(&mut self, net: &mut Inner) {
        let sessions: Vec<SessionRecord> = {
            let data = self.ground.truth.lock().unwrap();
            data.sessions.values().filter(|it| !it.ended).cloned().collect()
        };
        let nodes: Vec<&Node> = self.nodes.values().collect();
        if nodes.is_empty() || sessions.is_empty() {
            return;
        }
        let SessionRecord { id: session, agent, .. } = *self.random.pick(&sessions);
        let node = self.random.pick(&nodes);
        let (desk, power, id) = (Arc::clone(&node.desk), node.power.clone(), node.id);
        let shared = Arc::clone(&self.shared);
        // It may be coming back at that very moment.
        let links = net.links.iter().filter(|(_, link)| link.session() == Some(session));
        let links: Vec<LinkId> = links.map(|(id, _)| *id).collect();
        let returns = self.random.chance(600);
        for link in links.into_iter().filter(|_| returns) {
            net.cut(link, 1000, 100);
        }
        let after = if returns { self.random.below(3500) } else { 0 };
        net.tasks.spawn(async move {
            tokio::time::sleep(std::time::Duration::from_millis(after)).await;
            let who = Who::Agent { agent, session, expires_at: end_of_time() };
            let actor = Actor::without_connection(who);
            let ended = power.run_until_cancelled(desk.execute(&actor, Command::SignOut)).await;
            if let Some(Ok(_)) = ended {
                let mut net = shared.lock();
                let left = net.links.values().find(|link| {
                    link.node == id && link.with_agents && link.session() == Some(session)
                });
                let left = left.map(|link| link.client);
                net.checks.require(left.is_none(), "V12", || {
                    format!("{session} has ended, and client {left:?} is still connected with it")
                });
            }
        });
    }

    /// The system is stopped, and comes back as it was when it was copied, in a new history.
    pub(super) fn restore(&mut self, net: &mut Inner) {
        if self.snapshot.is_none() {
            return;
        }
        for place in 0..self.places {
            self.crash(net, place);
            net.plan(500 + self.random.below(2000), Event::Fault(Fault::Start(place)));
        }
        self.histories += 1;
        net.checks.begin_history();
        // What was acked in the other history and is still on its way would be held against this.
        net.agenda.retain(|_, event| !matches!(event, Event::Frame(..)));
        if let Some(snapshot) = &self.snapshot {
            self.ground.restore(snapshot, format!("history-{}", self.histories));
        }
    }
}
