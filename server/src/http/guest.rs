//! What a guest gets over HTTP besides its page: a conversation as a text file, as the store holds
//! it, page by page. Nothing is kept of it here.

use axum::{
    body::Body,
    extract::{FromRequestParts, State},
    http::{HeaderMap, header, request::Parts},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use support_shared::{
    TicketId,
    answer::Joined,
    message::{Message, SenderRole},
    request::{Count, JoinTicket, ListOwnTickets},
    ticket::GuestTicket,
};

use super::{
    Http,
    cookies::Found,
    problem::{Named, Problem},
};
use crate::desk::{Actor, Address, Command, Reply, TicketView, Who};

/// A guest's ticket as it is now, and a part of its log.
pub(super) struct Excerpt {
    pub(super) ticket: GuestTicket,
    pub(super) messages: Vec<Message>,
    pub(super) has_more: bool,
    /// An agent is in the conversation.
    pub(super) is_attended: bool,
}

/// The guest that a request's cookie proves.
pub(super) struct GuestCaller(pub(super) Actor);

impl FromRequestParts<Http> for GuestCaller {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, http: &Http) -> Result<Self, Self::Rejection> {
        let who = http.guest(&parts.headers);
        let actor = Actor::without_connection(who);
        Ok(Self(match parts.extensions.get::<Address>() {
            Some(address) => actor.from(*address),
            None => actor,
        }))
    }
}

/// The most that one page of a log holds; the desk's own limit may be less.
const PAGE: Count = Count::new(200).unwrap();

impl Http {
    /// Who the guest's cookie proves the caller to be.
    pub(super) fn guest(&self, headers: &HeaderMap) -> Who {
        match self.cookies.guest(headers) {
            Found::None => Who::Stranger,
            Found::One(value) => {
                self.guest_cookies.verify(&value).map_or(Who::Unproven, Who::Guest)
            }
            Found::Several => Who::Unproven,
        }
    }

    /// A guest's ticket and what follows `after` in its log; without, the latest page.
    pub(super) async fn read(
        &self,
        actor: &Actor,
        ticket: TicketId,
        after: Option<u64>,
    ) -> Result<Excerpt, Problem> {
        let request = JoinTicket {
            ticket_id: ticket,
            after_seq: after,
            after_note_seq: None,
            epoch: None,
            limit: Some(PAGE),
            silent: false,
        };
        match self.execute(actor, Command::JoinTicket(request)).await? {
            Reply::Joined(Joined {
                ticket: TicketView::Guest(ticket),
                messages,
                has_more,
                participants,
                ..
            }) => Ok(Excerpt {
                ticket: *ticket,
                messages,
                has_more,
                is_attended: participants.iter().any(|it| it.role == SenderRole::Agent),
            }),
            _ => Err(self.unexpected()),
        }
    }
}

pub(super) async fn transcript(
    State(http): State<Http>,
    GuestCaller(actor): GuestCaller,
    Named(ticket): Named<TicketId>,
) -> Result<Response, Problem> {
    // Counted as a list that a guest reads: a whole log is not for asking again and again.
    let asked = ListOwnTickets { cursor: None, limit: Some(Count::ONE) };
    http.execute(&actor, Command::ListOwnTickets(asked)).await?;
    let Excerpt { ticket: about, messages, has_more, .. } =
        http.read(&actor, ticket, Some(0)).await?;
    let name = format!("attachment; filename=\"conversation-{}.txt\"", about.reference);
    let first = heading(&about) + &lines(&messages);
    let next = has_more.then(|| last(&messages));
    // One page at a time, as fast as the reader takes them. A page that fails cuts the file off, and
    // the browser says so.
    let rest = stream::try_unfold(next, move |after| {
        let (http, actor) = (http.clone(), actor.clone());
        async move {
            let Some(after) = after else { return Ok(None) };
            let read = http.read(&actor, ticket, Some(after)).await;
            let Excerpt { messages, has_more, .. } =
                read.map_err(|_| std::io::Error::other("the rest cannot be read"))?;
            let next = (has_more && !messages.is_empty()).then(|| last(&messages));
            Ok::<_, std::io::Error>(Some((lines(&messages), next)))
        }
    });
    let body = stream::StreamExt::chain(stream::iter([Ok(first)]), rest);
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, Body::from_stream(body)).into_response())
}

/// The number of the last entry.
fn last(messages: &[Message]) -> u64 {
    messages.last().and_then(|message| message.seq).unwrap_or(0)
}

fn heading(ticket: &GuestTicket) -> String {
    let subject = ticket.subject.as_deref().map(|it| format!("{it}\n")).unwrap_or_default();
    let closed = ticket.closed_at.map(|at| format!(", closed {at}")).unwrap_or_default();
    format!("Conversation {}\n{subject}Begun {}{closed}\n", ticket.reference, ticket.created_at)
}

/// Every entry under its time and sender. A text is set in, so that no line of it can be taken for
/// another entry.
fn lines(messages: &[Message]) -> String {
    let entry = |message: &Message| {
        let text = message.content.replace('\n', "\n    ");
        format!("\n{}  {}\n    {text}\n", message.created_at, message.sender_name)
    };
    messages.iter().map(entry).collect()
}
