//! What is written of canned replies, each in the transaction that the writer has open.

use rusqlite::{Connection, params};
use support_shared::CannedId;

use super::super::{AddedCanned, CannedRecord, ReplacedCanned, Result};
use super::rows;

/// All of them, by shortcut.
pub(super) fn all(db: &Connection) -> Result<Vec<CannedRecord>> {
    rows::records(db, "SELECT record, checksum FROM canned ORDER BY shortcut", [])
}

/// Stores one as it is; false when it or its shortcut is there.
pub(super) fn insert(db: &Connection, canned: &CannedRecord) -> Result<bool> {
    let added = db
        .prepare_cached(
            "INSERT INTO canned (id, shortcut, record, checksum)
             VALUES (?1, ?2, ?3, checksum(?3)) ON CONFLICT DO NOTHING",
        )?
        .execute(params![canned.id.to_string(), canned.shortcut, rows::json(canned)?])?;
    Ok(added == 1)
}

pub(super) fn add(db: &Connection, canned: &CannedRecord, most: usize) -> Result<AddedCanned> {
    let count: i64 =
        db.prepare_cached("SELECT count(*) FROM canned")?.query_row([], |row| row.get(0))?;
    if usize::try_from(count).unwrap_or(usize::MAX) >= most {
        return Ok(AddedCanned::TooMany);
    }
    Ok(if insert(db, canned)? { AddedCanned::Done } else { AddedCanned::ShortcutTaken })
}

pub(super) fn replace(db: &Connection, canned: &CannedRecord) -> Result<ReplacedCanned> {
    let all = all(db)?;
    let current = all.iter().find(|it| it.id == canned.id);
    if current.is_none_or(|it| it.version + 1 != canned.version) {
        return Ok(ReplacedCanned::Stale);
    }
    if all.iter().any(|it| it.id != canned.id && it.shortcut == canned.shortcut) {
        return Ok(ReplacedCanned::ShortcutTaken);
    }
    db.prepare_cached(
        "UPDATE canned SET shortcut = ?2, record = ?3, checksum = checksum(?3) WHERE id = ?1",
    )?
    .execute(params![canned.id.to_string(), canned.shortcut, rows::json(canned)?])?;
    Ok(ReplacedCanned::Done)
}

pub(super) fn remove(db: &Connection, id: CannedId) -> Result<bool> {
    let gone = db.prepare_cached("DELETE FROM canned WHERE id = ?1")?.execute([id.to_string()])?;
    Ok(gone == 1)
}
