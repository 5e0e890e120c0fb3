/* back/duckdb/source_scan_xml.c -- XML records to rows, and from_xml. Source: StaxXmlParser, StaxXMLRecordReader, FailureSafeParser.
 *
 * A file is read as one text from start to end; where it is no XML, reading ends with a row that holds all of the file as the corrupt record,
 * as does a row with a value that does not fit. A value of a record's own attributes or text that does not fit ends the query. */
#include "back/duckdb/internal.h"
#include "back/duckdb/source_xml_value.h"

#include <stdlib.h>

/* What Spark reads and weir does not, and arrays of arrays, with which Spark's reader fails at the first value. */
static Status check_readable(const Type *t, Error *err)
{
    if (t->kind == TYPE_NULL)
        return source_unsupported(err, "VOID columns of XML");
    if (t->kind == TYPE_ARRAY && t->element->kind == TYPE_ARRAY)
        return source_unsupported(err, "arrays of arrays of XML");
    for (size_t i = 0; t->kind == TYPE_STRUCT && i < t->nfields; i++)
        TRY(check_readable(t->fields[i].type, err));
    return t->element ? check_readable(t->element, err) : ST_OK;
}

Status scan_xml_bind(ScanPlan *plan, bool format, const char *zone, Error *err)
{
    plan->xml = ARENA_NEW(plan->a, XmlOptions);
    TRY(xml_options(plan->a, &plan->options, format, plan->xml, err));
    plan->single_variant = format && source_option(&plan->options, "singleVariantColumn");
    if (strcmp(plan->format, "to_xml") != 0)
        TRY(check_readable(plan->schema, err));
    return xml_common(plan->a, plan->xml, &plan->options, zone, &plan->csv, err);
}

/* ---------------------------------------------------------------- rows */
static void put_row(ScanLocal *l, const XmlValue *record, XmlOutcome outcome, idx_t row, View text)
{
    for (size_t i = 0; i < l->ncolumns; i++) {
        ScanColumn *c = &l->columns[i];
        XmlValue none = { 0 };
        scan_not_null(c, row);
        xml_write(l, c->type, outcome == XML_BAD ? &none : &record->items[i], c->vector, row);
    }
    if (!l->corrupt.vector)
        return;
    scan_not_null(&l->corrupt, row);
    if (outcome == XML_GOOD)
        scan_null(&l->corrupt, row);
    else
        scan_string(l, &l->corrupt, row, text);
}

static Status add_row(ScanLocal *l, const XmlValue *record, XmlOutcome outcome, View text, idx_t *row, Error *err)
{
    if (outcome != XML_GOOD && l->plan->csv.mode == MODE_FAILFAST)
        return scan_malformed(l, err);
    if (outcome != XML_GOOD && l->plan->csv.mode == MODE_DROPMALFORMED)
        return ST_OK;
    put_row(l, record, outcome, (*row)++, text);
    return ST_OK;
}

/* The columns that are asked for, as the struct to read. */
static const Type *asked_for(ScanLocal *l)
{
    Field *fields = ARENA_ARRAY(l->record_arena, Field, l->ncolumns + 1);
    for (size_t i = 0; i < l->ncolumns; i++)
        fields[i] = l->plan->schema->fields[l->columns[i].field];
    return type_struct(l->record_arena, fields, l->ncolumns);
}

/* A record whose start was taken. */
static XmlOutcome read_record(ScanLocal *l, XmlReader *r, const XmlToken *start, XmlValue *ret)
{
    if (!l->plan->single_variant)
        return xml_read_struct(l->plan, r, asked_for(l), start, ret);
    *ret = (XmlValue){ .set = true, .items = ARENA_NEW(r->a, XmlValue), .n = 1 };
    ret->items->set = xml_read_variant(l->plan->xml, r, start, &ret->items->text);
    r->failed = r->failed || !ret->items->set;
    return ret->items->set ? XML_GOOD : XML_BAD;
}

static void fresh_record(ScanLocal *l)
{
    arena_free(l->record_arena);
    l->record_arena = arena_new();
}

static Status scan_lines(ScanLocal *l, idx_t row, idx_t room, idx_t *ret_row, Error *err)
{
    while (row < room) {
        View line;
        bool done;
        TRY(scan_line(l, &line, &done, err));
        if (done) {
            l->active = false;
            break;
        }
        xml_reader_auto r = { 0 };
        XmlValue record;
        fresh_record(l);
        xml_reader_init(&r, l->record_arena, line);
        XmlToken start = utf8_valid(line.data, line.len) ? xml_next(&r) : (XmlToken){ .kind = XML_FAILED };
        XmlOutcome outcome = start.kind == XML_START ? read_record(l, &r, &start, &record) : XML_BAD;
        TRY(add_row(l, &record, outcome, line, &row, err));
    }
    *ret_row = row;
    return ST_OK;
}

static Status open_text(ScanLocal *l, Error *err)
{
    char *text;
    size_t length;
    TRY(scan_whole(l, &text, &length, err));
    TRY(xml_decode(l->text_arena, l->file->uri, (View){ text, length }, &l->record, err));
    l->text_taken = true;
    xml_reader_close(l->xml);
    l->xml = calloc(1, sizeof *l->xml);
    if (!l->xml)
        abort();
    xml_reader_init(l->xml, NULL, l->record);
    return ST_OK;
}

/* One record, or the file's end. */
static Status next_row(ScanLocal *l, idx_t *row, Error *err)
{
    XmlReader *r = l->xml;
    XmlToken start;
    XmlValue record = { 0 };
    fresh_record(l);
    r->a = l->record_arena; /* a record ends with the token of its end: none of the old arena is left */
    if (!xml_next_record(l->plan->xml, r, &start)) {
        l->active = false;
        return r->failed && !r->ended ? add_row(l, &record, XML_BAD, l->record, row, err) : ST_OK;
    }
    XmlOutcome outcome = read_record(l, r, &start, &record);
    if (outcome == XML_BAD && !r->failed)
        return scan_malformed(l, err);
    l->active = !r->failed;
    return add_row(l, &record, outcome, l->record, row, err);
}

Status scan_xml(ScanLocal *l, idx_t row, idx_t room, idx_t *ret_row, Error *err)
{
    if (!l->plan->xml->multi_line)
        return scan_lines(l, row, room, ret_row, err);
    if (!l->text_taken)
        TRY(open_text(l, err));
    while (row < room && l->active)
        TRY(next_row(l, &row, err));
    *ret_row = row;
    return ST_OK;
}

void xml_reader_close(XmlReader *r)
{
    if (r)
        xml_reader_done(r);
    free(r);
}

/* ---------------------------------------------------------------- from_xml */
bool scan_xml_text(ScanLocal *l, View text, duckdb_vector output, idx_t row)
{
    const Type *t = l->plan->schema;
    xml_reader_auto r = { 0 };
    XmlValue record = { 0 };
    xml_reader_init(&r, l->record_arena, text);
    XmlToken start = utf8_valid(text.data, text.len) ? xml_next(&r) : (XmlToken){ .kind = XML_FAILED };
    if (t->kind == TYPE_VARIANT) {
        record.set = start.kind == XML_START && xml_read_variant(l->plan->xml, &r, &start, &record.text);
        xml_write(l, t, &record, output, row);
        return record.set;
    }
    XmlOutcome outcome = start.kind == XML_START ? xml_read_struct(l->plan, &r, t, &start, &record) : XML_BAD;
    for (size_t i = 0; i < t->nfields; i++) {
        XmlValue none = { 0 };
        xml_write(l, t->fields[i].type, outcome == XML_BAD ? &none : &record.items[i], duckdb_struct_vector_get_child(output, i), row);
    }
    return outcome == XML_GOOD;
}
