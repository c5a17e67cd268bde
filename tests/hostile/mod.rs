//! What no decent client sends: packets and payloads made to break the parser, floods, and requests
//! that were bent on the way. Whatever comes, the neighbours talk on.

mod administration;
mod bodies;
mod connections;
mod counters;
mod credentials;
mod fairness;
mod floods;
mod fragments;
mod inputs;
mod limits;
mod namespaces;
mod oversize;
mod packets;
mod pages;
mod payloads;
mod reads;
mod strangers;
mod timing;
mod transport;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::{
    DEADLINE,
    http::whole,
    people::{Agent, Guest, figures, http},
    process::Server,
};

/// No limit on how much, where a test is about what.
const UNLIMITED: [(&str, &str); 9] = [
    ("SUPPORT_LIMITS_GUEST_MESSAGES_PER_SECOND", "0"),
    ("SUPPORT_LIMITS_GUEST_MESSAGES_PER_MINUTE", "0"),
    ("SUPPORT_LIMITS_AGENT_MESSAGES_PER_SECOND", "0"),
    ("SUPPORT_LIMITS_GUEST_SOCKETS", "0"),
    ("SUPPORT_LIMITS_AGENT_SOCKETS", "0"),
    ("SUPPORT_LIMITS_ADDRESS_SOCKETS", "0"),
    ("SUPPORT_LIMITS_HANDSHAKES_PER_SECOND", "0"),
    ("SUPPORT_LIMITS_GUEST_READS_PER_SECOND", "0"),
    ("SUPPORT_LIMITS_AGENT_READS_PER_MINUTE", "0"),
];

/// How long a message between neighbours may take, on a machine with other work: it is stored on the
/// way.
const PATIENCE: Duration = Duration::from_secs(10);

/// A guest and an agent in one conversation, whom nothing may disturb.
struct Neighbours {
    guest: Guest,
    agent: Agent,
    ticket: String,
    said: u32,
}

impl Neighbours {
    async fn meet(server: &Server) -> Self {
        let mut guest = Guest::arrives(server).await;
        let mut agent = Agent::signs_in(server, "alice").await;
        let ticket = guest.opens_a_ticket("hello").await;
        agent.socket.done("ticket:join", json!({ "ticketId": ticket })).await;
        Self { guest, agent, ticket, said: 0 }
    }

    /// The guest says something: it is stored, and the agent hears it in time.
    async fn talk(&mut self) {
        let began = Instant::now();
        self.said += 1;
        let content = format!("still here {}", self.said);
        let key = format!("talk-{}", self.said);
        let message =
            json!({ "ticketId": self.ticket, "content": content, "clientMessageId": key });
        self.guest.socket.done("message:send", message).await;
        self.agent.socket.notices_before(&content).await;
        assert!(began.elapsed() < PATIENCE, "{content} after {:?}", began.elapsed());
    }
}

/// The last numbers of both logs, and how many tickets there are.
async fn stored(server: &Server, agent: &Agent, ticket: &str) -> (Value, Value, usize) {
    let path = format!("/api/v1/tickets/{ticket}");
    let (_, shown) = agent.http(server, Method::GET, &path, None).await;
    let (_, all) = agent.http(server, Method::GET, "/api/v1/tickets", None).await;
    let ticket = &shown["ticket"];
    (
        ticket["lastSeq"].clone(),
        ticket["lastNoteSeq"].clone(),
        all["tickets"].as_array().unwrap().len(),
    )
}

/// Opens a session by polling; the path at which it goes on.
async fn polling(server: &Server) -> String {
    const POLLING: &str = "/socket.io/?EIO=4&transport=polling";
    let opened = http().get(server.url(POLLING)).send().await.unwrap().text().await.unwrap();
    let opened: Value = serde_json::from_str(&opened[1..]).unwrap();
    format!("{POLLING}&sid={}", opened["sid"].as_str().unwrap())
}

/// Sends a request as it is and answers with the head of the answer and its body.
async fn asked(server: &Server, request: &str) -> (String, String) {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut heard = Vec::new();
    loop {
        if let Some(answer) = whole(&heard) {
            return answer;
        }
        let read = timeout(DEADLINE, stream.read_buf(&mut heard)).await.unwrap().unwrap();
        assert_ne!(read, 0, "the answer ends early: {}", heard.escape_ascii());
    }
}

/// How often something was refused because of a limit, as the operator reads it.
async fn counted(metrics: SocketAddr, limit: &str) -> u64 {
    figure(metrics, &format!("support_limited_total{{limit=\"{limit}\"}} ")).await
}

/// How often commands of this kind have ended so.
async fn counted_commands(metrics: SocketAddr, action: &str, outcome: &str) -> u64 {
    let labels = format!("action=\"{action}\",outcome=\"{outcome}\"");
    figure(metrics, &format!("support_commands_total{{{labels}}} ")).await
}

/// The figure whose line starts so; 0 when there is none.
async fn figure(metrics: SocketAddr, start: &str) -> u64 {
    let text = figures(metrics).await;
    let count = text.lines().find_map(|line| line.strip_prefix(start));
    count.map_or(0, |count| count.parse().unwrap())
}
