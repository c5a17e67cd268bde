//! A connection in its node: it is admitted, and what it asks is done in its order.

use super::*;

/// A connection in its node.
pub(super) struct Served {
    pub(super) id: LinkId,
    pub(super) actor: Actor,
    pub(super) desk: Arc<Desk>,
    pub(super) shared: Arc<Shared>,
    pub(super) node: NodeId,
}

impl Served {
    pub(super) async fn serve(self, mut requests: mpsc::Receiver<(u64, Command, Instant)>) {
        let side = self.actor.connection.as_ref().unwrap().side;
        match self.desk.execute(&self.actor, Command::Connect(side)).await {
            Ok(_) => self.admit(),
            Err(error) => {
                let mut net = self.shared.lock();
                net.send(self.id, Frame::Refused(error.code()));
                net.lose_at_server(self.id);
                return;
            }
        }
        while let Some((request, command, asked)) = requests.recv().await {
            let ended = self.has_ended();
            let result = self.desk.execute_asked(&self.actor, command, asked).await;
            let mut net = self.shared.lock();
            net.checks.require(!ended || result.is_err(), "V12", || {
                format!("{request} of link {} was done after its session had ended", self.id)
            });
            if let Ok(Reply::Joined(joined)) = &result
                && !joined.has_more
                && let Some(link) = net.links.get(&self.id)
                && let Some(ticket) = joined.messages.last().map(|it| it.ticket_id)
                && link.rooms.contains_key(&ticket)
            {
                let seq = joined.messages.last().and_then(|it| it.seq).unwrap_or_default();
                let told = link.told.clone();
                net.checks.joined(self.node, ticket, seq, &told);
            }
            let answer = result.map_err(|error| error.code());
            net.note(|| match &answer {
                Ok(_) => format!("link {}: {request} is done", self.id),
                Err(code) => format!("link {}: {request} is refused: {code:?}", self.id),
            });
            net.send(self.id, Frame::Answer(request, answer));
        }
        self.desk.disconnected(&self.actor);
    }

    fn admit(&self) {
        let mut net = self.shared.lock();
        if let Some(link) = net.links.get_mut(&self.id)
            && link.at_server
        {
            link.with_agents = matches!(link.actor.who, Who::Agent { .. });
        }
        net.send(self.id, Frame::Accepted);
    }

    fn has_ended(&self) -> bool {
        let net = self.shared.lock();
        let Who::Agent { session, .. } = self.actor.who else { return false };
        net.checks.has_ended(session)
    }
}
