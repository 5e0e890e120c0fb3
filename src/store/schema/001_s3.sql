-- S3: buckets, objects (each row one version of one key), multipart uploads, and the lake's staged writes.
-- Times are milliseconds since 1970 UTC. A `file` is an opaque id: HOME/lake/objects/xx/id.

CREATE TABLE s3_bucket (
    name TEXT PRIMARY KEY,
    owner TEXT NOT NULL,               -- account id
    region TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    versioning TEXT                    -- NULL: never enabled, 'Enabled', 'Suspended'
) WITHOUT ROWID;

-- Stored settings of a bucket: policy, cors, tagging, … each as the JSON of its input.
CREATE TABLE s3_bucket_config (
    bucket TEXT NOT NULL REFERENCES s3_bucket(name) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (bucket, kind)
) WITHOUT ROWID;

CREATE TABLE s3_object (
    bucket TEXT NOT NULL REFERENCES s3_bucket(name),
    key TEXT NOT NULL,
    seq INTEGER NOT NULL,              -- a later version has a larger one
    version_id TEXT NOT NULL,          -- 'null' when the bucket was not versioned at the time
    latest INTEGER NOT NULL,           -- 1 for one row of each key
    delete_marker INTEGER NOT NULL DEFAULT 0,
    file TEXT,                         -- NULL for a delete marker
    size_bytes INTEGER NOT NULL DEFAULT 0,
    etag TEXT NOT NULL DEFAULT '',     -- without quotes
    modified_ms INTEGER NOT NULL,
    storage_class TEXT,                -- NULL: STANDARD
    headers TEXT,                      -- JSON: ContentType, CacheControl, … by the API's names
    metadata TEXT,                     -- JSON: x-amz-meta-*
    tags TEXT,                         -- JSON: name to value
    checksum_algorithm TEXT,           -- CRC32, CRC32C, CRC64NVME, SHA1, SHA256
    checksum TEXT,                     -- base64, with -N when of parts
    checksum_type TEXT,                -- FULL_OBJECT, COMPOSITE
    parts TEXT,                        -- JSON of a multipart upload: [[number, size, checksum], …]
    run TEXT,                          -- the step or application that wrote it
    row_count INTEGER,                 -- of a table's file, when the writer said so
    PRIMARY KEY (bucket, key, seq)
) WITHOUT ROWID;
CREATE UNIQUE INDEX s3_object_latest ON s3_object(bucket, key) WHERE latest = 1;
CREATE UNIQUE INDEX s3_object_version ON s3_object(bucket, key, version_id);
CREATE INDEX s3_object_file ON s3_object(file) WHERE file IS NOT NULL;

-- Files whose row is gone; unlinked when no reader can still have been told of them.
CREATE TABLE s3_garbage (
    file TEXT PRIMARY KEY,
    since_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX s3_garbage_since ON s3_garbage(since_ms);

CREATE TABLE s3_upload (
    id TEXT PRIMARY KEY,
    bucket TEXT NOT NULL REFERENCES s3_bucket(name),
    key TEXT NOT NULL,
    started_ms INTEGER NOT NULL,
    owner TEXT NOT NULL,
    state TEXT NOT NULL,               -- 'open'; 'done': completed, `result` is the answer
    result TEXT,
    storage_class TEXT,
    headers TEXT,
    metadata TEXT,
    tags TEXT,
    checksum_algorithm TEXT,
    checksum_type TEXT
) WITHOUT ROWID;
CREATE INDEX s3_upload_key ON s3_upload(bucket, key, started_ms, id);

CREATE TABLE s3_part (
    upload TEXT NOT NULL REFERENCES s3_upload(id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    file TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    etag TEXT NOT NULL,
    modified_ms INTEGER NOT NULL,
    checksum TEXT,
    PRIMARY KEY (upload, number)
) WITHOUT ROWID;
CREATE INDEX s3_part_file ON s3_part(file);

-- Writes of jobs: a folder under HOME/lake/stage/id until one commit makes its files objects.
CREATE TABLE lake_stage (
    id TEXT PRIMARY KEY,
    target TEXT NOT NULL,              -- s3://bucket/prefix
    owner TEXT NOT NULL,
    run TEXT,
    created_ms INTEGER NOT NULL,
    committed_ms INTEGER               -- NULL: open
) WITHOUT ROWID;
