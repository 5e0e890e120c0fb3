/* back/duckdb/source_scan_json.c -- JSON records to rows. Source: JacksonParser, FailureSafeParser.
 *
 * A value that is not of its field's type makes the record malformed; the rest of it is kept (partial results). */
#include "back/duckdb/convert.h"
#include "back/duckdb/internal.h"
#include "back/duckdb/source_json.h"
#include "back/duckdb/source_scan.h"
#include "back/duckdb/variant.h"

#include <math.h>

/* PARTIAL: malformed inside, but there is a value. */
typedef enum Outcome { GOOD, PARTIAL, BAD } Outcome;

typedef struct Target {
    const Type *type;
    duckdb_vector vector;
    idx_t row;
} Target;

Status scan_json_bind(ScanPlan *plan, Error *err)
{
    plan->json = ARENA_NEW(plan->a, JsonOptions);
    TRY(json_options(&plan->options, plan->json, err));
    plan->single_variant = source_option(&plan->options, "singleVariantColumn") && plan->schema->kind == TYPE_STRUCT;
    return ST_OK;
}

static Outcome write_value(ScanLocal *l, Target t, const JsonNode *n);

static void write_null(Target t)
{
    duckdb_vector_ensure_validity_writable(t.vector);
    duckdb_validity_set_row_invalid(duckdb_vector_get_validity(t.vector), t.row);
    if (t.type->kind == TYPE_STRUCT && !t.type->nfields)
        engine_fill_empty(t.vector, t.row, true);
    for (size_t i = 0; t.type->kind == TYPE_STRUCT && i < t.type->nfields; i++)
        write_null((Target){ t.type->fields[i].type, duckdb_struct_vector_get_child(t.vector, i), t.row });
}

static ScanColumn column_of(Target t)
{
    return (ScanColumn){ .type = t.type, .vector = t.vector, .data = duckdb_vector_get_data(t.vector) };
}

/* ---------------------------------------------------------------- atoms */
static bool view_is(View v, const char *text)
{
    return v.len == strlen(text) && !memcmp(v.data, text, v.len);
}

static bool special_number(View v, double *ret_value)
{
    bool negative = v.len && v.data[0] == '-';
    if (view_is(v, "NaN"))
        *ret_value = NAN;
    else if (view_is(v, "+INF") || view_is(v, "INF") || view_is(v, "-INF") || view_is(v, "Infinity") || view_is(v, "+Infinity") ||
             view_is(v, "-Infinity"))
        *ret_value = negative ? -HUGE_VAL : HUGE_VAL;
    else
        return false;
    return true;
}

static bool write_integer(Target t, const JsonNode *n)
{
    static const int64_t limits[] = { [TYPE_BYTE] = INT8_MAX, [TYPE_SHORT] = INT16_MAX, [TYPE_INT] = INT32_MAX, [TYPE_LONG] = INT64_MAX };
    int64_t value, max = limits[t.type->kind];
    void *data = duckdb_vector_get_data(t.vector);
    /* Jackson's getByteValue also takes 128 … 255. */
    if (n->kind != JSON_INT || !java_integer(n->text, -max - 1, t.type->kind == TYPE_BYTE ? UINT8_MAX : max, &value))
        return false;
    switch (t.type->kind) {
    case TYPE_BYTE: ((int8_t *)data)[t.row] = (int8_t)value; break;
    case TYPE_SHORT: ((int16_t *)data)[t.row] = (int16_t)value; break;
    case TYPE_INT: ((int32_t *)data)[t.row] = (int32_t)value; break;
    default: ((int64_t *)data)[t.row] = value;
    }
    return true;
}

static bool write_real(ScanLocal *l, Target t, const JsonNode *n)
{
    double value;
    float small;
    bool number = n->kind == JSON_INT || n->kind == JSON_FLOAT;
    bool special = (n->kind == JSON_TEXT ? l->plan->json->non_numeric && !view_is(n->text, "INF") : number) && special_number(n->text, &value);
    if (!number && !special)
        return false;
    if (t.type->kind == TYPE_FLOAT) {
        if (special)
            small = (float)value;
        else if (!java_float(n->text, &small))
            return false;
        ((float *)duckdb_vector_get_data(t.vector))[t.row] = small;
        return true;
    }
    if (!special && !java_double(n->text, &value))
        return false;
    ((double *)duckdb_vector_get_data(t.vector))[t.row] = value;
    return true;
}

static bool write_time(ScanLocal *l, Target t, const JsonNode *n)
{
    int64_t us, days;
    int32_t date;
    if (t.type->kind == TYPE_DATE) {
        if (n->kind != JSON_TEXT)
            return false;
        if (!scan_date(l->plan, n->text, &date)) {
            if (l->plan->csv.date_format || !java_integer(n->text, INT32_MIN, INT32_MAX, &days))
                return false;
            date = (int32_t)days; /* days since the epoch, as Spark 1.5 wrote them */
        }
        ((int32_t *)duckdb_vector_get_data(t.vector))[t.row] = date;
        return true;
    }
    if (n->kind == JSON_INT && t.type->kind == TYPE_TIMESTAMP) {
        if (!java_integer(n->text, INT64_MIN / 1000000, INT64_MAX / 1000000, &us))
            return false;
        us *= 1000000;
    } else if (n->kind != JSON_TEXT || !(t.type->kind == TYPE_TIMESTAMP ? scan_timestamp(l->plan, n->text, &us)
                                                                         : scan_timestamp_ntz(l->plan, n->text, &us))) {
        return false;
    }
    ((int64_t *)duckdb_vector_get_data(t.vector))[t.row] = us;
    return true;
}

static bool write_interval(Target t, const JsonNode *n)
{
    void *data = duckdb_vector_get_data(t.vector);
    if (n->kind != JSON_TEXT && (n->kind != JSON_INT || t.type->kind == TYPE_CALENDAR_INTERVAL))
        return false;
    if (t.type->kind == TYPE_CALENDAR_INTERVAL)
        return convert_interval(n->text, (duckdb_interval *)data + t.row);
    return t.type->kind == TYPE_YEAR_MONTH_INTERVAL ? convert_year_month(n->text, t.type->start, t.type->end, (int32_t *)data + t.row)
                                                    : convert_day_time(n->text, t.type->start, t.type->end, (int64_t *)data + t.row);
}

static bool write_decimal(Target t, const JsonNode *n)
{
    i128 unscaled;
    if (n->kind != JSON_INT && n->kind != JSON_FLOAT && n->kind != JSON_TEXT)
        return false;
    if (!java_decimal(n->text, t.type->precision, t.type->scale, &unscaled))
        return false;
    ScanColumn c = column_of(t);
    scan_decimal(&c, t.row, unscaled);
    return true;
}

static bool write_binary(Target t, const JsonNode *n)
{
    void *bytes;
    size_t length;
    arena_auto *a = arena_new();
    if (n->kind != JSON_TEXT || !base64_decode(a, arena_strn(a, n->text.data, n->text.len), &bytes, &length))
        return false;
    duckdb_vector_assign_string_element_len(t.vector, t.row, bytes, length);
    return true;
}

/* The first value of a text. `vector` NULL: it is only looked at. */
static bool write_variant(ScanLocal *l, Target t, View json)
{
    VariantBuilder b;
    str_auto out = STR_INIT(VARIANT_MAX_BYTES);
    variant_begin(&b, l->record_arena);
    bool good = variant_parse(&b, json) && variant_end(&b, &out) && !out.overflow;
    variant_done(&b);
    if (good && t.vector)
        duckdb_vector_assign_string_element_len(t.vector, t.row, str_text(&out), out.len);
    return good;
}

/* ---------------------------------------------------------------- nested */
static size_t count_of(const JsonNode *n)
{
    size_t count = 0;
    for (const JsonNode *item = n->first; item; item = item->next)
        count++;
    return count;
}

static const JsonNode *member(const JsonNode *n, const char *name)
{
    const JsonNode *found = NULL;
    for (const JsonNode *item = n->first; item; item = item->next) {
        if (view_is(item->key, name))
            found = item; /* the last one counts */
    }
    return found;
}

static Outcome worse(Outcome x, Outcome y)
{
    return x > y ? x : y;
}

static Outcome write_struct(ScanLocal *l, Target t, const JsonNode *n)
{
    Outcome outcome = GOOD;
    if (!t.type->nfields)
        engine_fill_empty(t.vector, t.row, false);
    for (size_t i = 0; i < t.type->nfields; i++) {
        Target field = { t.type->fields[i].type, duckdb_struct_vector_get_child(t.vector, i), t.row };
        const JsonNode *value = member(n, t.type->fields[i].name);
        Outcome one = value ? write_value(l, field, value) : GOOD;
        if (!value || one == BAD)
            write_null(field);
        outcome = worse(outcome, one == BAD ? PARTIAL : one);
    }
    return outcome;
}

/* Room for `count` more in a list or map; returns where it begins. */
static idx_t grow(Target t, size_t count)
{
    idx_t from = duckdb_list_vector_get_size(t.vector);
    duckdb_list_vector_reserve(t.vector, from + count);
    duckdb_list_vector_set_size(t.vector, from + count);
    ((duckdb_list_entry *)duckdb_vector_get_data(t.vector))[t.row] = (duckdb_list_entry){ .offset = from, .length = count };
    return from;
}

static Outcome write_list(ScanLocal *l, Target t, const JsonNode *n)
{
    idx_t at = grow(t, count_of(n));
    Outcome outcome = GOOD;
    for (const JsonNode *item = n->first; item; item = item->next, at++) {
        Target element = { t.type->element, duckdb_list_vector_get_child(t.vector), at };
        Outcome one = write_value(l, element, item);
        if (one == BAD)
            write_null(element);
        outcome = worse(outcome, one);
    }
    return outcome;
}

static Outcome write_map(ScanLocal *l, Target t, const JsonNode *n)
{
    idx_t at = grow(t, count_of(n));
    Outcome outcome = GOOD;
    for (const JsonNode *item = n->first; item; item = item->next, at++) {
        duckdb_vector entries = duckdb_list_vector_get_child(t.vector);
        ScanColumn key = { .vector = duckdb_struct_vector_get_child(entries, 0) };
        Target value = { t.type->element, duckdb_struct_vector_get_child(entries, 1), at };
        scan_string(l, &key, at, item->key);
        Outcome one = write_value(l, value, item);
        if (one == BAD)
            write_null(value);
        outcome = worse(outcome, one);
    }
    return outcome;
}

static Outcome write_value(ScanLocal *l, Target t, const JsonNode *n)
{
    bool good;
    bool *flags;
    if (t.type->kind == TYPE_VARIANT)
        return write_variant(l, t, n->raw) ? GOOD : BAD;
    if (n->kind == JSON_NULLS) {
        write_null(t);
        return GOOD;
    }
    switch (t.type->kind) {
    case TYPE_NULL: return BAD;
    case TYPE_BOOLEAN:
        good = n->kind == JSON_BOOL;
        flags = duckdb_vector_get_data(t.vector);
        flags[t.row] = n->text.data[0] == 't';
        break;
    case TYPE_BYTE: case TYPE_SHORT: case TYPE_INT: case TYPE_LONG: good = write_integer(t, n); break;
    case TYPE_FLOAT: case TYPE_DOUBLE: good = write_real(l, t, n); break;
    case TYPE_DECIMAL: good = write_decimal(t, n); break;
    case TYPE_DATE: case TYPE_TIMESTAMP: case TYPE_TIMESTAMP_NTZ: good = write_time(l, t, n); break;
    case TYPE_BINARY: good = write_binary(t, n); break;
    case TYPE_CALENDAR_INTERVAL: case TYPE_YEAR_MONTH_INTERVAL: case TYPE_DAY_TIME_INTERVAL: good = write_interval(t, n); break;
    case TYPE_STRUCT: return n->kind == JSON_OBJ ? write_struct(l, t, n) : BAD;
    case TYPE_MAP: return n->kind == JSON_OBJ ? write_map(l, t, n) : BAD;
    case TYPE_ARRAY: return n->kind == JSON_LIST ? write_list(l, t, n) : BAD;
    default: {
        ScanColumn c = column_of(t);
        scan_string(l, &c, t.row, n->text);
        good = true;
    }
    }
    return good ? GOOD : BAD;
}

/* ---------------------------------------------------------------- rows */
/* One object into `row`; NULL: no value at all. False when the record is malformed. */
static bool write_row(ScanLocal *l, const JsonNode *n, idx_t row)
{
    bool good = n && n->kind == JSON_OBJ;
    for (size_t i = 0; i < l->ncolumns; i++) {
        ScanColumn *c = &l->columns[i];
        Target t = { c->type, c->vector, row };
        const JsonNode *value = n && n->kind == JSON_OBJ ? member(n, l->plan->schema->fields[c->field].name) : NULL;
        scan_not_null(c, row);
        Outcome outcome = value ? write_value(l, t, value) : GOOD;
        if (!value || outcome == BAD)
            write_null(t);
        good = good && outcome == GOOD;
    }
    return good;
}

/* ---------------------------------------------------------------- from_json */
void scan_json_null(const Type *t, duckdb_vector output, idx_t row)
{
    write_null((Target){ t, output, row });
}

/* A struct's fields are null one by one: the struct itself is there. */
static void empty_struct(const Type *t, duckdb_vector output, idx_t row)
{
    if (!t->nfields)
        engine_fill_empty(output, row, false);
    for (size_t i = 0; i < t->nfields; i++)
        write_null((Target){ t->fields[i].type, duckdb_struct_vector_get_child(output, i), row });
}

bool scan_json_text(ScanLocal *l, View text, duckdb_vector output, idx_t row, bool *ret_null)
{
    const Type *t = l->plan->schema;
    Target target = { t, output, row };
    JsonNode *n;
    bool parsed = json_parse(l->record_arena, l->plan->json, text, &n);
    *ret_null = parsed && (!n || (n->kind == JSON_NULLS && t->kind != TYPE_STRUCT && t->kind != TYPE_VARIANT));
    if (*ret_null) {
        write_null(target);
        return true;
    }
    if (parsed && t->kind == TYPE_ARRAY && t->element->kind == TYPE_STRUCT && n->kind == JSON_OBJ) { /* one object is a list of it */
        JsonNode *list = ARENA_NEW(l->record_arena, JsonNode);
        *list = (JsonNode){ .kind = JSON_LIST, .raw = n->raw, .text = n->text, .first = n };
        n->next = NULL;
        n = list;
    }
    if (parsed && n->kind == JSON_NULLS && t->kind == TYPE_STRUCT) {
        empty_struct(t, output, row);
        return true;
    }
    Outcome outcome = parsed ? write_value(l, target, n) : BAD;
    if (outcome == BAD && t->kind == TYPE_STRUCT)
        empty_struct(t, output, row);
    else if (outcome == BAD)
        write_null(target);
    return outcome == GOOD;
}

/* singleVariantColumn: the record is the value. */
static bool write_single(ScanLocal *l, View record, idx_t row)
{
    Target t = { .type = &type_variant, .vector = l->ncolumns ? l->columns[0].vector : NULL, .row = row };
    bool good = write_variant(l, t, record);
    if (t.vector && good)
        scan_not_null(&l->columns[0], row);
    else if (t.vector)
        write_null(t);
    return good;
}

static Status add_row(ScanLocal *l, const JsonNode *n, View record, idx_t *row, Error *err)
{
    bool good = l->plan->single_variant ? write_single(l, record, *row) : write_row(l, n, *row) && !l->left_malformed;
    if (!good && l->plan->csv.mode == MODE_FAILFAST)
        return scan_malformed(l, err);
    if (!good && l->plan->csv.mode == MODE_DROPMALFORMED)
        return ST_OK;
    if (l->corrupt.vector) {
        scan_not_null(&l->corrupt, *row);
        if (good)
            scan_null(&l->corrupt, *row);
        else
            scan_string(l, &l->corrupt, *row, record);
    }
    (*row)++;
    return ST_OK;
}

static bool of_records(const JsonNode *list)
{
    for (const JsonNode *item = list->first; item; item = item->next)
        if (item->kind != JSON_OBJ)
            return false;
    return true;
}

/* Rows of a record: an array of objects is as many. Rows that find no room stay in l->left. */
static Status add_record(ScanLocal *l, View record, idx_t *row, Error *err)
{
    JsonNode *n;
    arena_free(l->record_arena);
    l->record_arena = arena_new();
    l->record = record;
    l->left = NULL;
    l->left_malformed = false;
    if (l->plan->single_variant)
        return trim_all(record).len ? add_row(l, NULL, record, row, err) : ST_OK;
    if (!json_parse(l->record_arena, l->plan->json, record, &n))
        return add_row(l, NULL, record, row, err);
    if (n && n->kind == JSON_LIST && !of_records(n))
        return add_row(l, NULL, record, row, err);
    if (n && n->kind == JSON_LIST)
        for (const JsonNode *item = l->left = n->first; item; item = item->next) /* one that is malformed makes all of them so */
            l->left_malformed = !write_row(l, item, *row) || l->left_malformed;
    else if (n)
        return add_row(l, n, record, row, err);
    return ST_OK;
}

static Status next_record(ScanLocal *l, View *ret_record, bool *ret_done, Error *err)
{
    if (!l->plan->csv.multi_line)
        return scan_line(l, ret_record, ret_done, err);
    *ret_done = l->text_taken;
    if (!l->text_taken) {
        char *text;
        TRY(scan_whole(l, &text, &ret_record->len, err));
        ret_record->data = text;
        l->text_taken = true;
    }
    return ST_OK;
}

Status scan_json(ScanLocal *l, idx_t row, idx_t room, idx_t *ret_row, Error *err)
{
    while (row < room) {
        if (l->left) {
            const JsonNode *n = l->left;
            l->left = n->next;
            TRY(add_row(l, n, l->record, &row, err));
            continue;
        }
        View record;
        bool done;
        TRY(next_record(l, &record, &done, err));
        if (done) {
            l->active = false;
            break;
        }
        TRY(add_record(l, record, &row, err));
    }
    *ret_row = row;
    return ST_OK;
}
