/* warehouse/copy_load.h -- COPY of texts: lines to rows, values to types, errors to stl_load_errors. Codes and words are those of
 * "Load error reference". */
#ifndef WEIR_WAREHOUSE_COPY_LOAD_H
#define WEIR_WAREHOUSE_COPY_LOAD_H
#include "warehouse/process.h"

typedef struct LoadError {
    const char *file, *column, *type, *length, *raw_line, *raw_field, *reason;
    int64_t line;
    int position, code;
} LoadError;

typedef struct LoadOptions {
    bool csv, escape, remove_quotes, blanks_as_null, empty_as_null, truncate, trim_blanks, fill_record, ignore_blank_lines, accept_any_date,
        replace_invalid, no_load;
    char delimiter, quote, invalid_char;
    const char *null_as;           /* NULL: \N */
    const char *date_format, *time_format; /* NULL: "auto" */
    int64_t ignore_header, max_error;
} LoadOptions;

typedef struct Load {
    Execution *x;
    Arena *scratch;                /* of some rows; x->arena: what stays */
    int64_t scratch_rows;
    LoadOptions options;
    const DialectColumn *const *columns; /* targets in order */
    size_t columns_len;
    duckdb_appender appender;
    const char *file;
    int64_t rows, lines;
    VEC(LoadError) errors;
} Load;

/* A row of the file; NULL fields are NULL. A row that does not fit is recorded; ST_RUNTIME when there are too many. */
Status load_row(Load *load, const char *const *fields, const size_t *lengths, size_t count, int64_t line, const char *raw, size_t raw_len, Error *err);
Status load_text_file(Load *load, const char *path, bool gzip, Error *err);
Status load_json_file(Load *load, const char *path, bool gzip, const Val *json_paths, bool ignore_case, Error *err);

#endif
