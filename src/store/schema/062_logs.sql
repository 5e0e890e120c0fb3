-- CloudWatch Logs: log groups and what hangs on them. Streams and events are in a database of their own, HOME/logs.db
-- (svc/logs/events.c); a group's id is never given twice, so that what a deleted group leaves there is nobody's.
-- Times are ms since 1970 UTC; documents are JSON with the API's own members.

CREATE TABLE log_group(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    retention_days INTEGER,                -- NULL: for ever
    kms_key TEXT,
    class TEXT NOT NULL,                   -- STANDARD INFREQUENT_ACCESS DELIVERY
    protected INTEGER NOT NULL,            -- against deletion
    tags TEXT NOT NULL,                    -- {name: value}
    UNIQUE(region, name)
) STRICT;

CREATE TABLE log_metric_filter(
    log_group INTEGER NOT NULL REFERENCES log_group(id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    pattern TEXT NOT NULL,
    transformation TEXT NOT NULL,          -- MetricTransformation
    created_ms INTEGER NOT NULL,
    PRIMARY KEY(log_group, name)
) STRICT;

CREATE TABLE log_subscription(
    log_group INTEGER NOT NULL REFERENCES log_group(id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    pattern TEXT NOT NULL,
    destination TEXT NOT NULL,             -- ARN
    role TEXT,
    distribution TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    PRIMARY KEY(log_group, name)
) STRICT;

-- What is kept by name: resource policies, destinations, query definitions, delivery sources, delivery destinations, deliveries.
CREATE TABLE log_record(
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    region TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    arn TEXT NOT NULL,
    body TEXT NOT NULL,
    tags TEXT NOT NULL,
    UNIQUE(region, kind, name)
) STRICT;

-- Work for the threads of svc/logs/work.c: export tasks and Insights queries, oldest first.
CREATE TABLE log_export(
    id TEXT PRIMARY KEY,
    region TEXT NOT NULL,
    log_group TEXT NOT NULL,
    name TEXT,
    stream_prefix TEXT,
    from_ms INTEGER NOT NULL,
    to_ms INTEGER NOT NULL,
    bucket TEXT NOT NULL,
    prefix TEXT NOT NULL,
    state TEXT NOT NULL,                   -- PENDING RUNNING COMPLETED FAILED PENDING_CANCEL CANCELLED
    message TEXT,
    created_ms INTEGER NOT NULL,
    completed_ms INTEGER
) STRICT;
CREATE INDEX log_export_state ON log_export(state, created_ms);

CREATE TABLE log_query(
    id TEXT PRIMARY KEY,
    region TEXT NOT NULL,
    log_groups TEXT NOT NULL,              -- ["name", …]
    query TEXT NOT NULL,
    start_ms INTEGER NOT NULL,
    end_ms INTEGER NOT NULL,               -- inclusive
    row_limit INTEGER NOT NULL,
    state TEXT NOT NULL,                   -- Scheduled Running Complete Failed Cancelled Timeout
    created_ms INTEGER NOT NULL,
    took_ms INTEGER,
    results TEXT,                          -- [[{field, value}, …], …]
    statistics TEXT
) STRICT;
CREATE INDEX log_query_state ON log_query(state, created_ms);
