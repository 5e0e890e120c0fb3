-- SNS: topics, who subscribes to them, mobile applications, and what is still to be delivered. Documents are JSON with the API's
-- own members. Times are ms since 1970 UTC.

CREATE TABLE sns_topic(
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    arn TEXT NOT NULL UNIQUE,
    region TEXT NOT NULL,
    attributes TEXT NOT NULL,              -- those that were set, by their names
    tags TEXT NOT NULL,                    -- [{Key, Value}]
    deleted_subscriptions INTEGER NOT NULL DEFAULT 0,
    published INTEGER NOT NULL DEFAULT 0   -- messages so far: a FIFO topic's SequenceNumber
) STRICT;

CREATE TABLE sns_subscription(
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    arn TEXT NOT NULL UNIQUE,
    topic TEXT NOT NULL,
    region TEXT NOT NULL,
    protocol TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    attributes TEXT NOT NULL,
    token TEXT NOT NULL,                   -- that confirms it
    confirmed INTEGER NOT NULL,
    authenticated INTEGER NOT NULL DEFAULT 0, -- confirmed by a signed request
    UNIQUE(topic, protocol, endpoint)
) STRICT;

-- Platform applications, and the devices (endpoints) of them.
CREATE TABLE sns_application(
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    arn TEXT NOT NULL UNIQUE,
    region TEXT NOT NULL,
    attributes TEXT NOT NULL
) STRICT;

CREATE TABLE sns_endpoint(
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    arn TEXT NOT NULL UNIQUE,
    application TEXT NOT NULL,
    token TEXT NOT NULL,
    attributes TEXT NOT NULL,
    UNIQUE(application, token)
) STRICT;

CREATE TABLE sns_sms_attribute(
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY(region, name)
) STRICT;

-- What a FIFO topic has taken in the last five minutes, and bus messages already taken over.
CREATE TABLE sns_seen(
    topic TEXT NOT NULL,
    id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    until_ms INTEGER NOT NULL,
    PRIMARY KEY(topic, id)
) STRICT;

-- One message to one endpoint over the network. Settled ones are kept for a day.
CREATE TABLE sns_delivery(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id TEXT NOT NULL,
    subscription TEXT NOT NULL,
    topic TEXT NOT NULL,
    kind TEXT NOT NULL,                    -- Notification SubscriptionConfirmation UnsubscribeConfirmation
    protocol TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    raw INTEGER NOT NULL,
    subject TEXT,
    body TEXT NOT NULL,
    state TEXT NOT NULL,                   -- PENDING DELIVERED FAILED
    next_ms INTEGER NOT NULL,
    leased INTEGER NOT NULL DEFAULT 0,     -- a thread tries it now
    created_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX sns_delivery_due ON sns_delivery(state, next_ms);

CREATE TABLE sns_attempt(
    delivery INTEGER NOT NULL REFERENCES sns_delivery(id) ON DELETE CASCADE,
    at_ms INTEGER NOT NULL,
    status INTEGER,                        -- HTTP's; NULL: no answer
    error TEXT
) STRICT;
CREATE INDEX sns_attempt_of ON sns_attempt(delivery);
