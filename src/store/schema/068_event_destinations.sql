-- EventBridge's HTTP endpoints, and what they are called with. Documents are JSON with the API's own members. Times are ms since 1970 UTC.

CREATE TABLE event_connection(
    arn TEXT PRIMARY KEY,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    settings TEXT NOT NULL,                -- Description, AuthorizationType, AuthParameters (with their secrets), KmsKeyIdentifier
    state TEXT NOT NULL,                   -- AUTHORIZED DEAUTHORIZED
    created_ms INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL,
    UNIQUE(region, name)
) STRICT;

CREATE TABLE event_destination(
    arn TEXT PRIMARY KEY,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    settings TEXT NOT NULL,                -- Description, ConnectionArn, InvocationEndpoint, HttpMethod, InvocationRateLimitPerSecond
    created_ms INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL,
    UNIQUE(region, name)
) STRICT;

-- Of messages that are not tried again for a whole day (RetryPolicy).
ALTER TABLE bus_message ADD COLUMN retries_max INTEGER;
ALTER TABLE bus_message ADD COLUMN age_max_ms INTEGER;
