/* back/duckdb/source_csv.h -- Spark's CSV dialect: its options, and records taken apart as the univocity parser does it.
 *
 * A record is one line (or, with multiLine, runs over lines inside quotes). What stands between quotes is a value even when it
 * is empty; nothing at all gives the option nullValue, "" the option emptyValue. A quote that is not closed, or is followed by
 * other text, is kept as text up to the next separator.
 * Source: CSVOptions, CSVExprUtils, com.univocity.parsers.csv.CsvParser 2.9.1 with Spark's settings. */
#ifndef WEIR_BACK_DUCKDB_SOURCE_CSV_H
#define WEIR_BACK_DUCKDB_SOURCE_CSV_H
#include "back/duckdb/pattern.h"
#include "back/duckdb/zone.h"
#include "ir/node.h"

typedef enum ParseMode { MODE_PERMISSIVE, MODE_DROPMALFORMED, MODE_FAILFAST } ParseMode;

typedef struct CsvOptions {
    const char *sep;              /* one or more bytes */
    size_t sep_len;
    char quote, escape, escape_escape, comment; /* 0: none */
    bool header, infer, trim_left, trim_right, multi_line, prefer_date, enforce_schema;
    bool stop_at_closing_quote;   /* an unescaped quote ends at the next quote, not at the next separator */
    View null_value, empty_value, nan, positive_inf, negative_inf, line_sep;
    const char *corrupt;          /* columnNameOfCorruptRecord */
    const char *encoding;         /* NULL: UTF-8 */
    ParseMode mode;
    const Zone *zone;
    const Pattern *date_format, *timestamp_format, *ntz_format; /* NULL: not given */
    bool lenient_dates;           /* dates of dateFormat read as timestamps by the default rules too */
    int64_t max_columns, max_chars; /* max_chars -1: no limit */
} CsvOptions;

/* ST_INVALID for a value that the option does not have, ST_UNSUPPORTED for an option that weir does not do. */
Status csv_options(Arena *a, const KeyValueList *options, const char *time_zone, CsvOptions *ret_options, Error *err);
/* ST_UNSUPPORTED: the option, which JSON has too, is not done for CSV. */
Status csv_no_single_variant(const KeyValueList *options, Error *err);
/* CSVExprUtils: a line that is neither blank nor a comment. */
bool csv_line_counts(const CsvOptions *o, View line);

/* The values of one record. They point into the record's text or into `scratch`: good until the next record. */
typedef struct CsvField {
    const char *text;
    size_t len;
    bool in_scratch; /* `text` is an offset until the record is complete */
} CsvField;
typedef struct CsvParser {
    const CsvOptions *o;
    CsvField *fields;
    size_t nfields, cap;
    char *scratch;
    size_t scratch_len, scratch_cap;
    /* the record that is being parsed */
    const char *at, *end;
    size_t begin;                 /* of the value in scratch */
    int ch, prev;
    bool unescaped, trim, too_many;
} CsvParser;

void csv_parser_init(CsvParser *p, const CsvOptions *o);
void csv_parser_done(CsvParser *p);
#define csv_parser_auto __attribute__((cleanup(csv_parser_done))) CsvParser
/* Parses the record at *at (before `end`) and moves *at behind it. False when there is none left: only blanks, comments. */
bool csv_record(CsvParser *p, const char **at, const char *end);
/* multiLine: line ends as the first one in the text become \n, in place; gives the new length. */
size_t csv_normalize(const CsvOptions *o, char *text, size_t length);

#endif
