/* back/duckdb/source_scan_csv.c -- CSV records to rows, malformed ones by the mode. Source: UnivocityParser, FailureSafeParser. */
#include "back/duckdb/convert.h"
#include "back/duckdb/internal.h"
#include "back/duckdb/source_scan.h"

#include <math.h>

static bool view_is(View v, View other)
{
    return v.len == other.len && !memcmp(v.data, other.data, v.len);
}

static bool floating(const CsvOptions *o, View v, double *ret_value)
{
    if (view_is(v, o->nan))
        *ret_value = NAN;
    else if (view_is(v, o->positive_inf))
        *ret_value = HUGE_VAL;
    else if (view_is(v, o->negative_inf))
        *ret_value = -HUGE_VAL;
    else
        return false;
    return true;
}

static bool integral(ScanColumn *c, idx_t row, View v)
{
    static const int64_t limits[] = { [TYPE_BYTE] = INT8_MAX, [TYPE_SHORT] = INT16_MAX, [TYPE_INT] = INT32_MAX, [TYPE_LONG] = INT64_MAX };
    int64_t n, max = limits[c->type->kind];
    if (!java_integer(v, -max - 1, max, &n))
        return false;
    switch (c->type->kind) {
    case TYPE_BYTE: ((int8_t *)c->data)[row] = (int8_t)n; break;
    case TYPE_SHORT: ((int16_t *)c->data)[row] = (int16_t)n; break;
    case TYPE_INT: ((int32_t *)c->data)[row] = (int32_t)n; break;
    default: ((int64_t *)c->data)[row] = n;
    }
    return true;
}

/* ExprUtils.getDecimalParser for the US: commas do not count. */
static bool decimal(ScanLocal *l, ScanColumn *c, idx_t row, View v)
{
    i128 unscaled;
    if (memchr(v.data, ',', v.len)) {
        str_clear(&l->scratch);
        for (size_t i = 0; i < v.len; i++) {
            if (v.data[i] != ',')
                str_addc(&l->scratch, v.data[i]);
        }
        v = (View){ str_text(&l->scratch), l->scratch.len };
    }
    if (!java_decimal(v, c->type->precision, c->type->scale, &unscaled))
        return false;
    scan_decimal(c, row, unscaled);
    return true;
}

/* False: not a value of the column's type. */
static bool convert(ScanLocal *l, ScanColumn *c, idx_t row, View v)
{
    const CsvOptions *o = &l->plan->csv;
    double real;
    switch (c->type->kind) {
    case TYPE_BYTE: case TYPE_SHORT: case TYPE_INT: case TYPE_LONG: return integral(c, row, v);
    case TYPE_DOUBLE: return floating(o, v, (double *)c->data + row) || java_double(v, (double *)c->data + row);
    case TYPE_FLOAT:
        if (!floating(o, v, &real))
            return java_float(v, (float *)c->data + row);
        ((float *)c->data)[row] = (float)real;
        return true;
    case TYPE_BOOLEAN: return java_boolean(v, (bool *)c->data + row);
    case TYPE_DECIMAL: return decimal(l, c, row, v);
    case TYPE_DATE: return scan_date(l->plan, v, (int32_t *)c->data + row);
    case TYPE_TIMESTAMP: return scan_timestamp(l->plan, v, (int64_t *)c->data + row);
    case TYPE_TIMESTAMP_NTZ: return scan_timestamp_ntz(l->plan, v, (int64_t *)c->data + row);
    case TYPE_CALENDAR_INTERVAL: return convert_interval(v, (duckdb_interval *)c->data + row);
    case TYPE_YEAR_MONTH_INTERVAL: return convert_year_month(v, c->type->start, c->type->end, (int32_t *)c->data + row);
    case TYPE_DAY_TIME_INTERVAL: return convert_day_time(v, c->type->start, c->type->end, (int64_t *)c->data + row);
    case TYPE_BINARY: duckdb_vector_assign_string_element_len(c->vector, row, v.data, v.len); return true;
    default: scan_string(l, c, row, v); return true;
    }
}

/* Where a field's value stands in a record: the corrupt record's column is not in the files. */
static size_t token_of(const ScanPlan *plan, size_t field)
{
    return field - (field > plan->corrupt);
}

/* One record into `row`; false when it is malformed. */
bool scan_csv_record(ScanLocal *l, idx_t row)
{
    const ScanPlan *plan = l->plan;
    const CsvParser *p = &l->csv;
    size_t expected = plan->schema->nfields - (plan->corrupt < plan->schema->nfields);
    bool good = l->pruned || p->nfields == expected;
    for (size_t i = 0; i < l->ncolumns; i++) {
        ScanColumn *c = &l->columns[i];
        size_t token = token_of(plan, c->field);
        scan_not_null(c, row);
        if (token >= p->nfields) {
            scan_null(c, row);
            continue;
        }
        View v = { p->fields[token].text, p->fields[token].len };
        if (view_is(v, plan->csv.null_value)) {
            scan_null(c, row);
        } else if (!convert(l, c, row, v)) {
            scan_null(c, row);
            good = false;
        }
    }
    return good;
}

static Status too_large(const ScanLocal *l, Error *err)
{
    const CsvParser *p = &l->csv;
    if (p->too_many)
        return scan_malformed(l, err);
    for (size_t i = 0; l->plan->csv.max_chars >= 0 && i < p->nfields; i++) {
        if (p->fields[i].len > (size_t)l->plan->csv.max_chars)
            return scan_malformed(l, err);
    }
    return ST_OK;
}

/* The record is parsed: makes its row, unless the mode drops it. */
static Status add_record(ScanLocal *l, View record, idx_t *row, Error *err)
{
    TRY(too_large(l, err));
    bool good = scan_csv_record(l, *row);
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

/* The header of a file says other names than the schema (enforceSchema off). */
static Status check_header(const ScanLocal *l, Error *err)
{
    const ScanPlan *plan = l->plan;
    size_t n = plan->schema->nfields - (plan->corrupt < plan->schema->nfields);
    if (plan->csv.enforce_schema)
        return ST_OK;
    bool same = l->csv.nfields == n;
    for (size_t i = 0; same && i < plan->schema->nfields; i++) {
        const CsvField *f = &l->csv.fields[token_of(plan, i)];
        const char *name = plan->schema->fields[i].name;
        same = i == plan->corrupt || (strlen(name) == f->len && !strncasecmp(name, f->text, f->len));
    }
    return same ? ST_OK
                : FAIL_CODE(err, ST_RUNTIME, "FAILED_READ_FILE.NO_HINT", "CSV header does not conform to the schema. CSV file: %s",
                            l->file->uri);
}

static Status scan_lines(ScanLocal *l, idx_t row, idx_t room, idx_t *ret_row, Error *err)
{
    const CsvOptions *o = &l->plan->csv;
    bool empty = !l->ncolumns && !l->corrupt.vector;
    while (row < room) {
        View line;
        bool done;
        TRY(scan_line(l, &line, &done, err));
        if (done) {
            l->active = false;
            break;
        }
        if (!csv_line_counts(o, line))
            continue;
        const char *at = line.data;
        bool header = l->at_start && o->header;
        l->at_start = false;
        if (empty && !header) { /* no column is asked for: a line is a row */
            row++;
            continue;
        }
        if (!csv_record(&l->csv, &at, line.data + line.len))
            l->csv.nfields = 0;
        if (header)
            TRY(check_header(l, err));
        else
            TRY(add_record(l, line, &row, err));
    }
    *ret_row = row;
    return ST_OK;
}

/* multiLine */
static Status scan_records(ScanLocal *l, idx_t row, idx_t room, idx_t *ret_row, Error *err)
{
    if (!l->text_taken) {
        char *text;
        size_t length;
        TRY(scan_whole(l, &text, &length, err));
        l->at = text;
        l->end = text + csv_normalize(&l->plan->csv, text, length);
        l->text_taken = true;
        if (l->plan->csv.header && csv_record(&l->csv, &l->at, l->end))
            TRY(check_header(l, err));
    }
    while (row < room) {
        while (l->at < l->end && *l->at == '\n')
            l->at++;
        const char *start = l->at;
        if (!csv_record(&l->csv, &l->at, l->end)) {
            l->active = false;
            break;
        }
        View record = { start, (size_t)(l->at - start) };
        while (record.len && record.data[record.len - 1] == '\n')
            record.len--;
        TRY(add_record(l, record, &row, err));
    }
    *ret_row = row;
    return ST_OK;
}

Status scan_csv(ScanLocal *l, idx_t row, idx_t room, idx_t *ret_row, Error *err)
{
    return l->plan->csv.multi_line ? scan_records(l, row, room, ret_row, err) : scan_lines(l, row, room, ret_row, err);
}
