"""VARIANT through PySpark's own client: VariantVal comes out of collect() and goes into createDataFrame()."""
import json

import pytest
from pyspark.errors import PySparkException
from pyspark.sql import Row
from pyspark.sql import functions as F
from pyspark.sql.types import StructType, VariantType, VariantVal

from connect_fixtures import connect, start_connect  # noqa: F401


@pytest.fixture(scope="module")
def session(connect):  # noqa: F811
    return connect.session()


def test_values_come_out(session):
    rows = session.sql("""SELECT parse_json('{"a":[1,2.5,"x"],"b":null}') AS v, CAST(NULL AS VARIANT) AS n,
                          array(parse_json('1'), NULL) AS l, named_struct('f', parse_json('"s"')) AS s FROM range(3)""").collect()
    assert len(rows) == 3 and isinstance(rows[0].v, VariantVal)
    assert json.loads(rows[0].v.toJson()) == {"a": [1, 2.5, "x"], "b": None} and rows[0].n is None
    assert rows[0].l[0].toPython() == 1 and rows[0].l[1] is None and rows[2].s.f.toPython() == "s"


def test_values_go_in(session):
    values = [VariantVal.parseJson(text) for text in ('{"k":{"z":[1,2]}}', "7", '"text"', "null")]
    frame = session.createDataFrame([Row(v=value) for value in values] + [Row(v=None)], StructType().add("v", VariantType()))
    assert frame.schema["v"].dataType == VariantType()
    assert [row.v and row.v.toJson() for row in frame.collect()] == ['{"k":{"z":[1,2]}}', "7", '"text"', "null", None]
    assert frame.select(F.variant_get("v", F.lit("$.k.z[1]"), "int").alias("x")).collect()[0].x == 2
    assert frame.select(F.schema_of_variant("v").alias("x")).collect()[0].x == "OBJECT<k: OBJECT<z: ARRAY<BIGINT>>>"
    broken = session.createDataFrame([Row(v=VariantVal(b"\x02\xff\x00", b"\x01\x00\x00"))], StructType().add("v", VariantType()))
    with pytest.raises(PySparkException, match="MALFORMED_VARIANT"):
        broken.select(F.to_json("v")).collect()


def test_what_variants_do_not_do(session):
    for query, condition in (("SELECT v FROM t GROUP BY v", "GROUP_EXPRESSION_TYPE_IS_NOT_ORDERABLE"),
                             ("SELECT v FROM t ORDER BY v", "DATATYPE_MISMATCH.INVALID_ORDERING_TYPE"),
                             ("SELECT DISTINCT v FROM t", "UNSUPPORTED_FEATURE.SET_OPERATION_ON_VARIANT_TYPE"),
                             ("SELECT v = v FROM t", "DATATYPE_MISMATCH.INVALID_ORDERING_TYPE"),
                             ("SELECT v:a::int FROM t", "INVALID_VARIANT_CAST")):
        session.sql("""SELECT parse_json('{"a":"x"}') AS v""").createOrReplaceTempView("t")
        with pytest.raises(PySparkException) as e:
            session.sql(query).collect()
        assert e.value.getCondition() == condition, query


def test_show_and_variables(session):
    assert "|{\"a\":1}|" in session.sql("""SELECT parse_json('{"a":1}') AS v""")._show_string(5, False)
    answer = session.sql("""BEGIN DECLARE v VARIANT = parse_json('{"q":[1,2]}'); FOR SELECT v AS w DO SELECT w:q[1]::int AS x, v; END FOR; END""")
    row = answer.collect()[0]
    assert row.x == 2 and row.v.toPython() == {"q": [1, 2]}
