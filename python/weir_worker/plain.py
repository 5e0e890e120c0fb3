"""Plain Python functions (SQL_BATCHED_UDF, SQL_TABLE_UDF): Spark sends them rows as pickles, weir as Arrow batches.

What comes out is converted as org.apache.spark.sql.execution.python.EvaluatePython.makeFromJava does: a value of another
type than the declared one is NULL, except that everything becomes a string."""

import decimal

import pyarrow as pa
from pyspark.sql import types as t
from pyspark.sql.conversion import ArrowTableToRowsConversion
from pyspark.sql.pandas.types import to_arrow_type

INTEGRAL = {t.ByteType: 8, t.ShortType: 16, t.IntegerType: 32, t.LongType: 64}


def wrong(x):
    """A value of another type than the declared one."""
    if isinstance(x, t.Row):
        raise ValueError(
            "net.razorvine.pickle.PickleException: expected zero arguments for construction of ClassDict (for "
            "pyspark.sql.types._create_row): a Row where the declared type is no struct"
        )
    return None


def java_double(x):
    if x != x:
        return "NaN"
    if x in (float("inf"), float("-inf")):
        return "Infinity" if x > 0 else "-Infinity"
    if x == 0 or 1e-3 <= abs(x) < 1e7:
        text = repr(x)
        return format(decimal.Decimal(text), "f") if "e" in text else text
    sign, digits, exponent = decimal.Decimal(repr(x)).as_tuple()
    digits = "".join(map(str, digits)).rstrip("0") or "0"
    power = exponent + len(decimal.Decimal(repr(x)).as_tuple().digits) - 1
    return "%s%s.%sE%d" % ("-" if sign else "", digits[0], digits[1:] or "0", power)


def java_text(x):
    """Object.toString of what the pickle becomes in Java."""
    if isinstance(x, str):
        return x
    if x is None:
        return "null"
    if isinstance(x, bool):
        return "true" if x else "false"
    if isinstance(x, float):
        return java_double(x)
    if isinstance(x, list):
        return "[" + ", ".join(map(java_text, x)) + "]"
    wrong(x)
    if isinstance(x, dict):
        return "{" + ", ".join(java_text(k) + "=" + java_text(v) for k, v in x.items()) + "}"
    return str(x)


def integral(bits):
    half, size = 1 << (bits - 1), 1 << bits

    def convert(x):
        if not isinstance(x, int) or isinstance(x, bool) or not -(1 << 63) <= x < 1 << 63:
            return wrong(x)
        return (x + half) % size - half

    return convert


def decimals(of):
    context = decimal.Context(prec=of.precision + 2 + 38, rounding=decimal.ROUND_HALF_UP)
    unit = decimal.Decimal(1).scaleb(-of.scale)

    def convert(x):
        if not isinstance(x, decimal.Decimal):
            return wrong(x)
        fits = x.quantize(unit, context=context)
        if len(fits.as_tuple().digits) > of.precision:
            raise ValueError(
                "[NUMERIC_VALUE_OUT_OF_RANGE] %s cannot be represented as Decimal(%d, %d)" % (x, of.precision, of.scale)
            )
        return fits

    return convert


def struct_of(of):
    names = [f.name for f in of.fields]
    converters = [converter(f.dataType) for f in of.fields]

    def convert(x):
        if not isinstance(x, (tuple, list)):
            return None
        if len(x) != len(names):
            raise ValueError(
                "Input row doesn't have expected number of values required by the schema. "
                "%d fields are required while %d values are provided." % (len(names), len(x))
            )
        return [(n, None if v is None else c(v)) for n, c, v in zip(names, converters, x)]

    return convert


def converter(of):
    """A function of a value that is not None."""
    kind = type(of)
    if kind in INTEGRAL:
        return integral(INTEGRAL[kind])
    if kind in (t.DateType, t.TimeType, t.TimestampType, t.TimestampNTZType, t.DayTimeIntervalType, t.YearMonthIntervalType):
        return integral(32 if kind in (t.DateType, t.YearMonthIntervalType) else 64)  # toInternal has made it a number
    if kind is t.BooleanType:
        return lambda x: x if isinstance(x, bool) else wrong(x)
    if kind in (t.FloatType, t.DoubleType):
        return lambda x: x if isinstance(x, float) else wrong(x)
    if kind is t.DecimalType:
        return decimals(of)
    if isinstance(of, (t.StringType, t.CharType, t.VarcharType)):
        return java_text
    if kind is t.BinaryType:
        return lambda x: x.encode() if isinstance(x, str) else bytes(x) if isinstance(x, (bytes, bytearray)) else wrong(x)
    if kind is t.ArrayType:
        item = converter(of.elementType)
        return lambda x: [None if v is None else item(v) for v in x] if isinstance(x, (list, tuple)) and not isinstance(x, t.Row) else wrong(x)
    if kind is t.MapType:
        key, value = converter(of.keyType), converter(of.valueType)
        return lambda x: [(key(k), None if v is None else value(v)) for k, v in x.items()] if isinstance(x, dict) else wrong(x)
    if kind is t.StructType:
        return struct_of(of)
    if isinstance(of, t.UserDefinedType):
        return converter(of.sqlType())
    if kind is t.NullType:
        return lambda x: None
    raise TypeError("a Python function cannot return %s" % of.simpleString())


def arrow_of(of):
    return to_arrow_type(of.sqlType() if isinstance(of, t.UserDefinedType) else of)


def column(values, of):
    convert = converter(of)
    return pa.array([None if v is None else convert(v) for v in values], type=arrow_of(of))


def columns_of(batch, types, binary_as_bytes):
    """The batch's columns as lists of Python values."""
    out = []
    for array, of in zip(batch.columns, types):
        convert = ArrowTableToRowsConversion._create_converter(of, none_on_identity=True, binary_as_bytes=binary_as_bytes)
        values = array.to_pylist()
        out.append(values if convert is None else [convert(v) for v in values])
    return out


class Rows:
    """Stands where Spark has BatchedSerializer(CPickleSerializer()): rows in, one value (or a tuple of them) a row out."""

    def __init__(self, input_types, output_types, binary_as_bytes):
        self._input, self._output, self._bytes = input_types, output_types, binary_as_bytes
        self._lengths = []

    def load_stream(self, source):
        for batch in source.batches():
            self._lengths.append(batch.num_rows)
            columns = columns_of(batch, self._input, self._bytes)
            yield from zip(*columns) if columns else (() for _ in range(batch.num_rows))

    def dump_stream(self, results, sink):
        results = iter(results)
        rows = []
        for result in results:
            rows.append(result)
            if len(rows) == self._lengths[0]:
                self._flush(rows, sink)
                rows = []
        assert not rows

    def _flush(self, rows, sink):
        self._lengths.pop(0)
        columns = [rows] if len(self._output) == 1 else list(zip(*rows))
        arrays = [column(values, of) for values, of in zip(columns, self._output)]
        sink.take(pa.RecordBatch.from_arrays(arrays, ["_%d" % i for i in range(len(arrays))]))
