-- A checksum beside each row, and a name for each entry of the audit that it keeps when it moves to
-- another store.
--
-- SQLite notices a damaged page only when its structure breaks; a flipped bit in somebody's words
-- reads well. What is a record's is summed over the record, for the columns beside it can be
-- computed again; else over the row.

ALTER TABLE meta ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
UPDATE meta SET checksum = checksum(key, value);

ALTER TABLE guests ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
UPDATE guests SET checksum = checksum(id, name, email, created_at);

ALTER TABLE agents ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
UPDATE agents SET checksum = checksum(record);

ALTER TABLE sessions ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
UPDATE sessions SET checksum = checksum(id, agent, ends_at, ended);

ALTER TABLE tickets ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
UPDATE tickets SET checksum = checksum(record);

ALTER TABLE entries ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
UPDATE entries SET checksum = checksum(entry);

-- The ids of entries ascend in the order in which they were written.
ALTER TABLE audit RENAME TO audit_of_format_1;
DROP TRIGGER audit_is_kept;
DROP TRIGGER audit_is_not_changed;
CREATE TABLE audit (
  id       TEXT PRIMARY KEY,
  at       INTEGER NOT NULL,
  who      TEXT NOT NULL,
  what     TEXT NOT NULL,
  object   TEXT,
  result   TEXT NOT NULL,
  checksum INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO audit SELECT ulid(place), at, who, what, object, result,
    checksum(ulid(place), at, who, what, object, result)
  FROM audit_of_format_1;
DROP TABLE audit_of_format_1;
CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit
  BEGIN SELECT raise(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
  BEGIN SELECT raise(ABORT, 'the audit is append-only'); END;
