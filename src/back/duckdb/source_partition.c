/* back/duckdb/source_partition.c -- partition columns in folders called name=value. Source: PartitioningUtils.
 *
 * Looked for from a file's folder up to a base folder: the option basePath, else the roots that the user named. */
#include "back/duckdb/convert.h"
#include "back/duckdb/internal.h"
#include "back/duckdb/source_internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

#define NULL_PARTITION "__HIVE_DEFAULT_PARTITION__"

typedef struct Part {
    const char *name, *raw; /* raw: as in the path */
} Part;
typedef VEC(Part) Parts;

typedef struct Discovery {
    Arena *a;
    const SourceRequest *r;
    Error *err;
    StrList bases;          /* without a slash at the end */
    const Parts *parts;     /* one a file */
    const Zone *zone;
} Discovery;

/* ---------------------------------------------------------------- paths */
static const char *without_slash(Arena *a, const char *path, size_t length)
{
    while (length > 1 && path[length - 1] == '/')
        length--;
    return arena_strn(a, path, length);
}

/* file:///a, file:/a and /a are the same. */
static const char *plain_path(const char *uri)
{
    if (str_starts(uri, "file:///"))
        return uri + 7;
    return str_starts(uri, "file:/") ? uri + 5 : uri;
}

static bool is_base(const Discovery *d, const char *path, size_t length)
{
    for (size_t i = 0; i < d->bases.len; i++) {
        if (strlen(d->bases.at[i]) == length && !memcmp(d->bases.at[i], path, length))
            return true;
    }
    return false;
}

static size_t parent_length(const char *path, size_t length)
{
    while (length && path[length - 1] != '/')
        length--;
    return length > 1 ? length - 1 : 0;
}

/* ExternalCatalogUtils.unescapePathName */
static const char *unescaped(Arena *a, const char *text)
{
    char *out = arena_str(a, text), *to = out;
    for (const char *at = text; *at; at++) {
        if (at[0] == '%' && isxdigit((unsigned char)at[1]) && isxdigit((unsigned char)at[2])) {
            char hex[3] = { at[1], at[2], 0 };
            *to++ = (char)strtol(hex, NULL, 16);
            at += 2;
        } else {
            *to++ = *at;
        }
    }
    *to = 0;
    return out;
}

static bool split(Discovery *d, const char *folder, size_t length, Part *ret_part, Status *status)
{
    const char *equals = memchr(folder, '=', length);
    if (!equals)
        return false;
    size_t name = (size_t)(equals - folder), value = length - name - 1;
    if (!name || !value)
        *status = FAIL_CODE(d->err, ST_INVALID, "", "Empty partition column %s in '%.*s'", name ? "value" : "name", (int)length, folder);
    *ret_part = (Part){ unescaped(d->a, arena_strn(d->a, folder, name)), arena_strn(d->a, equals + 1, value) };
    return true;
}

/* The partition columns of a file, outermost first. */
static Status parse_path(Discovery *d, const char *uri, Parts *ret_parts)
{
    const char *path = plain_path(uri);
    size_t length = parent_length(path, strlen(path));
    Parts found = { 0 };
    Status status = ST_OK;
    while (length && !is_base(d, path, length) && status == ST_OK) {
        size_t parent = parent_length(path, length);
        const char *folder = path + (parent ? parent + 1 : path[0] == '/');
        Part part;
        if (split(d, folder, (size_t)(path + length - folder), &part, &status))
            vec_push(d->a, &found, part);
        else if (found.len)
            break;
        length = parent;
    }
    *ret_parts = (Parts){ 0 };
    for (size_t i = found.len; i > 0; i--)
        vec_push(d->a, ret_parts, found.at[i - 1]);
    return status;
}

/* ---------------------------------------------------------------- types */
static const Type *inferred(const Discovery *d, const char *raw)
{
    View v = VIEW(raw);
    int64_t n, precision, scale;
    int32_t days;
    double real;
    if (!strcmp(raw, NULL_PARTITION))
        return &type_null;
    if (!d->r->infer_partition_types)
        return &type_string;
    if (java_integer(v, INT32_MIN, INT32_MAX, &n))
        return &type_int;
    if (java_integer(v, INT64_MIN, INT64_MAX, &n))
        return &type_long;
    if (java_big_decimal(v, &precision, &scale) && scale <= 0 && precision - scale <= DECIMAL_MAX_PRECISION)
        return type_decimal(d->a, (int)(precision - scale), 0);
    if (java_double(v, &real))
        return &type_double;
    /* yyyy-MM-dd HH:mm:ss[.S] */
    View text = VIEW(unescaped(d->a, raw));
    bool time = (text.len == 19 || (text.len == 21 && text.data[19] == '.')) && text.data[10] == ' ' && text.data[13] == ':';
    if (time && convert_timestamp(text, d->zone, &n))
        return &type_timestamp;
    return iso_date(v, &days) ? &type_date : &type_string;
}

/* findWiderTypeForPartitionColumn */
static const Type *wider(Arena *a, const Type *x, const Type *y)
{
    if (type_equal(x, y) || y->kind == TYPE_NULL)
        return x;
    if (x->kind == TYPE_NULL)
        return y;
    if (x->kind == TYPE_DATE || y->kind == TYPE_DATE)
        return x->kind == TYPE_TIMESTAMP || y->kind == TYPE_TIMESTAMP ? &type_timestamp : &type_string;
    if (!type_is_numeric(x) || !type_is_numeric(y))
        return &type_string;
    if (x->kind == TYPE_DOUBLE || y->kind == TYPE_DOUBLE)
        return x->kind == TYPE_INT || y->kind == TYPE_INT ? &type_double : &type_string;
    if (x->kind != TYPE_DECIMAL && y->kind != TYPE_DECIMAL)
        return &type_long;
    const Type *dx = x->kind == TYPE_DECIMAL ? x : type_decimal_for(a, x), *dy = y->kind == TYPE_DECIMAL ? y : type_decimal_for(a, y);
    return dx->precision > dy->precision ? dx : dy;
}

static const Field *user_field(const SourceRequest *r, const char *name)
{
    for (size_t i = 0; r->user_schema && i < r->user_schema->nfields; i++) {
        if (str_ieq(r->user_schema->fields[i].name, name))
            return &r->user_schema->fields[i];
    }
    return NULL;
}

/* ---------------------------------------------------------------- all files */
static bool same_names(const Parts *x, const Parts *y)
{
    bool same = x->len == y->len;
    for (size_t i = 0; same && i < x->len; i++)
        same = str_ieq(x->at[i].name, y->at[i].name);
    return same;
}

static Status conflict(const Discovery *d)
{
    str_auto lists = STR_INIT(ERROR_MESSAGE_BYTES), paths = STR_INIT(ERROR_MESSAGE_BYTES);
    size_t number = 0;
    for (size_t i = 0; i < d->r->nfiles; i++) {
        bool seen = !d->parts[i].len;
        for (size_t j = 0; j < i && !seen; j++)
            seen = same_names(&d->parts[i], &d->parts[j]);
        const char *uri = d->r->files[i].uri;
        if (!seen) {
            str_addf(&lists, "\n\tPartition column name list #%zu: ", number++);
            for (size_t j = 0; j < d->parts[i].len; j++)
                str_addf(&lists, "%s%s", j ? ", " : "", d->parts[i].at[j].name);
            str_addf(&paths, "\n\t%.*s", (int)parent_length(uri, strlen(uri)), uri);
        }
    }
    return engine_fail(d->err, ST_INVALID, "CONFLICTING_PARTITION_COLUMN_NAMES", "distinctPartColLists", str_text(&lists),
                       "suspiciousPaths", str_text(&paths), NULL);
}

static Status base_paths(Discovery *d)
{
    const char *base = source_option(d->r->options, "basePath");
    if (base) {
        vec_push(d->a, &d->bases, without_slash(d->a, plain_path(base), strlen(plain_path(base))));
        return ST_OK;
    }
    for (size_t i = 0; d->r->roots && i < d->r->roots->len; i++) {
        const char *root = plain_path(d->r->roots->at[i]);
        bool file = false; /* a root that is a file: its folder is the base */
        for (size_t j = 0; j < d->r->nfiles && !file; j++)
            file = !strcmp(plain_path(d->r->files[j].uri), root);
        vec_push(d->a, &d->bases, without_slash(d->a, root, file ? parent_length(root, strlen(root)) : strlen(root)));
    }
    return ST_OK;
}

static void fill_in(const Discovery *d, size_t columns, SourceFile *files)
{
    for (size_t i = 0; i < d->r->nfiles; i++) {
        const char **values = ARENA_ARRAY(d->a, const char *, columns + 1);
        for (size_t j = 0; j < columns && j < d->parts[i].len; j++) {
            const char *raw = d->parts[i].at[j].raw;
            values[j] = strcmp(raw, NULL_PARTITION) ? unescaped(d->a, raw) : NULL;
        }
        files[i].partition_values = values;
    }
}

Status source_partitions(Arena *a, const SourceRequest *r, const Type **ret_schema, SourceFile *files, Error *err)
{
    Discovery d = { .a = a, .r = r, .err = err };
    Parts *parts = ARENA_ARRAY(a, Parts, r->nfiles + 1);
    const Parts *first = NULL;
    d.zone = zone_find(VIEW(r->time_zone ? r->time_zone : "UTC"));
    d.zone = d.zone ? d.zone : zone_find(VIEW("UTC"));
    d.parts = parts;
    TRY(base_paths(&d));
    for (size_t i = 0; i < r->nfiles; i++) {
        TRY(parse_path(&d, r->files[i].uri, &parts[i]));
        if (!first && parts[i].len)
            first = &parts[i];
    }
    size_t columns = first ? first->len : 0;
    Field *fields = ARENA_ARRAY(a, Field, columns + 1);
    for (size_t j = 0; j < columns; j++) {
        const Field *user = user_field(r, first->at[j].name);
        fields[j] = (Field){ .name = user ? user->name : first->at[j].name, .type = &type_null, .nullable = true };
        for (size_t i = 0; i < r->nfiles; i++) {
            if (!same_names(first, &parts[i]))
                return conflict(&d);
            fields[j].type = user ? user->type : wider(a, fields[j].type, inferred(&d, parts[i].at[j].raw));
        }
    }
    fill_in(&d, columns, files);
    *ret_schema = type_struct(a, fields, columns);
    return ST_OK;
}
