//! The canned replies over HTTP.

use ::http::Method;
use serde::Serialize;
use support_shared::CannedId;
use support_shared::canned::{CannedAnswer, CannedList};
use support_shared::{ApiError, ErrorCode};

use super::{Desk, Failure};
use crate::credentials::Token;

/// What a canned reply is made of; the server decides whether it can be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct CannedFields {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) shortcut: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
}

impl Desk {
    pub(crate) async fn canned(&self, token: &Token) -> Result<(String, CannedList), Failure> {
        self.get(self.server.at(&["api", "v1", "canned"]), token).await
    }

    /// The canned reply of this shortcut or id.
    pub(crate) async fn find_canned(&self, token: &Token, name: &str) -> Result<CannedId, Failure> {
        if let Ok(id) = name.parse() {
            return Ok(id);
        }
        let (_, list) = self.canned(token).await?;
        let shortcut = name.trim_start_matches('/').to_lowercase();
        let found = list.canned.into_iter().find(|it| it.shortcut == shortcut);
        let missing = || {
            let message = "no canned reply has this shortcut";
            Failure::Refused(ApiError::new(ErrorCode::NotFound, message))
        };
        found.map(|it| it.id).ok_or_else(missing)
    }

    pub(crate) async fn add_canned(
        &self,
        token: &Token,
        fields: &CannedFields,
    ) -> Result<(String, CannedAnswer), Failure> {
        let url = self.server.at(&["api", "v1", "canned"]);
        self.send(Method::POST, url, token, body(fields)).await
    }

    pub(crate) async fn change_canned(
        &self,
        token: &Token,
        id: CannedId,
        fields: &CannedFields,
    ) -> Result<(String, CannedAnswer), Failure> {
        let url = self.server.at(&["api", "v1", "canned", &id.to_string()]);
        self.send(Method::PATCH, url, token, body(fields)).await
    }

    pub(crate) async fn remove_canned(&self, token: &Token, id: CannedId) -> Result<(), Failure> {
        let url = self.server.at(&["api", "v1", "canned", &id.to_string()]);
        self.call(Method::DELETE, url, Some(token), None).await.map(|_| ())
    }
}

fn body(fields: &CannedFields) -> serde_json::Value {
    serde_json::json!(fields)
}
