"""What the JDBC source means to real Spark on PostgreSQL: make.py runs these on it and keeps the answers, ../test_jdbc.py on weir.

A case takes a session and a Database: options for the source, and the server's own answers."""
CASES = {}

# Made once, before all cases.
SETUP = r"""
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TYPE pair AS (a int, b text);
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE SCHEMA other;
CREATE TABLE numbers (b boolean, s smallint, i integer, l bigint, f real, d double precision, n numeric(10,2), big numeric(38,10),
                      wide numeric(45,5), free numeric, o oid, p positive, m money);
INSERT INTO numbers VALUES
  (true, 1, 2, 3, 1.5, 2.25, 12345678.91, 1234567890123456789012345678.0123456789, 1.5, 3.14159, 7, 5, 12.34),
  (false, -32768, -2147483648, -9223372036854775808, '-Infinity', 'NaN', -0.01, -12.34, -123.45678, 0, 4294967295, 1, -0.5),
  (null, null, null, null, null, null, null, null, null, null, null, null, null),
  (true, 32767, 2147483647, 9223372036854775807, 3.4e38, 1e-300, 10000000, 10000.0001, 100000000, 20000.5, 0, 2147483647, 0);
CREATE TABLE texts (t text, v varchar(5), v0 varchar, c char(4), c0 bpchar, one "char", n name, j json, jb jsonb, x xml, u uuid, e mood, ip inet,
                    cd cidr, mac macaddr, r int4range, q pair, bt bit(3), b1 bit, bv bit varying(5), by bytea, iv interval, pt point, ts tsvector);
INSERT INTO texts VALUES
  ('a''b\ü', 'abc', 'xyz', 'ab', 'cd  ', 'x', 'nm', '{"a": 1}', '{"b":  2}', '<a/>', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'happy', '10.0.0.1',
   '10.0.0.0/8', '08:00:2b:01:02:03', '[1,5)', '(1,z)', '101', '1', '11', '\x00ff41', '1 year 2 mons 3 days 04:05:06.5', '(1,2)', 'fat cat'),
  (null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null),
  ('', '', '', '', '', '', '', '[]', '{}', '', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 'sad', '::1', '::/0', '00:00:00:00:00:00', 'empty', '(,)', '000',
   '0', '', '', '-1 day', '(0,0)', '');
CREATE TABLE times (id int, d date, t time, tz timetz, ts timestamp, tstz timestamptz);
INSERT INTO times VALUES
  (1, '2020-02-29', '01:02:03.456789', '01:02:03+02', '2020-02-29 01:02:03.456789', '2020-02-29 01:02:03.456789+02'),
  (2, '1500-03-01', '00:00', '00:00+00', '1582-10-15 00:00:00', '1900-01-01 00:00:00+00'),
  (3, '9999-12-31', '23:59:59', '23:59:59-12', '9999-12-31 23:59:59', '9999-12-31 23:59:59+00'),
  (4, null, null, null, null, null);
CREATE TABLE forever (id int, d date, ts timestamp, tstz timestamptz);
INSERT INTO forever VALUES (1, 'infinity', 'infinity', 'infinity'), (2, '-infinity', '-infinity', '-infinity');
CREATE TABLE arrays (i int[], ii int[][], t text[], v varchar(3)[], b boolean[], n numeric(6,2)[], n0 numeric[], d date[], ts timestamp[], tz timestamptz[],
                     f real[], u uuid[], by bytea[], l bigint[], s smallint[], dd double precision[]);
INSERT INTO arrays VALUES
  ('{1,2,null}', '{{1,2},{3,4}}', '{a,"b c",null}', '{abc}', '{t,f}', '{1.5,-2.25}', '{3.14}', '{2020-01-01}', '{2020-01-01 01:02:03}', '{2020-01-01 01:02:03+00}',
   '{1.5}', '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}', '{"\\x00ff"}', '{9223372036854775807}', '{1}', '{0.1}'),
  ('{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}'),
  (null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null);
CREATE TABLE money_arrays (m money[]);
CREATE TABLE people (id int PRIMARY KEY, name text, age smallint, born date, seen timestamptz, pay numeric(10,2), "Mixed Case" text, score double precision);
INSERT INTO people SELECT i, CASE WHEN i % 7 = 0 THEN NULL ELSE 'n' || i END, i % 90, DATE '1950-01-01' + i, TIMESTAMPTZ '2020-01-01 00:00:00+00' + i * INTERVAL '1 hour',
  i * 1.5, CASE i % 3 WHEN 0 THEN 'a' WHEN 1 THEN 'B' ELSE 'é' END, CASE WHEN i % 10 = 0 THEN 'NaN' ELSE i / 4.0 END FROM generate_series(1, 100) i;
CREATE TABLE other.hidden (x int);
INSERT INTO other.hidden VALUES (42);
CREATE VIEW adults AS SELECT * FROM people WHERE age >= 18;
"""


class Database:
    def __init__(self, server, user, password):
        self.server, self.user, self.password = server, user, password

    @property
    def properties(self):
        return {"user": self.user, "password": self.password, "driver": "org.postgresql.Driver"}

    def read(self, spark, **options):
        reader = spark.read.format("jdbc").option("url", self.server.url)
        return reader.options(**{**self.properties, **options}).load()

    def write(self, df, table, mode="error", **options):
        df.write.format("jdbc").option("url", self.server.url).options(**{**self.properties, "dbtable": table, **options}).mode(mode).save()

    def ask(self, sql):
        return self.server.ask(sql)

    def fresh(self, name, definition=None):
        self.server.psql(f"DROP TABLE IF EXISTS {name}" + (f"; CREATE TABLE {name} {definition}" if definition else ""))
        return name


def case(function):
    CASES[function.__name__] = function
    return function


# ---------------------------------------------------------------- types
@case
def numbers(spark, db):
    return db.read(spark, dbtable="(select b, s, i, l, f, d, n, big, free, o, p, m from numbers) x")


@case
def number_too_wide(spark, db):
    return db.read(spark, dbtable="(select wide from numbers) x")


@case
def number_schemas(spark, db):
    return db.read(spark, dbtable="numbers").schema.simpleString()


@case
def number_out_of_range(spark, db):
    return db.read(spark, query="select 123456789012345678901::numeric as n")


@case
def number_rounded(spark, db):
    return db.read(spark, query="select n::numeric as n from (values ('0.0000000000000000005'), ('-0.0000000000000000005'), ('0.00000000000000000049'), ('1e-30'), ('99999999999999999999')) v(n)")


@case
def texts(spark, db):
    return db.read(spark, dbtable="texts")


@case
def times(spark, db):
    return db.read(spark, dbtable="times")


@case
def times_ntz(spark, db):
    return db.read(spark, dbtable="times", preferTimestampNTZ="true")


@case
def forever(spark, db):
    return db.read(spark, dbtable="forever").selectExpr("id", "d", "cast(ts as string)", "cast(tstz as string)")


@case
def arrays(spark, db):
    return db.read(spark, dbtable="arrays")


@case
def arrays_of_money(spark, db):
    return db.read(spark, dbtable="money_arrays")


@case
def metadata_of_columns(spark, db):
    return [f.json() for table in ("numbers", "texts", "times", "arrays") for f in db.read(spark, dbtable=table).schema.fields
            if (table, f.name) != ("arrays", "v")]


@case
def no_table(spark, db):
    return db.read(spark, dbtable="nix").schema


@case
def no_query(spark, db):
    return db.read(spark, query="selec").schema


@case
def expressions(spark, db):
    return db.read(spark, query="select 1 as a, 'x' as b, null as c, 1.5 as d, now() > '2000-01-01' as e, array[1,2] as f, 2::numeric(3,1) * 2 as g")


@case
def same_name_twice(spark, db):
    return db.read(spark, query="select 1 as a, 2 as a").count()


@case
def no_columns(spark, db):
    return db.read(spark, dbtable="people").count()


# ---------------------------------------------------------------- options
@case
def by_query(spark, db):
    return db.read(spark, query="select id, name from people where id < 4")


@case
def subquery_as_table(spark, db):
    return db.read(spark, dbtable="(select id, name from people where id < 4) as t")


@case
def both_table_and_query(spark, db):
    return db.read(spark, dbtable="people", query="select 1")


@case
def neither_table_nor_query(spark, db):
    return db.read(spark)


@case
def empty_table(spark, db):
    return db.read(spark, dbtable="  ")


@case
def no_url(spark, db):
    return spark.read.format("jdbc").option("dbtable", "x").load()


@case
def fetchsize(spark, db):
    return db.read(spark, dbtable="people", fetchsize="3").select("id").where("id > 97")


@case
def session_init(spark, db):
    return db.read(spark, query="select current_setting('weir.x') as x", sessionInitStatement="SET weir.x = 'set'")


@case
def prepare_query(spark, db):
    return db.read(spark, prepareQuery="WITH t AS (SELECT id FROM people WHERE id <= 2)", query="SELECT * FROM t")


@case
def custom_schema(spark, db):
    return db.read(spark, dbtable="people", customSchema="id STRING, PAY DECIMAL(38, 0), seen TIMESTAMP_NTZ, age INT, nothing INT").where("id in ('1', '2')")


@case
def custom_schema_twice(spark, db):
    return db.read(spark, dbtable="people", customSchema="id STRING, ID INT")


@case
def user_schema(spark, db):
    return spark.read.format("jdbc").option("url", db.server.url).options(**db.properties).option("dbtable", "people").schema("id int").load()


@case
def current_schema(spark, db):
    return spark.read.format("jdbc").option("url", db.server.url + "?currentSchema=other&ApplicationName=a%20b").options(**db.properties).option("dbtable", "hidden").load()


@case
def current_schema_as_option(spark, db):
    return db.read(spark, dbtable="hidden", currentSchema="other")


@case
def other_schema(spark, db):
    return db.read(spark, dbtable="other.hidden")


@case
def view_there(spark, db):
    return db.read(spark, dbtable="adults").groupBy().count()


@case
def jdbc_method(spark, db):
    return spark.read.jdbc(db.server.url, "people", properties=db.properties).where("id = 5")


@case
def jdbc_method_partitions(spark, db):
    return spark.read.jdbc(db.server.url, "people", column="id", lowerBound=10, upperBound=50, numPartitions=4, properties=db.properties).select("id", "name")


@case
def jdbc_method_predicates(spark, db):
    return spark.read.jdbc(db.server.url, "people", predicates=["id < 3", "id between 3 and 4", "id < 2"], properties=db.properties).select("id")


@case
def partitions_of_dates(spark, db):
    return db.read(spark, dbtable="people", partitionColumn="born", lowerBound="1950-01-10", upperBound="1950-03-01", numPartitions="3").selectExpr("count(*)", "min(born)", "max(born)")


@case
def partitions_of_times(spark, db):
    return db.read(spark, dbtable="people", partitionColumn="SEEN", lowerBound="2020-01-01 05:00:00", upperBound="2020-01-03", numPartitions="3").selectExpr("count(*)", "count(distinct id)")


@case
def partitions_with_nulls(spark, db):
    return db.read(spark, dbtable="(select nullif(id % 4, 0) as k, id from people) t", partitionColumn="k", lowerBound="1", upperBound="4", numPartitions="3").groupBy("k").count()


@case
def partitions_by_text(spark, db):
    return db.read(spark, dbtable="people", partitionColumn="name", lowerBound="1", upperBound="4", numPartitions="3")


@case
def partitions_by_nothing(spark, db):
    return db.read(spark, dbtable="people", partitionColumn="nix", lowerBound="1", upperBound="4", numPartitions="3")


@case
def partitions_upside_down(spark, db):
    return db.read(spark, dbtable="people", partitionColumn="id", lowerBound="9", upperBound="4", numPartitions="3")


@case
def partitions_without_bounds(spark, db):
    return db.read(spark, dbtable="people", partitionColumn="id", numPartitions="3")


@case
def partitions_of_a_query(spark, db):
    return db.read(spark, query="select * from people", partitionColumn="id", lowerBound="1", upperBound="4", numPartitions="3")


# ---------------------------------------------------------------- predicates
WHERES = ["id = 7", "id <=> 7", "id > 98", "98 < id", "id >= 99 and name is not null", "name is null and id < 20", "name in ('n1', 'n2', 'x')",
          "name = 'n1' or id = 2", "not (id > 2)", "name < 'n11'", "name like 'n9%'", "startswith(name, 'n99')", "born = '1950-01-03'", "born < date'1950-01-04'",
          "seen = timestamp'2020-01-01 03:00:00'", "pay = 3", "pay > 148.5", "pay = 4.50", "score is not null and score > 24.5", "isnan(score) and id < 30", "`Mixed Case` = 'é' and id < 10",
          "`mixed case` != 'a' and id < 4", "age + id = 4", "id + 0L = 3", "name = 'it''s \\\\ \"x\"'", "upper(name) = 'N3'", "id in (1, 2, null)", "age > 15S and age < 18",
          "id between 3 and 5", "1 = 0", "not (name = 'n1') and id < 4", "born > '1950-04-08' or seen < '2020-01-01 02:30:00'", "id > 2147483648"]


def where_case(index, text):
    def run(spark, db):
        return db.read(spark, dbtable="people").where(text).select("id", "name")
    CASES[f"where_{index}"] = run


for index, text in enumerate(WHERES):
    where_case(index, text)


@case
def where_not_pushed(spark, db):
    return db.read(spark, dbtable="people", pushDownPredicate="false").where("id = 3")


@case
def where_above_select(spark, db):
    return db.read(spark, dbtable="people").selectExpr("id", "name as n", "id * 2 as twice").where("n = 'n4' and twice = 8")


@case
def where_above_join(spark, db):
    x = db.read(spark, dbtable="people").select("id", "name")
    y = db.read(spark, dbtable="(select id as k, pay from people) y")
    return x.join(y, x.id == y.k).where("id < 3 and pay > 1.5")


@case
def where_above_limit(spark, db):
    return db.read(spark, query="select id from people order by id").limit(5).where("id > 4")


@case
def where_above_window(spark, db):
    return db.read(spark, dbtable="people").selectExpr("id", "count(*) over () as n").where("id = 3")


@case
def where_of_uuid(spark, db):
    return db.read(spark, dbtable="texts").where("u = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'").select("u", "t")


@case
def where_of_char(spark, db):
    return db.read(spark, dbtable="texts").where("c = 'ab  '").select("c", "t")


# ---------------------------------------------------------------- errors
@case
def mysql(spark, db):
    try:
        return spark.read.format("jdbc").option("url", "jdbc:mysql://localhost/x").option("dbtable", "t").load().schema
    except Exception as error:
        return "refused" if "mysql" in str(error) or "No suitable driver" in str(error) else str(error)


# ---------------------------------------------------------------- writing
def sample(spark):
    return spark.sql("""SELECT * FROM VALUES
        (1, 'a', 1.50BD, true, date'2020-01-01', timestamp'2020-01-01 01:02:03.5', timestamp_ntz'2020-01-01 01:02:03', 1.5D, float(0.5), 5L, 1S, 2Y, x'00ff', array(1, null)),
        (2, null, null, null, null, null, null, null, null, null, null, null, null, null),
        (3, 'é''\\\\', -0.01BD, false, date'1600-01-01', timestamp'9999-12-31 23:59:59', timestamp_ntz'1970-01-01 00:00:00', double('NaN'), float('-Infinity'), -9223372036854775808L, -1S, -128Y, x'', array())
        AS t(id, s, n, b, d, ts, ntz, f8, f4, l, sh, by, bin, arr)""")


COLUMNS = "select column_name, data_type, coalesce(numeric_precision::text, ''), is_nullable from information_schema.columns where table_name = '{}' order by ordinal_position"


@case
def write_new(spark, db):
    table = db.fresh("w_new")
    db.write(sample(spark), table)
    return [db.ask(COLUMNS.format(table)).splitlines(), db.ask(f"select * from {table} order by id").splitlines()]


@case
def write_round_trip(spark, db):
    table = db.fresh("w_round")
    db.write(sample(spark), table)
    return db.read(spark, dbtable=table)


@case
def write_exists(spark, db):
    db.write(spark.range(2), db.fresh("w_exists", "(id bigint)"))


@case
def write_ignore(spark, db):
    table = db.fresh("w_ignore", "(id bigint)")
    db.write(spark.range(2), table, "ignore")
    return db.ask(f"select count(*) from {table}")


@case
def write_append(spark, db):
    table = db.fresh("w_append", "(id bigint, extra text default 'd')")
    db.write(spark.range(2), table, "append")
    db.write(spark.range(2, 3).selectExpr("id AS ID"), table, "append")
    return db.ask(f"select * from {table} order by id")


@case
def write_append_missing(spark, db):
    table = db.fresh("w_missing")
    db.write(spark.range(2), table, "append")
    return db.ask(f"select * from {table} order by id")


@case
def write_append_other_types(spark, db):
    table = db.fresh("w_types", "(a int, b numeric(5,1), c varchar(10), d timestamp, e real, f text)")
    db.write(spark.sql("select 1L as a, 2 as b, 'x' as c, timestamp'2020-01-01 00:00:00' as d, 0.5D as e, 7 as f"), table, "append")
    return db.ask(f"select * from {table}")


@case
def write_append_unknown_column(spark, db):
    db.write(spark.sql("select 1 as nix"), db.fresh("w_unknown", "(a int)"), "append")


@case
def write_overwrite(spark, db):
    table = db.fresh("w_over", "(x text, y int)")
    db.write(spark.range(3), table, "overwrite")
    return [db.ask(COLUMNS.format(table)), db.ask(f"select sum(id) from {table}")]


@case
def write_truncate(spark, db):
    table = db.fresh("w_trunc", "(id bigint primary key, extra text default 'd')")
    db.server.psql(f"insert into {table} values (1, 'x')")
    db.write(spark.range(3), table, "overwrite", truncate="true")
    return [db.ask(COLUMNS.format(table)).splitlines(), db.ask(f"select * from {table} order by id").splitlines()]


@case
def write_types_given(spark, db):
    table = db.fresh("w_given")
    db.write(spark.sql("select 'abc' as name, 1 as n, 2.5BD as x"), table, createTableColumnTypes="NAME varchar(20), n bigint", createTableOptions="WITH (fillfactor = 70)")
    return [db.ask(COLUMNS.format(table)).splitlines(), db.ask(f"select * from {table}"), db.ask(f"select reloptions from pg_class where relname = '{table}'")]


@case
def write_types_given_unknown(spark, db):
    db.write(spark.range(1), db.fresh("w_given2"), createTableColumnTypes="nix varchar(20)")


@case
def write_query(spark, db):
    spark.range(1).write.format("jdbc").option("url", db.server.url).options(**db.properties).option("query", "select 1").save()


@case
def write_map(spark, db):
    db.write(spark.sql("select map(1, 2) as m"), db.fresh("w_map"))


@case
def write_isolation_unknown(spark, db):
    db.write(spark.range(1), db.fresh("w_iso"), isolationLevel="CHAOS")


@case
def write_batchsize(spark, db):
    table = db.fresh("w_batch")
    db.write(spark.range(5000), table, batchsize="7", isolationLevel="SERIALIZABLE", numPartitions="3")
    return db.ask(f"select count(*), sum(id) from {table}")


@case
def write_comment(spark, db):
    table = db.fresh("w_comment")
    db.write(spark.range(1), table, tableComment="mine")
    return db.ask(f"select obj_description('{table}'::regclass)")


@case
def write_no_rows(spark, db):
    table = db.fresh("w_none")
    db.write(spark.range(0).selectExpr("id", "'x' as s"), table)
    return [db.ask(COLUMNS.format(table)).splitlines(), db.ask(f"select count(*) from {table}")]


@case
def write_quoted_names(spark, db):
    table = db.fresh('"W Quoted"')
    db.write(spark.sql('select 1 as `a b`, 2 as `Select`'), table)
    return db.ask(f'select "a b", "Select" from {table}')


@case
def write_nested_arrays(spark, db):
    table = db.fresh("w_nested")
    db.write(spark.sql("select array(array(1, 2), array(3, 4)) as x, array('a,b', null, '\"') as y, array(1.5BD) as z"), table)
    return [db.ask(COLUMNS.format(table)).splitlines(), db.ask(f"select * from {table}")]


@case
def write_jdbc_method(spark, db):
    table = db.fresh("w_method")
    spark.range(2).write.jdbc(db.server.url, table, mode="overwrite", properties=db.properties)
    return db.ask(f"select count(*) from {table}")


# ---------------------------------------------------------------- SQL
def options_sql(db, table):
    secret = db.password.replace("\\", "\\\\").replace("'", "\\'")
    return f"OPTIONS (driver 'org.postgresql.Driver', url '{db.server.url}', dbtable '{table}', user '{db.user}', password '{secret}')"


@case
def sql_view(spark, db):
    spark.sql(f"CREATE OR REPLACE TEMPORARY VIEW jdbc_people USING jdbc {options_sql(db, 'people')}")
    return spark.sql("SELECT id, name FROM jdbc_people WHERE id < 3")


@case
def sql_table(spark, db):
    spark.sql("DROP TABLE IF EXISTS jdbc_t")
    table = db.fresh("s_table", "(id bigint, name text)")
    spark.sql(f"CREATE TABLE jdbc_t USING org.apache.spark.sql.jdbc {options_sql(db, table)}")
    spark.sql("INSERT INTO jdbc_t VALUES (1, 'a'), (2, 'b')")
    first = [list(r) for r in spark.sql("SELECT * FROM jdbc_t ORDER BY id").collect()]
    spark.sql("INSERT OVERWRITE jdbc_t SELECT 3, 'c'")
    second = [list(r) for r in spark.sql("SELECT * FROM jdbc_t").collect()]
    spark.sql("DROP TABLE jdbc_t")
    return [first, second, db.ask(f"select count(*) from {table}")]
