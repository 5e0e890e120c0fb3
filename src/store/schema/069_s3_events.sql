-- Objects of buckets that have EventBridge notifications turned on (067_changes.sql says what a change is).

CREATE TRIGGER s3_object_made AFTER INSERT ON s3_object
    WHEN NEW.delete_marker=0 AND EXISTS(SELECT 1 FROM s3_bucket_config WHERE bucket=NEW.bucket AND kind='notification') BEGIN
    INSERT INTO change(source, subject, state, facts, at_ms)
    VALUES('s3-object', NEW.bucket, 'CREATED', json_object('key', NEW.key, 'size', NEW.size_bytes, 'etag', NEW.etag, 'version', NEW.version_id,
           'seq', NEW.seq, 'parts', NEW.parts IS NOT NULL), CAST((julianday('now')-2440587.5)*86400000 AS INTEGER));
END;
