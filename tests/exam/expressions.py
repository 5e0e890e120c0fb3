"""The typed expressions of differential.py, made at random: number i of a seed depends on the seed and i alone.

Some come from RULES, texts by the type of their result; the others call a function of src/ir/functions.def by its signature. A case is
a query over seven random rows, its settings, and whether the order of its rows matters.
"""
import hashlib
import pathlib
import random
import re
import typing

TOP = pathlib.Path(__file__).resolve().parents[2]

# kind: (SQL type, names of columns, values)
KINDS = {
    "tinyint": ("tinyint", ["y"], ["0Y", "1Y", "-1Y", "127Y", "-128Y", "5Y"]),
    "smallint": ("smallint", ["h"], ["0S", "1S", "-1S", "32767S", "-32768S", "300S"]),
    "int": ("int", ["i", "j"], ["0", "1", "-1", "7", "-13", "100", "2147483647", "-2147483648", "42"]),
    "bigint": ("bigint", ["l"], ["0L", "1L", "-5L", "1234567890123L", "9223372036854775807L", "-9223372036854775808L", "77L"]),
    "float": ("float", ["f"], ["0F", "1.5F", "-2.25F", "1e10F", "0.1F", "16777217F", "3.4e38F"]),
    "double": ("double", ["d"], ["0D", "1.5D", "-2.25D", "1e10D", "0.1D", "100D", "-0.001D", "1e300D", "123456789.125D", "double('NaN')",
                                 "double('Infinity')", "-0.0D", "2.5D", "1e-7D"]),
    "decimal": ("decimal(10,2)", ["n"], ["0.00", "1.50", "-99.99", "12345678.90", "0.01", "2.25"]),
    "wide": ("decimal(38,10)", ["w"], ["0", "1.5", "-123456789012345678.0123456789", "9999999999999999999999999999.9999999999", "0.0000000001"]),
    "boolean": ("boolean", ["b"], ["true", "false"]),
    "string": ("string", ["s", "u"], ["''", "'a'", "'Spark SQL'", "' x '", "'12'", "'-3.5'", "'2020-02-29'", "'äöü€'", "'a,b,c'", "'TRUE'", "'abcabc'",
                                      "'1e5'", "'2020-01-01 12:34:56.789'", "'NaN'", "'9223372036854775808'", "'😀b'", "'%_'", "'interval 1 day'",
                                      "'{\"a\": [1, 2]}'", "'1999-12-31T23:59:59Z'", "'0xFF'", "'http://u@h.org:80/p?q=1#f'", "'SQL'", "' 7 '"]),
    "binary": ("binary", ["x"], ["X''", "X'00FF'", "X'616263'", "cast('Spark' as binary)", "X'31'"]),
    "date": ("date", ["t"], ["date'1970-01-01'", "date'2020-02-29'", "date'1999-12-31'", "date'2024-07-15'", "date'0001-01-01'", "date'9999-12-31'",
                             "date'1582-10-15'", "date'1582-10-04'"]),
    "timestamp": ("timestamp", ["z"], ["timestamp'1970-01-01 00:00:00'", "timestamp'2020-02-29 23:59:59.999999'", "timestamp'1999-12-31 12:34:56'",
                                       "timestamp'2021-03-14 02:30:00'", "timestamp'2021-11-07 01:30:00 UTC'", "timestamp'0001-01-01 00:00:00'",
                                       "timestamp'9999-12-31 23:59:59.999999'", "timestamp'1883-11-18 12:00:00'", "timestamp'1969-12-31 23:59:59.5'"]),
    "ntz": ("timestamp_ntz", ["k"], ["timestamp_ntz'1970-01-01 00:00:00'", "timestamp_ntz'2020-02-29 23:59:59.999999'", "timestamp_ntz'2021-03-14 02:30:00'",
                                     "timestamp_ntz'1900-01-01 00:00:00.000001'"]),
    "year_month": ("interval year to month", ["p"], ["interval '1-2' year to month", "interval '-3' month", "interval '178956970-7' year to month",
                                                     "interval '0' year"]),
    "day_time": ("interval day to second", ["q"], ["interval '1 02:03:04.5' day to second", "interval '-1' day", "interval '90' minute",
                                                   "interval '106751991 04:00:54.775807' day to second", "interval '0.000001' second"]),
    "interval": ("interval", ["v"], ["make_interval(1, 2, 0, 3, 4, 5, 6.7)", "make_interval(0, -1)", "make_interval()", "make_interval(0, 0, 0, 0, 25)"]),
    "array": ("array<int>", ["a"], ["array(1, 2, 3)", "array(5)", "array(3, null, 1)", "array()", "array(7, 7, -1)"]),
    "strings": ("array<string>", ["g"], ["array('a', 'b')", "array('x', null, '')", "array()", "array('b', 'a', 'b')"]),
    "doubles": ("array<double>", ["e"], ["array(1.5D, 2D)", "array(double('NaN'), null, -0.0D)", "array(0.0D, -0.0D, 1D)"]),
    "nested": ("array<array<int>>", ["c"], ["array(array(1, 2), array(3))", "array(array(), null)", "array()"]),
    "map": ("map<string,int>", ["m"], ["map('a', 1)", "map('a', 1, 'b', 2)", "map('x', cast(null as int))", "map()"]),
    "struct": ("struct<x:int,y:string>", ["r"], ["named_struct('x', 1, 'y', 'a')", "named_struct('x', null, 'y', 'b')", "named_struct('x', 2, 'y', null)"]),
}
# result type: texts whose {type} are arguments
RULES = {
    "int": ["{int} + {int}", "{int} - {int}", "{int} * {int}", "{int} % {int}", "- {int}", "abs({int})", "length({string})", "year({date})",
            "month({date})", "dayofweek({date})", "weekofyear({date})", "hour({timestamp})", "minute({timestamp})", "second({timestamp})",
            "datediff({date}, {date})", "instr({string}, {string})", "locate({string}, {string})", "ascii({string})", "size({array})",
            "element_at({array}, 1)", "coalesce({int}, {int})", "if({boolean}, {int}, {int})", "greatest({int}, {int})", "least({int}, {int})",
            "pmod({int}, {int})", "{int} & {int}", "{int} | {int}", "{int} ^ {int}", "~ {int}", "shiftleft({int}, 3)", "shiftright({int}, 2)",
            "bit_count({int})", "levenshtein({string}, {string})", "hash({int}, {string})", "cast({string} as int)", "try_cast({string} as int)",
            "cast({double} as int)", "cast({decimal} as int)", "cast({boolean} as int)", "cast({bigint} as int)", "nullif({int}, {int})",
            "array_max({array})", "array_min({array})", "unix_date({date})", "dayofyear({date})", "quarter({date})", "try_add({int}, {int})",
            "try_multiply({int}, {int})", "aggregate({array}, 0, (p, q) -> p + q)", "{map}['a']", "try_element_at({map}, 'b')",
            "find_in_set({string}, {string})", "regexp_count({string}, 'a')", "octet_length({string})", "bit_length({string})",
            "cardinality({map})", "get({array}, 1)", "extract(day from {date})", "date_part('week', {date})", "nvl2({int}, {int}, {int})",
            "case when {boolean} then {int} else {int} end", "cast({bigint} % 1000 as int)"],
    "bigint": ["{bigint} + {int}", "{bigint} - {bigint}", "{bigint} * {int}", "{int} div {int}", "{bigint} % {bigint}", "ceil({double})", "floor({double})",
               "unix_timestamp({timestamp})", "unix_micros({timestamp})", "xxhash64({string}, {int})", "cast({string} as bigint)", "cast({double} as bigint)",
               "cast({decimal} as bigint)", "factorial({int})", "array_position({array}, {int})", "cast({timestamp} as bigint)", "abs({bigint})",
               "coalesce({bigint}, {bigint})", "try_subtract({bigint}, {bigint})", "width_bucket({double}, 0, 10, 5)", "timestampdiff(DAY, {timestamp}, {timestamp})",
               "ceil({decimal})", "{bigint} & {bigint}", "shiftrightunsigned({bigint}, 5)", "round({bigint}, -1)", "unix_seconds({timestamp})"],
    "string": ["concat({string}, {string})", "{string} || {int}", "upper({string})", "lower({string})", "initcap({string})", "trim({string})",
               "ltrim({string})", "rtrim({string})", "substring({string}, {int}, 2)", "substring({string}, 2)", "left({string}, 2)", "right({string}, 2)",
               "lpad({string}, 5, '*')", "rpad({string}, 5, 'xy')", "repeat({string}, 2)", "reverse({string})", "replace({string}, 'a', 'b')",
               "translate({string}, 'abc', 'xy')", "regexp_replace({string}, '[a-c]+', '<$0>')", "regexp_extract({string}, '(a)(b)?', 1)",
               "split_part({string}, ',', 2)", "substring_index({string}, ',', 2)", "cast({int} as string)", "cast({double} as string)",
               "cast({decimal} as string)", "cast({boolean} as string)", "cast({date} as string)", "cast({timestamp} as string)", "cast({array} as string)",
               "cast({map} as string)", "date_format({timestamp}, 'yyyy-MM-dd HH:mm:ss.SSS')", "date_format({date}, 'EEE d MMM y')", "hex({string})",
               "hex({bigint})", "bin({bigint})", "md5({string})", "sha2({string}, 256)", "base64({string})", "soundex({string})", "conv({string}, 10, 16)",
               "format_number({double}, 2)", "format_number({int}, 0)", "format_string('%s-%d', {string}, {int})", "concat_ws('-', {string}, {string})",
               "array_join({array}, ',', '?')", "to_json({array})", "to_json({map})", "to_json(named_struct('x', {int}, 'y', {string}))",
               "elt(2, {string}, {string})", "overlay({string} placing 'zz' from 2)", "mask({string})", "space(2)", "coalesce({string}, {string})",
               "if({boolean}, {string}, {string})", "chr({int})", "url_encode({string})", "typeof({decimal})", "quote({string})", "dayname({date})",
               "monthname({date})", "to_char({decimal}, '999999999.99')", "get_json_object('{{\"a\": 1}}', '$.a')", "to_csv(named_struct('x', {string}, 'y', {int}))",
               "from_unixtime({int})", "nullif({string}, {string})", "btrim({string}, ' a')"],
    "double": ["{double} + {double}", "{double} - {double}", "{double} * {double}", "{double} / {double}", "{int} / {int}", "sqrt({double})", "exp({double})",
               "ln({double})", "log10({double})", "log2({double})", "pow({double}, 2)", "sin({double})", "cos({double})", "atan({double})", "round({double}, 1)",
               "bround({double}, 1)", "cast({int} as double)", "cast({string} as double)", "cast({decimal} as double)", "abs({double})", "signum({double})",
               "degrees({double})", "radians({double})", "cbrt({double})", "hypot({double}, {double})", "atan2({double}, {double})", "nanvl({double}, {double})",
               "months_between({timestamp}, {timestamp})", "coalesce({double}, {double})", "rint({double})", "tanh({double})", "try_divide({int}, {int})",
               "cast({timestamp} as double)", "greatest({double}, {double})", "{double} % {double}", "expm1({double})", "log1p({double})"],
    "decimal": ["{decimal} + {decimal}", "{decimal} - {decimal}", "{decimal} * {decimal}", "{decimal} / {decimal}", "{decimal} % {decimal}", "round({decimal}, 1)",
                "cast({int} as decimal(12,2))", "cast({string} as decimal(10,2))", "cast({double} as decimal(12,3))", "abs({decimal})", "- {decimal}",
                "{decimal} + {int}", "{decimal} * {int}", "ceil({decimal}, 1)", "floor({decimal}, 1)", "bround({decimal}, 1)", "coalesce({decimal}, {decimal})",
                "greatest({decimal}, {decimal})", "try_add({decimal}, {decimal})", "if({boolean}, {decimal}, {decimal})", "extract(second from {timestamp})"],
    "boolean": ["{int} = {int}", "{int} < {bigint}", "{string} = {string}", "{string} < {string}", "{double} >= {double}", "{decimal} <> {decimal}", "{date} <= {date}",
                "{boolean} and {boolean}", "{boolean} or {boolean}", "not {boolean}", "{int} is null", "{string} is not null", "{int} <=> {int}",
                "{string} like '%a%'", "{string} like 'a_c%'", "{string} rlike '[0-9]'", "{int} in (1, 7, {int})", "{int} between {int} and {int}",
                "startswith({string}, 'a')", "endswith({string}, 'c')", "contains({string}, {string})", "array_contains({array}, {int})", "isnan({double})",
                "exists({array}, x -> x > 2)", "forall({array}, x -> x > 0)", "map_contains_key({map}, 'a')", "cast({string} as boolean)", "cast({int} as boolean)",
                "arrays_overlap({array}, {array})", "{date} = {timestamp}", "{int} = {string}", "{decimal} > {double}", "{array} = {array}", "{string} ilike 'S%'",
                "equal_null({string}, {string})", "{int} = {decimal}"],
    "date": ["date_add({date}, {int} % 1000)", "date_sub({date}, 3)", "add_months({date}, {int} % 100)", "last_day({date})", "next_day({date}, 'MON')", "trunc({date}, 'MM')",
             "cast({timestamp} as date)", "cast({string} as date)", "try_cast({string} as date)", "to_date({string}, 'yyyy-MM-dd')", "coalesce({date}, {date})",
             "make_date(2020, {int}, 1)", "date_from_unix_date({int} % 10000)", "{date} + interval 1 month", "{date} - interval 3 day", "greatest({date}, {date})",
             "trunc({date}, 'WEEK')", "{date} + 1"],
    "timestamp": ["cast({date} as timestamp)", "cast({string} as timestamp)", "try_cast({string} as timestamp)", "date_trunc('HOUR', {timestamp})", "date_trunc('QUARTER', {timestamp})",
                  "timestamp_seconds({int})", "timestamp_millis({bigint} % 1000000000000)", "from_utc_timestamp({timestamp}, 'America/New_York')",
                  "to_utc_timestamp({timestamp}, 'Asia/Tokyo')", "{timestamp} + interval '1 02:03:04' day to second", "{timestamp} - interval 2 year",
                  "make_timestamp(2020, 1, 1, {int} % 24, 0, 0)", "coalesce({timestamp}, {timestamp})", "timestampadd(MINUTE, {int} % 1000, {timestamp})",
                  "to_timestamp({string}, 'yyyy-MM-dd')", "least({timestamp}, {timestamp})"],
    "array": ["array({int}, {int})", "sort_array({array})", "sort_array({array}, false)", "array_distinct({array})", "concat({array}, {array})", "reverse({array})",
              "slice({array}, 1, 2)", "array_union({array}, {array})", "array_intersect({array}, {array})", "array_except({array}, {array})", "transform({array}, x -> x + 1)",
              "filter({array}, x -> x > 1)", "array_remove({array}, {int})", "array_repeat({int}, 2)", "flatten(array({array}, {array}))", "array_append({array}, {int})",
              "array_prepend({array}, {int})", "array_compact({array})", "zip_with({array}, {array}, (x, y) -> x + y)", "map_values({map})", "sequence(1, 4)",
              "array_insert({array}, 2, {int})", "array_sort({array})", "transform({array}, (x, k) -> x * k)", "from_json('[1, 2]', 'array<int>')"],
    "map": ["map({string}, {int})", "map_filter({map}, (k, v) -> v > 1)", "transform_values({map}, (k, v) -> v + 1)", "map_from_arrays(array('p', 'q'), array({int}, {int}))",
            "coalesce({map}, {map})", "map_from_entries(array(struct('k', {int})))", "if({boolean}, {map}, {map})"],
}

RULES["tinyint"] = ["{tinyint} + {tinyint}", "- {tinyint}", "cast({int} as tinyint)", "try_cast({double} as tinyint)", "{tinyint} % {tinyint}", "cast({string} as tinyint)"]
RULES["smallint"] = ["{smallint} * {smallint}", "abs({smallint})", "cast({bigint} as smallint)", "{smallint} + {tinyint}", "try_cast({decimal} as smallint)"]
RULES["float"] = ["{float} + {float}", "{float} * {float}", "- {float}", "cast({double} as float)", "cast({int} as float)", "cast({string} as float)",
                  "round({float}, 1)", "cast({wide} as float)", "cast({bigint} as float)"]
RULES["wide"] = ["{wide} + {wide}", "{wide} * {decimal}", "{wide} / {decimal}", "{wide} % {wide}", "cast({double} as decimal(38,10))", "cast({string} as decimal(38,10))",
                 "cast({bigint} as decimal(38,10))", "- {wide}", "round({wide}, 3)", "try_multiply({wide}, {wide})", "{decimal} * {bigint}", "{wide} - {int}"]
RULES["binary"] = ["cast({string} as binary)", "unhex(hex({string}))", "substring({binary}, 1, 2)", "{binary} || {binary}", "unbase64(base64({binary}))", "encode({string}, 'UTF-8')",
                   "to_binary(hex({string}), 'hex')", "cast({int} as binary)"]
RULES["ntz"] = ["cast({date} as timestamp_ntz)", "cast({timestamp} as timestamp_ntz)", "cast({string} as timestamp_ntz)", "{ntz} + {day_time}", "{ntz} + {year_month}",
                "to_timestamp_ntz({string})", "make_timestamp_ntz(2021, 1, {int} % 28, 3, 4, 5.6)", "{ntz} - {interval}"]
RULES["year_month"] = ["{year_month} + {year_month}", "- {year_month}", "{year_month} * {int}", "{year_month} / {int}", "make_ym_interval({int} % 100, {int} % 10)",
                       "cast({string} as interval year to month)", "cast({int} as interval month)", "{year_month} * {double}", "abs({year_month})"]
RULES["day_time"] = ["{day_time} + {day_time}", "- {day_time}", "{day_time} * {int}", "{day_time} / {int}", "make_dt_interval({int} % 100, {int} % 10)", "{timestamp} - {timestamp}",
                     "{date} - {date}", "{ntz} - {ntz}", "cast({string} as interval day to second)", "cast({int} as interval day)", "{timestamp} - {date}", "{day_time} * {double}",
                     "cast({decimal} as interval second)"]
RULES["interval"] = ["{interval} + {interval}", "- {interval}", "make_interval({int} % 100, {int} % 10)", "cast({string} as interval)", "{interval} * {int}", "{interval} / {int}"]
RULES["strings"] = ["split({string}, ',')", "array({string}, {string})", "map_keys({map})", "array_union({strings}, {strings})", "sort_array({strings})",
                    "transform({array}, x -> cast(x as string))", "array_distinct({strings})", "regexp_extract_all({string}, '(.)', 1)", "array_sort({strings})",
                    "filter({strings}, s -> s > 'a')", "reverse({strings})", "json_object_keys({string})", "cast({array} as array<string>)"]
RULES["doubles"] = ["array({double}, {double})", "sort_array({doubles})", "array_distinct({doubles})", "transform({doubles}, x -> x * 2)", "cast({array} as array<double>)",
                    "array_except({doubles}, {doubles})", "array_remove({doubles}, {double})"]
RULES["nested"] = ["array({array}, {array})", "transform({array}, x -> array(x, x + 1))", "sort_array({nested})", "array_distinct({nested})", "reverse({nested})"]
RULES["struct"] = ["named_struct('x', {int}, 'y', {string})", "if({boolean}, {struct}, {struct})", "coalesce({struct}, {struct})", "element_at(array({struct}, {struct}), 2)",
                   "from_json({string}, 'x int, y string')", "from_csv({string}, 'x int, y string')", "cast(named_struct('x', {bigint}, 'y', {int}) as struct<x:int,y:string>)"]
RULES["int"] += ["{struct}.x", "{nested}[0][1]", "cast({year_month} as int)", "extract(year from {year_month})", "extract(hour from {day_time})", "cast({date} = {ntz} as int)",
                 "size({nested})", "size({map})", "cast({tinyint} as int)", "{tinyint} + {int}", "try_cast({wide} as int)", "date_part('DOW', {ntz})", "cast({binary} is null as int)",
                 "regexp_instr({string}, '[bc]')", "json_array_length({string})", "length({binary})", "hash({doubles})", "hash({struct}, {wide})", "hash({date}, {timestamp}, {binary})"]
RULES["bigint"] += ["{day_time} div {day_time}", "xxhash64({struct}, {wide}, {float})", "crc32({binary})", "{year_month} div {year_month}", "cast({float} as bigint)", "unix_millis({timestamp})",
                    "cast({wide} as bigint)", "timestampdiff(MONTH, {timestamp}, {timestamp})", "to_unix_timestamp({string}, 'yyyy-MM-dd')", "{wide} div {decimal}", "try_cast({string} as bigint)"]
RULES["string"] += ["cast({year_month} as string)", "cast({day_time} as string)", "cast({interval} as string)", "cast({float} as string)", "cast({wide} as string)", "cast({ntz} as string)",
                    "cast({struct} as string)", "cast({doubles} as string)", "{struct}.y", "{strings}[0]", "to_json({struct})", "base64({binary})", "hex({binary})", "sha1({string})", "decode({binary}, 'UTF-8')",
                    "date_format({timestamp}, 'G y-MM-dd E HH:mm:ss.SSSSSS')", "date_format({timestamp}, 'h:mm a z')", "to_json(named_struct('t', {timestamp}, 'd', {double}))", "array_join({strings}, '|')",
                    "concat_ws(',', {strings}, {string})", "regexp_replace({string}, '(\\\\w)(\\\\d?)', '$2$1')", "regexp_substr({string}, '[a-z]+')", "parse_url({string}, 'HOST')", "get_json_object({string}, '$.a[0]')",
                    "format_string('%5d|%-5s|%.2f', {int}, {string}, {double})", "to_csv(named_struct('d', {date}, 't', {timestamp}))", "format_number({decimal}, 1)", "cast({nested} as string)",
                    "to_char({date}, 'yyyy/MM/dd')", "substring({string}, {int} % 4)", "cast({binary} as string)", "string({timestamp} - {date})", "lpad({string}, {int} % 9, {string})", "{strings}[{int}]",
                    "try_element_at({strings}, {int} % 4)", "bin({int})", "conv({string}, 16, 2)"]
RULES["double"] += ["cast({float} as double)", "{float} / {double}", "{doubles}[0]", "cast({wide} as double)", "pmod({double}, {double})", "asinh({double})", "acos({double})", "{double} + {float}",
                    "array_max({doubles})", "try_add({double}, {double})", "round({double}, 3)", "cast({boolean} as double)", "aggregate({doubles}, 0D, (p, q) -> p + q)", "power({double}, {double})", "cot({double})",
                    "log({double}, {double})", "round({double}, -2)", "try_cast({string} as double)"]
RULES["decimal"] = [rule if "cast(" in rule[:5] else f"cast({rule} as decimal(10,2))" if i % 2 else rule for i, rule in enumerate(RULES["decimal"])]
RULES["decimal"] += ["cast({wide} as decimal(10,2))", "try_cast({string} as decimal(10,2))", "cast({timestamp} as decimal(20,6))", "cast({boolean} as decimal(3,1))", "{decimal} + 1.123456789",
                     "{decimal} / {int}", "pmod({decimal}, {decimal})", "to_number({string}, '99')", "try_divide({decimal}, {decimal})", "cast({day_time} as decimal(20,3))", "{decimal} * {decimal} * {decimal}"]
RULES["boolean"] += ["{doubles} = {doubles}", "{struct} = {struct}", "{binary} < {binary}", "{year_month} < {year_month}", "{day_time} <= {day_time}", "{ntz} < {timestamp}", "{double} = {double}", "{double} < {double}",
                     "{float} = {double}", "{wide} = {decimal}", "{wide} > {double}", "{strings} < {strings}", "{string} = {date}", "{timestamp} > {string}", "{string} in ({string}, 'a', null)", "{double} in ({double}, {int})",
                     "array_contains({strings}, {string})", "array_contains({doubles}, {double})", "{struct} is null", "{interval} = {interval}", "{binary} = {string}", "{string} rlike '^\\\\s*\\\\d'",
                     "{string} between {string} and {string}", "{decimal} in (1.5, {int}, {decimal})", "{date} between {timestamp} and {ntz}", "try_cast({string} as boolean)", "{string} like {string}", "{string} = {boolean}"]
RULES["date"] += ["cast({ntz} as date)", "{date} + {year_month}", "{date} - {year_month}", "date_add({date}, {smallint})", "try_to_date({string}, 'yyyy-MM-dd')", "make_date({int}, {int} % 13, {int} % 32)", "{date} - {int}",
                  "cast({date} + {day_time} as date)", "try_make_timestamp({int}, 1, 2, 3, 4, 5.5)::date", "trunc({timestamp}, 'YEAR')"]
RULES["timestamp"] += ["{timestamp} + {day_time}", "{timestamp} - {year_month}", "{timestamp} + {interval}", "{date} + {day_time}", "cast({ntz} as timestamp)", "cast({int} as timestamp)", "cast({double} as timestamp)",
                       "cast({decimal} as timestamp)", "date_trunc('WEEK', {timestamp})", "timestamp_micros({bigint} % 1000000000000)", "convert_timezone('America/Los_Angeles', 'Asia/Kolkata', {ntz})", "try_to_timestamp({string})",
                       "to_timestamp({string})", "date_trunc('MILLISECOND', {timestamp})", "timestampadd(MONTH, {int} % 100, {timestamp})", "timestampadd(DAY, {int} % 100, {timestamp})", "{date} + {interval}", "greatest({timestamp}, {date})"]
RULES["array"] += ["cast({strings} as array<int>)", "{nested}[0]", "flatten({nested})", "array_sort({array}, (x, y) -> y - x)", "transform({strings}, x -> length(x))", "sequence({int} % 5, {int} % 7)"]
RULES["map"] += ["map_concat({map}, {map})", "map_filter({map}, (k, v) -> v is null)", "transform_keys({map}, (k, v) -> upper(k))", "map_zip_with({map}, {map}, (k, x, y) -> x + y)", "from_json({string}, 'map<string,int>')",
                 "cast(map({string}, {bigint}) as map<string,int>)", "map_from_arrays({strings}, {array})"]

# What an argument is apt to be, by the parameter's name in functions.def.
CONSTANTS = {
    "format": ["'yyyy-MM-dd'", "'HH:mm:ss'", "'yyyy-MM-dd HH:mm:ss.SSS'", "'d/M/yy'", "'999.99'", "'%s'", "'hex'", "'utf-8'", "'QQQ y'", "'S999,999'"],
    "unit": ["'YEAR'", "'MM'", "'week'", "'DAY'", "'HOUR'", "'x'", "'quarter'", "'MICROSECOND'", "'MINUTE'"], "field": ["'YEAR'", "'dow'", "'SECONDS'", "'week'", "'doy'", "'hours'", "'months'"],
    "charset": ["'UTF-8'", "'US-ASCII'", "'UTF-16'", "'ISO-8859-1'", "'x'"], "regex": ["'a'", "'[a-c]+'", "'(\\\\d+)'", "'.'", "''", "','", "'(a)(b)'"], "pattern": ["'%a%'", "'a_c'", "'a'", "'[0-9]+'"],
    "path": ["'$.a'", "'$.a[0]'", "'$'", "'$.*'"], "part": ["'HOST'", "'QUERY'", "'PATH'", "'REF'"], "key": ["'q'", "'a'"], "day": ["'MON'", "'sunday'", "'x'"], "delim": ["','", "' '", "''"],
    "n": ["0", "1", "2", "-1", "3"], "pos": ["1", "2", "0", "-1", "5"], "len": ["1", "3", "0", "-1"], "scale": ["0", "1", "2", "-1"], "start": ["1", "2", "-2"], "length": ["0", "1", "2"], "bits": ["256", "224", "0", "1"],
    "from": ["10", "16", "2", "'abc'"], "to": ["16", "10", "-10", "'xy'"], "step": ["1", "2"], "d": ["0", "2", "3"], "escape": ["'\\\\'", "'/'"], "with": ["'zz'", "''", "'$1'"], "sep": ["','", "'-'"], "group": ["0", "1"],
    "p": ["0.5D", "0.25D", "array(0.1D, 0.9D)", "0D", "1D"], "accuracy": ["100", "10000"], "rsd": ["0.05D", "0.1D"], "limit": ["-1", "0", "2"], "zone": ["'Asia/Tokyo'", "'UTC'", "'+02:00'", "'America/New_York'"],
    "weight": ["1", "2"], "offset": ["1", "2", "-1", "0"], "ignore_nulls": ["true", "false"], "schema": ["'x int, y string'", "'array<int>'", "'map<string,int>'"], "mode": ["'ECB'"], "options": ["map()"],
}
for mine, other in (("percentage", "p"), ("position", "pos"), ("buckets", "n"), ("delimiter", "sep")):
    CONSTANTS[mine] = CONSTANTS[other]
CLASSES = {
    "numeric": ["tinyint", "smallint", "int", "bigint", "float", "double", "decimal", "wide"], "integral": ["tinyint", "smallint", "int", "bigint"], "fractional": ["float", "double"], "F": ["float", "double"],
    "decimal": ["decimal", "wide"], "year_month_interval": ["year_month"], "day_time_interval": ["day_time"], "ansi_interval": ["year_month", "day_time"], "timestamp_ntz": ["ntz"],
    "any": sorted(KINDS), "orderable": [k for k in sorted(KINDS) if k not in ("map", "interval")], "atomic": ["int", "string", "date", "boolean", "decimal", "double"], "datetime": ["date", "timestamp", "ntz"],
}
LAMBDAS = [["x -> x", "x -> x is null", "x -> x = x", "x -> array(x)"], ["(x, y) -> x", "(x, y) -> y", "(x, y) -> x is null", "(x, y) -> x = y"], ["(x, y, z) -> x"]]
# They answer by the clock, the session or chance, or end the query; or need constants of their own.
LEFT_OUT = set("""rand random randn uniform randstr uuid monotonically_increasing_id spark_partition_id current_date curdate current_timestamp now localtimestamp current_time current_timezone
    current_user user session_user current_catalog current_database current_schema version input_file_name input_file_block_start input_file_block_length raise_error shuffle
    aes_encrypt aes_decrypt try_aes_decrypt grouping grouping_id char_type_write_side_check varchar_type_write_side_check read_side_padding sentences collation window session_window window_time unix_timestamp
    to_time try_to_time make_time time_trunc time_diff time_add_interval time_subtract between + - * / % div & | ^ ~ = == != <=> < <= > >= and or not ! || like ilike rlike regexp in << >> >>> histogram_numeric
    timestamp_add_interval timestamp_sub_interval date_add_interval date_sub_interval date_add_year_month date_sub_year_month timestamp_subtract date_subtract
    extractansiintervaldays multiply_interval divide_interval get_array_item get_map_value product timestampadd timestampdiff min_by max_by mode assert_true extract percentile_cont percentile_disc bitmap_construct_agg bitmap_or_agg bitmap_and_agg getdatabase
    from_avro to_avro schema_of_avro reflect java_method try_reflect st_asbinary st_geogfromwkb st_geomfromwkb st_setsrid st_srid""".split())


class Param(typing.NamedTuple):
    """A parameter of functions.def (src/ir/function.h): what it takes, and what Spark checks of it before anything runs."""
    name: str
    alternatives: list
    optional: bool
    variadic: bool
    constant: bool
    range: tuple  # (lowest, highest), as texts; None: any value


PARAM = re.compile(r"(\w+):(.*?)([?]|[.]{3})?( const(?:arg)?)?(?: options)?( nonnull)?( one)?(?: in ([-\d.]+?)[.][.]([-\d.]+))?( = .*)?$")


def signatures():
    """{SCALAR: [(key, name, [Param])], …} of src/ir/functions.def."""
    found, seen = {}, {}
    for name, text, kind in re.findall(r'^FUNCTION\("([^"]+)", "([^"]*)", "[^"]*", (\w+),', (TOP / "src/ir/functions.def").read_text(), re.M):
        seen[name] = seen.get(name, 0) + 1
        if name in LEFT_OUT:
            continue
        params = []
        for part in re.findall(r"(?:'[^']*'|[^,(<\[]|\([^)]*\)|<[^>]*>+|\[[^\]]*\])+", text):
            param, its, many, constant, _, _, low, high, default = PARAM.match(part.strip()).groups()
            params.append(Param(param, [its] if "->" in its else its.split("|"), bool(default) or many == "?", many == "...", bool(constant), (low, high) if low else None))
        found.setdefault(kind, []).append((f"{name}/{seen[name]}", name, params))
    return found


SIGNATURES = signatures()


def columns():
    return [(name, its[0], kind) for kind, its in KINDS.items() for name in its[1]]


def rows(random_, used, count=7):
    """The rows of a VALUES table of the columns that the texts name, beside rn, the number of the row; and the table's head."""
    wanted = [(name, its, kind) for name, its, kind in columns() if name in used]
    lines = []
    for number in range(count):
        cells = [str(number)] + [f"cast(null as {its})" if random_.random() < 0.12 else f"cast({random_.choice(KINDS[kind][2])} as {its})" for _, its, kind in wanted]
        lines.append("(" + ", ".join(cells) + ")")
    return lines, f"t({', '.join(['rn'] + [name for name, _, _ in wanted])})"


def fill(random_, text, depth):
    out = []
    while text:
        at = text.find("{")
        if at < 0:
            out.append(text)
            break
        if text.startswith("{{", at):
            end = text.index("}}", at)
            out.append(text[:at] + "{" + text[at + 2:end] + "}")
            text = text[end + 2:]
            continue
        end = text.index("}", at)
        out.append(text[:at] + "(" + expression(random_, text[at + 1:end], depth - 1) + ")")
        text = text[end + 1:]
    return "".join(out)


def expression(random_, kind, depth):
    its, names, values = KINDS[kind]
    if depth <= 0 or random_.random() < 0.2:
        return random_.choice(names) if random_.random() < 0.8 else f"cast({random_.choice(values)} as {its})"
    if random_.random() < 0.05:
        return f"{random_.choice(['cast', 'try_cast'])}({expression(random_, random_.choice(sorted(KINDS)), depth - 1)} as {its})"
    return fill(random_, random_.choice(RULES[kind]), depth)


def kinds_of(random_, text, bound):
    text = text.strip().rstrip("!?")
    if len(text) == 1 and text.isupper() and text != "F":
        return bound.setdefault(text, random_.choice(CLASSES["any"]))
    if text.startswith("array<array"):
        return "nested"
    if text.startswith("array<"):
        element = text[6:-1].rstrip("!?")
        if len(element) == 1:
            kind = random_.choice(["array", "strings", "doubles", "nested"])
            bound[element] = {"array": "int", "strings": "string", "doubles": "double", "nested": "array"}[kind]
            return kind
        return {"string": "strings", "double": "doubles"}.get(element, "array")
    if text.startswith("map<"):
        bound |= {"K": "string", "V": "int"}
        return "map"
    if text.startswith("decimal("):
        return "decimal"
    if text in CLASSES:
        return random_.choice(CLASSES[text])
    return text if text in KINDS else random_.choice(CLASSES["any"])


def constant(random_, param, bound):
    """A constant that the parameter may take, or one just outside of its range; None: there is no special one."""
    if param.name in CONSTANTS and not (param.range and random_.random() < 0.3):
        return random_.choice(CONSTANTS[param.name])
    if param.range:
        low, high = map(float if "." in param.range[0] else int, param.range)
        return str(random_.choice([low, low, low + 1, high, low - 1, high + 1])) + ("D" if isinstance(low, float) else "")
    if param.constant:
        kind = kinds_of(random_, random_.choice(param.alternatives), bound)
        return f"cast({random_.choice(KINDS[kind][2])} as {KINDS[kind][0]})"
    return None


def argument(random_, param, bound, depth):
    if "->" in param.alternatives[0]:
        return random_.choice(LAMBDAS[param.alternatives[0].split("->")[0].count(",")])
    if random_.random() < (0.9 if param.constant else 0.8):
        text = constant(random_, param, bound)
        if text:
            return text
    if random_.random() < 0.04:
        return expression(random_, random_.choice(sorted(KINDS)), depth)
    if random_.random() < 0.02:
        return "null"
    return expression(random_, kinds_of(random_, random_.choice(param.alternatives), bound), depth)


def row_for(random_, kind):
    """A function of functions.def. A row that is added there takes a few cases to itself and leaves the others as they were."""
    salt = random_.random()
    return min(SIGNATURES[kind], key=lambda row: hashlib.blake2b(f"{salt}:{row[0]}".encode(), digest_size=8).digest())


def call(random_, kind, depth):
    _, name, params = row_for(random_, kind)
    bound, args = {}, []
    for param in params:
        if param.optional and random_.random() < 0.5:
            break
        for _ in range(random_.randint(0, 2) if param.variadic else 1):
            args.append(argument(random_, param, bound, depth - 1))
    return f"{name}({', '.join(args)})"


SHELLS = ["{}", "{}", "{}", "{}", "cast({} as string)", "typeof({})", "{} is null", "coalesce({}, null)", "array({})", "hash({})", "to_json(named_struct('c', {}))", "struct({})"]


def aggregate(random_):
    """An aggregate function by its signature, over random arguments, grouped or not, or over a window."""
    text = call(random_, "AGGREGATE", 2)
    name = text[:text.index("(")]
    if name in ("collect_list", "array_agg", "collect_set"):
        text = f"sort_array({text})" if random_.random() < 0.9 else text
    elif name in ("first", "last", "first_value", "last_value", "any_value", "listagg", "string_agg", "mode", "max_by", "min_by"):
        return None, text
    elif random_.random() < 0.2 and name not in ("count", "count_if"):
        text = text.replace("(", "(distinct ", 1)
    if random_.random() < 0.15 and not text.startswith("sort_array"):
        text += f" filter (where {expression(random_, 'boolean', 1)})"
    group = random_.choice(["rn % 2", "rn % 3", expression(random_, random_.choice(["int", "string", "double", "date", "decimal", "boolean"]), 1)])
    return group, text


FRAMES = ["", "order by rn", "order by rn", "order by rn rows between 1 preceding and 1 following", "order by rn rows between unbounded preceding and current row",
          "order by rn desc rows between current row and unbounded following", "order by rn range between 2 preceding and current row"]


def made(seed, index):
    """{"sql", "alone" (the same over each row by itself), "ansi", "zone", "ordered"} of one case."""
    random_ = random.Random(f"{seed}:{index}")
    ansi, zone = random_.random() < 0.7, "UTC" if random_.random() < 0.6 else random_.choice(["America/Los_Angeles", "Asia/Kolkata", "Europe/London"])
    shape = random_.random()
    if shape < 0.4:
        kind = random_.choice(sorted(RULES))
        body = expression(random_, kind, random_.randint(1, 3))
        body, tail, ordered = f"hex({body})" if kind == "binary" else body, "", True
    elif shape < 0.75:
        body, tail, ordered = random_.choice(SHELLS).format(call(random_, "SCALAR", random_.randint(1, 3))), "", True
    elif shape < 0.9:
        group, text = aggregate(random_)
        body, tail, ordered = (f"{group}, {text}", f" group by {group}", False) if group else (f"{text} over (partition by rn % 2 order by rn)", "", False)
    else:
        text = call(random_, random_.choice(["AGGREGATE", "WINDOW"]), 2)
        if text.startswith("collect_set"):  # in no order
            text = text.replace("collect_set", "collect_list", 1)
        body, tail, ordered = f"rn, {text} over ({random_.choice(['', 'partition by rn % 2 ', 'partition by rn % 3 '])}{random_.choice(FRAMES)})", "", False
    used = set(re.findall(r"\b[a-z]\b", body))
    lines, head = rows(random_, used)
    one, *alone = [f"select {body} from (values {', '.join(some)}) {head}{tail}" for some in [lines, *([line] for line in lines)]]
    return {"sql": one, "alone": alone, "text": body, "ansi": ansi, "zone": zone, "ordered": ordered}
