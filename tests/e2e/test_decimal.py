"""Decimals of Parquet files, whose statistics decide how the engine computes: the same as Python's decimals, whatever they say."""
import decimal
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from connect_fixtures import connect, spark, start_connect  # noqa: F401 (fixtures)
from pyspark.errors import ArithmeticException
from pyspark.sql import functions as F

D = decimal.Decimal
EXACT = decimal.Context(prec=120, rounding=decimal.ROUND_HALF_UP)
TYPES = {"price": (15, 2), "discount": (15, 2), "wide": (38, 10), "large": (18, 0), "fine": (18, 18), "small": (4, 1)}


def write(path, columns, row_group_size=None):
    arrays = {name: pa.array(values, pa.decimal128(*TYPES[name])) for name, values in columns.items()}
    pq.write_table(pa.table(arrays), path, row_group_size=row_group_size)


def numbers(seed, rows=500):
    pick = random.Random(seed)
    def column(name, least, greatest):
        scale = TYPES[name][1]
        return [None if pick.random() < 0.05 else D(pick.randint(least, greatest)).scaleb(-scale, EXACT) for _ in range(rows)]
    return {"price": column("price", 90091, 10494950), "discount": column("discount", 0, 10), "wide": column("wide", -10**12, 10**12),
            "large": column("large", -10**18 + 1, 10**18 - 1), "fine": column("fine", 0, 10**18 - 1), "small": column("small", -9999, 9999)}


EXPRESSIONS = {
    "price * (1 - discount)": lambda r: r["price"] * (1 - r["discount"]),
    "price * (1 - discount) * (1 + discount)": lambda r: r["price"] * (1 - r["discount"]) * (1 + r["discount"]),
    "price * (1 - discount) - wide * small": lambda r: r["price"] * (1 - r["discount"]) - r["wide"] * r["small"],
    "price * large": lambda r: r["price"] * r["large"],
    "large * large": lambda r: r["large"] * r["large"],
    "large + large": lambda r: r["large"] + r["large"],
    "large - small": lambda r: r["large"] - r["small"],
    "fine * fine": lambda r: r["fine"] * r["fine"],
    "fine + small": lambda r: r["fine"] + r["small"],
    "wide + price": lambda r: r["wide"] + r["price"],
    "wide * small": lambda r: r["wide"] * r["small"],
    "-price * 3": lambda r: -r["price"] * 3,
    "CASE WHEN small > 0 THEN price * (1 - discount) ELSE 0 END":
        lambda r: r["price"] * (1 - r["discount"]) if r["small"] > 0 else D(0),
    "CASE WHEN small > 0 THEN large * large ELSE small END": lambda r: r["large"] * r["large"] if r["small"] > 0 else r["small"],
}


@pytest.mark.parametrize("seed", [1, 2])
def test_arithmetic_and_sums_of_stored_decimals_are_exact(spark, tmp_path, seed):
    data = numbers(seed)
    write(tmp_path / "t.parquet", data, 100)
    rows = [dict(zip(data, values)) for values in zip(*data.values())]
    rows = [row for row in rows if None not in row.values()]
    spark.read.parquet(str(tmp_path / "t.parquet")).dropna().createOrReplaceTempView("t")
    with decimal.localcontext(EXACT):
        for text, compute in EXPRESSIONS.items():
            got = spark.sql(f"SELECT {text} AS x FROM t")
            scale = D(1).scaleb(-got.schema["x"].dataType.scale)
            expected = [compute(row).quantize(scale) for row in rows]
            assert [row.x for row in got.collect()] == expected, text
            try:
                summed = spark.sql(f"SELECT sum({text}) AS x FROM t").collect()[0].x
            except ArithmeticException:
                assert abs(sum(expected)) >= D(10) ** (38 + scale.as_tuple().exponent), text
                continue
            assert summed == sum(expected), text
            assert spark.sql(f"SELECT count(*) AS n FROM t WHERE {text} > 5").collect()[0].n == sum(x > 5 for x in expected), text


def test_ranges_are_those_of_all_files_and_of_the_files_as_they_are_now(spark, tmp_path):
    write(tmp_path / "a.parquet", {"large": [D(7)]})
    query = "SELECT sum(large * large) AS x FROM parquet.`{}`"
    assert spark.sql(query.format(tmp_path)).collect()[0].x == 49
    write(tmp_path / "b.parquet", {"large": [D(10**18 - 1)]})
    assert spark.sql(query.format(tmp_path)).collect()[0].x == (10**18 - 1)**2 + 49
    write(tmp_path / "a.parquet", {"large": [D(10**18 - 2)]})
    assert spark.sql(query.format(tmp_path)).collect()[0].x == (10**18 - 1)**2 + (10**18 - 2)**2


def test_a_union_has_the_values_of_both_sides(spark, tmp_path):
    write(tmp_path / "small.parquet", {"large": [D(7)]})
    write(tmp_path / "large.parquet", {"large": [D(10**18 - 1)]})
    small, large = (spark.read.parquet(str(tmp_path / f"{name}.parquet")) for name in ("small", "large"))
    both = small.union(large).select((F.col("large") * F.col("large")).alias("x"))
    assert sorted(row.x for row in both.collect()) == [49, (10**18 - 1)**2]
    joined = small.select("large").join(large.select(F.col("large").alias("other"))).selectExpr("large * other * other AS x")
    assert joined.collect()[0].x == 7 * (10**18 - 1)**2


def test_overflow_is_found(spark, tmp_path):
    write(tmp_path / "t.parquet", {"wide": [D(10**27), D(10**27)]})
    spark.read.parquet(str(tmp_path / "t.parquet")).createOrReplaceTempView("wide")
    assert spark.sql("SELECT sum(wide) AS x FROM wide").collect()[0].x == 2 * 10**27
    with pytest.raises(ArithmeticException):
        spark.sql("SELECT wide * wide AS x FROM wide").collect()
    with pytest.raises(ArithmeticException):
        spark.sql("SELECT sum(wide) AS x FROM wide CROSS JOIN range(6)").collect()
    spark.conf.set("spark.sql.ansi.enabled", "false")
    assert spark.sql("SELECT sum(wide) AS x FROM wide CROSS JOIN range(6)").collect()[0].x is None
