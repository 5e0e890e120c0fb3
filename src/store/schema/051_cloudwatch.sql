-- CloudWatch but for its points, which are in HOME/series: alarms with their history, dashboards, Contributor Insights rules, tags.

CREATE TABLE cw_alarm(
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,                    -- MetricAlarm CompositeAlarm
    config TEXT NOT NULL,                  -- PutMetricAlarm's or PutCompositeAlarm's input as JSON
    space TEXT, metric TEXT,               -- of an alarm on one metric
    actions_enabled INTEGER NOT NULL,
    state TEXT NOT NULL,                   -- OK ALARM INSUFFICIENT_DATA
    reason TEXT NOT NULL,
    reason_data TEXT,
    config_ms INTEGER NOT NULL,            -- last put
    state_ms INTEGER NOT NULL,             -- last update of state or reason
    transition_ms INTEGER NOT NULL,        -- last change of state
    UNIQUE(region, name)
) STRICT;
CREATE INDEX cw_alarm_metric ON cw_alarm(region, space, metric);

CREATE TABLE cw_alarm_history(
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    region TEXT NOT NULL,
    alarm TEXT NOT NULL,                   -- outlives the alarm
    kind TEXT NOT NULL,
    time_ms INTEGER NOT NULL,
    type TEXT NOT NULL,                    -- ConfigurationUpdate StateUpdate Action
    summary TEXT NOT NULL,
    data TEXT NOT NULL                     -- JSON
) STRICT;
CREATE INDEX cw_alarm_history_alarm ON cw_alarm_history(region, alarm, seq);
CREATE INDEX cw_alarm_history_time ON cw_alarm_history(time_ms);

CREATE TABLE cw_dashboard(
    name TEXT PRIMARY KEY,                 -- dashboards are of no region
    body TEXT NOT NULL,
    modified_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE cw_insight_rule(
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL,                   -- ENABLED DISABLED
    definition TEXT NOT NULL,
    schema TEXT NOT NULL,
    transformed INTEGER NOT NULL,
    PRIMARY KEY(region, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE cw_tag(
    arn TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY(arn, key)
) STRICT, WITHOUT ROWID;
