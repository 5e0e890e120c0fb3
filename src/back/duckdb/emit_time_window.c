/* back/duckdb/emit_time_window.c -- window(t, length, slide, start). Source: Spark's TimeWindowing. */
#include "back/duckdb/convert.h"
#include "back/duckdb/emit_call.h"

#include <inttypes.h>
#include <stdlib.h>

/* A constant text as microseconds: a window has no months. */
static Status window_us(Emit *e, const Call *c, size_t i, int64_t otherwise, int64_t *ret_us)
{
    duckdb_interval interval;
    *ret_us = otherwise;
    if (i >= c->args.len)
        return ST_OK;
    const Literal *literal = node_is(Literal, c->args.at[i]) ? node_as(Literal, c->args.at[i]) : NULL;
    if (!literal || literal->value->is_null || literal->of->kind != TYPE_STRING)
        return emit_unsupported(e, (const Node *)c, "a window whose lengths are not constant");
    const Value *text = literal->value;
    if (!convert_interval((View){ text->text, text->text_len }, &interval))
        return FAIL_CODE(e->err, ST_INVALID, "CANNOT_PARSE_INTERVAL", "Unable to parse '%s'. Please ensure that the value provided is in a valid format for defining an interval.", text->text);
    if (interval.months)
        return FAIL_CODE(e->err, ST_INVALID, "_LEGACY_ERROR_TEMP_3231", "Intervals greater than a month is not supported (%s).", text->text);
    *ret_us = interval.days * MICROS_PER_DAY + interval.micros;
    return ST_OK;
}

/* window(t, length, slide, start): the last window that t is in; time_windows: all of them. Source: TimeWindowing. */
Status emit_time_window(Emit *e, const Call *c, const char *const *args, Str *out)
{
    int64_t length, slide, start;
    TRY(window_us(e, c, 1, 0, &length));
    TRY(window_us(e, c, 2, length, &slide));
    TRY(window_us(e, c, 3, 0, &start));
    if (length <= 0 || slide <= 0)
        return FAIL_CODE(e->err, ST_INVALID, "DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE", "The %s of a window must be above 0.", length <= 0 ? "window_duration" : "slide_duration");
    if (slide > length || llabs(start) >= slide)
        return FAIL_CODE(e->err, ST_INVALID, "DATATYPE_MISMATCH.PARAMETER_CONSTRAINT_VIOLATION", "The %s of a window must be %s.",
                         slide > length ? "slide_duration" : "start_time", slide > length ? "at most the window_duration" : "less than the slide_duration");
    if (slide != length && str_eq(c->function->name, "window"))
        return emit_unsupported(e, (const Node *)c, "windows that slide, other than in a select list or GROUP BY");
    const char *us = arena_printf(e->a, "spark_us(%s)", args[0]), *b = emit_fresh(e, "x"), *i = emit_fresh(e, "x");
    const char *last = arena_printf(e->a, "(%s - ((%s - (%" PRId64 ")) %% %" PRId64 " + %" PRId64 ") %% %" PRId64 ")", us, us, start, slide, slide, slide);
    const char *window = "struct_pack(\"start\" := make_timestamp(%s), \"end\" := make_timestamp(%s + %" PRId64 "))";
    str_addf(out, "CASE WHEN %s IS NOT NULL THEN ", args[0]);
    if (str_eq(c->function->name, "window")) {
        str_addf(out, window, last, last, length);
    } else {
        str_addf(out, "list_transform(list_filter(list_transform(range(0, %" PRId64 "), lambda %s: %s - %s * %" PRId64 "), lambda %s: %s < %s + %" PRId64 "), lambda %s: ",
                 (length + slide - 1) / slide, i, last, i, slide, b, us, b, length, b);
        str_addf(out, window, b, b, length);
        str_addc(out, ')');
    }
    str_add(out, " END");
    return ST_OK;
}

/* From the row's time to when its gap is over. */
Status emit_session_window(Emit *e, const Call *c, const char *const *args, Str *out)
{
    const Type *gap = c->args.at[1]->type;
    const char *length = args[1];
    str_auto text = EMIT_STR;
    if (gap->kind == TYPE_STRING) {
        TRY(emit_cast(e, args[1], gap, &type_calendar_interval, CAST_SESSION, &text));
        length = str_arena(&text, e->a);
    }
    str_addf(out, "CASE WHEN %s IS NOT NULL THEN struct_pack(\"start\" := %s, \"end\" := %s + %s) END", args[0], args[0], args[0], length);
    return ST_OK;
}
