-- Glue beside the catalog. Documents are JSON in the Glue API's words.

-- Whatever is known by a name: connections, crawlers, jobs, triggers, workflows, registries, schemas …
CREATE TABLE glue_record(
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    PRIMARY KEY(kind, name)
) WITHOUT ROWID;

-- What a record has many of, in their order: crawls, job runs, workflow runs, versions of a schema.
CREATE TABLE glue_run(
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    owner TEXT NOT NULL,
    id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    body TEXT NOT NULL,
    started_ms INTEGER NOT NULL,
    ended_ms INTEGER
);
CREATE INDEX glue_run_owner ON glue_run(kind, owner, seq);
CREATE INDEX glue_run_open ON glue_run(kind, state) WHERE ended_ms IS NULL;

CREATE TABLE glue_tag(
    arn TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY(arn, key)
) WITHOUT ROWID;

CREATE TABLE glue_column_statistics(
    table_id INTEGER NOT NULL REFERENCES glue_table(id) ON DELETE CASCADE,
    vals TEXT NOT NULL,                    -- the partition's values as JSON, '' for the table
    name TEXT NOT NULL,                    -- of the column
    body TEXT NOT NULL,
    PRIMARY KEY(table_id, vals, name)
) WITHOUT ROWID;

CREATE TABLE glue_partition_index(
    table_id INTEGER NOT NULL REFERENCES glue_table(id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY(table_id, name)
) WITHOUT ROWID;
