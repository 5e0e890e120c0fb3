/* ir/value_pretty.c -- constants as Spark prints them in column names. */
#include "ir/value.h"

#include "base/java_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void java_double(double f, bool single, Str *out)
{
    char text[JAVA_TEXT_BYTES];
    size_t n = single ? java_text_float((float)f, text) : java_text_double(f, text);
    str_addn(out, text, n);
}

static void fraction(int64_t us, Str *out)
{
    if (!us)
        return;
    char digits[16];
    int n = snprintf(digits, sizeof digits, ".%06" PRId64, us);
    while (digits[n - 1] == '0')
        digits[--n] = 0;
    str_add(out, digits);
}

static void day_time(int64_t us, const Type *t, Str *out)
{
    static const char *const fields[] = { "DAY", "HOUR", "MINUTE", "SECOND" };
    static const uint64_t units[] = { 86400000000, 3600000000, 60000000, 1000000 };
    uint64_t rest = us < 0 ? 0 - (uint64_t)us : (uint64_t)us;
    str_addf(out, "INTERVAL '%s", us < 0 ? "-" : "");
    for (int i = t->start; i <= t->end; i++) {
        str_add(out, i == t->start ? "" : i == INTERVAL_HOUR ? " " : ":");
        str_addf(out, i == INTERVAL_DAY ? "%" PRIu64 : "%02" PRIu64, rest / units[i]);
        rest %= units[i];
        if (i == INTERVAL_SECOND)
            fraction((int64_t)rest, out);
    }
    str_addf(out, "' %s", fields[t->start]);
    if (t->end != t->start)
        str_addf(out, " TO %s", fields[t->end]);
}

static void year_month(int64_t months, const Type *t, Str *out)
{
    int64_t n = months < 0 ? -months : months;
    const char *sign = months < 0 ? "-" : "";
    if (t->start != t->end)
        str_addf(out, "INTERVAL '%s%" PRId64 "-%" PRId64 "' YEAR TO MONTH", sign, n / 12, n % 12);
    else if (t->start == INTERVAL_YEAR)
        str_addf(out, "INTERVAL '%s%" PRId64 "' YEAR", sign, n / 12);
    else
        str_addf(out, "INTERVAL '%s%" PRId64 "' MONTH", sign, n);
}

void value_pretty(const Value *v, const Type *type, Str *out)
{
    if (v->is_null) {
        str_add(out, "NULL");
        return;
    }
    switch (type->kind) {
    case TYPE_FLOAT:
    case TYPE_DOUBLE:
        java_double(v->f, type->kind == TYPE_FLOAT, out);
        return;
    case TYPE_STRING:
    case TYPE_DECIMAL:
        str_addn(out, v->text, v->text_len);
        return;
    case TYPE_BYTE:
    case TYPE_SHORT:
    case TYPE_INT:
    case TYPE_LONG:
        str_addf(out, "%" PRId64, v->i);
        return;
    case TYPE_YEAR_MONTH_INTERVAL:
        year_month(v->i, type, out);
        return;
    case TYPE_DAY_TIME_INTERVAL:
        day_time(v->i, type, out);
        return;
    case TYPE_TIME:
        str_addf(out, "TIME '%02" PRId64 ":%02" PRId64 ":%02" PRId64, v->i / 3600000000000, v->i / 60000000000 % 60, v->i / 1000000000 % 60);
        fraction(v->i / 1000 % 1000000, out);
        str_addc(out, '\'');
        return;
    case TYPE_TIMESTAMP: { /* without the zone that value_sql names */
        str_auto text = STR_INIT(128);
        value_sql(v, type, &text);
        str_addn(out, str_text(&text), text.len - 2);
        str_addc(out, '\'');
        return;
    }
    default:
        value_sql(v, type, out);
    }
}
