-- Changes of state that EventBridge tells: written by triggers, so that whoever changes a state changes it and says so in one transaction,
-- and read by the service that knows the event's form (bus_on_change in svc/bus.h).

CREATE TABLE change(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    source TEXT NOT NULL,                  -- emr-cluster emr-step emr-group glue-run redshift-statement
    subject TEXT NOT NULL,                 -- the row's id
    state TEXT NOT NULL,                   -- the new one
    facts TEXT NOT NULL,                   -- what else was so at that moment: a JSON object
    at_ms INTEGER NOT NULL
) STRICT;

CREATE TRIGGER emr_cluster_made AFTER INSERT ON emr_cluster BEGIN
    INSERT INTO change(source, subject, state, facts, at_ms)
    VALUES('emr-cluster', NEW.id, NEW.state, '{}', CAST((julianday('now')-2440587.5)*86400000 AS INTEGER));
END;
CREATE TRIGGER emr_cluster_changed AFTER UPDATE OF state ON emr_cluster WHEN NEW.state<>OLD.state BEGIN
    INSERT INTO change(source, subject, state, facts, at_ms)
    VALUES('emr-cluster', NEW.id, NEW.state, json_object('code', NEW.reason_code, 'message', NEW.reason_message),
           CAST((julianday('now')-2440587.5)*86400000 AS INTEGER));
END;

CREATE TRIGGER emr_step_made AFTER INSERT ON emr_step BEGIN
    INSERT INTO change(source, subject, state, facts, at_ms)
    VALUES('emr-step', NEW.id, NEW.state, '{}', CAST((julianday('now')-2440587.5)*86400000 AS INTEGER));
END;
CREATE TRIGGER emr_step_changed AFTER UPDATE OF state ON emr_step WHEN NEW.state<>OLD.state BEGIN
    INSERT INTO change(source, subject, state, facts, at_ms)
    VALUES('emr-step', NEW.id, NEW.state, '{}', CAST((julianday('now')-2440587.5)*86400000 AS INTEGER));
END;

CREATE TRIGGER emr_group_resized AFTER UPDATE OF requested ON emr_group WHEN NEW.requested<>OLD.requested BEGIN
    INSERT INTO change(source, subject, state, facts, at_ms)
    VALUES('emr-group', NEW.id, NEW.state, json_object('from', OLD.requested, 'to', NEW.requested), CAST((julianday('now')-2440587.5)*86400000 AS INTEGER));
END;

CREATE TRIGGER glue_run_made AFTER INSERT ON glue_run WHEN NEW.kind IN ('crawl', 'job-run') BEGIN
    INSERT INTO change(source, subject, state, facts, at_ms)
    VALUES('glue-run', NEW.id, NEW.state, json_object('kind', NEW.kind, 'owner', NEW.owner, 'body', json(NEW.body)),
           CAST((julianday('now')-2440587.5)*86400000 AS INTEGER));
END;
CREATE TRIGGER glue_run_changed AFTER UPDATE OF state ON glue_run WHEN NEW.state<>OLD.state AND NEW.kind IN ('crawl', 'job-run') BEGIN
    INSERT INTO change(source, subject, state, facts, at_ms)
    VALUES('glue-run', NEW.id, NEW.state, json_object('kind', NEW.kind, 'owner', NEW.owner, 'body', json(NEW.body), 'started_ms', NEW.started_ms),
           CAST((julianday('now')-2440587.5)*86400000 AS INTEGER));
END;

ALTER TABLE redshift_statement ADD COLUMN principal TEXT; -- who asked

CREATE TRIGGER redshift_statement_made AFTER INSERT ON redshift_statement
    WHEN NEW.parent IS NULL AND NEW.status IN ('FINISHED', 'FAILED', 'ABORTED') AND json_extract(NEW.request, '$.WithEvent') BEGIN
    INSERT INTO change(source, subject, state, facts, at_ms)
    VALUES('redshift-statement', NEW.id, NEW.status, '{}', CAST((julianday('now')-2440587.5)*86400000 AS INTEGER));
END;
CREATE TRIGGER redshift_statement_changed AFTER UPDATE OF status ON redshift_statement
    WHEN NEW.status<>OLD.status AND NEW.parent IS NULL AND NEW.status IN ('FINISHED', 'FAILED', 'ABORTED') AND json_extract(NEW.request, '$.WithEvent') BEGIN
    INSERT INTO change(source, subject, state, facts, at_ms)
    VALUES('redshift-statement', NEW.id, NEW.status, '{}', CAST((julianday('now')-2440587.5)*86400000 AS INTEGER));
END;
