-- YARN: the applications of EMR's steps. Times are ms since 1970 UTC.

CREATE TABLE yarn_cluster(
    cluster TEXT PRIMARY KEY,              -- j-…
    started_ms INTEGER NOT NULL UNIQUE,    -- the resource manager's start: in the ids of its applications
    last INTEGER NOT NULL                  -- number of its newest application
) STRICT, WITHOUT ROWID;

CREATE TABLE yarn_application(
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,               -- application_<started_ms>_<number>
    cluster TEXT NOT NULL,
    step TEXT,                             -- s-…
    name TEXT NOT NULL,
    type TEXT NOT NULL,                    -- SPARK MAPREDUCE
    state TEXT NOT NULL,                   -- RUNNING FINISHED FAILED KILLED
    final_state TEXT NOT NULL,             -- UNDEFINED SUCCEEDED FAILED KILLED
    diagnostics TEXT NOT NULL DEFAULT '',
    progress REAL NOT NULL DEFAULT 0,      -- 0 to 1
    kill INTEGER NOT NULL DEFAULT 0,       -- asked for
    started_ms INTEGER NOT NULL,
    seen_ms INTEGER NOT NULL,              -- its last heartbeat
    ended_ms INTEGER
) STRICT;
CREATE INDEX yarn_application_live ON yarn_application(step) WHERE ended_ms IS NULL;
