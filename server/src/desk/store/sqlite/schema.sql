-- Format 1. A record is one JSON document; what lists and looks up is a generated column of it, so
-- that there is one truth and an index for every question.

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
  record   TEXT NOT NULL,
  username TEXT NOT NULL AS (record ->> '$.username') STORED
) STRICT;
CREATE UNIQUE INDEX agents_by_username ON agents (username);

CREATE TABLE sessions (
  id       TEXT PRIMARY KEY,
  agent    TEXT NOT NULL,
  ends_at  INTEGER NOT NULL,
  ended    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_agent ON sessions (agent);
CREATE INDEX sessions_by_end ON sessions (ends_at);

-- `place` orders the list that the ticket is in: open ones by how long they wait, closed ones by
-- when they were closed. `active_at` orders a guest's own.
CREATE TABLE tickets (
  id         TEXT PRIMARY KEY,
  record     TEXT NOT NULL,
  place      INTEGER NOT NULL,
  active_at  INTEGER NOT NULL,
  reference  TEXT NOT NULL AS (record ->> '$.ref') VIRTUAL,
  guest      TEXT NOT NULL AS (record ->> '$.guest.id') VIRTUAL,
  created_by TEXT NOT NULL AS (record ->> '$.createdBy') VIRTUAL,
  status     TEXT NOT NULL AS (record ->> '$.conversation.status') VIRTUAL,
  assignee   TEXT          AS (record ->> '$.notes.assignee.id') VIRTUAL,
  attended   INTEGER NOT NULL AS (record ->> '$.conversation.present' <> '[]') VIRTUAL
) STRICT;
CREATE UNIQUE INDEX tickets_by_ref ON tickets (reference);
CREATE UNIQUE INDEX tickets_by_creation ON tickets (guest, created_by);
CREATE INDEX tickets_by_place ON tickets (status, place, id);
CREATE INDEX tickets_by_assignee ON tickets (status, assignee, place, id);
CREATE INDEX tickets_by_guest ON tickets (guest, active_at, id);
CREATE INDEX tickets_attended ON tickets (id) WHERE attended;

-- Both logs of every ticket. The two unique keys are what the promises rest on: one entry a number,
-- one entry a sender and client message id.
CREATE TABLE entries (
  ticket            TEXT NOT NULL,
  log               INTEGER NOT NULL,
  seq               INTEGER NOT NULL,
  sender            TEXT,
  client_message_id TEXT,
  entry             TEXT NOT NULL,
  PRIMARY KEY (ticket, log, seq)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX entries_by_key ON entries (ticket, sender, client_message_id)
  WHERE client_message_id IS NOT NULL;
