-- The data catalog: databases, tables and their older versions, partitions, functions. Documents are JSON in the Glue API's
-- words (DatabaseInput, TableInput, PartitionInput, UserDefinedFunctionInput); names are in lower case.

CREATE TABLE glue_database(
    name TEXT PRIMARY KEY,
    input TEXT NOT NULL,
    created_ms INTEGER NOT NULL
) WITHOUT ROWID;

INSERT INTO glue_database(name, input, created_ms)
VALUES('default', '{"Name":"default","Description":"Default database"}', unixepoch() * 1000);

CREATE TABLE glue_table(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    database TEXT NOT NULL REFERENCES glue_database(name) ON DELETE CASCADE,
    name TEXT NOT NULL,
    input TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    UNIQUE(database, name)
);

-- The versions before the current one.
CREATE TABLE glue_table_version(
    table_id INTEGER NOT NULL REFERENCES glue_table(id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    input TEXT NOT NULL,
    updated_ms INTEGER NOT NULL,
    PRIMARY KEY(table_id, version)
) WITHOUT ROWID;

CREATE TABLE glue_partition(
    table_id INTEGER NOT NULL REFERENCES glue_table(id) ON DELETE CASCADE,
    vals BLOB NOT NULL,                    -- the values in order of the keys, each with a NUL byte after it: sorts as they do
    input TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    PRIMARY KEY(table_id, vals)
) WITHOUT ROWID;

CREATE TABLE glue_function(
    database TEXT NOT NULL REFERENCES glue_database(name) ON DELETE CASCADE,
    name TEXT NOT NULL,
    input TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    PRIMARY KEY(database, name)
) WITHOUT ROWID;
