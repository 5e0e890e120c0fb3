-- The bus: what services have to say to services that deliver (svc/bus.h). Rows are inserted in the sender's own transaction.

CREATE TABLE bus_message(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    service TEXT NOT NULL,                 -- who delivers: the third part of the target's ARN
    region TEXT NOT NULL,
    target TEXT NOT NULL,                  -- ARN: a topic, an event bus
    source TEXT NOT NULL,                  -- ARN of what has something to say: an alarm, a budget, a cluster
    subject TEXT,
    payload TEXT NOT NULL,
    state TEXT NOT NULL,                   -- PENDING DELIVERED FAILED
    attempts INTEGER NOT NULL DEFAULT 0,
    last_error TEXT,
    created_ms INTEGER NOT NULL,
    next_ms INTEGER NOT NULL,              -- PENDING: not before
    settled_ms INTEGER
) STRICT;
CREATE INDEX bus_message_due ON bus_message(service, next_ms) WHERE state='PENDING';
CREATE INDEX bus_message_settled ON bus_message(settled_ms) WHERE settled_ms IS NOT NULL;
