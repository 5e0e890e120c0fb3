/* ir/check.c -- see check.h. Sources: DecimalType, CharType, TimeType of Spark 4.1. */
#include "ir/check.h"

static Status check_decimal(const Type *t, Error *err)
{
    arena_auto *a = arena_new();
    const char *precision = arena_printf(a, "%d", t->precision), *scale = arena_printf(a, "%d", t->scale);
    if (t->precision > DECIMAL_MAX_PRECISION)
        return spark_error(err, NULL, "DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION", "22003",
                           "Decimal precision <precision> exceeds max precision <maxPrecision>.", "precision", precision, "maxPrecision",
                           "38", NULL);
    if (t->scale < 0)
        return spark_error(err, NULL, "NEGATIVE_SCALE_DISALLOWED", "0A000",
                           "Negative scale is not allowed: '<scale>'. Set the config <sqlConf> to \"true\" to allow it.", "scale", scale,
                           "sqlConf", "\"spark.sql.legacy.allowNegativeScaleOfDecimal\"", NULL);
    if (t->scale > t->precision)
        return spark_error(err, NULL, "_LEGACY_ERROR_TEMP_1228", "",
                           "Decimal scale (<scale>) cannot be greater than precision (<precision>).", "scale", scale, "precision",
                           precision, NULL);
    if (t->precision == 0)
        return spark_error(err, NULL, "UNSUPPORTED_DATATYPE", "0A000", "Unsupported data type <typeName>.", "typeName",
                           "\"DECIMAL(0,0)\"", NULL);
    return ST_OK;
}

static bool fields_within(const Type *t, int last)
{
    return t->start >= 0 && t->end <= last && t->start <= t->end;
}

Status type_check(const Type *t, Error *err)
{
    arena_auto *a = arena_new();
    switch (t->kind) {
    case TYPE_DECIMAL:
        return check_decimal(t, err);
    case TYPE_CHAR:
    case TYPE_VARCHAR:
        return t->precision >= 0 ? ST_OK
                                 : FAIL(err, ST_INVALID, "requirement failed: The length of %s type cannot be negative.",
                                        t->kind == TYPE_CHAR ? "char" : "varchar");
    case TYPE_TIME:
        if (t->precision >= 0 && t->precision <= TIME_MAX_PRECISION)
            return ST_OK;
        return spark_error(err, NULL, "UNSUPPORTED_TIME_PRECISION", "0A001",
                           "The seconds precision <precision> of the TIME data type is out of the supported range [0, 6].", "precision",
                           arena_printf(a, "%d", t->precision), NULL);
    case TYPE_YEAR_MONTH_INTERVAL:
    case TYPE_DAY_TIME_INTERVAL:
        if (fields_within(t, t->kind == TYPE_YEAR_MONTH_INTERVAL ? INTERVAL_MONTH : INTERVAL_SECOND))
            return ST_OK;
        return spark_error(err, NULL, "UNSUPPORTED_DATATYPE", "0A000", "Unsupported data type <typeName>.", "typeName",
                           arena_printf(a, "\"INTERVAL of the fields %d to %d\"", t->start, t->end), NULL);
    default:
        return ST_OK;
    }
}

Status spark_too_complex(Error *err, const Node *at)
{
    spark_error(err, at, "FAILED_TO_PARSE_TOO_COMPLEX", "54001",
                "The statement, including potential SQL functions and referenced views, was too complex to parse.\nTo mitigate this error "
                "divide the statement into multiple, less complex chunks.", NULL);
    if (err)
        err->status = ST_LIMIT;
    return ST_LIMIT;
}
