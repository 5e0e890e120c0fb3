"""Queries of differential.py made at random, of every shape: nested types, casts among all types, lambdas over any element, windows, grouping
sets, generators, joins, set operations, subqueries, pivots. What expressions.py has by kind is made here by type.
"""
import random
import re

import expressions
import frames
from expressions import KINDS

# column: (SQL type, values); beside the columns of expressions.KINDS
MORE = {
    "c1": ("array<struct<x:int,y:string>>", ["array(struct(1, 'a'), struct(2, null))", "array()", "array(struct(null, 'b'), null)", "array(struct(1, 'a'), struct(1, 'a'))"]),
    "c2": ("map<int,array<string>>", ["map(1, array('a', null), 2, array())", "map()", "map(-1, null)", "map(7, array('x'))"]),
    "c3": ("struct<a:array<int>,m:map<string,double>,t:timestamp>", ["struct(array(1, null), map('k', 1.5D), timestamp'2020-02-29 23:59:59.999999')", "struct(null, map(), null)",
                                                                     "struct(array(), map('', double('NaN')), timestamp'1969-12-31 23:59:59.5')"]),
    "c4": ("array<date>", ["array(date'2020-02-29', null, date'1582-10-04')", "array()", "array(date'9999-12-31')"]),
    "c5": ("array<decimal(10,2)>", ["array(1.50, -99.99, null)", "array()", "array(0.01, 12345678.90)"]),
    "c6": ("array<timestamp>", ["array(timestamp'2021-11-07 01:30:00 UTC', null)", "array()", "array(timestamp'1883-11-18 12:00:00', timestamp'2021-03-14 02:30:00')"]),
    "c7": ("map<string,struct<x:int,y:string>>", ["map('a', struct(1, 'q'))", "map('a', null, 'b', struct(null, ''))", "map()"]),
    "c8": ("array<map<string,int>>", ["array(map('a', 1), map())", "array()", "array(null, map('b', null))"]),
    "c9": ("array<boolean>", ["array(true, false, null)", "array()", "array(false)"]),
    "c10": ("array<binary>", ["array(X'00FF', null)", "array()", "array(X'61', X'62')"]),
    "c11": ("decimal(38,0)", ["0", "99999999999999999999999999999999999999", "-1", "12345678901234567890"]),
    "c12": ("decimal(5,5)", ["0.00001", "-0.99999", "0.5"]),
    "c13": ("decimal(18,6)", ["123456789012.345678", "-0.000001", "1"]),
    "c14": ("interval hour to minute", ["interval '10:30' hour to minute", "interval '-1' hour", "interval '0' minute"]),
    "c15": ("array<bigint>", ["array(1L, 9223372036854775807L, null)", "array()", "array(-9223372036854775808L, 0L)"]),
    "c16": ("map<double,string>", ["map(1.5D, 'a', double('NaN'), 'n')", "map(0D, null)", "map()"]),
    "c18": ("array<interval year to month>", ["array(interval '1-2' year to month, null)", "array()", "array(interval '-3' month)"]),
    "c19": ("struct<x:double,y:date>", ["struct(double('NaN'), date'2020-02-29')", "struct(-0.0D, null)", "struct(null, date'1970-01-01')"]),
    "c20": ("array<array<string>>", ["array(array('a', null), array())", "array(null)", "array(array('b'), array('a', 'b'))"]),
    "c21": ("array<double>", ["array(0.0D, -0.0D, double('NaN'))", "array(null, 1e300D)", "array()"]),
    "c22": ("array<float>", ["array(0.1F, 3.4e38F)", "array(null)", "array(float('NaN'), -0.0F)"]),
    "c23": ("interval month", ["interval '5' month", "interval '-13' month"]),
    "c24": ("map<string,map<string,int>>", ["map('a', map('b', 1))", "map('z', null)", "map()"]),
}
BASES = {its[0]: kind for kind, its in KINDS.items() if "<" not in its[0]}
EXTRA = ["decimal(38,0)", "decimal(5,5)", "decimal(18,6)", "decimal(3,1)", "interval hour to minute", "interval month", "interval second", "interval day"]
COLUMNS = {**{name: (its[0], its[2]) for kind, its in KINDS.items() for name in its[1]}, **MORE}
BY_TYPE = {}
for column, (its, _) in COLUMNS.items():
    BY_TYPE.setdefault(its, []).append(column)


def split(text):
    """The parts of a text between its outermost commas."""
    parts, depth, begin = [], 0, 0
    for at, letter in enumerate(text):
        depth += (letter in "<(") - (letter in ">)")
        if letter == "," and depth == 0:
            parts.append(text[begin:at])
            begin = at + 1
    return [*parts, text[begin:]]


def inside(t):
    return split(t[t.index("<") + 1:-1])


def fields(t):
    return [part.split(":", 1) for part in inside(t)]


class Maker:
    def __init__(self, random_):
        self.r, self.names = random_, 0

    def base(self):
        return self.r.choice(sorted(BASES) + EXTRA) if self.r.random() < 0.5 else self.r.choice(["int", "string", "double", "date", "decimal(10,2)", "boolean", "timestamp", "bigint"])

    def type(self, depth=2):
        roll = self.r.random()
        if depth <= 0 or roll < 0.5:
            return self.base()
        if roll < 0.6:
            return self.r.choice(sorted(MORE.values()))[0]
        if roll < 0.8:
            return f"array<{self.type(depth - 1)}>"
        if roll < 0.9:
            return f"map<{self.r.choice(['string', 'int', 'date', 'bigint', 'decimal(10,2)', 'boolean'])},{self.type(depth - 1)}>"
        return f"struct<x:{self.type(depth - 1)},y:{self.type(depth - 1)}>"

    def near(self, t):
        """A type that a cast to `t` may start from, as a rule."""
        if t.startswith("array<"):
            return f"array<{self.near(inside(t)[0])}>"
        if t.startswith("map<"):
            return f"map<{inside(t)[0]},{self.near(inside(t)[1])}>"
        if t.startswith("struct<"):
            return "struct<" + ",".join(f"{name}:{self.near(its)}" for name, its in fields(t)) + ">"
        if self.r.random() < 0.05:
            return self.base()
        if t in ("date", "timestamp", "timestamp_ntz"):
            return self.r.choice(["string", "date", "timestamp", "timestamp_ntz"])
        if "interval" in t:
            return self.r.choice(["string", t, "interval year to month" if "month" in t else "interval day to second", "int"])
        return self.r.choice(["string", t] if t in ("binary", "string", "interval") else ["string", "int", "bigint", "double", "decimal(10,2)", "boolean", t, "smallint", "float", "decimal(18,6)"])

    def literal(self, t):
        if self.r.random() < 0.1:
            return f"cast(null as {t})"
        if t.startswith("array<"):
            return f"cast(array({', '.join(self.literal(inside(t)[0]) for _ in range(self.r.randint(0, 2)))}) as {t})"
        if t.startswith("map<"):
            key, its = inside(t)
            return f"cast(map({self.key(key)}, {self.literal(its)}) as {t})"
        if t.startswith("struct<"):
            return "named_struct(" + ", ".join(f"'{name}', {self.literal(its)}" for name, its in fields(t)) + ")"
        values = KINDS[BASES[t]][2] if t in BASES else [value for its, some in MORE.values() if its == t for value in some] or ["null"]
        return f"cast({self.r.choice(values)} as {t})"

    def leaf(self, t):
        """A column of the type, or what is made of columns; now and then a constant."""
        some = BY_TYPE.get(t)
        if some and self.r.random() < 0.85:
            return self.r.choice(some)
        if "<" not in t or self.r.random() < 0.2:
            return self.literal(t)
        if t.startswith("array<"):
            return f"array({', '.join(self.leaf(inside(t)[0]) for _ in range(self.r.randint(1, 2)))})"
        if t.startswith("map<"):
            key, its = inside(t)
            return f"map({self.key(key)}, {self.leaf(its)})"
        return "named_struct(" + ", ".join(f"'{name}', {self.leaf(its)}" for name, its in fields(t)) + ")"

    def key(self, t):
        return f"cast({self.r.choice(KINDS[BASES[t]][2])} as {t})" if t in BASES else "cast(1 as " + t + ")"

    def fresh(self):
        self.names += 1
        return f"e{self.names}"

    def value(self, t, depth):
        """An expression of the type."""
        if depth <= 0 or self.r.random() < 0.15:
            return self.leaf(t)
        if self.r.random() < 0.35:
            return self.any_type(t, depth)
        if t.startswith("array<"):
            return self.array(t, inside(t)[0], depth)
        if t.startswith("map<"):
            return self.map(t, *inside(t), depth)
        if t.startswith("struct<"):
            return "named_struct(" + ", ".join(f"'{name}', {self.value(its, depth - 1)}" for name, its in fields(t)) + ")"
        if t in BASES and BASES[t] in expressions.RULES:
            return "(" + expressions.expression(self.r, BASES[t], depth) + ")"
        return f"cast({self.value(self.near(t), depth - 1)} as {t})"

    def any_type(self, t, depth):
        def sub(its):
            return self.value(its, depth - 1)
        made = self.r.choice([
            lambda: f"if({sub('boolean')}, {sub(t)}, {sub(t)})", lambda: f"coalesce({sub(t)}, {sub(t)})", lambda: f"case when {sub('boolean')} then {sub(t)} when {sub('boolean')} then {sub(t)} end",
            lambda: f"case {sub('int')} when 1 then {sub(t)} else {sub(t)} end", lambda: f"element_at({sub(f'array<{t}>')}, {self.r.choice(['1', '-1', '2'])})", lambda: f"({sub(f'array<{t}>')})[{self.r.choice(['0', '1', 'i'])}]",
            lambda: f"get({sub(f'array<{t}>')}, {self.r.choice(['0', 'j'])})", lambda: f"({sub(f'map<string,{t}>')})['a']", lambda: f"try_element_at({sub(f'map<int,{t}>')}, 1)",
            lambda: f"({sub(f'struct<x:{t},y:int>')}).x", lambda: f"aggregate({sub(f'array<{t}>')}, {sub(t)}, (p1, p2) -> coalesce(p2, p1))", lambda: f"nvl2({sub('int')}, {sub(t)}, {sub(t)})",
            lambda: f"array_max({sub(f'array<{t}>')})" if "map" not in t and t != "interval" else sub(t), lambda: f"greatest({sub(t)}, {sub(t)})" if "map" not in t and t != "interval" else sub(t),
            lambda: f"nullif({sub(t)}, {sub(t)})" if "map" not in t and t != "interval" else sub(t), lambda: f"cast({sub(self.near(t))} as {t})", lambda: f"try_cast({sub(self.near(t))} as {t})",
            lambda: f"(select max_by(o1, o2) from values ({self.literal(t)}, 1), ({self.literal(t)}, 2) o(o1, o2))",
        ])
        return made()

    def body(self, name, its, t):
        """A lambda's body of type `t` out of its variable of another type, as a rule."""
        if its == t:
            return self.r.choice([name, f"coalesce({name}, {self.literal(t)})", f"if({name} is null, {self.literal(t)}, {name})", f"nullif({name}, {self.literal(t)})" if "map" not in t and t != "interval" else name])
        return self.r.choice([f"cast({name} as {t})", f"try_cast({name} as {t})", f"if({name} is null, {self.value(t, 0)}, {self.literal(t)})"])

    def array(self, t, element, depth):
        def sub(its):
            return self.value(its, depth - 1)
        x, y = self.fresh(), self.fresh()
        other = self.near(element)
        made = self.r.choice([
            lambda: f"array({sub(element)}, {sub(element)})", lambda: f"transform({sub(f'array<{other}>')}, {x} -> {self.body(x, other, element)})", lambda: f"transform({sub(t)}, ({x}, {y}) -> if({y} > 0, {x}, {self.literal(element)}))",
            lambda: f"filter({sub(t)}, {x} -> {x} is not null)", lambda: f"filter({sub(t)}, ({x}, {y}) -> {y} < 1 or {x} is null)", lambda: f"reverse({sub(t)})", lambda: f"slice({sub(t)}, {self.r.choice(['1', '2', '-1'])}, 2)",
            lambda: f"concat({sub(t)}, {sub(t)})", lambda: f"array_repeat({sub(element)}, {self.r.choice(['2', '0', 'i % 3'])})", lambda: f"flatten({sub(f'array<{t}>')})", lambda: f"array_append({sub(t)}, {sub(element)})",
            lambda: f"array_compact({sub(t)})", lambda: f"array_insert({sub(t)}, {self.r.choice(['1', '-1', '3', '-3'])}, {sub(element)})", lambda: f"map_values({sub(f'map<string,{element}>')})",
            lambda: f"zip_with({sub(f'array<{other}>')}, {sub(t)}, ({x}, {y}) -> coalesce({y}, {self.body(x, other, element)}))", lambda: f"cast({sub(f'array<{other}>')} as {t})", lambda: f"sort_array({sub(t)}, {self.r.choice(['true', 'false'])})",
            lambda: f"array_distinct({sub(t)})", lambda: f"array_union({sub(t)}, {sub(t)})", lambda: f"array_except({sub(t)}, {sub(t)})", lambda: f"array_intersect({sub(t)}, {sub(t)})", lambda: f"array_sort({sub(t)})",
            lambda: f"array_remove({sub(t)}, {sub(element)})", lambda: f"array_sort({sub(t)}, ({x}, {y}) -> case when {x} is null and {y} is null then 0 when {x} is null then -1 when {y} is null then 1 when {x} < {y} then 1 when {x} > {y} then -1 else 0 end)",
            lambda: f"from_json(to_json({sub(t)}), '{t}')" if "interval" not in t and "binary" not in t else sub(t),
        ])
        return made()

    def map(self, t, key, its, depth):
        def sub(kind):
            return self.value(kind, depth - 1)
        k, x, y = self.fresh(), self.fresh(), self.fresh()
        other = self.near(its)
        made = self.r.choice([
            lambda: f"map({self.key(key)}, {sub(its)})", lambda: f"map_filter({sub(t)}, ({k}, {x}) -> {x} is not null)", lambda: f"transform_values({sub(f'map<{key},{other}>')}, ({k}, {x}) -> {self.body(x, other, its)})",
            lambda: f"map_from_arrays(array({self.key(key)}), array({sub(its)}))", lambda: f"map_from_entries(array(struct({self.key(key)}, {sub(its)})))", lambda: f"map_concat({sub(t)}, {sub(t)})",
            lambda: f"map_zip_with({sub(t)}, {sub(f'map<{key},{other}>')}, ({k}, {x}, {y}) -> coalesce({x}, {self.body(y, other, its)}))", lambda: f"cast({sub(f'map<{key},{other}>')} as {t})",
            lambda: f"transform_keys({sub(t)}, ({k}, {x}) -> {k})", lambda: f"map_from_entries(map_entries({sub(t)}))", lambda: f"map_from_arrays(map_keys({sub(t)}), map_values({sub(t)}))",
        ])
        return made()


SCALAR_SHELLS = ["{}", "{}", "{}", "cast({} as string)", "hash({})", "xxhash64({})", "to_json(struct({} as c))", "typeof({})", "{} is null", "array({}, null)", "struct({}).col1", "size(array({}))", "to_csv(struct({}))"]
PAIRS = ["{} = {}", "{} <=> {}", "{} < {}", "{} >= {}", "{} != {}", "{} in ({}, null)", "array_contains(array({}), {})", "array_position(array({}), {})", "arrays_overlap(array({}), array({}))", "equal_null({}, {})",
         "not ({} in ({}))", "{} is distinct from {}", "array({}) = array({})", "struct({}) < struct({})", "concat({}, {})", "{} || {}"]
PREDICATES = ["exists({a}, {x} -> {x} is null)", "forall({a}, {x} -> {x} is not null)", "size({a})", "cardinality({m})", "map_keys({m})", "map_entries({m})", "map_contains_key({m}, {k})", "arrays_zip({a}, {a})",
              "to_json({m})", "array_join(cast({a} as array<string>), '-', 'N')", "array_size({a})", "element_at({m}, {k})", "aggregate({a}, 0, (p1, p2) -> p1 + if(p2 is null, 1, 10), p1 -> -p1)",
              "reduce({a}, '', (p1, p2) -> concat(p1, coalesce(cast(p2 as string), 'N')))"]
AGGREGATES = ["count({v})", "count(distinct {v})", "count(distinct {v}, {w})", "min({v})", "max({v})", "sort_array(collect_list({v}))", "sort_array(collect_set({v}))", "first({v}, true)", "any_value({v})", "max_by({v}, rn)", "min_by({v}, rn)",
              "count_if({v} is null)", "approx_count_distinct({v})", "sum(size(array({v})))", "max(struct({v}, rn)).col1", "array_agg({v})", "bool_or({v} = {w})", "count(*)", "sum(distinct length(cast({v} as string)))"]
NUMERIC = ["sum({n})", "avg({n})", "sum(distinct {n})", "avg(distinct {n})", "stddev({n})", "var_pop({n})", "skewness({n})", "kurtosis({n})", "corr({n}, {o})", "covar_samp({n}, {o})", "try_sum({n})", "try_avg({n})", "median({n})",
           "percentile({n}, 0.5)", "percentile({n}, array(0.25, 0.75))", "percentile_approx({n}, 0.5)", "regr_slope({n}, {o})", "bit_and({i})", "bit_or({i})", "bit_xor({i})", "max({n}) - min({n})", "sum({n}) / count({n})", "regr_count({n}, {o})",
           "percentile_cont(0.5) within group (order by {n})", "percentile_disc(0.5) within group (order by {n} desc)", "mode() within group (order by {n})", "mode({n}, true)", "histogram_numeric({n}, 3)", "listagg({s}, ',') within group (order by {s})",
           "regr_r2({n}, {o})", "regr_intercept({n}, {o})", "regr_avgx({n}, {o})", "string_agg(distinct {s}, '-') within group (order by {s})", "grouping_id()", "count_min_sketch({i}, 0.5D, 0.5D, 1)", "bitmap_construct_agg(bitmap_bit_position({i}))"]
NUMBERS = ["int", "bigint", "double", "decimal(10,2)", "tinyint", "smallint", "float", "decimal(38,10)", "decimal(18,6)", "interval year to month", "interval day to second"]
WINDOWS = ["row_number()", "rank()", "dense_rank()", "percent_rank()", "cume_dist()", "ntile(3)", "lag({v})", "lead({v}, 2)", "lag({v}, 1, {v})", "lag({v}, -1) ignore nulls", "lead({v}) ignore nulls", "nth_value({v}, 2)",
           "nth_value({v}, 2) ignore nulls", "first_value({v})", "last_value({v})", "first_value({v}) ignore nulls", "last_value({v}) ignore nulls", "count({v})", "min({v})", "max({v})", "sum({n})", "avg({n})", "collect_list({v})",
           "count(*) filter (where {b})", "sum({n}) filter (where {b})", "any_value({v})", "stddev({n})", "max_by({v}, rn)", "count_if({b})", "first({v}, true)", "median({n})"]
FRAMES = ["", "", "rows between 1 preceding and 1 following", "rows between unbounded preceding and current row", "rows between current row and unbounded following", "rows between 2 preceding and 1 preceding", "rows between 1 following and 2 following",
          "rows between unbounded preceding and unbounded following", "rows 1 preceding", "range between unbounded preceding and current row", "range between current row and unbounded following"]


def wide_rows(random_, used, count=7):
    wanted = [(name, *COLUMNS[name]) for name in sorted(used & set(COLUMNS))]
    lines = []
    for number in range(count):
        cells = [str(number)] + [f"cast(null as {its})" if random_.random() < 0.15 else f"cast({random_.choice(values)} as {its})" for _, its, values in wanted]
        lines.append("(" + ", ".join(cells) + ")")
    return lines, f"t({', '.join(['rn'] + [name for name, _, _ in wanted])})"


def order(m):
    """Random keys, and the number of the row: no two rows are equal."""
    keys = [f"{m.value(m.base(), 1)} {m.r.choice(['', 'desc', 'asc nulls last', 'desc nulls first'])}".strip() for _ in range(m.r.randint(0, 2))]
    return ", ".join([*keys, m.r.choice(["rn", "rn desc"])])


def filled(m, text, t):
    number = m.r.choice(NUMBERS)
    while "{" in text:
        text = re.sub(r"\{(\w)\}", lambda at: {"v": lambda: m.value(t, 2), "w": lambda: m.value(m.base(), 1), "n": lambda: m.value(number, 2), "o": lambda: m.value("double", 1), "i": lambda: m.value("int", 2),
                                              "s": lambda: m.value("string", 1), "b": lambda: m.value("boolean", 2)}[at.group(1)]().replace("{", "\x01").replace("}", "\x02"), text, count=1)
    return text.replace("\x01", "{").replace("\x02", "}")


def scalar(m):
    roll = m.r.random()
    if roll < 0.35:
        return m.r.choice(SCALAR_SHELLS).replace("{}", m.value(m.type(), m.r.randint(1, 3)))
    if roll < 0.6:
        source, to = m.r.choice(sorted(COLUMNS)), m.type(1)
        to = m.near(COLUMNS[source][0]) if "<" in COLUMNS[source][0] and m.r.random() < 0.8 else m.base() if m.r.random() < 0.8 else to
        return f"{m.r.choice(['cast', 'cast', 'try_cast'])}({m.value(COLUMNS[source][0], 1)} as {to})"
    if roll < 0.85:
        t = m.type()
        pair = m.r.choice(PAIRS)
        return pair.replace("{}", m.value(t, 1), 1).replace("{}", m.value(t if m.r.random() < 0.7 else m.near(t), 1), 1)
    t, key = m.type(1), m.r.choice(["string", "int", "date"])
    text, x = m.r.choice(PREDICATES), m.fresh()
    for mark, made in (("{x}", lambda: x), ("{a}", lambda: m.value(f"array<{t}>", 2)), ("{m}", lambda: m.value(f"map<{key},{t}>", 2)), ("{k}", lambda: m.key(key))):
        while mark in text:
            text = text.replace(mark, made(), 1)
    return text


def grouped(m):
    aggregate = filled(m, m.r.choice(AGGREGATES + NUMERIC), m.type(1))
    if "(" in aggregate and m.r.random() < 0.2 and aggregate.endswith(")") and "grouping_id" not in aggregate and not aggregate.startswith(("sort_array", "max(struct")) and ") - " not in aggregate and ") / " not in aggregate:
        aggregate += f" filter (where {m.value('boolean', 2)})"
    kinds = [m.base() for _ in range(2)]  # Spark finds no equal ones among calendar intervals of ROLLUP and its kin
    keys = [m.r.choice(["rn % 2", "rn % 3", m.value("int" if its == "interval" else its, 1)]) for its in kinds[:m.r.randint(1, 2)]]
    listed = ", ".join(keys)
    by = m.r.choice([listed, listed, f"rollup({listed})", f"cube({listed})", f"grouping sets (({listed}), ({keys[0]}), ())"]) if "grouping_id" not in aggregate else f"cube({listed})"
    having = f" having {m.r.choice(['count(*) > 1', 'min(rn) < 4', 'max(rn) is not null'])}" if m.r.random() < 0.15 else ""
    return f"select {listed}, {aggregate} from {{t}} group by {by}{having}"


def windowed(m):
    text = filled(m, m.r.choice(WINDOWS), m.type(1))
    partition = m.r.choice(["", "partition by rn % 2 ", f"partition by {m.value(m.base(), 1)} "])
    frame = m.r.choice(FRAMES)
    if m.r.random() < 0.15:
        its, bounds = m.r.choice([("i", ["1", "100"]), ("d", ["1.5D", "2"]), ("n", ["1", "0.5"]), ("t", ["interval 1 month", "interval '100' day", "30"]), ("z", ["interval 1 year", "interval '5' hour"]), ("l", ["5", "1000000"]), ("y", ["1"])])
        frame = f"range between {m.r.choice(bounds + ['unbounded'])} preceding and {m.r.choice([m.r.choice(bounds) + ' following', 'current row', 'unbounded following'])}"
        return f"select rn, {text} over ({partition}order by {its}{m.r.choice(['', ' desc', ' nulls last'])} {frame}) from {{t}}" if "collect" not in text and "first" not in text and "last" not in text and "any_value" not in text else f"select rn, count(*) over ({partition}order by {its} {frame}) from {{t}}"
    return f"select rn, {text} over ({partition}order by {order(m)} {frame}) from {{t}}"


def generated(m):
    t = m.type(1)
    array, pairs = m.value(f"array<{t}>", 2), m.value(f"map<string,{t}>", 2)
    return m.r.choice([
        f"select rn, explode({array}) from {{t}}", f"select rn, explode_outer({array}) from {{t}}", f"select rn, posexplode({array}) from {{t}}", f"select rn, explode({pairs}) from {{t}}", f"select rn, posexplode_outer({pairs}) from {{t}}",
        f"select rn, inline({m.value('array<struct<x:int,y:string>>', 2)}) from {{t}}", f"select rn, stack(2, {m.value(t, 1)}, rn, {m.value(t, 1)}, -rn) from {{t}}", f"select rn, e1 from {{t}} lateral view outer explode({array}) l as e1",
        f"select rn, json_tuple({m.value('string', 1)}, 'a', 'b') from {{t}}", f"select rn, p0, e1 from {{t}} lateral view posexplode({array}) l as p0, e1 where p0 < 2", f"select t.rn, l.* from {{t}} join lateral (select {m.value(t, 1)} as q1) l",
        f"select rn, inline_outer({m.value('array<struct<x:int,y:string>>', 2)}) from {{t}}"])


def relational(m):
    t = m.base()
    v, w = m.value(t, 2), m.value(t if m.r.random() < 0.6 else m.base(), 2)
    b = m.value("boolean", 2)
    two = m.value(m.type(1), 1)
    return m.r.choice([
        f"select rn, {two} from {{t}} where {b}", f"select {v} as v1 from {{t}} {m.r.choice(['union', 'union all', 'intersect', 'except', 'intersect all', 'except all'])} select {w} from {{t}}",
        f"select rn, {two} from {{t}} where {v} in (select {w} from {{t}} where {b})", f"select rn, {v} not in (select {w} from {{t}}) from {{t}}", f"select distinct {v}, {w} from {{t}}",
        f"select a1.v1, b1.v2, a1.rn, b1.rn from (select rn, {v} as v1 from {{t}}) a1 {m.r.choice(['join', 'left join', 'full join', 'left semi join', 'left anti join', 'right join'])} (select rn, {w} as v2 from {{t}}) b1 on a1.v1 {m.r.choice(['=', '<=>', '<'])} b1.v2".replace("a1.v1, b1.v2, a1.rn, b1.rn", "*"),
        f"select * from (select rn % 3 as g1, {v} as v1 from {{t}}) pivot (max(v1) for g1 in (0, 1, 2 as two))", f"select * from (select rn, {v} as v1, {v} as v2 from {{t}}) unpivot {m.r.choice(['', 'include nulls '])}(val for name in (v1, v2))",
        f"select rn, (select max(o1) from values (1, {m.literal(t)}), (2, {m.literal(t)}) o(o2, o1) where o2 <= rn) from {{t}}", f"select rn from {{t}} where exists (select 1 from values ({m.literal(t)}) o(o1) where o1 = {v})",
        f"select {v} as v1, count(*) from {{t}} group by all", f"select rn, v1, count(v1) over () from (select rn, {v} as v1 from {{t}} where {b})", f"with q1 as (select rn, {v} as v1 from {{t}}) select q1.rn, q2.v1 from q1 join q1 q2 on q1.rn = q2.rn + 1"])


def sorted_rows(m):
    return f"select rn, {m.value(m.base(), 1)} from {{t}} order by {order(m)}{m.r.choice(['', ' limit 3', ' limit 3 offset 2'])}"


SHAPES = [(0.45, scalar), (0.63, grouped), (0.76, windowed), (0.82, generated), (0.94, relational), (1, sorted_rows)]


def made(seed, index):
    """A case as expressions.made has it: two of three are of that file, the others of this one or DataFrames."""
    if index % 3 < 2:
        return expressions.made(seed, index)
    random_ = random.Random(f"{seed}:{index}")
    ansi, zone = random_.random() < 0.6, "UTC" if random_.random() < 0.6 else random_.choice(["America/Los_Angeles", "Asia/Kolkata", "Europe/London"])
    if index % 12 == 11:
        return {**frames.made(random_), "ansi": ansi, "zone": zone}
    roll = random_.random()
    shape = next(its for upto, its in SHAPES if roll < upto or upto == 1)
    text = shape(Maker(random_))
    text = f"select {text} from {{t}}" if shape is scalar else text
    lines, head = wide_rows(random_, set(re.findall(r"\b(?:[a-z]|c\d+)\b", text)))
    one, *alone = [text.replace("{t}", f"(values {', '.join(some)}) {head}") for some in [lines, *([line] for line in lines)]]
    return {"sql": one, "alone": alone, "text": text, "ansi": ansi, "zone": zone, "ordered": shape in (scalar, sorted_rows)}
