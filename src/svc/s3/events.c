/* svc/s3/events.c -- what S3 tells EventBridge, of buckets that have it turned on: Object Created. Source: "EventBridge event message structure"
 * of Amazon S3. */
#include "base/str.h"
#include "svc/bus.h"
#include "svc/s3/s3.h"

static Val *object_value(Arena *a, const Val *facts)
{
    Val *object = val_map(a);
    const char *version = val_str(facts, "version");
    val_set_str(a, object, "key", val_str(facts, "key"));
    val_set_int(a, object, "size", val_int(facts, "size", 0));
    val_set_str(a, object, "etag", val_str(facts, "etag"));
    val_set_str(a, object, "version-id", str_eq(version, "null") ? NULL : version);
    val_set_str(a, object, "sequencer", arena_printf(a, "%018llX", (unsigned long long)val_int(facts, "seq", 0)));
    return object;
}

static Status tell_object(void *self, Db *db, Arena *a, const BusChange *c, Error *err)
{
    Server *server = self;
    char *region = NULL;
    Val *detail = val_map(a), *bucket = val_map(a), *resources = val_list(a);
    TRY(db_get_str(db, a, &region, err, "SELECT region FROM s3_bucket WHERE name=?", "s", c->subject));
    const char *arn = arena_printf(a, "arn:aws:s3:::%s", c->subject);
    val_push(a, resources, val_strv(a, arn));
    val_set_str(a, bucket, "name", c->subject);
    val_set_str(a, detail, "version", "0");
    val_set(a, detail, "bucket", bucket);
    val_set(a, detail, "object", object_value(a, c->facts));
    val_set_str(a, detail, "requester", server->account);
    val_set_str(a, detail, "reason", val_int(c->facts, "parts", 0) ? "CompleteMultipartUpload" : "PutObject");
    BusEvent event = { .region = region, .source = "aws.s3", .detail_type = "Object Created", .about = arn, .resources = resources, .detail = detail,
                       .at_ms = c->at_ms };
    return bus_put_event(db, a, server, &event, err);
}

void s3_tell(Server *server)
{
    bus_on_change(server->bus, "s3-object", tell_object, server);
}
