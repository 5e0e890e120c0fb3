/* svc/redshiftdata/events.c -- the end of a statement that was asked for WithEvent. Source: "Monitoring events for the Amazon Redshift Data API
 * in Amazon EventBridge". */
#include "base/clock.h"
#include "base/str.h"
#include "svc/bus.h"
#include "svc/redshiftdata/internal.h"

static Status tell_statement(void *self, Db *db, Arena *a, const BusChange *c, Error *err)
{
    Server *server = self;
    BusEvent event = { .source = "aws.redshift-data", .detail_type = "Redshift Data Statement Status Change", .at_ms = c->at_ms };
    Val *detail = val_map(a), *resources = val_list(a);
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT region, cluster, coalesce(name, ''), coalesce(principal, ''), query, rows, created_ms, json_extract(request, '$.WorkgroupName') "
                                "FROM redshift_statement WHERE id=?", "s", c->subject));
    if (!row_next(row)) {
        TRY(row_status(row, err));
        return FAIL(err, ST_NOT_FOUND, "the statement is gone");
    }
    bool workgroup = !row_null(row, 7);
    event.region = row_str_in(row, a, 0);
    event.about = bus_arn(a, server, workgroup ? "redshift-serverless" : "redshift", event.region, event.region,
                          arena_printf(a, "%s%s", workgroup ? "workgroup/" : "cluster:", row_str(row, 1)));
    val_push(a, resources, val_strv(a, event.about));
    val_set_str(a, detail, "principal", row_str(row, 3));
    val_set_str(a, detail, "statementName", row_str(row, 2));
    val_set_str(a, detail, "statementId", c->subject);
    val_set_int(a, detail, "redshiftQueryId", row_int(row, 4));
    val_set_str(a, detail, "state", c->state);
    val_set_int(a, detail, "rows", row_int(row, 5));
    val_set_int(a, detail, "expireAt", (row_int(row, 6) + RESULT_DAY_MS) / 1000);
    event.resources = resources;
    event.detail = detail;
    return bus_put_event(db, a, server, &event, err);
}

void redshiftdata_tell(Server *server)
{
    bus_on_change(server->bus, "redshift-statement", tell_statement, server);
}
