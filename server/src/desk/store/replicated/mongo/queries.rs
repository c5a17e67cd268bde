//! What the steps of the protocol share.

use futures_util::TryStreamExt;
use mongodb::{Collection, bson::Document, error::Error};

use super::super::super::Result;
use super::super::collections::Inserted;
use super::{Mongo, is_duplicate};

impl Mongo {
    pub(super) async fn all(
        &self,
        of: &Collection<Document>,
        filter: Document,
    ) -> Result<Vec<Document>> {
        Ok(of.find(filter).await?.try_collect().await?)
    }
}

pub(super) fn inserted<T>(result: std::result::Result<T, Error>) -> Result<Inserted> {
    match result {
        Ok(_) => Ok(Inserted::Done),
        Err(error) if is_duplicate(&error) => Ok(Inserted::Taken),
        Err(error) => Err(error.into()),
    }
}

pub(super) fn most(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
