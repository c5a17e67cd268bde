//! A Socket.IO client that keeps nothing from the test: it speaks the packets themselves, over
//! websocket, so that a test may also send what no library would.

use std::collections::VecDeque;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest, http::HeaderName},
};

use super::{
    DEADLINE,
    packet::{self, Packet},
    process::At,
};

/// A connection to one namespace.
pub(crate) struct Client {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    namespace: &'static str,
    acks: u64,
    /// Notices that came while something else was waited for.
    notices: VecDeque<(String, Value)>,
}

/// What the server sent, apart from what keeps the connection alive.
enum Heard {
    Ack(u64, Value),
    Notice(String, Value),
    Disconnected,
}

impl Client {
    /// Opens the transport and asks for `namespace`; answers with the refusal's message if there
    /// is one.
    pub(crate) async fn connect(
        server: &At,
        namespace: &'static str,
        headers: &[(&'static str, &str)],
        auth: Value,
    ) -> Result<Self, String> {
        Self::open(server, namespace, headers).await?.enter(auth).await
    }

    /// The same with more in the query of the handshake's address.
    pub(crate) async fn connect_asking(
        server: &At,
        query: &str,
        namespace: &'static str,
        auth: Value,
    ) -> Result<Self, String> {
        Self::open_asking(server, query, namespace, &[]).await?.enter(auth).await
    }

    async fn enter(mut self, auth: Value) -> Result<Self, String> {
        let namespace = self.namespace;
        self.text(&packet::connect(namespace, &auth)).await;
        loop {
            let text = self.packet().await.ok_or("closed")?;
            match packet::parse(namespace, &text) {
                Packet::Connected => return Ok(self),
                Packet::Refused(message) => return Err(message),
                _ => {}
            }
        }
    }

    /// Opens the transport and asks for nothing; answers with the HTTP status of a refusal.
    pub(crate) async fn open(
        server: &At,
        namespace: &'static str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, String> {
        Self::open_asking(server, "", namespace, headers).await
    }

    async fn open_asking(
        server: &At,
        query: &str,
        namespace: &'static str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, String> {
        let url = format!("ws://{}/socket.io/?EIO=4&transport=websocket{query}", server.address);
        let mut request = url.into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(HeaderName::from_static(name), value.parse().unwrap());
        }
        let stream = match timeout(DEADLINE, connect_async(request)).await.unwrap() {
            Ok((stream, _)) => stream,
            Err(Error::Http(response)) => return Err(response.status().as_str().to_owned()),
            Err(error) => panic!("{error}"),
        };
        Ok(Self { stream, namespace, acks: 0, notices: VecDeque::new() })
    }

    /// Sends a packet as it is.
    pub(crate) async fn text(&mut self, packet: &str) {
        self.stream.send(Message::text(packet.to_owned())).await.unwrap();
    }

    /// Sends a frame as it is; answers whether the connection still took it.
    pub(crate) async fn frame(&mut self, frame: Message) -> bool {
        self.stream.send(frame).await.is_ok()
    }

    /// Whether the other end still answers to a ping of the websocket's own.
    pub(crate) async fn is_open(&mut self) -> bool {
        if !self.frame(Message::Ping(b"?".to_vec().into())).await {
            return false;
        }
        loop {
            match timeout(DEADLINE, self.stream.next()).await.expect("an answer in time") {
                Some(Ok(Message::Pong(_))) => return true,
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return false,
            }
        }
    }

    /// Sends the text of an event as it is, with a number for its acknowledgement.
    pub(crate) async fn raw(&mut self, event: &str) -> u64 {
        self.acks += 1;
        let packet = format!("42{},{}{event}", self.namespace, self.acks);
        self.frame(Message::text(packet)).await;
        self.acks
    }

    /// Sends a request without waiting for its acknowledgement; answers with its number.
    pub(crate) async fn send(&mut self, event: &str, payload: &Value) -> u64 {
        self.acks += 1;
        let packet = packet::event(self.namespace, self.acks, event, payload);
        self.text(&packet).await;
        self.acks
    }

    /// Sends a request and answers with the acknowledgement.
    pub(crate) async fn ask(&mut self, event: &str, payload: Value) -> Value {
        let number = self.send(event, &payload).await;
        self.ack(number).await
    }

    /// Sends a request that succeeds, and answers with its data.
    pub(crate) async fn done(&mut self, event: &str, payload: Value) -> Value {
        let mut ack = self.ask(event, payload).await;
        assert_eq!(ack["ok"], true, "{event}: {ack}");
        ack["data"].take()
    }

    /// Sends a request that is refused, and answers with the code.
    pub(crate) async fn refused(&mut self, event: &str, payload: Value) -> String {
        let ack = self.ask(event, payload).await;
        assert_eq!(ack["ok"], false, "{event}: {ack}");
        ack["error"]["code"].as_str().unwrap().to_owned()
    }

    /// The acknowledgement of this number.
    pub(crate) async fn ack(&mut self, number: u64) -> Value {
        let answer = self.answer(number).await;
        answer.unwrap_or_else(|| panic!("disconnected before ack {number}"))
    }

    /// The next acknowledgement, whichever it is, and its number.
    pub(crate) async fn next_ack(&mut self) -> (u64, Value) {
        loop {
            match self.heard().await {
                Heard::Ack(number, answer) => return (number, answer),
                Heard::Notice(event, payload) => self.notices.push_back((event, payload)),
                Heard::Disconnected => panic!("disconnected before an ack"),
            }
        }
    }

    /// The acknowledgement of this number, or nothing when the connection ends without it.
    pub(crate) async fn answer(&mut self, number: u64) -> Option<Value> {
        loop {
            match self.heard().await {
                Heard::Ack(this, answer) if this == number => return Some(answer),
                Heard::Ack(other, answer) => panic!("ack {other} before {number}: {answer}"),
                Heard::Notice(event, payload) => self.notices.push_back((event, payload)),
                Heard::Disconnected => return None,
            }
        }
    }

    /// The numbers of all acknowledgements that come before the connection ends.
    pub(crate) async fn acks_until_the_end(&mut self) -> Vec<u64> {
        let mut acks = Vec::new();
        loop {
            match self.heard().await {
                Heard::Ack(number, answer) if answer["ok"] == true => acks.push(number),
                Heard::Ack(..) | Heard::Notice(..) => {}
                Heard::Disconnected => return acks,
            }
        }
    }

    /// The next notice of this name, whatever else comes before it.
    pub(crate) async fn notice(&mut self, event: &str) -> Value {
        if let Some(place) = self.notices.iter().position(|(name, _)| name == event) {
            return self.notices.remove(place).unwrap().1;
        }
        loop {
            match self.heard().await {
                Heard::Notice(name, payload) if name == event => return payload,
                Heard::Notice(name, payload) => self.notices.push_back((name, payload)),
                Heard::Ack(..) => {}
                Heard::Disconnected => panic!("disconnected before {event}"),
            }
        }
    }

    /// Every notice before the message with this content, and with it none.
    pub(crate) async fn notices_before(&mut self, content: &str) -> Vec<(String, Value)> {
        let mut before = Vec::new();
        loop {
            let (event, payload) = match self.notices.pop_front() {
                Some(notice) => notice,
                None => match self.heard().await {
                    Heard::Notice(event, payload) => (event, payload),
                    Heard::Ack(..) => continue,
                    Heard::Disconnected => panic!("disconnected before {content}"),
                },
            };
            if event == "message:new" && payload["message"]["content"] == content {
                return before;
            }
            before.push((event, payload));
        }
    }

    /// Every notice that has come until the server has answered one more request.
    pub(crate) async fn notices_so_far(&mut self) -> Vec<(String, Value)> {
        self.ask("ticket:list", json!({})).await;
        self.notices.drain(..).collect()
    }

    /// Answers to the server's pings while `work` is done, so that this client is not taken for one
    /// that has gone; what comes meanwhile is kept.
    pub(crate) async fn stays_while<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                heard = self.heard() => match heard {
                    Heard::Notice(event, payload) => self.notices.push_back((event, payload)),
                    Heard::Ack(..) => {}
                    Heard::Disconnected => panic!("disconnected meanwhile"),
                },
            }
        }
    }

    /// Waits until the server has disconnected this namespace or the transport.
    pub(crate) async fn disconnected(&mut self) {
        while !matches!(self.heard().await, Heard::Disconnected) {}
    }

    async fn heard(&mut self) -> Heard {
        loop {
            let Some(text) = self.packet().await else {
                return Heard::Disconnected;
            };
            match packet::parse(self.namespace, &text) {
                Packet::Ack(number, answer) => return Heard::Ack(number, answer),
                Packet::Notice(event, payload) => return Heard::Notice(event, payload),
                Packet::Disconnected => return Heard::Disconnected,
                Packet::Ping | Packet::Connected | Packet::Refused(_) | Packet::Other => {}
            }
        }
    }

    /// The next packet; nothing when the transport has ended. Pings are answered.
    pub(crate) async fn packet(&mut self) -> Option<String> {
        loop {
            match timeout(DEADLINE, self.stream.next()).await.expect("a packet in time") {
                Some(Ok(Message::Text(text))) if text.as_str() == "2" => {
                    // Whether it still goes out is for what comes next to say.
                    self.frame(Message::text("3")).await;
                }
                Some(Ok(Message::Text(text))) => return Some(text.as_str().to_owned()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }
}
