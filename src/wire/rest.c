/* wire/rest.c -- locations of members. */
#include "wire/rest.h"

#include "base/limits.h"
#include "base/str.h"
#include "wire/scalar.h"
#include "wire/xml.h"

enum { RESPONSE_MAX = 64 * 1024 * 1024 };

/* --- matching --- */

static const char *const method_names[] = { "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH" };

/* Matches /{Bucket}/{Key+} or fixed segments; the template ends at '?'. */
static bool match_path(Arena *a, const char *template, const char *path, HttpPairs *labels)
{
    while (*template == '/' && *path == '/') {
        template++, path++;
        size_t part = strcspn(template, "/?"), length = strcspn(path, "/");
        if (part == 0)
            return *path == 0;
        bool label = template[0] == '{', greedy = label && part > 2 && template[part - 2] == '+';
        if (greedy)
            length = strlen(path);
        if (length == 0)
            return false;
        char *value;
        size_t n;
        if (label && (!uri_decode(a, path, length, false, &value, &n) || strlen(value) != n))
            return false;
        if (label)
            vec_push(a, labels, (HttpPair){ arena_strn(a, template + 1, part - (greedy ? 3 : 2)), value });
        else if (part != length || memcmp(template, path, length) != 0)
            return false;
        template += part, path += length;
    }
    return (*template == 0 || *template == '?') && (*path == 0 || str_eq(path, "/"));
}

/* The template's own query: ?tagging, ?list-type=2. -1 when the request lacks one, else how many there are. */
static int match_static_query(Arena *a, const char *template, const HttpRequest *r)
{
    const char *at = strchr(template, '?');
    int found = 0;
    while (at && *at) {
        size_t length = strcspn(++at, "&"), name = strcspn(at, "=&");
        const char *value = http_query(r, arena_strn(a, at, name));
        if (!value || (name < length && !str_eq(value, arena_strn(a, at + name + 1, length - name - 1))))
            return -1;
        found++;
        at += length;
    }
    return found;
}

/* -1 when a required query or header member is not there, else how many there are. */
static int match_members(const ModelShape *input, const HttpRequest *r)
{
    int found = 0;
    for (size_t i = 0; input && i < input->members; i++) {
        const ModelMember *member = model_member(input, i);
        bool query = member->location == LOCATION_QUERY, header = member->location == LOCATION_HEADER;
        if (!(member->flags & MEMBER_REQUIRED) || (!query && !header))
            continue;
        if (query ? !http_query(r, model_member_wire_name(member)) : !http_header(r, model_member_wire_name(member)))
            return -1;
        found++;
    }
    return found;
}

const ModelOperation *rest_match(const ModelService *service, const HttpRequest *r, const char *path, HttpPairs *ret_labels)
{
    const ModelOperation *best = NULL;
    int best_score = -1;
    for (size_t i = 0; i < service->operations; i++) {
        const ModelOperation *op = &model_operations[service->first_operation + i];
        HttpPairs labels = { 0 };
        if (!str_eq(method_names[op->method], r->method) || !match_path(r->arena, model_text(op->uri), path, &labels))
            continue;
        int query = match_static_query(r->arena, model_text(op->uri), r), members = match_members(model_shape(op->input), r);
        if (query < 0 || members < 0)
            continue;
        int score = 4 * (query + members) + (op->flags & OPERATION_DEPRECATED ? 0 : 1);
        if (score > best_score) {
            best = op;
            best_score = score;
            *ret_labels = labels;
        }
    }
    return best;
}

bool rest_streams_body(const ModelOperation *op)
{
    const ModelShape *input = model_shape(op->input);
    return input && input->payload != MODEL_NONE && model_member_shape(model_member(input, input->payload))->type == TYPE_BLOB;
}

/* --- reading --- */

/* x-amz-meta-*: the map's names are what follows the prefix. */
static Val *prefixed_headers(Arena *a, const HttpRequest *r, const char *prefix)
{
    Val *map = val_map(a);
    for (size_t i = 0; i < r->headers.len; i++)
        if (str_istarts(r->headers.at[i].name, prefix)) {
            char *name = arena_str(a, r->headers.at[i].name + strlen(prefix));
            for (char *c = name; *c; c++)
                *c = (char)(*c >= 'A' && *c <= 'Z' ? *c + ('a' - 'A') : *c);
            val_set(a, map, name, val_strv(a, r->headers.at[i].value));
        }
    return map->len ? map : NULL;
}

static const char *label(const HttpPairs *labels, const char *name)
{
    for (size_t i = 0; i < labels->len; i++)
        if (str_eq(labels->at[i].name, name))
            return labels->at[i].value;
    return NULL;
}

/* A comma-separated header, or one query parameter given several times, as a list. */
static Status read_list(Arena *a, const ModelShape *of, const char *text, Val **ret_value, Error *err)
{
    Val *list = val_list(a), *item;
    for (const char *at = text; *at;) {
        at += strspn(at, " ,");
        size_t length = strcspn(at, ",");
        if (length == 0)
            break;
        TRY(scalar_read(a, of, at, length, &item, err));
        val_push(a, list, item);
        at += length;
    }
    *ret_value = list;
    return ST_OK;
}

static Status read_member(Arena *a, const ModelMember *member, const HttpRequest *r, const HttpPairs *labels, Val *input, Error *err)
{
    const ModelShape *of = model_member_shape(member);
    const char *wire = model_member_wire_name(member), *text = NULL;
    Val *value = NULL;
    if (member->location == LOCATION_HEADERS)
        value = prefixed_headers(a, r, wire);
    else if (member->location == LOCATION_URI)
        text = label(labels, wire);
    else if (member->location == LOCATION_QUERY)
        text = http_query(r, wire);
    else if (member->location == LOCATION_HEADER)
        text = http_header(r, wire);
    if (text && text[0] == 0 && of->type != TYPE_STRING)
        return ST_OK;
    if (text && of->type == TYPE_LIST)
        TRY(read_list(a, model_member_shape(model_member(of, 0)), text, &value, err));
    else if (text && scalar_read(a, of, text, strlen(text), &value, NULL) != ST_OK) {
        if (of->type == TYPE_TIMESTAMP)
            return ST_OK; /* RFC 9110: a condition whose date is none is ignored */
        return FAIL_CODE(err, ST_INVALID, "InvalidArgument", "Provided %s not an integer or within integer range", wire);
    }
    if (value)
        val_append(a, input, model_text(member->name), value);
    return ST_OK;
}

static Status read_body(Arena *a, const ModelShape *shape, const HttpRequest *r, Val *input, Error *err)
{
    Val *value;
    if (shape->payload != MODEL_NONE) {
        const ModelMember *member = model_member(shape, shape->payload);
        const ModelShape *of = model_member_shape(member);
        if (of->type == TYPE_BLOB || r->body_len == 0)
            return ST_OK; /* the handler takes the bytes from the body itself */
        if (of->type == TYPE_STRING)
            value = val_strv(a, arena_strn(a, r->body, r->body_len));
        else
            TRY(xml_read_shape(a, of, r->body, r->body_len, &value, err));
        val_set(a, input, model_text(member->name), value);
    } else if (r->body_len > 0) {
        for (size_t i = 0; i < shape->members; i++)
            if (model_member(shape, i)->location == LOCATION_BODY) {
                TRY(xml_read_shape(a, shape, r->body, r->body_len, &value, err));
                for (size_t k = 0; k < value->len; k++)
                    val_set(a, input, value->names[k], value->items[k]);
                break;
            }
    }
    return ST_OK;
}

Status rest_read(Arena *a, const ModelOperation *op, const HttpRequest *r, const HttpPairs *labels, Val **ret_input, Error *err)
{
    Val *input = val_map(a);
    const ModelShape *shape = model_shape(op->input);
    for (size_t i = 0; shape && i < shape->members; i++)
        if (model_member(shape, i)->location != LOCATION_BODY)
            TRY(read_member(a, model_member(shape, i), r, labels, input, err));
    if (shape)
        TRY(read_body(a, shape, r, input, err));
    *ret_input = input;
    return ST_OK;
}

/* --- writing --- */

/* S3's root elements; the model knows only shapes' names. */
static const char *root_name(const ModelOperation *op, const ModelShape *output)
{
    static const struct {
        const char *operation, *root;
    } roots[] = {
        { "ListBuckets", "ListAllMyBucketsResult" },
        { "ListDirectoryBuckets", "ListAllMyDirectoryBucketsResult" },
        { "ListObjects", "ListBucketResult" },
        { "ListObjectsV2", "ListBucketResult" },
        { "ListObjectVersions", "ListVersionsResult" },
        { "ListMultipartUploads", "ListMultipartUploadsResult" },
        { "ListParts", "ListPartsResult" },
        { "CreateMultipartUpload", "InitiateMultipartUploadResult" },
        { "CompleteMultipartUpload", "CompleteMultipartUploadResult" },
        { "DeleteObjects", "DeleteResult" },
        { "GetBucketVersioning", "VersioningConfiguration" },
        { "GetBucketTagging", "Tagging" },
        { "GetObjectTagging", "Tagging" },
        { "GetBucketAcl", "AccessControlPolicy" },
        { "GetObjectAcl", "AccessControlPolicy" },
        { "GetBucketCors", "CORSConfiguration" },
        { "GetBucketLogging", "BucketLoggingStatus" },
        { "GetBucketLifecycleConfiguration", "LifecycleConfiguration" },
        { "GetBucketNotificationConfiguration", "NotificationConfiguration" },
        { "GetBucketRequestPayment", "RequestPaymentConfiguration" },
        { "GetBucketWebsite", "WebsiteConfiguration" },
        { "GetBucketAccelerateConfiguration", "AccelerateConfiguration" },
        { "GetObjectAttributes", "GetObjectAttributesResponse" },
    };
    for (size_t i = 0; i < sizeof roots / sizeof roots[0]; i++)
        if (str_eq(roots[i].operation, model_text(op->name)))
            return roots[i].root;
    return model_text(output->name);
}

static void write_header(const ModelMember *member, HttpRequest *r, const Val *v, HttpResponse *response)
{
    Arena *a = r->arena;
    const char *wire = model_member_wire_name(member);
    const ModelShape *of = model_member_shape(member);
    if (member->location == LOCATION_STATUS) {
        response->status = (int)v->i;
    } else if (member->location == LOCATION_HEADERS) {
        for (size_t i = 0; i < val_len(v); i++)
            http_add_header(r, response, arena_printf(a, "%s%s", wire, v->names[i]),
                            scalar_write(a, v->items[i], TIME_DEFAULT));
    } else if (member->location == LOCATION_HEADER) {
        ModelTime time = member->time ? (ModelTime)member->time : of->time ? (ModelTime)of->time : TIME_RFC822;
        const char *text = scalar_write(a, v, time);
        if (text)
            http_add_header(r, response, wire, text);
    }
}

static bool has_body_members(const ModelShape *shape)
{
    for (size_t i = 0; i < shape->members; i++)
        if (model_member(shape, i)->location == LOCATION_BODY)
            return true;
    return false;
}

static void write_body(const ModelOperation *op, const ModelShape *shape, const char *namespace, const Val *output, Str *out)
{
    if (str_eq(model_text(op->name), "GetBucketLocation")) { /* the one shape that S3 does not wrap */
        const char *place = val_str(output, "LocationConstraint");
        str_addf(out, "<LocationConstraint xmlns=\"%s\">%s</LocationConstraint>", namespace, place ? place : "");
        return;
    }
    if (shape->payload == MODEL_NONE) {
        xml_write_shape(out, root_name(op, shape), namespace, shape, output);
        return;
    }
    const ModelMember *member = model_member(shape, shape->payload);
    const Val *v = val_get(output, model_text(member->name));
    if (v)
        xml_write_shape(out, model_member_wire_name(member), namespace, model_member_shape(member), v);
}

void rest_write(const ModelOperation *op, HttpRequest *r, const Val *output, HttpResponse *response)
{
    const ModelShape *shape = model_shape(op->output);
    if (!response->status)
        response->status = op->http_status;
    if (!shape)
        return;
    for (size_t i = 0; i < shape->members; i++) {
        const Val *v = val_get(output, model_text(model_member(shape, i)->name));
        if (v)
            write_header(model_member(shape, i), r, v, response);
    }
    bool own = response->body || response->file_fd >= 0 || response->stream || response->head_only;
    if (own || !has_body_members(shape) || response->status == 204 || response->status == 304)
        return;
    const ModelMember *payload = shape->payload == MODEL_NONE ? NULL : model_member(shape, shape->payload);
    const Val *v = payload ? val_get(output, model_text(payload->name)) : NULL;
    if (payload && (!v || v->kind != VAL_MAP)) {
        response->body = v ? v->s : NULL; /* a policy's text */
        response->body_len = v ? v->len : 0;
        return;
    }
    str_auto text = STR_INIT(RESPONSE_MAX);
    str_add(&text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    write_body(op, shape, "http://s3.amazonaws.com/doc/2006-03-01/", output, &text);
    response->body = str_arena(&text, r->arena);
    response->body_len = text.len;
    http_add_header(r, response, "Content-Type", "application/xml");
}
