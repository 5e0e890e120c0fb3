-- What instances cost: one row for each instance of a cluster, from its start to its end. svc/emr fills it, svc/budgets adds it up.

CREATE TABLE cost_ledger(
    instance TEXT PRIMARY KEY,             -- i-…
    cluster TEXT NOT NULL,
    instance_type TEXT NOT NULL,
    market TEXT NOT NULL,
    started_ms INTEGER NOT NULL,
    ended_ms INTEGER,                      -- NULL: it runs
    price_micros INTEGER NOT NULL          -- per hour: EC2's and EMR's, at the prices of svc/emr/instance_types.def
) STRICT, WITHOUT ROWID;
CREATE INDEX cost_ledger_time ON cost_ledger(started_ms);

-- What a step wrote is asked for when it ends.
CREATE INDEX s3_object_run ON s3_object(run) WHERE run IS NOT NULL;
