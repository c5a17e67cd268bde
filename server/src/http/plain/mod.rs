//! The guest page without JavaScript: forms and reloads over the same commands. It decides nothing
//! of its own; what is refused is shown with the text that was sent still in its box.

mod html;
mod links;
mod words;

use axum::{
    Extension, Form, Router,
    extract::{FromRequest, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use serde::Deserialize;
use support_shared::{
    ClientMessageId, TicketId,
    answer::{MessagePage, MessageSent, TicketCreated, TicketPage},
    ids::TicketName,
    request::{CreateTicket, Limit, ListOwnTickets, RateTicket},
    text::{Content, Email, Name, Subject},
    ticket::{GuestTicket, TicketStatus},
};

use self::{
    html::{Draft, Look},
    words::Speech,
};
use super::{
    Http,
    cookies::Place,
    guest::{Excerpt, GuestCaller},
    page,
    problem::{Asked, Problem},
};
use crate::desk::{Actor, Address, Command, Reply, TicketView, Who};

pub(super) fn routes() -> Router<Http> {
    Router::new()
        .route("/plain", get(show))
        .route("/plain/message", post(send))
        .route("/plain/end", post(end))
        .route("/plain/rate", post(rate))
}

/// What the address asks for.
#[derive(Deserialize, Default)]
struct Wanted {
    /// This conversation, and not the one that goes on.
    ticket: Option<TicketId>,
    /// Entries before this one, and not the newest.
    before: Option<u64>,
    /// A new conversation.
    new: Option<String>,
}

/// A form that one of our own pages sent. Browsers say where a form comes from; what does not say
/// so is no browser with our page, and its cookie is not believed.
struct Sent<T>(T);

impl<T: serde::de::DeserializeOwned> FromRequest<Http> for Sent<T> {
    type Rejection = Response;

    async fn from_request(request: Request, http: &Http) -> Result<Self, Response> {
        if !request.headers().contains_key(header::ORIGIN) {
            return Err(Problem::foreign("this form was not sent by a page").into_response());
        }
        match Form::<T>::from_request(request, http).await {
            Ok(Form(form)) => Ok(Self(form)),
            Err(rejection) => Err(rejection.into_response()),
        }
    }
}

#[derive(Deserialize)]
struct MessageForm {
    content: String,
    key: String,
    ticket: Option<TicketId>,
    #[serde(default)]
    name: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    subject: String,
}

#[derive(Deserialize)]
struct EndForm {
    ticket: TicketId,
}

#[derive(Deserialize)]
struct RateForm {
    ticket: TicketId,
    score: Option<u8>,
    #[serde(default)]
    comment: String,
}

async fn show(
    State(http): State<Http>,
    speech: Speech,
    GuestCaller(actor): GuestCaller,
    Asked(wanted): Asked<Wanted>,
) -> Response {
    let draft = Draft::new(http.source.ulid());
    page(&http, &actor, speech, wanted, draft, StatusCode::OK).await
}

async fn send(
    State(http): State<Http>,
    speech: Speech,
    Extension(address): Extension<Address>,
    headers: HeaderMap,
    GuestCaller(actor): GuestCaller,
    Sent(form): Sent<MessageForm>,
) -> Response {
    let ticket = form.ticket;
    match deliver(&http, &headers, address, &form).await {
        Ok((ticket, cookie)) => {
            let mut response = there(ticket, speech);
            if let Some(cookie) = cookie {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
            response
        }
        Err(problem) => {
            let wanted = Wanted {
                ticket,
                new: ticket.is_none().then(|| "1".to_owned()),
                ..Wanted::default()
            };
            let MessageForm { content, key, name, email, subject, .. } = form;
            let why = Some(speech.why(&problem));
            let draft = Draft { content, key, name, email, subject, why };
            page(&http, &actor, speech, wanted, draft, problem.status()).await
        }
    }
}

/// Stores a message: in its conversation or, without one, in a new one of a guest that may be new.
async fn deliver(
    http: &Http,
    headers: &HeaderMap,
    address: Address,
    form: &MessageForm,
) -> Result<(TicketId, Option<HeaderValue>), Problem> {
    let content = Content::try_from(form.content.replace("\r\n", "\n")).map_err(Problem::wrong)?;
    let key: ClientMessageId = form.key.parse().map_err(Problem::wrong)?;
    if let Some(ticket) = form.ticket {
        let actor = Actor::without_connection(http.guest(headers)).from(address);
        let command = Command::SendMessage {
            ticket: TicketName::Id(ticket),
            content,
            client_message_id: key,
            internal: false,
        };
        return match http.execute(&actor, command).await? {
            Reply::Sent(MessageSent { .. }) => Ok((ticket, None)),
            _ => Err(http.unexpected()),
        };
    }
    let name = given::<Name>(&form.name)?;
    let email = given::<Email>(&form.email)?;
    let subject = given::<Subject>(&form.subject)?;
    let (answer, cookie) =
        http.begin_guest(headers, address, Place::Own, name.clone(), email.clone()).await?;
    let actor = Actor::without_connection(Who::Guest(answer.guest.id)).from(address);
    let new = CreateTicket { content, client_message_id: key, subject, name, email };
    match http.execute(&actor, Command::OpenTicket(new)).await? {
        Reply::Created(TicketCreated { ticket: TicketView::Guest(ticket), .. }) => {
            Ok((ticket.id, Some(cookie)))
        }
        _ => Err(http.unexpected()),
    }
}

/// What a guest may leave empty.
fn given<T: TryFrom<String, Error: std::fmt::Display>>(text: &str) -> Result<Option<T>, Problem> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    T::try_from(text.to_owned()).map(Some).map_err(Problem::wrong)
}

async fn end(
    State(http): State<Http>,
    speech: Speech,
    GuestCaller(actor): GuestCaller,
    Sent(EndForm { ticket }): Sent<EndForm>,
) -> Response {
    let done = http.execute(&actor, Command::EndTicket(ticket)).await.map(drop);
    afterwards(&http, &actor, speech, ticket, done).await
}

async fn rate(
    State(http): State<Http>,
    speech: Speech,
    GuestCaller(actor): GuestCaller,
    Sent(RateForm { ticket, score, comment }): Sent<RateForm>,
) -> Response {
    let rating = || {
        let score = score.ok_or("choose a number from 1 to 5").map_err(Problem::wrong)?;
        let score = score.try_into().map_err(Problem::wrong)?;
        Ok(RateTicket { ticket_id: ticket, score, comment: given::<Content>(&comment)? })
    };
    let done = match rating() {
        Ok(rating) => http.execute(&actor, Command::RateTicket(rating)).await.map(drop),
        Err(problem) => Err(problem),
    };
    afterwards(&http, &actor, speech, ticket, done).await
}

/// Shows the newest of a conversation, by a page that may be loaded again.
fn there(ticket: TicketId, speech: Speech) -> Response {
    let lang = speech.query("&");
    Redirect::to(&format!("/plain?ticket={ticket}{lang}#end")).into_response()
}

async fn afterwards(
    http: &Http,
    actor: &Actor,
    speech: Speech,
    ticket: TicketId,
    done: Result<(), Problem>,
) -> Response {
    match done {
        Ok(()) => there(ticket, speech),
        Err(problem) => {
            let mut draft = Draft::new(http.source.ulid());
            draft.why = Some(speech.why(&problem));
            let wanted = Wanted { ticket: Some(ticket), ..Wanted::default() };
            page(http, actor, speech, wanted, draft, problem.status()).await
        }
    }
}

/// The page, or why there is none.
async fn page(
    http: &Http,
    actor: &Actor,
    speech: Speech,
    wanted: Wanted,
    draft: Draft,
    status: StatusCode,
) -> Response {
    match look(http, actor, wanted, draft).await {
        Ok(look) => {
            let look = Look { speech, ..look };
            (status, page::headers(http), look.html()).into_response()
        }
        Err(problem) => {
            let look = Look::sorry(speech.why(&problem), speech);
            (problem.status(), page::headers(http), look.html()).into_response()
        }
    }
}

async fn look(http: &Http, actor: &Actor, wanted: Wanted, draft: Draft) -> Result<Look, Problem> {
    let tickets = if matches!(actor.who, Who::Guest(_)) { own(http, actor).await? } else { vec![] };
    let goes_on = |it: &&GuestTicket| it.status == TicketStatus::Open && !it.ended_by_guest;
    let latest = || tickets.iter().find(goes_on).or(tickets.first()).map(|it| it.id);
    let chosen = match (wanted.ticket, wanted.new) {
        (Some(ticket), _) => Some(ticket),
        (None, Some(_)) => tickets.iter().find(goes_on).map(|it| it.id),
        (None, None) => latest(),
    };
    let Some(chosen) = chosen else {
        return Ok(Look { tickets, draft, ..Look::default() });
    };
    let Excerpt { ticket, mut messages, mut has_more, is_attended } =
        http.read(actor, chosen, None).await?;
    if let Some(before) = wanted.before {
        let limit: Limit = None;
        let name = TicketName::Id(chosen);
        let command =
            Command::ListMessages { ticket: name, before: Some(before), limit, notes: false };
        let Reply::Messages(MessagePage { messages: earlier, has_more: more }) =
            http.execute(actor, command).await?
        else {
            return Err(http.unexpected());
        };
        (messages, has_more) = (earlier, more);
    }
    let is_newest = wanted.before.is_none();
    let ticket = Some(ticket);
    let speech = Speech::default();
    Ok(Look { ticket, messages, has_more, is_newest, is_attended, tickets, draft, speech })
}

/// The guest's conversations, the latest first.
async fn own(http: &Http, actor: &Actor) -> Result<Vec<GuestTicket>, Problem> {
    let asked = ListOwnTickets { cursor: None, limit: None };
    let Reply::Tickets(TicketPage { tickets, .. }) =
        http.execute(actor, Command::ListOwnTickets(asked)).await?
    else {
        return Err(http.unexpected());
    };
    let view = |ticket| match ticket {
        TicketView::Guest(ticket) => Some(*ticket),
        TicketView::Agent(_) => None,
    };
    Ok(tickets.into_iter().filter_map(view).collect())
}
