//! Canned replies: agents read them, admins change them. What is in a text between braces means
//! nothing here; the console fills it in.

use support_shared::{
    CannedId,
    answer::Empty,
    canned::{Canned, CannedAnswer, CannedEdit, CannedList, NewCanned},
};

use super::{
    Desk, DeskError,
    command::Reply,
    store::{AddedCanned, CannedRecord, ReplacedCanned},
};

/// How many the desk keeps: enough for every day, and a list that is read in one answer.
const MOST: usize = 300;

/// How often to begin again when somebody else has changed the same one.
const TRIES: usize = 8;

impl CannedRecord {
    fn public(self) -> Canned {
        let Self { id, shortcut, title, text, updated_at, .. } = self;
        Canned { id, shortcut, title, text, updated_at }
    }

    fn answer(self) -> Reply {
        Reply::Canned(CannedAnswer { canned: self.public() })
    }
}

impl Desk {
    pub(super) async fn list_canned(&self) -> Result<Reply, DeskError> {
        let all = self.store.canned().await?;
        Ok(Reply::CannedList(CannedList {
            canned: all.into_iter().map(CannedRecord::public).collect(),
        }))
    }

    pub(super) async fn add_canned(&self, new: NewCanned) -> Result<Reply, DeskError> {
        let record = CannedRecord {
            id: CannedId::from_ulid(self.source.ulid()),
            shortcut: new.shortcut.into(),
            title: new.title.into(),
            text: new.text.into(),
            updated_at: self.source.now(),
            version: 0,
        };
        match self.store.add_canned(record.clone(), MOST).await? {
            AddedCanned::Done => Ok(record.answer()),
            AddedCanned::ShortcutTaken => Err(taken(&record.shortcut)),
            AddedCanned::TooMany => {
                let message = format!("the desk keeps {MOST} canned replies; remove one first");
                Err(DeskError::Conflict(message))
            }
        }
    }

    pub(super) async fn change_canned(
        &self,
        id: CannedId,
        edit: CannedEdit,
    ) -> Result<Reply, DeskError> {
        for _ in 0..TRIES {
            let known = self.store.canned().await?.into_iter().find(|it| it.id == id);
            let Some(before) = known else { return Err(missing()) };
            let edit = edit.clone();
            let after = CannedRecord {
                id,
                shortcut: edit.shortcut.map_or(before.shortcut, String::from),
                title: edit.title.map_or(before.title, String::from),
                text: edit.text.map_or(before.text, String::from),
                updated_at: self.source.now(),
                version: before.version + 1,
            };
            match self.store.replace_canned(after.clone()).await? {
                ReplacedCanned::Done => return Ok(after.answer()),
                ReplacedCanned::ShortcutTaken => return Err(taken(&after.shortcut)),
                ReplacedCanned::Stale => {}
            }
        }
        Err(DeskError::Unavailable(anyhow::anyhow!("others change the same reply all the time")))
    }

    pub(super) async fn remove_canned(&self, id: CannedId) -> Result<Reply, DeskError> {
        if self.store.remove_canned(id).await? {
            Ok(Reply::Empty(Empty {}))
        } else {
            Err(missing())
        }
    }
}

fn taken(shortcut: &str) -> DeskError {
    DeskError::Conflict(format!("another canned reply has the shortcut {shortcut}"))
}

fn missing() -> DeskError {
    DeskError::Missing("there is no such canned reply".to_owned())
}
