-- Temporary credentials: AssumeRole, GetSessionToken, and those that a step runs with. The root key is in HOME/keys, not here.
CREATE TABLE session(
    access_key TEXT PRIMARY KEY,
    secret_key TEXT NOT NULL,
    token      TEXT NOT NULL,
    arn        TEXT NOT NULL,
    user_id    TEXT NOT NULL,
    role_arn   TEXT,
    run        TEXT,              -- the step or application that they were made for
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_expires ON session(expires_ms);
