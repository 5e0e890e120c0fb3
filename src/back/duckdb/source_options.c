/* back/duckdb/source_options.c -- a reader's options: looked up without case, read as Spark reads them. */
#include "back/duckdb/internal.h"
#include "back/duckdb/source_internal.h"
#include "base/limits.h"

#include <stdio.h>
#include <unicode/ucnv.h>

const char *source_option(const KeyValueList *options, const char *name)
{
    const char *value = NULL;
    for (size_t i = 0; options && i < options->len; i++) {
        if (str_ieq(options->at[i].key, name))
            value = options->at[i].value; /* the last one counts */
    }
    return value;
}

static const char *either(const KeyValueList *options, const char *name, const char *other)
{
    const char *value = source_option(options, name);
    return value ? value : source_option(options, other);
}

Status source_unsupported(Error *err, const char *what)
{
    Status status = FAIL_CODE(err, ST_UNSUPPORTED, "UNSUPPORTED_FEATURE.WEIR", "The feature is not supported: %s.", what);
    if (err)
        snprintf(err->sqlstate, sizeof err->sqlstate, "0A000");
    return status;
}

Status source_bool(const KeyValueList *options, const char *name, bool absent, bool *ret_value, Error *err)
{
    const char *value = source_option(options, name);
    if (value && !str_ieq(value, "true") && !str_ieq(value, "false"))
        return FAIL_CODE(err, ST_INVALID, "", "%s flag can be true or false.", name);
    *ret_value = value ? str_ieq(value, "true") : absent;
    return ST_OK;
}

static Status one_char(const KeyValueList *options, const char *name, char absent, char *ret_char, Error *err)
{
    const char *value = source_option(options, name);
    if (value && (unsigned char)value[0] >= 0x80)
        return source_unsupported(err, "a quote, escape or comment character that is not ASCII");
    if (value && value[0] && value[1])
        return FAIL_CODE(err, ST_INVALID, "_LEGACY_ERROR_TEMP_2145", "%s cannot be more than one character.", name);
    *ret_char = value ? value[0] : absent;
    return ST_OK;
}

static View view_option(const KeyValueList *options, const char *name, const char *absent)
{
    const char *value = source_option(options, name);
    return VIEW(value ? value : absent);
}

/* CSVExprUtils.toDelimiterStr: \t and its like. */
static Status separator(Arena *a, const char *text, CsvOptions *o, Error *err)
{
    static const char from[] = "trbf\\\"'", to[] = "\t\r\b\f\\\"'";
    str_auto out = STR_INIT(LIMIT_NAME);
    if (!*text)
        return FAIL_CODE(err, ST_INVALID, "INVALID_DELIMITER_VALUE.EMPTY_STRING",
                         "[INVALID_DELIMITER_VALUE.EMPTY_STRING] Invalid value for delimiter. Delimiter cannot be empty string.");
    if (!strcmp(text, "\\"))
        return FAIL_CODE(err, ST_INVALID, "INVALID_DELIMITER_VALUE.SINGLE_BACKSLASH",
                         "[INVALID_DELIMITER_VALUE.SINGLE_BACKSLASH] Invalid value for delimiter. Single backslash is prohibited. "
                         "It has special meaning as beginning of an escape sequence. To get the backslash character, pass a "
                         "string with two backslashes as the delimiter.");
    for (; *text; text++) {
        const char *known = *text == '\\' && text[1] ? strchr(from, text[1]) : NULL;
        if (*text != '\\') {
            str_addc(&out, *text);
            continue;
        }
        if (!known)
            return source_unsupported(err, "this escape sequence in the option sep");
        str_addc(&out, to[known - from]);
        text++;
    }
    o->sep = str_arena(&out, a);
    o->sep_len = out.len;
    return ST_OK;
}

static Status parse_mode(const KeyValueList *options, ParseMode *ret_mode)
{
    const char *mode = source_option(options, "mode");
    *ret_mode = mode && str_ieq(mode, "DROPMALFORMED") ? MODE_DROPMALFORMED
              : mode && str_ieq(mode, "FAILFAST")      ? MODE_FAILFAST
                                                       : MODE_PERMISSIVE;
    return ST_OK; /* unknown ones are PERMISSIVE, as in Spark */
}

static Status refuse(const KeyValueList *options, Error *err)
{
    static const char *const names[] = { "locale", "charToEscapeQuoteEscaping" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = source_option(options, names[i]);
        if (value && !(i == 0 && str_ieq(value, "en-US"))) {
            char what[64];
            snprintf(what, sizeof what, "the option %s of the reader", names[i]);
            return source_unsupported(err, what);
        }
    }
    const char *ratio = source_option(options, "samplingRatio");
    double number;
    if (ratio && (!str_to_f64(ratio, &number) || number <= 0 || number > 1))
        return FAIL_CODE(err, ST_INVALID, "", "samplingRatio (%s) should be greater than 0", ratio);
    if (ratio && number < 1 && str_ieq(source_option(options, "inferSchema"), "true"))
        return source_unsupported(err, "samplingRatio below 1");
    if (str_ieq(source_option(options, SOURCE_TIMESTAMP_TYPE), "TIMESTAMP_NTZ") && str_ieq(source_option(options, "inferSchema"), "true"))
        return source_unsupported(err, "inferSchema with spark.sql.timestampType TIMESTAMP_NTZ");
    return ST_OK;
}

/* Options that would change what is read or written, and that weir does not do: each with the value that asks for nothing else
 * than what is done (NULL: none). */
static const struct {
    const char *format, *name, *done;
} not_done[] = {
    { "parquet", "datetimeRebaseMode", "CORRECTED" },
    { "parquet", "int96RebaseMode", "CORRECTED" },
    { "avro", "datetimeRebaseMode", "CORRECTED" },
    { "avro", "ignoreExtension", "true" },
    { "avro", "enableStableIdentifiersForUnionType", "false" },
    { "avro", "recursiveFieldMaxDepth", "-1" },
    { "avro", "avroSchemaUrl", NULL },
    { "csv", "enableDateTimeParsingFallback", "false" },
    { "json", "enableDateTimeParsingFallback", "false" },
    { "json", "writeNonAsciiCharacterAsCodePoint", "false" },
    { "csv", "extension", "csv" },
};

Status source_refuse_options(const char *format, const KeyValueList *options, Error *err)
{
    for (size_t i = 0; i < sizeof not_done / sizeof *not_done; i++) {
        const char *value = strcmp(not_done[i].format, format) ? NULL : source_option(options, not_done[i].name);
        if (!value || str_ieq(value, not_done[i].done))
            continue;
        char what[ERROR_CODE_BYTES];
        snprintf(what, sizeof what, "the value '%.40s' of the option %s", value, not_done[i].name);
        return source_unsupported(err, what);
    }
    return ST_OK;
}

Status csv_no_single_variant(const KeyValueList *options, Error *err)
{
    return source_option(options, "singleVariantColumn") ? source_unsupported(err, "the option singleVariantColumn of CSV") : ST_OK;
}

/* CharsetProvider: what Spark 4 takes. */
static Status charset(const char *name, const char **ret_encoding, Error *err)
{
    static const char *const names[] = { "iso-8859-1", "us-ascii", "utf-16", "utf-16be", "utf-16le", "utf-32", "utf-8" };
    for (size_t i = 0; name && i < sizeof names / sizeof *names; i++) {
        if (str_ieq(names[i], name)) {
            *ret_encoding = strcmp(names[i], "utf-8") ? names[i] : NULL;
            return ST_OK;
        }
    }
    *ret_encoding = NULL;
    if (!name)
        return ST_OK;
    return FAIL_CODE(err, ST_INVALID, "INVALID_PARAMETER_VALUE.CHARSET",
                     "[INVALID_PARAMETER_VALUE.CHARSET] The value of parameter(s) `charset` in `CSVOptions` is invalid: expects one of "
                     "the iso-8859-1, us-ascii, utf-16, utf-16be, utf-16le, utf-32, utf-8, but got %s. SQLSTATE: 22023", name);
}

static Status numbers(const KeyValueList *options, CsvOptions *o, Error *err)
{
    const char *columns = source_option(options, "maxColumns"), *chars = source_option(options, "maxCharsPerColumn");
    o->max_columns = 20480;
    o->max_chars = -1;
    if (columns && !str_to_i64(columns, &o->max_columns))
        return FAIL_CODE(err, ST_INVALID, "", "maxColumns should be an integer. Found %s.", columns);
    if (chars && !str_to_i64(chars, &o->max_chars))
        return FAIL_CODE(err, ST_INVALID, "", "maxCharsPerColumn should be an integer. Found %s.", chars);
    return ST_OK;
}

static Status quoting(const KeyValueList *options, CsvOptions *o, Error *err)
{
    TRY(one_char(options, "quote", '"', &o->quote, err));
    TRY(one_char(options, "escape", '\\', &o->escape, err));
    TRY(one_char(options, "comment", 0, &o->comment, err));
    o->escape_escape = o->escape == o->quote ? 0 : o->escape;
    const char *handling = source_option(options, "unescapedQuoteHandling");
    o->stop_at_closing_quote = handling && str_ieq(handling, "STOP_AT_CLOSING_QUOTE");
    if (handling && !o->stop_at_closing_quote && !str_ieq(handling, "STOP_AT_DELIMITER"))
        return source_unsupported(err, "this value of unescapedQuoteHandling");
    return ST_OK;
}

Status source_pattern(Arena *a, const KeyValueList *options, const char *name, PatternUse use, const Pattern **ret_pattern, Error *err)
{
    const char *text = source_option(options, name);
    PatternFault fault;
    if (!text)
        return ST_OK;
    if (str_ieq(source_option(options, SOURCE_TIME_PARSER_POLICY), "LEGACY"))
        return source_unsupported(err, "a datetime pattern with spark.sql.legacy.timeParserPolicy LEGACY");
    Pattern *p = pattern_new(VIEW(text), use, &fault);
    if (!p)
        return engine_fail(err, ST_INVALID, fault.class, PATTERN_FAULT_PARAMS(&fault, text));
    arena_defer(a, pattern_free, p);
    *ret_pattern = p;
    return ST_OK;
}

/* CSVInferSchema's LENIENT_TS_FORMATTER_SUPPORTED_DATE_FORMATS */
static bool is_lenient(const char *date_format)
{
    static const char *const formats[] = { "yyyy-MM-dd", "yyyy-M-d", "yyyy-M-dd", "yyyy-MM-d", "yyyy-MM", "yyyy-M", "yyyy" };
    for (size_t i = 0; date_format && i < sizeof formats / sizeof *formats; i++) {
        if (!strcmp(formats[i], date_format))
            return true;
    }
    return !date_format;
}

static Status flags(const KeyValueList *options, CsvOptions *o, Error *err)
{
    TRY(source_bool(options, "header", false, &o->header, err));
    TRY(source_bool(options, "inferSchema", false, &o->infer, err));
    TRY(source_bool(options, "ignoreLeadingWhiteSpace", false, &o->trim_left, err));
    TRY(source_bool(options, "ignoreTrailingWhiteSpace", false, &o->trim_right, err));
    TRY(source_bool(options, "multiLine", false, &o->multi_line, err));
    TRY(source_bool(options, "preferDate", true, &o->prefer_date, err));
    return source_bool(options, "enforceSchema", true, &o->enforce_schema, err);
}

Status csv_options(Arena *a, const KeyValueList *options, const char *time_zone, CsvOptions *ret_options, Error *err)
{
    CsvOptions o = { 0 };
    const char *sep = either(options, "sep", "delimiter"), *encoding = either(options, "encoding", "charset");
    const char *zone = source_option(options, "timeZone");
    TRY(separator(a, sep ? sep : ",", &o, err));
    TRY(quoting(options, &o, err));
    TRY(flags(options, &o, err));
    TRY(numbers(options, &o, err));
    TRY(refuse(options, err));
    TRY(parse_mode(options, &o.mode));
    TRY(source_pattern(a, options, "dateFormat", PATTERN_PARSE, &o.date_format, err));
    o.lenient_dates = is_lenient(source_option(options, "dateFormat"));
    TRY(source_pattern(a, options, "timestampFormat", PATTERN_PARSE, &o.timestamp_format, err));
    TRY(source_pattern(a, options, "timestampNTZFormat", PATTERN_PARSE, &o.ntz_format, err));
    o.null_value = view_option(options, "nullValue", "");
    o.empty_value = view_option(options, "emptyValue", "");
    o.nan = view_option(options, "nanValue", "NaN");
    o.positive_inf = view_option(options, "positiveInf", "Inf");
    o.negative_inf = view_option(options, "negativeInf", "-Inf");
    o.line_sep = view_option(options, "lineSep", "");
    if (source_option(options, "lineSep") && (!o.line_sep.len || o.line_sep.len > 2))
        return FAIL_CODE(err, ST_INVALID, "", "'lineSep' can contain only 1 character.");
    o.corrupt = source_option(options, "columnNameOfCorruptRecord");
    o.corrupt = o.corrupt ? o.corrupt : "_corrupt_record";
    TRY(charset(encoding, &o.encoding, err));
    zone = zone ? zone : time_zone ? time_zone : "UTC";
    o.zone = zone_find(VIEW(zone));
    if (!o.zone)
        return engine_fail(err, ST_INVALID, "INVALID_TIMEZONE", "timeZone", zone, NULL);
    *ret_options = o;
    return ST_OK;
}

bool source_tolerates(const KeyValueList *options, Status status)
{
    return status == ST_IO && str_ieq(source_option(options, "ignoreCorruptFiles"), "true");
}

Status source_decode(Arena *a, const char *encoding, View bytes, View *ret_text, Error *err)
{
    UErrorCode code = U_ZERO_ERROR;
    if (bytes.len > INT32_MAX / 4)
        return source_unsupported(err, "a file of more than 512 MB in an encoding other than UTF-8");
    int32_t room = (int32_t)bytes.len * 3 + 16;
    char *out = arena_alloc(a, (size_t)room);
    int32_t n = ucnv_convert("UTF-8", encoding, out, room, bytes.data, (int32_t)bytes.len, &code);
    if (U_FAILURE(code))
        return FAIL_CODE(err, ST_INVALID, "INVALID_PARAMETER_VALUE.CHARSET", "the encoding '%s' is not known", encoding);
    *ret_text = (View){ out, (size_t)n };
    return ST_OK;
}
