-- Redshift: what its API names (clusters, snapshots, groups, grants), as documents of the API's own members. Members that
-- begin with '_' are weir's own. `seq` is the order of creation; times are ms since 1970 UTC.

CREATE TABLE redshift_resource(
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    region TEXT NOT NULL,
    kind TEXT NOT NULL,                    -- cluster snapshot subnetgroup parametergroup securitygroup snapshotcopygrant
    id TEXT NOT NULL,                      -- ClusterIdentifier, SnapshotIdentifier, …
    body TEXT NOT NULL,                    -- JSON; a cluster's and a snapshot's _warehouse names its folder or file
    created_ms INTEGER NOT NULL,
    UNIQUE(region, kind, id)
) STRICT;
