-- What the applications of steps read, in bytes.

ALTER TABLE yarn_application ADD COLUMN s3_read INTEGER NOT NULL DEFAULT 0;
ALTER TABLE yarn_application ADD COLUMN hdfs_read INTEGER NOT NULL DEFAULT 0;
