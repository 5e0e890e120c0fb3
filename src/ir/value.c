/* ir/value.c -- constants: equality, and the SQL text that parses back to one. */
#include "ir/value.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static bool items_equal(const Value *x, const Value *y, const Type *type)
{
    if (x->nitems != y->nitems)
        return false;
    for (size_t i = 0; i < x->nitems; i++) {
        const Type *t = type->kind == TYPE_STRUCT ? type->fields[i].type
                        : type->kind == TYPE_MAP && i % 2 == 0 ? type->key : type->element;
        if (!value_equal(&x->items[i], &y->items[i], t))
            return false;
    }
    return true;
}

bool value_equal(const Value *x, const Value *y, const Type *type)
{
    if (x == y)
        return true;
    if (!x || !y || x->is_null != y->is_null)
        return false;
    if (x->is_null)
        return true;
    switch (type->kind) {
    case TYPE_NULL:
        return true;
    case TYPE_FLOAT:
    case TYPE_DOUBLE: /* by bits: 0.0 and -0.0 are two constants, NaN is one */
        return !memcmp(&x->f, &y->f, sizeof x->f) || (isnan(x->f) && isnan(y->f));
    case TYPE_DECIMAL:
    case TYPE_STRING:
    case TYPE_CHAR:
    case TYPE_VARCHAR:
    case TYPE_BINARY:
    case TYPE_VARIANT:
    case TYPE_GEOMETRY:
    case TYPE_GEOGRAPHY:
        return x->text_len == y->text_len && (!x->text_len || !memcmp(x->text, y->text, x->text_len));
    case TYPE_CALENDAR_INTERVAL:
        return x->months == y->months && x->days == y->days && x->i == y->i;
    case TYPE_ARRAY:
    case TYPE_MAP:
    case TYPE_STRUCT:
        return items_equal(x, y, type);
    case TYPE_UDT:
        return value_equal(x, y, type->sql_type);
    default:
        return x->i == y->i;
    }
}

static void string_sql(const char *text, size_t length, Str *out)
{
    str_addc(out, '\'');
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (c == '\'' || c == '\\')
            str_addc(out, '\\'), str_addc(out, c);
        else if (c == '\n')
            str_add(out, "\\n");
        else if (c == '\0')
            str_add(out, "\\0");
        else
            str_addc(out, c);
    }
    str_addc(out, '\'');
}

static void double_sql(double f, const char *suffix, const char *name, Str *out)
{
    if (isnan(f) || isinf(f)) {
        str_addf(out, "CAST('%s' AS %s)", isnan(f) ? "NaN" : f > 0 ? "Infinity" : "-Infinity", name);
        return;
    }
    char text[64];
    for (int digits = 1; digits <= 17; digits++) { /* the shortest text that reads back the same */
        snprintf(text, sizeof text, "%.*g", digits, f);
        double back = 0;
        if (str_to_f64(text, &back) && !memcmp(&back, &f, sizeof f))
            break;
    }
    str_addf(out, "%s%s", text, suffix);
}

/* Howard Hinnant's civil_from_days. */
static void civil(int64_t days, int64_t *ret_year, unsigned *ret_month, unsigned *ret_day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    unsigned doe = (unsigned)(days - era * 146097);
    unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    *ret_day = doy - (153 * mp + 2) / 5 + 1;
    *ret_month = mp < 10 ? mp + 3 : mp - 9;
    *ret_year = (int64_t)yoe + era * 400 + (*ret_month <= 2);
}

static int64_t floor_div(int64_t x, int64_t y)
{
    return x / y - (x % y < 0);
}

static void date_text(int64_t days, Str *out)
{
    int64_t year;
    unsigned month, day;
    civil(days, &year, &month, &day);
    str_addf(out, "%s%04" PRId64 "-%02u-%02u", year > 9999 ? "+" : "", year, month, day);
}

static void timestamp_text(int64_t us, Str *out)
{
    const int64_t day_us = 86400000000;
    int64_t days = floor_div(us, day_us), rest = (us % day_us + day_us) % day_us, seconds = rest / 1000000, fraction = rest % 1000000;
    date_text(days, out);
    str_addf(out, " %02" PRId64 ":%02" PRId64 ":%02" PRId64, seconds / 3600, seconds / 60 % 60, seconds % 60);
    if (fraction) {
        char digits[16];
        int n = snprintf(digits, sizeof digits, ".%06" PRId64, fraction);
        while (digits[n - 1] == '0')
            digits[--n] = 0;
        str_add(out, digits);
    }
}

static void day_time_sql(int64_t us, Str *out)
{
    uint64_t n = us < 0 ? 0 - (uint64_t)us : (uint64_t)us;
    str_addf(out, "INTERVAL '%s%" PRIu64 " %02" PRIu64 ":%02" PRIu64 ":%02" PRIu64, us < 0 ? "-" : "", n / 86400000000,
             n / 3600000000 % 24, n / 60000000 % 60, n / 1000000 % 60);
    if (n % 1000000)
        str_addf(out, ".%06" PRIu64, n % 1000000);
    str_add(out, "' DAY TO SECOND");
}

static void nested_sql(const Value *v, const Type *type, Str *out)
{
    str_add(out, type->kind == TYPE_ARRAY ? "ARRAY(" : type->kind == TYPE_MAP ? "MAP(" : "NAMED_STRUCT(");
    for (size_t i = 0; i < v->nitems; i++) {
        str_add(out, i ? ", " : "");
        const Type *t = type->element;
        if (type->kind == TYPE_STRUCT) {
            t = type->fields[i].type;
            string_sql(type->fields[i].name, strlen(type->fields[i].name), out);
            str_add(out, ", ");
        } else if (type->kind == TYPE_MAP && i % 2 == 0) {
            t = type->key;
        }
        value_sql(&v->items[i], t, out);
    }
    str_addc(out, ')');
}

static void text_sql(const Value *v, const Type *type, Str *out)
{
    if (type->kind == TYPE_DECIMAL) {
        str_addn(out, v->text, v->text_len);
        str_add(out, "BD");
        return;
    }
    if (type->kind == TYPE_BINARY) {
        str_add(out, "X'");
        for (size_t i = 0; i < v->text_len; i++)
            str_addf(out, "%02X", (unsigned char)v->text[i]);
        str_addc(out, '\'');
        return;
    }
    string_sql(v->text, v->text_len, out);
}

void value_sql(const Value *v, const Type *type, Str *out)
{
    if (!v || v->is_null || type->kind == TYPE_NULL) {
        if (type->kind == TYPE_NULL) {
            str_add(out, "NULL");
            return;
        }
        str_add(out, "CAST(NULL AS ");
        type_sql(type, out);
        str_addc(out, ')');
        return;
    }
    static const char *const suffix[] = { [TYPE_BYTE] = "Y", [TYPE_SHORT] = "S", [TYPE_INT] = "", [TYPE_LONG] = "L" };
    switch (type->kind) {
    case TYPE_BOOLEAN:
        str_add(out, v->i ? "true" : "false");
        return;
    case TYPE_BYTE:
    case TYPE_SHORT:
    case TYPE_INT:
    case TYPE_LONG:
        str_addf(out, "%" PRId64 "%s", v->i, suffix[type->kind]);
        return;
    case TYPE_FLOAT:
        double_sql((double)(float)v->f, "F", "FLOAT", out);
        return;
    case TYPE_DOUBLE:
        double_sql(v->f, "D", "DOUBLE", out);
        return;
    case TYPE_DATE:
        str_add(out, "DATE '");
        date_text(v->i, out);
        str_addc(out, '\'');
        return;
    case TYPE_TIMESTAMP: /* an instant: the zone is named so that the session's does not matter */
        str_add(out, "TIMESTAMP '");
        timestamp_text(v->i, out);
        str_add(out, "Z'");
        return;
    case TYPE_TIMESTAMP_NTZ:
        str_add(out, "TIMESTAMP_NTZ '");
        timestamp_text(v->i, out);
        str_addc(out, '\'');
        return;
    case TYPE_TIME:
        str_addf(out, "TIME '%02" PRId64 ":%02" PRId64 ":%02" PRId64 ".%06" PRId64 "'", v->i / 3600000000000,
                 v->i / 60000000000 % 60, v->i / 1000000000 % 60, v->i / 1000 % 1000000);
        return;
    case TYPE_YEAR_MONTH_INTERVAL: {
        int64_t n = v->i < 0 ? -v->i : v->i;
        str_addf(out, "INTERVAL '%s%" PRId64 "-%" PRId64 "' YEAR TO MONTH", v->i < 0 ? "-" : "", n / 12, n % 12);
        return;
    }
    case TYPE_DAY_TIME_INTERVAL:
        day_time_sql(v->i, out);
        return;
    case TYPE_CALENDAR_INTERVAL: {
        uint64_t us = v->i < 0 ? -(uint64_t)v->i : (uint64_t)v->i;
        str_addf(out, "MAKE_INTERVAL(0, %d, 0, %d, 0, 0, %s%" PRIu64 ".%06" PRIu64 "BD)", v->months, v->days, v->i < 0 ? "-" : "", us / 1000000, us % 1000000);
        return;
    }
    case TYPE_ARRAY:
    case TYPE_MAP:
    case TYPE_STRUCT:
        nested_sql(v, type, out);
        return;
    case TYPE_UDT:
        value_sql(v, type->sql_type, out);
        return;
    default:
        text_sql(v, type, out);
    }
}
