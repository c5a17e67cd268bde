-- A record is one JSON document, and the truth. What is looked up or listed stands beside
-- it in a column of its own, written with it, so that an append touches the indexes it moves and no
-- others.

CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE guests (
  id         TEXT PRIMARY KEY,
  name       TEXT,
  email      TEXT,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE agents (
  id       TEXT PRIMARY KEY,
  username TEXT NOT NULL,
  record   TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX agents_by_username ON agents (username);

-- Who has signed in and administered, in the order in which it happened. Nothing changes it.
CREATE TABLE audit (
  place   INTEGER PRIMARY KEY,
  at      INTEGER NOT NULL,
  who     TEXT NOT NULL,
  what    TEXT NOT NULL,
  object  TEXT,
  result  TEXT NOT NULL
) STRICT;
CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit
  BEGIN SELECT raise(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
  BEGIN SELECT raise(ABORT, 'the audit is append-only'); END;

CREATE TABLE sessions (
  id       TEXT PRIMARY KEY,
  agent    TEXT NOT NULL,
  ends_at  INTEGER NOT NULL,
  ended    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_agent ON sessions (agent);
CREATE INDEX sessions_by_end ON sessions (ends_at);

-- `place` orders the list that the ticket is in: open ones by how long they wait, closed ones by
-- when they were closed. `active_at` orders a guest's own. `counts` says that it is open and that
-- its guest has not ended it.
CREATE TABLE tickets (
  number     INTEGER PRIMARY KEY,
  id         TEXT NOT NULL UNIQUE,
  reference  TEXT NOT NULL,
  guest      TEXT NOT NULL,
  created_by TEXT NOT NULL,
  status     TEXT NOT NULL,
  assignee   TEXT,
  place      INTEGER NOT NULL,
  counts     INTEGER NOT NULL,
  attended   INTEGER NOT NULL,
  active_at  INTEGER NOT NULL,
  record     TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX tickets_by_ref ON tickets (reference);
CREATE UNIQUE INDEX tickets_by_creation ON tickets (guest, created_by);
CREATE INDEX tickets_by_place ON tickets (status, place, id);
CREATE INDEX tickets_by_assignee ON tickets (status, assignee, place, id);
CREATE INDEX tickets_by_guest ON tickets (guest, active_at, id);
CREATE INDEX tickets_attended ON tickets (id) WHERE attended;

CREATE TABLE tags (
  tag    TEXT NOT NULL,
  ticket TEXT NOT NULL,
  PRIMARY KEY (tag, ticket)
) STRICT, WITHOUT ROWID;
CREATE INDEX tags_by_ticket ON tags (ticket);

-- What a ticket is found by; `rowid` is its number.
CREATE VIRTUAL TABLE words USING fts5 (
  subject, reference, name, email, tokenize = "unicode61 remove_diacritics 2"
);

-- Both logs of every ticket, in the order of writing, so that a commit for many tickets writes few
-- pages. The two unique keys are what the promises rest on: one entry a number, one entry a sender
-- and client message id.
CREATE TABLE entries (
  place             INTEGER PRIMARY KEY,
  ticket            TEXT NOT NULL,
  log               INTEGER NOT NULL,
  seq               INTEGER NOT NULL,
  sender            TEXT,
  client_message_id TEXT,
  entry             TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX entries_by_number ON entries (ticket, log, seq);
CREATE UNIQUE INDEX entries_by_key ON entries (ticket, sender, client_message_id)
  WHERE client_message_id IS NOT NULL;
