/* back/duckdb/source_json.c -- JSON files. */
#include "back/duckdb/source_scan.h"

Status source_json_schema(Arena *a, const SourceRequest *r, const Type **ret_schema, Error *err)
{
    (void)a, (void)r, (void)ret_schema;
    return source_unsupported(err, "inferring the schema of JSON files");
}

Status scan_json_bind(ScanPlan *plan, Error *err)
{
    (void)plan;
    return source_unsupported(err, "reading JSON files");
}

Status scan_json(ScanLocal *l, idx_t row, idx_t room, idx_t *ret_row, Error *err)
{
    (void)l, (void)row, (void)room, (void)ret_row;
    return source_unsupported(err, "reading JSON files");
}
