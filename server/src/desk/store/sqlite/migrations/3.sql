-- Canned replies: texts that the desk keeps for its agents.

CREATE TABLE canned (
  id       TEXT PRIMARY KEY,
  shortcut TEXT NOT NULL,
  record   TEXT NOT NULL,
  checksum INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX canned_by_shortcut ON canned (shortcut);
