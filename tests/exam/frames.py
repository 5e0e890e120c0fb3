"""DataFrames of differential.py made at random: a Python text over `df`, the rows of expressions.KINDS, and `F`, pyspark.sql.functions.
Classic PySpark evaluates it beside a client of Spark Connect that is given the same text.
"""
import re

import expressions
from expressions import KINDS

LITERALS = {
    "int": ["F.lit(1)", "F.lit(-7)", "F.lit(2147483647)"], "bigint": ["F.lit(1234567890123)", "F.lit(9223372036854775807)"], "double": ["F.lit(1.5)", "F.lit(float('nan'))", "F.lit(-0.0)", "F.lit(1e300)"],
    "string": ["F.lit('a')", "F.lit('')", "F.lit('12')", "F.lit('äö')", "F.lit('2020-02-29')"], "boolean": ["F.lit(True)", "F.lit(False)"], "decimal": ["F.lit(Decimal('1.50')).cast('decimal(10,2)')", "F.lit(Decimal('-99.99')).cast('decimal(10,2)')"],
    "date": ["F.lit(datetime.date(2020, 2, 29))", "F.lit(datetime.date(1582, 10, 4))", "F.lit('1999-12-31').cast('date')"], "timestamp": ["F.lit('2020-02-29 23:59:59.999999').cast('timestamp')"],
    "day_time": ["F.lit(datetime.timedelta(days=1, seconds=3))", "F.expr(\"interval '1 02:03:04.5' day to second\")"], "array": ["F.lit([1, 2, 3])", "F.array(F.lit(1), F.lit(None).cast('int'))"],
    "strings": ["F.lit(['a', 'b'])", "F.split(F.lit('a,b,,c'), ',')"], "binary": ["F.lit(b'\\x00\\xff')", "F.lit(b'abc')"], "map": ["F.create_map(F.lit('a'), F.lit(1))"],
    "struct": ["F.struct(F.lit(1).alias('x'), F.lit('q').alias('y'))"],
}
RULES = {
    "int": ["{int} + {int}", "{int} - 1", "2 - {int}", "{int} * {int}", "{int} % {int}", "7 % {int}", "-{int}", "F.length({string})", "F.year({date})", "{array}.getItem(0)", "{array}[1]", "{map}['a']", "{struct}.getField('x')", "{struct}['x']",
            "{string}.cast('int')", "{string}.try_cast('int')", "F.when({boolean}, {int}).otherwise({int})", "F.when({boolean}, {int})", "F.coalesce({int}, F.lit(0))", "F.size({array})", "F.aggregate({array}, F.lit(0), lambda x, y: x + y)",
            "{int}.bitwiseAND({int})", "{int}.bitwiseXOR({int})", "F.datediff({date}, {date})", "F.round({int}, -1)", "F.greatest({int}, {int})", "F.hash({string}, {int})", "F.element_at({array}, 1)", "F.try_element_at({array}, F.lit(2))",
            "F.get({array}, F.lit(0))", "F.bit_count({int})", "F.instr({string}, 'a')", "F.locate('a', {string}, 2)", "F.abs({int})", "F.shiftleft({int}, 2)", "F.levenshtein({string}, {string})", "F.ascii({string})", "F.month({timestamp})",
            "F.dayofweek({date})", "F.extract(F.lit('week'), {date})", "F.nvl({int}, {int})", "F.nullif({int}, {int})", "F.array_position({array}, 1).cast('int')", "F.call_function('pmod', {int}, {int})", "F.pmod({int}, {int})", "{double}.cast('int')",
            "F.try_add({int}, {int})", "F.width_bucket({double}, F.lit(0.0), F.lit(10.0), F.lit(5)).cast('int')", "F.regexp_count({string}, F.lit('a'))", "F.bitwise_not({int})", "F.negate({int})", "F.reduce({array}, F.lit(1), lambda x, y: x * y)"],
    "bigint": ["{bigint} + {int}", "{bigint} * 2", "F.ceil({double})", "F.floor({decimal})", "F.unix_timestamp({timestamp})", "F.xxhash64({string}, {int})", "F.factorial({int})", "{int}.cast('bigint')", "F.unix_micros({timestamp})", "{bigint} % {bigint}",
               "F.crc32({string})", "F.array_position({array}, 7)", "F.timestamp_diff('HOUR', {timestamp}, {timestamp})"],
    "double": ["{int} / {int}", "{double} / 3", "1 / {double}", "{double} ** 2", "2 ** {double}", "F.sqrt({double})", "F.pow({double}, {int})", "F.round({double}, 2)", "F.log(2.0, {double})", "F.log({double})", "F.months_between({timestamp}, {timestamp})",
               "F.atan2({double}, 1.0)", "F.hypot({double}, {double})", "F.nanvl({double}, {double})", "{decimal}.cast('double')", "F.bround({double}, 1)", "F.try_divide({int}, {int})", "F.signum({double})", "F.expm1({double})", "{double} % 2.5"],
    "decimal": ["({decimal} + {decimal}).cast('decimal(10,2)')", "{int}.cast('decimal(10,2)')", "F.round({decimal}, 2)", "F.try_subtract({decimal}, {decimal}).cast('decimal(10,2)')", "F.abs({decimal})", "F.greatest({decimal}, {decimal})",
                "F.coalesce({decimal}, F.lit(Decimal('0.00')).cast('decimal(10,2)'))", "{string}.try_cast('decimal(10,2)')"],
    "string": ["F.concat({string}, {string})", "F.concat_ws('-', {string}, {strings})", "F.upper({string})", "{string}.substr(1, 2)", "{string}.substr({int}, {int})", "F.substring({string}, 2, 3)", "F.lpad({string}, 5, '*')", "F.repeat({string}, 2)",
               "F.regexp_replace({string}, '[a-c]', '<$0>')", "F.regexp_extract({string}, '(a)(b)?', 2)", "F.translate({string}, 'abc', 'xy')", "F.date_format({timestamp}, 'yyyy-MM-dd HH')", "F.format_number({double}, 2)", "F.format_string('%s-%d', {string}, {int})",
               "F.to_json({struct})", "F.to_json({map})", "{int}.cast('string')", "{double}.cast('string')", "{timestamp}.cast('string')", "F.array_join({strings}, ',', '?')", "F.trim({string})", "F.trim({string}, F.lit('a'))", "F.initcap({string})", "F.split({string}, ',')[0]",
               "F.when({boolean}, {string}).when({boolean}, {string}).otherwise('z')", "F.hex({int})", "F.md5({string})", "F.sha2({string}, 256)", "F.conv({string}, 10, 16)", "F.overlay({string}, F.lit('zz'), 2)", "F.base64({binary})", "F.get_json_object({string}, '$.a')",
               "F.split_part({string}, F.lit(','), F.lit(1))", "F.mask({string})", "F.elt(F.lit(2), {string}, {string})", "F.from_unixtime({int})", "F.decode({binary}, 'UTF-8')", "{struct}.y", "F.typeof({decimal})", "F.to_char({decimal}, F.lit('99999999.99'))",
               "F.replace({string}, F.lit('a'), F.lit('b'))", "F.ifnull({string}, {string})", "F.soundex({string})", "F.url_encode({string})", "F.substring_index({string}, ',', 1)", "F.reverse({string})", "F.left({string}, F.lit(2))"],
    "boolean": ["{int} == {int}", "{int} != 1", "{string} < {string}", "{int}.eqNullSafe({int})", "{int}.isin(1, 7, 42)", "{string}.isin(['a', 'SQL'])", "{int}.between(0, 50)", "{string}.like('%a%')", "{string}.rlike('[0-9]')", "{string}.ilike('S%')",
                "{string}.startswith('a')", "{string}.contains('b')", "{string}.endswith({string})", "{int}.isNull()", "{string}.isNotNull()", "{boolean} & {boolean}", "{boolean} | {boolean}", "~{boolean}", "{double}.isNaN()", "F.array_contains({array}, 1)",
                "F.exists({array}, lambda x: x > 2)", "F.forall({array}, lambda x: x.isNotNull())", "F.map_contains_key({map}, 'a')", "F.arrays_overlap({strings}, {strings})", "{date} <= {timestamp}", "{decimal} > {double}", "{int} == {string}", "F.isnan({double})",
                "F.equal_null({string}, {string})", "{double} >= 1", "{string} == 12"],
    "date": ["F.date_add({date}, 3)", "F.date_sub({date}, {int} % 100)", "F.add_months({date}, {int} % 12)", "F.last_day({date})", "F.next_day({date}, 'MON')", "F.trunc({date}, 'month')", "{timestamp}.cast('date')", "F.to_date({string})", "F.to_date({string}, 'yyyy-MM-dd')",
             "F.make_date(F.lit(2020), {int}, F.lit(1))", "F.coalesce({date}, {date})", "{date} + F.expr('interval 1 month')", "F.greatest({date}, {date})", "{string}.try_cast('date')"],
    "timestamp": ["F.date_trunc('hour', {timestamp})", "F.to_timestamp({string})", "F.from_utc_timestamp({timestamp}, 'Asia/Tokyo')", "{date}.cast('timestamp')", "F.timestamp_seconds({int})", "{timestamp} + {day_time}", "{timestamp} - F.expr('interval 1 year')",
                  "F.coalesce({timestamp}, {timestamp})", "F.try_to_timestamp({string})", "F.timestamp_add('DAY', {int} % 100, {timestamp})"],
    "day_time": ["{timestamp} - {timestamp}", "{day_time} * 2", "{day_time} + {day_time}", "-{day_time}", "F.make_dt_interval({int} % 100)"],
    "binary": ["F.encode({string}, 'UTF-8')", "F.unhex(F.hex({string}))", "{string}.cast('binary')", "F.unbase64(F.base64({binary}))", "F.substring({binary}, 1, 1)"],
    "array": ["F.array({int}, {int})", "F.sort_array({array}, False)", "F.array_distinct({array})", "F.transform({array}, lambda x: x + {int})", "F.transform({array}, lambda x, i: x * i)", "F.filter({array}, lambda x: x > 1)", "F.array_union({array}, {array})", "F.slice({array}, 1, 2)",
              "F.concat({array}, {array})", "F.array_remove({array}, 1)", "F.array_append({array}, {int})", "F.array_insert({array}, 2, {int})", "F.zip_with({array}, {array}, lambda x, y: F.coalesce(x, y))", "F.map_values({map})", "F.sequence(F.lit(1), {int} % 5)", "F.array_compact({array})",
              "F.array_sort({array}, lambda x, y: y - x)", "F.flatten(F.array({array}, {array}))", "F.array_repeat({int}, 2)", "F.array_except({array}, {array})"],
    "strings": ["F.split({string}, ',')", "F.array({string}, {string})", "F.map_keys({map})", "F.transform({array}, lambda x: x.cast('string'))", "F.array_sort({strings})", "F.filter({strings}, lambda x: F.length(x) > 0)"],
    "map": ["F.create_map(F.lit('k'), {int})", "F.map_filter({map}, lambda k, v: v > 0)", "F.transform_values({map}, lambda k, v: v + 1)", "F.transform_keys({map}, lambda k, v: F.upper(k))", "F.map_from_arrays(F.array(F.lit('p')), F.array({int}))", "F.map_concat({map}, F.create_map(F.lit('zz'), {int}))",
            "F.map_zip_with({map}, {map}, lambda k, x, y: x + y)", "F.coalesce({map}, {map})"],
    "struct": ["F.struct({int}.alias('x'), {string}.alias('y'))", "F.when({boolean}, {struct})", "F.coalesce({struct}, {struct})", "F.from_json({string}, 'x int, y string')", "F.named_struct(F.lit('x'), {int}, F.lit('y'), {string})"],
}
AGGREGATES = ["F.sum({int})", "F.avg({int})", "F.max({string})", "F.min({timestamp})", "F.count({string})", "F.count_distinct({string}, {int})", "F.count(F.lit(1))", "F.sort_array(F.collect_list({int}))", "F.sort_array(F.collect_set({string}))", "F.stddev({double})", "F.sum_distinct({int})",
              "F.max_by({string}, F.col('rn'))", "F.first({string}, ignorenulls=True)", "F.percentile_approx({int}, 0.5)", "F.corr({double}, {int})", "F.sum(F.when({boolean}, 1).otherwise(0))", "F.bool_and({boolean})", "F.bit_or({int})", "F.median({double})", "F.approx_count_distinct({string})",
              "F.sum({decimal})", "F.avg({decimal})", "F.max({struct})", "F.sum({day_time})", "F.listagg({string}, ',')", "F.mode({int}, True)", "F.kurtosis({double})", "F.count_if({boolean})", "F.try_sum({bigint})", "F.sum({bigint})", "F.max({int}) - F.min({int})"]
WINDOWS = ["F.row_number()", "F.rank()", "F.lag({int}, 1)", "F.lead({string}, 2, 'z')", "F.ntile(3)", "F.nth_value({int}, 2)", "F.cume_dist()", "F.sum({int})", "F.max({string})", "F.first({int}, ignorenulls=True)", "F.last({string})", "F.avg({double})", "F.collect_list({int})"]
SPECS = ["Window.partitionBy(F.col('rn') % 2).orderBy('rn')", "Window.orderBy(F.col('rn').desc())", "Window.partitionBy(F.col('rn') % 3).orderBy('rn').rowsBetween(-1, 1)", "Window.orderBy('rn').rowsBetween(Window.unboundedPreceding, Window.currentRow)",
         "Window.orderBy({int}.asc_nulls_last(), 'rn')", "Window.partitionBy({boolean}).orderBy({string}.desc(), 'rn')", "Window.orderBy('rn').rangeBetween(-2, 0)"]
QUERIES = ["df.select({any})", "df.select({any})", "df.select({any}, {any})", "df.select(F.col('rn'), {any}.alias('o1')).where(F.col('o1').isNotNull())", "df.filter({boolean}).select('rn', {any})", "df.groupBy({key}).agg({aggregate})", "df.groupBy({key}.alias('k1')).agg({aggregate}.alias('o1'), F.count('*'))",
           "df.agg({aggregate}, {aggregate})", "df.rollup({key}.alias('k1')).agg({aggregate}, F.grouping_id())", "df.select('rn', ({window}).over({spec}))", "df.select({int}.alias('o1')).union(df.select({double}.alias('o2')))", "df.select({key}.alias('o1')).distinct()",
           "df.select({int}.alias('o1'), {string}.alias('o2')).dropDuplicates(['o1', 'o2'])", "df.withColumn('o1', {any}).select('rn', 'o1')", "df.select('rn', F.explode({array}))", "df.select('rn', F.posexplode_outer({strings}))", "df.select('rn', {int}.alias('o1'), {string}.alias('o2')).na.fill(0).na.fill('-')",
           "df.select('rn', {int}.alias('o1'), {double}.alias('o2')).na.drop()", "df.select('rn', {int}.alias('o1'), {int}.alias('o2')).unpivot('rn', ['o1', 'o2'], 'p1', 'p2')", "df.groupBy((F.col('rn') % 2).alias('k1')).pivot('rn', [1, 2, 3]).agg({aggregate}, F.sum({int}))",
           "df.select('rn', {any}.alias('o1')).join(df.select('rn', {any}.alias('o2')), 'rn', 'left')", "df.select({string}.alias('o1')).exceptAll(df.select({string}.alias('o1')))", "df.select({struct}.withField('z', {int}).alias('o1'))", "df.select({struct}.alias('o1')).select('o1.*')",
           "df.select('rn', {any}.alias('o1')).filter(F.col('rn').isin(1, 2, 3)).selectExpr('rn', 'o1')", "df.select('rn', {int}.alias('o1')).replace([1, 7], [100, 700], ['o1'])", "df.select({decimal} + {decimal}, {decimal} * {int}, {decimal} / {decimal})"]


def column(random_, kind, depth):
    _, names, _ = KINDS[kind]
    if depth <= 0 or kind not in RULES or random_.random() < 0.2:
        some = LITERALS.get(kind)
        return random_.choice(some) if some and random_.random() < 0.2 else f"F.col('{random_.choice(names)}')"
    return filled(random_, random_.choice(RULES[kind]), depth)


def filled(random_, text, depth):
    def one(match):
        kind = match.group(1)
        if kind == "any":
            kind = random_.choice(sorted(RULES))
        elif kind == "key":
            kind = random_.choice(["int", "string", "date", "boolean", "decimal", "double"])
        elif kind == "aggregate":
            return filled(random_, random_.choice(AGGREGATES), depth)
        elif kind == "window":
            return filled(random_, random_.choice(WINDOWS), depth)
        elif kind == "spec":
            return filled(random_, random_.choice(SPECS), depth)
        return f"({column(random_, kind, depth - 1)})"
    return re.sub(r"\{(\w+)\}", one, text)


def made(random_):
    """A case of differential.py: "frame" over `df`, which is the query "sql"."""
    frame = filled(random_, random_.choice(QUERIES), random_.randint(2, 4))
    used = set(re.findall(r"F\.col\('([a-z])'\)", frame)) | set(re.findall(r"(?<=\b)[a-z](?=\b)", " ".join(re.findall(r"expr\(['\"](.*?)['\"]\)", frame))))
    lines, head = expressions.rows(random_, used)
    one, *alone = [f"select * from (values {', '.join(some)}) {head}" for some in [lines, *([line] for line in lines)]]
    return {"sql": one, "frame": frame, "alone": alone, "text": frame, "ordered": False}
