-- SQS: queues and their messages. Times are ms since 1970 UTC.

CREATE TABLE queue(
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    arn TEXT NOT NULL UNIQUE,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    attributes TEXT NOT NULL,              -- those that were set, by their names
    tags TEXT NOT NULL,                    -- {key: value}
    created_ms INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE queue_message(
    seq INTEGER PRIMARY KEY AUTOINCREMENT, -- the order of arrival, and a FIFO queue's SequenceNumber
    queue TEXT NOT NULL REFERENCES queue(arn) ON DELETE CASCADE,
    message_id TEXT NOT NULL,
    body TEXT NOT NULL,
    attributes TEXT NOT NULL,              -- MessageAttributes
    group_id TEXT,                         -- of a FIFO queue
    dedup_id TEXT,
    sent_ms INTEGER NOT NULL,
    visible_ms INTEGER NOT NULL,           -- not received before
    expires_ms INTEGER NOT NULL,
    first_received_ms INTEGER,
    received INTEGER NOT NULL DEFAULT 0,   -- how often
    receipt TEXT                           -- of the last time
) STRICT;
CREATE INDEX queue_message_next ON queue_message(queue, visible_ms, seq);

-- What a FIFO queue has taken in the last five minutes.
CREATE TABLE queue_seen(
    queue TEXT NOT NULL REFERENCES queue(arn) ON DELETE CASCADE,
    dedup_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    until_ms INTEGER NOT NULL,
    PRIMARY KEY(queue, dedup_id)
) STRICT;
