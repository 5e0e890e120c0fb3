-- Redshift Data API: statements (a batch's parts are rows with `parent`), their results by name in the warehouse's folder, and
-- sessions. Times are ms since 1970 UTC.

CREATE TABLE redshift_statement(
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,               -- a UUID; a part's is UUID:N
    parent TEXT,                           -- of a part
    region TEXT NOT NULL,
    cluster TEXT NOT NULL,                 -- ClusterIdentifier or WorkgroupName, as asked
    warehouse TEXT NOT NULL,               -- the folder
    sql TEXT NOT NULL,                     -- '' for a batch
    request TEXT NOT NULL,                 -- ExecuteStatement's input as JSON
    name TEXT, token TEXT, session TEXT,
    database TEXT NOT NULL, db_user TEXT NOT NULL,
    status TEXT NOT NULL,                  -- SUBMITTED PICKED STARTED FINISHED FAILED ABORTED
    error TEXT,
    cancelled INTEGER NOT NULL DEFAULT 0,
    rows INTEGER NOT NULL DEFAULT -1, bytes INTEGER NOT NULL DEFAULT 0, duration_ns INTEGER NOT NULL DEFAULT 0,
    query INTEGER NOT NULL DEFAULT 0, pid INTEGER NOT NULL DEFAULT 0, has_result INTEGER NOT NULL DEFAULT 0,
    created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX redshift_statement_parent ON redshift_statement(parent);
CREATE UNIQUE INDEX redshift_statement_token ON redshift_statement(region, token) WHERE token IS NOT NULL;

CREATE TABLE redshift_session(
    id TEXT PRIMARY KEY,
    region TEXT NOT NULL,
    cluster TEXT NOT NULL, warehouse TEXT NOT NULL,
    database TEXT NOT NULL, db_user TEXT NOT NULL,
    keep_s INTEGER NOT NULL,               -- SessionKeepAliveSeconds
    running TEXT,                          -- the statement that runs in it
    created_ms INTEGER NOT NULL, used_ms INTEGER NOT NULL
) STRICT;
