//! The checksum beside each row, as a function of SQL too, so that a row and its sum are written by
//! one statement. Part of the format: what it answers must never change.
//!
//! CRC-32 is made for this: it notices every error of up to 32 bits in a row, which a flipped bit
//! and a lost byte are. It is no seal against people, who could write the sum as well.

use rusqlite::{Connection, functions::FunctionFlags, types::ValueRef};
use ulid::Ulid;

use super::super::{Result, StoreError};

/// The sum of values in their order; `null`, numbers and texts never sum as each other.
fn of<'a>(values: impl Iterator<Item = ValueRef<'a>>) -> i64 {
    let mut sum = crc32fast::Hasher::new();
    for value in values {
        match value {
            ValueRef::Null => sum.update(&[0]),
            ValueRef::Integer(number) => {
                sum.update(&[1]);
                sum.update(&number.to_le_bytes());
            }
            ValueRef::Real(number) => {
                sum.update(&[2]);
                sum.update(&number.to_le_bytes());
            }
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                sum.update(&[3]);
                sum.update(&(bytes.len() as u64).to_le_bytes());
                sum.update(bytes);
            }
        }
    }
    sum.finalize().into()
}

/// Refuses a text that is not what was summed.
pub(super) fn verify(text: &str, checksum: i64) -> Result<()> {
    if of(std::iter::once(ValueRef::Text(text.as_bytes()))) == checksum {
        Ok(())
    } else {
        Err(damaged())
    }
}

/// Refuses a row whose sum was compared by SQL.
pub(super) fn intact(intact: bool) -> Result<()> {
    if intact { Ok(()) } else { Err(damaged()) }
}

fn damaged() -> StoreError {
    StoreError::Corrupt(anyhow::anyhow!("a row is damaged: its checksum does not match"))
}

/// Adds `checksum(value, …)`, and `ulid(number)` for migrating.
pub(in crate::desk) fn add_functions(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_DIRECTONLY;
    connection.create_scalar_function("checksum", -1, flags, |context| {
        Ok(of((0..context.len()).map(|index| context.get_raw(index))))
    })?;
    connection.create_scalar_function("ulid", 1, flags, |context| {
        let number: i64 = context.get(0)?;
        Ok(Ulid::from(u128::from(number.unsigned_abs())).to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(sql: &str) -> i64 {
        let connection = Connection::open_in_memory().unwrap();
        add_functions(&connection).unwrap();
        connection.query_row(&format!("SELECT checksum({sql})"), [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn what_is_written_today_reads_well_for_ever() {
        assert_eq!(sum("'hello'"), 1_086_832_276);
        assert_eq!(sum("'a', NULL, 7"), 4_219_077_309);
        verify("hello", sum("'hello'")).unwrap();
    }

    #[test]
    fn values_cannot_lean_on_each_other() {
        assert_ne!(sum("'ab', 'c'"), sum("'a', 'bc'"));
        assert_ne!(sum("NULL, ''"), sum("'', NULL"));
        assert_ne!(sum("'1'"), sum("1"));
        assert!(verify("hellp", sum("'hello'")).is_err());
    }
}
