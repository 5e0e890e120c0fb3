/* svc/glue/crawl_text.c -- CSV, JSON and Avro: columns from a sample. Source: "Adding classifiers to a crawler in AWS Glue", the
 * built-in CSV classifier: its delimiters, its rules for a header. */
#include "base/str.h"
#include "svc/glue/crawl_private.h"

#include <ctype.h>

enum { CSV_COLUMNS_MAX = 4096, HEADER_CHARACTERS = 150, AVRO_ENTRIES = 100, AVRO_NESTING = 100 };

/* --- CSV --- */

static StrList split(Arena *a, const char *line, char delimiter, bool *quoted)
{
    StrList fields = { 0 };
    str_auto field = STR_INIT(1 << 21);
    bool inside = false;
    for (const char *p = line;; p++) {
        if (inside && *p == '"' && p[1] == '"') {
            str_addc(&field, *p++);
        } else if (*p == '"' && (inside || !field.len)) {
            inside = !inside;
            *quoted = true;
        } else if (!*p || (*p == delimiter && !inside)) {
            if (fields.len < CSV_COLUMNS_MAX)
                vec_push(a, &fields, str_arena(&field, a));
            str_clear(&field);
            if (!*p)
                return fields;
        } else {
            str_addc(&field, *p);
        }
    }
}

static const Type *type_of_text(const char *text)
{
    int64_t i;
    double d;
    while (isspace((unsigned char)*text))
        text++;
    if (!*text)
        return &type_null;
    if (str_to_i64(text, &i))
        return &type_long;
    bool digits = strspn(text, "+-.0123456789eE") == strlen(text);
    return digits && str_to_f64(text, &d) ? &type_double : &type_string;
}

/* Columns of every row, when they are as many: 0 otherwise. */
static size_t columns_by(Arena *a, const StrList *lines, char delimiter)
{
    size_t columns = 0;
    bool quoted = false;
    for (size_t i = 0; i < lines->len && i < 100; i++) {
        StrList fields = split(a, lines->at[i], delimiter, &quoted);
        if (columns && fields.len != columns)
            return 0;
        columns = fields.len;
    }
    return columns;
}

static bool may_be_header(const StrList *row)
{
    for (size_t i = 0; i < row->len; i++) {
        const char *name = row->at[i];
        if (!*name && i + 1 == row->len)
            continue;
        if (!*name || strlen(name) >= HEADER_CHARACTERS || type_of_text(name)->kind != TYPE_STRING)
            return false;
    }
    return true;
}

static const char *column_name(Arena *a, const char *text)
{
    char *name = arena_str(a, text);
    for (char *c = name; *c; c++)
        *c = isalnum((unsigned char)*c) || *c == '_' || (unsigned char)*c >= 0x80 ? *c : *c == ' ' ? ' ' : '_';
    return name;
}

bool crawl_infer_csv(Arena *a, const StrList *all, CrawlSchema *schema)
{
    static const char delimiters[] = { ',', '|', '\t', ';', 1 };
    StrList lines = { 0 };
    char best = 0;
    size_t columns = 0;
    for (size_t i = 0; i < all->len; i++)
        if (*all->at[i])
            vec_push(a, &lines, all->at[i]);
    for (size_t i = 0; i < sizeof delimiters; i++) {
        size_t n = columns_by(a, &lines, delimiters[i]);
        if (n > columns) {
            columns = n;
            best = delimiters[i];
        }
    }
    if (columns < 2)
        return false;
    bool quoted = false;
    StrList first = split(a, lines.at[0], best, &quoted);
    const Type **types = ARENA_ARRAY(a, const Type *, columns);
    for (size_t i = 0; i < columns; i++)
        types[i] = &type_null;
    for (size_t i = 1; i < lines.len; i++) {
        StrList row = split(a, lines.at[i], best, &quoted);
        for (size_t j = 0; j < columns && j < row.len; j++)
            types[j] = crawl_merge_types(a, types[j], type_of_text(row.at[j]));
    }
    bool differs = false; /* from the header: a column that is no text */
    for (size_t i = 0; i < columns; i++)
        differs = differs || types[i]->kind == TYPE_LONG || types[i]->kind == TYPE_DOUBLE;
    schema->header = differs && may_be_header(&first);
    for (size_t i = 0; i < columns; i++) {
        const Type *type = schema->header ? types[i] : crawl_merge_types(a, types[i], type_of_text(first.at[i]));
        const char *name = schema->header && *first.at[i] ? column_name(a, first.at[i]) : arena_printf(a, "col%zu", i);
        for (size_t j = 0; j < schema->columns.len; j++)
            if (str_ieq(schema->columns.at[j].name, name))
                name = arena_printf(a, "%s_%zu", name, i);
        vec_push(a, &schema->columns, (CrawlColumn){ glue_lower(a, name), type->kind == TYPE_NULL ? &type_string : type });
    }
    schema->format = CRAWL_CSV;
    schema->delimiter = best;
    schema->quoted = quoted;
    schema->sampled_records = (int64_t)lines.len - schema->header;
    return true;
}

/* --- JSON --- */

static const Type *type_of_value(Arena *a, const Val *v)
{
    const Type *element = &type_null;
    CrawlColumnList columns = { 0 };
    switch (v->kind) {
    case VAL_BOOL: return &type_boolean;
    case VAL_INT: return v->i >= INT32_MIN && v->i <= INT32_MAX ? &type_int : &type_long;
    case VAL_DOUBLE: return &type_double;
    case VAL_STR: return &type_string;
    case VAL_LIST:
        for (size_t i = 0; i < v->len; i++)
            element = crawl_merge_types(a, element, type_of_value(a, v->items[i]));
        return type_array(a, element, true);
    case VAL_MAP: {
        for (size_t i = 0; i < v->len; i++)
            crawl_add_column(a, &columns, v->names[i], type_of_value(a, v->items[i]));
        Field *fields = ARENA_ARRAY(a, Field, columns.len + 1);
        for (size_t i = 0; i < columns.len; i++)
            fields[i] = (Field){ .name = columns.at[i].name, .type = columns.at[i].type, .nullable = true };
        return type_struct(a, fields, columns.len);
    }
    case VAL_NULL:
    case VAL_BLOB:
    case VAL_TIME: break;
    }
    return &type_null;
}

static void add_record(Arena *a, const Val *v, CrawlSchema *schema)
{
    for (size_t i = 0; i < v->len; i++)
        crawl_add_column(a, &schema->columns, v->names[i], type_of_value(a, v->items[i]));
    schema->sampled_records++;
}

/* Nothing but nulls is text. */
static const Type *settled(Arena *a, const Type *t)
{
    if (t->kind == TYPE_NULL)
        return &type_string;
    if (t->kind == TYPE_ARRAY)
        return type_array(a, settled(a, t->element), true);
    if (t->kind != TYPE_STRUCT)
        return t;
    Field *fields = ARENA_ARRAY(a, Field, t->nfields + 1);
    for (size_t i = 0; i < t->nfields; i++)
        fields[i] = (Field){ .name = t->fields[i].name, .type = settled(a, t->fields[i].type), .nullable = true };
    return type_struct(a, fields, t->nfields);
}

static bool finish_json(Arena *a, CrawlSchema *schema)
{
    for (size_t i = 0; i < schema->columns.len; i++)
        schema->columns.at[i].type = settled(a, schema->columns.at[i].type);
    schema->format = schema->columns.len ? CRAWL_JSON : CRAWL_UNKNOWN;
    return schema->columns.len > 0;
}

bool crawl_infer_json(Arena *a, const StrList *lines, const char *whole, CrawlSchema *schema)
{
    Val *v = NULL;
    size_t read = 0, given = 0;
    for (size_t i = 0; i < lines->len; i++) {
        given += *lines->at[i] != 0;
        if (!val_from_json(a, lines->at[i], strlen(lines->at[i]), &v) || v->kind != VAL_MAP)
            break;
        add_record(a, v, schema);
        read++;
    }
    if (read && read == given)
        return finish_json(a, schema);
    schema->columns.len = 0;
    schema->sampled_records = 0;
    if (!whole || !val_from_json(a, whole, strlen(whole), &v) || (v->kind != VAL_MAP && v->kind != VAL_LIST))
        return false;
    if (v->kind == VAL_MAP) {
        add_record(a, v, schema);
        return finish_json(a, schema);
    }
    for (size_t i = 0; i < v->len; i++) {
        if (v->items[i]->kind != VAL_MAP)
            return false;
        add_record(a, v->items[i], schema);
    }
    schema->json_array = true;
    return finish_json(a, schema);
}

/* --- Avro: the header of an object container file holds the schema --- */

typedef struct Bytes {
    const char *at, *end;
    bool broken;
} Bytes;

static int64_t read_long(Bytes *b)
{
    uint64_t n = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (b->at >= b->end)
            break;
        unsigned char byte = (unsigned char)*b->at++;
        n |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return (int64_t)(n >> 1) ^ -(int64_t)(n & 1);
    }
    b->broken = true;
    return 0;
}

static View read_bytes(Bytes *b)
{
    int64_t n = read_long(b);
    if (b->broken || n < 0 || n > b->end - b->at) {
        b->broken = true;
        return (View){ "", 0 };
    }
    View v = { b->at, (size_t)n };
    b->at += n;
    return v;
}

static const Type *avro_type(Arena *a, const Val *v, int depth);

static const Type *avro_named(Arena *a, const char *name, const Val *v, int depth)
{
    const char *logical = v ? val_str(v, "logicalType") : NULL;
    if (str_eq(logical, "decimal"))
        return type_decimal_bounded(a, (int)val_int(v, "precision", 10), (int)val_int(v, "scale", 0));
    if (str_eq(logical, "date"))
        return &type_date;
    if (logical && str_starts(logical, "timestamp-"))
        return &type_timestamp;
    if (str_eq(name, "int"))
        return &type_int;
    if (str_eq(name, "long"))
        return &type_long;
    if (str_eq(name, "float"))
        return &type_float;
    if (str_eq(name, "double"))
        return &type_double;
    if (str_eq(name, "boolean"))
        return &type_boolean;
    if (str_eq(name, "bytes") || str_eq(name, "fixed"))
        return &type_binary;
    if (str_eq(name, "null"))
        return &type_null;
    if (str_eq(name, "array") && val_get(v, "items"))
        return type_array(a, avro_type(a, val_get(v, "items"), depth + 1), true);
    if (str_eq(name, "map") && val_get(v, "values"))
        return type_map(a, &type_string, avro_type(a, val_get(v, "values"), depth + 1), true);
    if (!str_eq(name, "record"))
        return &type_string; /* string, enum */
    const Val *fields = val_get(v, "fields");
    Field *made = ARENA_ARRAY(a, Field, val_len(fields) + 1);
    for (size_t i = 0; i < val_len(fields); i++) {
        const Val *field = val_at(fields, i), *type = val_get(field, "type");
        made[i] = (Field){ .name = val_str(field, "name") ? val_str(field, "name") : "", .type = type ? avro_type(a, type, depth + 1) : &type_string,
                           .nullable = true };
    }
    return type_struct(a, made, val_len(fields));
}

static const Type *avro_type(Arena *a, const Val *v, int depth)
{
    if (depth > AVRO_NESTING)
        return &type_string;
    if (v->kind == VAL_STR)
        return avro_named(a, v->s, NULL, depth);
    if (v->kind == VAL_LIST) {
        const Type *type = &type_null;
        for (size_t i = 0; i < v->len; i++)
            type = crawl_merge_types(a, type, avro_type(a, v->items[i], depth + 1));
        return type;
    }
    const Val *inner = val_get(v, "type");
    if (inner && inner->kind != VAL_STR)
        return avro_type(a, inner, depth + 1);
    return avro_named(a, inner ? inner->s : "", v, depth);
}

bool crawl_infer_avro(Arena *a, const char *bytes, size_t length, CrawlSchema *schema)
{
    Bytes b = { bytes + 4, bytes + length, length < 4 };
    Val *v = NULL;
    for (int64_t count = b.broken ? 0 : read_long(&b); count && !b.broken && !schema->avro; count = read_long(&b)) {
        if (count < 0) {
            read_long(&b); /* the block's bytes */
            count = count < -AVRO_ENTRIES ? AVRO_ENTRIES + 1 : -count;
        }
        if (count > AVRO_ENTRIES)
            return false;
        for (int64_t i = 0; i < count && !b.broken; i++) {
            View key = read_bytes(&b), value = read_bytes(&b);
            if (key.len == strlen("avro.schema") && !memcmp(key.data, "avro.schema", key.len))
                schema->avro = arena_strn(a, value.data, value.len);
        }
    }
    if (b.broken || !schema->avro || !val_from_json(a, schema->avro, strlen(schema->avro), &v) || v->kind != VAL_MAP)
        return false;
    const Type *type = avro_type(a, v, 0);
    for (size_t i = 0; type->kind == TYPE_STRUCT && i < type->nfields; i++)
        crawl_add_column(a, &schema->columns, type->fields[i].name, settled(a, type->fields[i].type));
    schema->format = CRAWL_AVRO;
    return schema->columns.len > 0;
}
