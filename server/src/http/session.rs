//! Signing in and out, and being a guest: where commands of the desk become tokens and cookies.

use axum::{
    Extension, Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use schemars::JsonSchema;
use serde::Deserialize;
use support_shared::{
    answer::{GuestAnswer, SignedIn},
    text::{Email, Name},
};

use super::{
    AgentCaller, Http,
    cookies::{Found, Place},
    problem::{Body, NoBody, OptionalBody, Problem},
};
use crate::desk::{Actor, Address, Command, DeskError, Reply, Secret, Session, Who};

#[derive(Deserialize, JsonSchema)]
pub(super) struct Login {
    username: String,
    password: Secret,
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct NewPassword {
    current: Secret,
    new: Secret,
}

#[derive(Deserialize, Default, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct GuestSession {
    #[serde(default)]
    name: Option<Name>,
    #[serde(default)]
    email: Option<Email>,
    /// The origin of the site that shows the page in a frame, if one does.
    #[serde(default)]
    embedded_in: Option<String>,
}

pub(super) async fn sign_in(
    State(http): State<Http>,
    Extension(address): Extension<Address>,
    Body(login): Body<Login>,
) -> Result<Response, Problem> {
    let actor = Actor::without_connection(Who::Stranger).from(address);
    let command = Command::SignIn { username: login.username, password: login.password };
    let reply = http.execute(&actor, command).await?;
    http.with_token(reply)
}

pub(super) async fn refresh(
    State(http): State<Http>,
    AgentCaller(actor): AgentCaller,
    _: NoBody,
) -> Result<Response, Problem> {
    let reply = http.execute(&actor, Command::RefreshSession).await?;
    http.with_token(reply)
}

pub(super) async fn sign_out(
    State(http): State<Http>,
    AgentCaller(actor): AgentCaller,
    _: NoBody,
) -> Result<Response, Problem> {
    http.execute(&actor, Command::SignOut).await?;
    let forget = http.cookies.set_agent(String::new(), 0);
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, forget)]).into_response())
}

pub(super) async fn me(
    State(http): State<Http>,
    AgentCaller(actor): AgentCaller,
) -> Result<Json<Reply>, Problem> {
    http.execute(&actor, Command::ShowMe).await.map(Json)
}

pub(super) async fn change_password(
    State(http): State<Http>,
    AgentCaller(actor): AgentCaller,
    Body(NewPassword { current, new }): Body<NewPassword>,
) -> Result<StatusCode, Problem> {
    http.execute(&actor, Command::ChangePassword { current, new }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The one place where a bad credential is not refused but replaced: a guest whose cookie is no
/// good any more becomes a new guest.
pub(super) async fn start_guest_session(
    State(http): State<Http>,
    Extension(address): Extension<Address>,
    headers: HeaderMap,
    OptionalBody(GuestSession { name, email, embedded_in }): OptionalBody<GuestSession>,
) -> Result<Response, Problem> {
    let place = match embedded_in.as_deref().map(|site| http.origins.embeds(site)) {
        Some(Some(site)) if site.is_secure() => Place::Framed,
        // Where no cookie for frames can be set, a frame of the same site keeps the common one.
        None | Some(Some(_)) => Place::Own,
        Some(None) => {
            let message = "this site may not show the page in a frame";
            return Err(Problem::foreign(message));
        }
    };
    let (answer, cookie) = http.begin_guest(&headers, address, place, name, email).await?;
    Ok(([(header::SET_COOKIE, cookie)], Json(answer)).into_response())
}

impl Http {
    /// Makes a guest of whoever asks, or goes on with the one that it is: the guest, and its cookie.
    pub(super) async fn begin_guest(
        &self,
        headers: &HeaderMap,
        address: Address,
        place: Place,
        name: Option<Name>,
        email: Option<Email>,
    ) -> Result<(GuestAnswer, HeaderValue), Problem> {
        let (found, had) = self.cookies.guest_at(headers);
        let known = match found {
            Found::One(value) => self.guest_cookies.verify(&value),
            Found::None | Found::Several => None,
        };
        let (who, place) = known.map_or((Who::Stranger, place), |guest| (Who::Guest(guest), had));
        let actor = Actor::without_connection(who).from(address);
        let reply = self.execute(&actor, Command::StartGuestSession { name, email }).await?;
        let Reply::Guest(answer) = reply else {
            return Err(self.unexpected());
        };
        let cookie = self.cookies.set_guest(self.guest_cookies.issue(answer.guest.id), place);
        Ok((answer, cookie))
    }

    fn with_token(&self, reply: Reply) -> Result<Response, Problem> {
        let Reply::Session(Session { id, agent, ends_at }) = reply else {
            return Err(self.unexpected());
        };
        let (token, expires_at) = self
            .tokens
            .issue(agent.id, id, ends_at)
            .map_err(|error| self.problem(&DeskError::Internal(error)))?;
        let seconds = (expires_at.as_millis() - self.source.now().as_millis()) / 1000;
        let cookie = self.cookies.set_agent(token.clone(), seconds);
        Ok(([(header::SET_COOKIE, cookie)], Json(SignedIn { token, expires_at, agent }))
            .into_response())
    }

    pub(super) fn unexpected(&self) -> Problem {
        self.problem(&DeskError::Internal(anyhow::anyhow!("the desk answered something else")))
    }
}
