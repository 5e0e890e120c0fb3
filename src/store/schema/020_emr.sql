-- EMR: clusters, their instances, bootstrap actions and steps. `seq` is the order of creation; times are ms since 1970 UTC.

CREATE TABLE emr_cluster(
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,               -- j-…
    name TEXT NOT NULL,
    state TEXT NOT NULL,                   -- STARTING BOOTSTRAPPING RUNNING WAITING TERMINATING TERMINATED TERMINATED_WITH_ERRORS
    reason_code TEXT, reason_message TEXT, -- StateChangeReason
    created_ms INTEGER NOT NULL, ready_ms INTEGER, ended_ms INTEGER,
    idle_since_ms INTEGER,                 -- WAITING since; for the auto-termination policy
    log_uri TEXT,
    release_label TEXT,
    keep_alive INTEGER NOT NULL,
    protected INTEGER NOT NULL,
    visible INTEGER NOT NULL,
    step_concurrency INTEGER NOT NULL,
    job_flow_role TEXT, service_role TEXT, step_role TEXT,
    idle_timeout_s INTEGER,                -- auto-termination policy, NULL: none
    managed_scaling TEXT,                  -- JSON, NULL: none
    memory_bytes INTEGER NOT NULL,         -- of the instances that run steps
    vcpus INTEGER NOT NULL,
    collection TEXT NOT NULL,              -- INSTANCE_GROUP INSTANCE_FLEET
    request TEXT NOT NULL                  -- RunJobFlow's input as JSON
) STRICT;
CREATE INDEX emr_cluster_live ON emr_cluster(state) WHERE ended_ms IS NULL;

CREATE TABLE emr_tag(
    cluster TEXT NOT NULL REFERENCES emr_cluster(id),
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY(cluster, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE emr_group(                    -- an instance group or an instance fleet
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,               -- ig-… if-…
    cluster TEXT NOT NULL REFERENCES emr_cluster(id),
    role TEXT NOT NULL,                    -- MASTER CORE TASK
    name TEXT,
    market TEXT NOT NULL,
    bid_price TEXT,
    instance_type TEXT NOT NULL,
    requested INTEGER NOT NULL,
    state TEXT NOT NULL,
    reason_code TEXT, reason_message TEXT,
    created_ms INTEGER NOT NULL, ready_ms INTEGER, ended_ms INTEGER,
    autoscaling TEXT,                      -- JSON, NULL: none
    request TEXT NOT NULL                  -- its configuration as JSON
) STRICT;
CREATE INDEX emr_group_cluster ON emr_group(cluster);

CREATE TABLE emr_instance(
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,               -- ci-…
    ec2_id TEXT NOT NULL,                  -- i-…
    grp TEXT NOT NULL REFERENCES emr_group(id),
    cluster TEXT NOT NULL REFERENCES emr_cluster(id),
    instance_type TEXT NOT NULL,
    market TEXT NOT NULL,
    state TEXT NOT NULL,
    reason_code TEXT, reason_message TEXT,
    created_ms INTEGER NOT NULL, ready_ms INTEGER, ended_ms INTEGER
) STRICT;
CREATE INDEX emr_instance_cluster ON emr_instance(cluster);

CREATE TABLE emr_bootstrap(
    id TEXT PRIMARY KEY,                   -- names its run folder
    cluster TEXT NOT NULL REFERENCES emr_cluster(id),
    number INTEGER NOT NULL,               -- 1, 2, …
    name TEXT NOT NULL,
    path TEXT NOT NULL,
    args TEXT NOT NULL,                    -- JSON list
    state TEXT NOT NULL,                   -- PENDING RUNNING COMPLETED FAILED CANCELLED
    attempts INTEGER NOT NULL DEFAULT 0,
    UNIQUE(cluster, number)
) STRICT;

CREATE TABLE emr_step(
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,               -- s-…
    cluster TEXT NOT NULL REFERENCES emr_cluster(id),
    name TEXT NOT NULL,
    action_on_failure TEXT NOT NULL,
    jar TEXT NOT NULL, main_class TEXT,
    args TEXT NOT NULL,                    -- JSON list
    properties TEXT NOT NULL,              -- JSON map
    role TEXT,                             -- ExecutionRoleArn
    state TEXT NOT NULL,                   -- PENDING CANCEL_PENDING RUNNING COMPLETED CANCELLED FAILED INTERRUPTED
    reason_message TEXT,
    created_ms INTEGER NOT NULL, started_ms INTEGER, ended_ms INTEGER,
    cancel TEXT,                           -- SEND_INTERRUPT TERMINATE_PROCESS: asked for while it runs
    attempts INTEGER NOT NULL DEFAULT 0,   -- supervisors started; the step itself starts once
    exit_code INTEGER,
    failure_reason TEXT, failure_message TEXT, failure_log TEXT
) STRICT;
CREATE INDEX emr_step_cluster ON emr_step(cluster, seq);
CREATE INDEX emr_step_live ON emr_step(cluster, state) WHERE ended_ms IS NULL;

CREATE TABLE emr_security_configuration(
    name TEXT PRIMARY KEY,
    configuration TEXT NOT NULL,
    created_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE emr_setting(                  -- of the account: BlockPublicAccessConfiguration
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    changed_ms INTEGER NOT NULL,
    changed_by TEXT NOT NULL
) STRICT;
