"""Arrow values as text, the way Spark's HiveResult prints the rows of a golden file (time zone America/Los_Angeles)."""
import base64
import datetime
import decimal
import math
import re
import zoneinfo

import numpy
import pyarrow
from pyarrow import types
from pyspark.sql.types import VariantVal

ZONE = zoneinfo.ZoneInfo("America/Los_Angeles")
LOCAL_MEAN_TIME_S = -28378  # Los Angeles before 1883
PER_SECOND = {"s": (1000000, 1), "ms": (1000, 1), "us": (1, 1), "ns": (1, 1000)}


def floating(value, single=False):
    """Java's Double.toString and Float.toString."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0:
        return "-0.0" if math.copysign(1, value) < 0 else "0.0"
    text = numpy.format_float_scientific(numpy.float32(value), unique=True, trim="0") if single else repr(float(value))
    number = decimal.Decimal(text)
    sign, digits = "-" if number < 0 else "", "".join(map(str, number.as_tuple().digits)).rstrip("0") or "0"
    exponent = number.adjusted()
    if not -3 <= exponent < 7:
        return f"{sign}{digits[0]}.{digits[1:] or '0'}E{exponent}"
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    digits = digits.ljust(exponent + 1, "0")
    return f"{sign}{digits[:exponent + 1]}.{digits[exponent + 1:] or '0'}"


def date(days):
    """Days since 1970 in the proleptic calendar, for every year (Howard Hinnant, civil_from_days)."""
    z = days + 719468
    era, day_of_era = divmod(z, 146097)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * month + 2) // 5 + 1
    month += 3 if month < 10 else -9
    year = year_of_era + era * 400 + (month <= 2)
    text = f"+{year}" if year > 9999 else f"-{-year:04d}" if year < 0 else f"{year:04d}"
    return f"{text}-{month:02d}-{day:02d}"


def timestamp(micros, zoned):
    if zoned:
        try:
            instant = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(microseconds=micros)
            micros += int(instant.astimezone(ZONE).utcoffset().total_seconds()) * 1000000
        except (OverflowError, ValueError):
            micros += LOCAL_MEAN_TIME_S * 1000000
    days, rest = divmod(micros, 86400 * 1000000)
    second, fraction = divmod(rest, 1000000)
    text = f"{date(days)} {second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
    return text + ("." + f"{fraction:06d}".rstrip("0") if fraction else "")


def day_time(micros):
    sign, micros = "-" if micros < 0 else "", abs(micros)
    days, rest = divmod(micros, 86400000000)
    second, fraction = divmod(rest, 1000000)
    return f"{sign}{days} {second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}.{fraction * 1000:09d}"


def year_month(months):
    return f"{'-' if months < 0 else ''}{abs(months) // 12}-{abs(months) % 12}"


def calendar(interval):
    parts, sign = [], -1 if interval.months < 0 else 1
    years, months = divmod(abs(interval.months), 12)
    parts += [f"{sign * years} years"] * bool(years) + [f"{sign * months} months"] * bool(months)
    parts += [f"{interval.days} days"] * bool(interval.days)
    micros = abs(interval.nanoseconds) // 1000
    sign = -1 if interval.nanoseconds < 0 else 1
    second, fraction = divmod(micros, 1000000)
    hours, minutes, second = second // 3600, second // 60 % 60, second % 60
    parts += [f"{sign * hours} hours"] * bool(hours) + [f"{sign * minutes} minutes"] * bool(minutes)
    if second or fraction:
        tail = "." + f"{fraction:06d}".rstrip("0") if fraction else ""
        parts.append(f"{'-' if sign < 0 else ''}{second}{tail} seconds")
    return " ".join(parts) or "0 seconds"


def micros_of(value, unit):
    times, by = PER_SECOND[unit]
    return value * times // by


def time_of_day(value, unit):
    second, fraction = divmod(micros_of(value, unit), 1000000)
    return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}" + ("." + f"{fraction:06d}".rstrip("0") if fraction else "")


def binary(value, style):
    """ToStringBase.getBinaryFormatter: spark.sql.binaryOutputStyle."""
    if style == "BASIC":
        return "[" + ", ".join(str(byte - 256 if byte > 127 else byte) for byte in value) + "]"
    if style == "BASE64":
        return base64.b64encode(value).decode().rstrip("=")
    if style == "HEX":
        return value.hex().upper()
    if style == "HEX_DISCRETE":
        return "[" + value.hex(" ").upper() + "]"
    return value.decode("utf-8", "replace")


def text(scalar, nested=False, style=None):
    """One value; `nested`: inside an array, a map or a struct, where strings are quoted. `style`: of binaries."""
    kind = scalar.type
    if not scalar.is_valid:
        return "null" if nested else "NULL"
    if isinstance(kind, pyarrow.BaseExtensionType):
        return text(scalar.value, nested, style)
    if types.is_boolean(kind):
        return "true" if scalar.as_py() else "false"
    if types.is_floating(kind):
        return floating(scalar.as_py(), not types.is_float64(kind))
    if types.is_decimal(kind):
        return format(scalar.as_py(), "f")
    if types.is_date32(kind):
        return date(scalar.value)
    if types.is_timestamp(kind):
        return timestamp(micros_of(scalar.value, kind.unit), kind.tz is not None)
    if types.is_time(kind):
        return time_of_day(scalar.value, kind.unit)
    if types.is_duration(kind):
        return day_time(micros_of(scalar.value, kind.unit))
    if kind == pyarrow.month_day_nano_interval():
        return calendar(scalar.as_py())
    if types.is_string(kind) or types.is_large_string(kind):
        return f'"{scalar.as_py()}"' if nested else scalar.as_py()
    if types.is_binary(kind) or types.is_large_binary(kind):
        return binary(scalar.as_py(), style)
    if types.is_map(kind):
        pairs = (scalar.values[i] for i in range(len(scalar.values)))
        return "{" + ",".join(f"{text(pair[0], True, style)}:{text(pair[1], True, style)}" for pair in pairs) + "}"
    if types.is_list(kind) or types.is_large_list(kind):
        return "[" + ",".join(text(item, True, style) for item in scalar.values) + "]"
    if types.is_struct(kind) and kind.num_fields == 2 and (kind.field(1).metadata or {}).get(b"variant") == b"true":
        return VariantVal(scalar["value"].as_py(), scalar["metadata"].as_py()).toJson()
    if types.is_struct(kind):
        fields = (f'"{kind.field(i).name}":{text(scalar[i], True, style)}' for i in range(kind.num_fields))
        return "{" + ",".join(fields) + "}"
    return str(scalar.as_py())


def rows(table, style=None):
    columns = [[text(value, False, style) for value in table.column(i)] for i in range(table.num_columns)]
    return ["\t".join(row) for row in zip(*columns)] if columns else [""] * table.num_rows


def of_command(query, table):
    """The rows of DESCRIBE and SHOW as HiveResult.hiveResultString prints them, None: as any other's."""
    if re.match(r"\s*DESC(RIBE)?\b", query, re.I) and table.column_names == ["col_name", "data_type", "comment"]:
        return ["\t".join(f"{cell or '':20}" for cell in row.values()) for row in table.to_pylist()]
    if re.match(r"\s*SHOW\s+(TABLES|VIEWS)\b", query, re.I):
        return table.column(1).to_pylist()
    return None
