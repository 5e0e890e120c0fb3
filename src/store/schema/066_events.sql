-- EventBridge: buses, rules, targets, archives and replays. Documents are JSON with the API's own members. Times are ms since 1970 UTC.
-- Deliveries are messages of the bus (050_bus.sql) whose source is the rule.

CREATE TABLE event_bus(
    arn TEXT PRIMARY KEY,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    settings TEXT NOT NULL,                -- Description, KmsKeyIdentifier, DeadLetterConfig, LogConfig
    policy TEXT,                           -- NULL: none
    tags TEXT NOT NULL,                    -- [{Key, Value}]
    created_ms INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL,
    UNIQUE(region, name)
) STRICT;

CREATE TABLE event_rule(
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    arn TEXT NOT NULL UNIQUE,
    region TEXT NOT NULL,
    bus TEXT NOT NULL,                     -- its name
    name TEXT NOT NULL,
    pattern TEXT,
    schedule TEXT,
    state TEXT NOT NULL,                   -- ENABLED DISABLED ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS
    description TEXT,
    role TEXT,
    managed_by TEXT,                       -- an archive's rule
    tags TEXT NOT NULL,                    -- [{Key, Value}]
    next_ms INTEGER,                       -- when the schedule is due; NULL: never, or disabled
    UNIQUE(region, bus, name)
) STRICT;
CREATE INDEX event_rule_due ON event_rule(next_ms) WHERE next_ms IS NOT NULL;

CREATE TABLE event_target(
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    rule TEXT NOT NULL REFERENCES event_rule(arn) ON DELETE CASCADE,
    id TEXT NOT NULL,
    arn TEXT NOT NULL,
    target TEXT NOT NULL,                  -- as PutTargets had it
    UNIQUE(rule, id)
) STRICT;
CREATE INDEX event_target_arn ON event_target(arn);

-- Messages of the bus that were taken over: a second time they do nothing.
CREATE TABLE event_taken(
    message INTEGER PRIMARY KEY,           -- bus_message.id
    until_ms INTEGER NOT NULL
) STRICT;

-- Deliveries under way whose failure goes to a queue.
CREATE TABLE event_dead_letter(
    message INTEGER PRIMARY KEY,           -- bus_message.id
    queue TEXT NOT NULL,                   -- ARN
    body TEXT NOT NULL                     -- what the target would have had
) STRICT;

CREATE TABLE event_archive(
    arn TEXT PRIMARY KEY,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    bus TEXT NOT NULL,                     -- ARN
    description TEXT,
    pattern TEXT,
    retention_days INTEGER NOT NULL,       -- 0: for ever
    kms_key TEXT,
    created_ms INTEGER NOT NULL,
    UNIQUE(region, name)
) STRICT;

CREATE TABLE event_archived(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    archive TEXT NOT NULL REFERENCES event_archive(arn) ON DELETE CASCADE,
    time_ms INTEGER NOT NULL,              -- the event's own
    archived_ms INTEGER NOT NULL,
    event TEXT NOT NULL
) STRICT;
CREATE INDEX event_archived_time ON event_archived(archive, time_ms, id);

CREATE TABLE event_replay(
    arn TEXT PRIMARY KEY,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    archive TEXT NOT NULL,                 -- ARN
    description TEXT,
    bus TEXT NOT NULL,                     -- ARN
    filters TEXT,                          -- ARNs of the only rules, a JSON list; NULL: all
    from_ms INTEGER NOT NULL,
    to_ms INTEGER NOT NULL,
    state TEXT NOT NULL,                   -- RUNNING COMPLETED CANCELLED
    started_ms INTEGER NOT NULL,
    ended_ms INTEGER,
    last_time_ms INTEGER,                  -- of the last event replayed
    last_id INTEGER,
    UNIQUE(region, name)
) STRICT;
