-- AWS Budgets. What they are measured by is cost_ledger.

CREATE TABLE budget(
    name TEXT PRIMARY KEY,
    config TEXT NOT NULL,                  -- the Budget structure as JSON, its period filled in
    updated_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE budget_notification(
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    budget TEXT NOT NULL REFERENCES budget(name) ON DELETE CASCADE,
    type TEXT NOT NULL,                    -- ACTUAL FORECASTED
    comparison TEXT NOT NULL,              -- GREATER_THAN LESS_THAN EQUAL_TO
    threshold REAL NOT NULL,
    threshold_type TEXT NOT NULL,          -- PERCENTAGE ABSOLUTE_VALUE
    state TEXT NOT NULL,                   -- OK ALARM
    notified_ms INTEGER,                   -- begin of the budget's period in which it was sent last
    UNIQUE(budget, type, comparison, threshold, threshold_type)
) STRICT;

CREATE TABLE budget_subscriber(
    notification INTEGER NOT NULL REFERENCES budget_notification(seq) ON DELETE CASCADE,
    type TEXT NOT NULL,                    -- SNS EMAIL
    address TEXT NOT NULL,
    PRIMARY KEY(notification, type, address)
) STRICT, WITHOUT ROWID;

CREATE TABLE budget_setting(               -- 'default': the budget of a fresh account was made
    name TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
