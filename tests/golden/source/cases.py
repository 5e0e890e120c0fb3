"""Files and reader options whose meaning real Spark decides: make.py asks it, tests/unit/test_back_source.c compares."""
TYPES = "a int, b bigint, c double, d string, e timestamp, f date, g decimal(10,2), h boolean"


def csv(name, text, schema=None, select=None, **options):
    files = text if isinstance(text, dict) else {"a.csv": text}
    return {"name": name, "format": "csv", "files": files, "options": {k: str(v) for k, v in options.items()},
            "schema": schema, "select": select}


INFER = {"header": "true", "inferSchema": "true"}
CSV = [
    csv("plain strings", "1,a\n2,b\n"),
    csv("header", "x,y\n1,a\n2,b\n", header="true"),
    csv("header with blank, null and twice named columns", "x,,NA,X,y\n1,2,3,4,5\n", header="true", nullValue="NA"),
    csv("integers, longs, decimals, doubles",
        "i,l,d,f,m,e\n1,1,12345678901234567890,1.5,1,1e3\n-2,3000000000,1,2,12345678901234567890,2\n", **INFER),
    csv("plus signs and spaces are not integers", "a,b,c\n+1, 1,1 \n2,2,2\n", **INFER),
    csv("hexadecimal and suffixes of Java", "a,b,c,d\n1d,0x1p3,NaN,Infinity\n2f,1,1,-Infinity\n", **INFER),
    csv("inf and nan words", "a,b,c,d\nInf,-Inf,NaN,nan\n1,2,3,4\n", **INFER),
    csv("other inf and nan words", "a,b,c\n+oo,-oo,none\n1,2,3\n", positiveInf="+oo", negativeInf="-oo", nanValue="none", **INFER),
    csv("dates and timestamps", "a,b,c,d,e\n2020-01-02,2020-01-02 03:04:05,2020-01-02T03:04:05Z,2020-1-2,2020\n"
        "2020-02-03,2020-02-03,2020-01-02T03:04:05.123+01:00,2020-01-03,2021\n", **INFER),
    csv("date then timestamp", "a,b\n2020-01-02,2020-01-02 10:00:00\n2020-01-02 03:04:05,2020-01-02\n", **INFER),
    csv("preferDate off", "a,b\n2020-01-02,2020-13-02\n2020-01-02,2020-01-02\n", preferDate="false", **INFER),
    csv("only times", "a,b\n10:11:12,2020-01-01 24:00\n10:00,x\n", schema="a string, b timestamp", header="true"),
    csv("booleans", "a,b,c\ntrue,TRUE,t\nfalse,False,f\n", **INFER),
    csv("boolean and integer", "a,b\ntrue,1\n1,true\n", **INFER),
    csv("all null column", "a,b\n,1\n,2\n", **INFER),
    csv("null value in numbers", "a,b,c\nNA,1.5,NA\n3,NA,x\n", nullValue="NA", **INFER),
    csv("empty and null strings", 'a,b,c\n"",NA,\n"NA"," ",x\n', header="true", nullValue="NA"),
    csv("empty value", 'a,b\n"",x\n,y\n', header="true", emptyValue="EMPTY"),
    csv("empty value at the end", 'a,b\nx,""\ny,\n', header="true", emptyValue="EMPTY", nullValue="null"),
    csv("decimal too wide", "a\n1234567890123456789012345678901234567890\n1\n", **INFER),
    csv("decimal and long", "a,b\n12345678901234567890,5\n5,12345678901234567890\n", **INFER),
    csv("int to double", "a\n1\n2.5\n3\n", **INFER),
    csv("long to double", "a\n1\n3000000000\n2.5\n", **INFER),
    csv("short and long records", "a,b,c\n1,2\n1,2,3,4\n5,6,7\n", **INFER),
    csv("short and long records, strings", "a,b,c\n1,2\n1,2,3,4\n5,6,7\n", header="true"),
    csv("blank lines", "\n\na,b\n\n1,2\n   \n3,4\n\n", header="true"),
    csv("header again in the middle", "a,b\n1,2\na,b\n3,4\n", header="true", inferSchema="true"),
    csv("header of each file", {"a.csv": "a,b\n1,2\n", "b.csv": "a,b\n3,4\n"}, **INFER),
    csv("files with other headers", {"a.csv": "a,b\n1,2\n", "b.csv": "b,a\n3,4\n"}, **INFER),
    csv("files with more columns", {"a.csv": "a\n1\n", "b.csv": "a,b\n3,4\n"}, **INFER),
    csv("quotes", '"a b","c,d"\n"e""f","g\\"h"\n"i\\\\j",k\n'),
    csv("quotes doubled by option", '"a ""b""","c"\n"","""x"""\n', escape='"'),
    csv("quotes inside", 'a"b,c"d"e\n"a"b,c\n"a" ,b\n"a" x,b\n  "a",b\n'),
    csv("quotes not closed", 'a,"b c\nd,e\n"f,g\n'),
    csv("quote at the end", '"a","\n"b","c\\\n"d","e"f"\n'),
    csv("stop at closing quote", '"a"b,c",d\nx,y,z\n', unescapedQuoteHandling="STOP_AT_CLOSING_QUOTE"),
    csv("no quote", '"a","b,c"\nd,e\n', quote=""),
    csv("other quote and separator", "'a;b';c\n'd''e';f\n", quote="'", sep=";"),
    csv("tab", "a\tb\n1\t\n", sep="\\t", header="true"),
    csv("long separator", "a||b||c\n1||2|3||\n", sep="||", header="true"),
    csv("white space", " a , b ,c \n 1 , x , \n\t2,\t,3\n", header="true"),
    csv("white space ignored", " a , b ,c \n 1 , x , \n\t2,\t,3\n", ignoreLeadingWhiteSpace="true",
        ignoreTrailingWhiteSpace="true", **INFER),
    csv("white space ignored around quotes", ' "a" , "b" \n "c d" ,"e " \n', ignoreLeadingWhiteSpace="true",
        ignoreTrailingWhiteSpace="true"),
    csv("comments", "#x\na,b\n#1,2\n3,#4\n #5,6\n", comment="#", header="true"),
    csv("carriage returns", "a,b\r\n1,2\r\n3,4\r5,6\n", header="true"),
    csv("byte order mark", "\ufeffa,b\n1,2\n", header="true"),
    csv("no line end", "a,b\n1,2", header="true"),
    csv("other line end", "a,b;1,2;3,4", header="true", lineSep=";"),
    csv("unicode", "ä,☃\nü,😀\n", header="true"),
    csv("empty file", ""),
    csv("empty file with schema", "", schema=TYPES),
    csv("only a header", "a,b\n", **INFER),
    csv("types", "1,2,3.5,x,2020-01-02 03:04:05,2020-01-02,1.005,true\n-1,-2,-1e3,,2020-01-02,2020-01-02T10:00:00,12345678.9,FALSE\n", schema=TYPES),
    csv("malformed values", "x,2,3.5,x,2020-01-02 03:04:05,2020-01-02,1.005,true\n1,x,2,y,z,2020-99-01,1,yes\n"
        "1,2,x,d,2020-01-01,x,123456789.12,t\n", schema=TYPES),
    csv("malformed dropped", "1,2\nx,3\n4\n5,6,7\n8,9\n", schema="a int, b int", mode="DROPMALFORMED"),
    csv("malformed fails", "1,2\nx,3\n", schema="a int, b int", mode="FAILFAST"),
    csv("malformed fails, too few", "1,2\n3\n", schema="a int, b int", mode="FAILFAST"),
    csv("corrupt record", "1,2\nx,3\n4\n5,6,7\n8,\"9\"\n", schema="a int, b int, _corrupt_record string"),
    csv("corrupt record by name", "1,2\nx,3\n4\n", schema="a int, bad string, b int", columnNameOfCorruptRecord="bad"),
    csv("integer limits", "127,32767,2147483647,9223372036854775807\n128,32768,2147483648,9223372036854775808\n-128,-32768,-2147483648,-9223372036854775808\n+1,+1,+1,+1\n",
        schema="a tinyint, b smallint, c int, d bigint"),
    csv("decimals", "1.005,1e2,-0.5,1\n12345678901,1,.5,1.\n1,,5,abc\n", schema="a decimal(10,2), b decimal(5,0), c decimal(3,1), d decimal(4,2)"),
    csv("doubles", "1.5,1e400,0x1p3,1d,NaN\n 1 ,-1e-400,1_0,1f,Inf\n", schema="a double, b double, c double, d double, e double"),
    csv("floats", "1.5,1e40,NaN\n0.1,-1,-Inf\n", schema="a float, b float, c float"),
    csv("schema shorter than file", "a,b,c\n1,2,3\n", schema="a int, b int", header="true"),
    csv("schema longer than file", "a,b\n1,2\n", schema="a int, b int, c int", header="true"),
    csv("pruned columns of short records", "1,2,3\n4\n5,6,7,8\nx,9,10\n", schema="a int, b int, c int", select=["c", "a"]),
    csv("pruned to one good column", "x,2,3\n4,5\n", schema="a int, b int, c int", select=["b"], mode="DROPMALFORMED"),
    csv("two lines in a record", 'a,b\n1,"x\ny"\n2,"z\r\nw"\n', header="true", multiLine="true"),
    csv("two lines in a record, inferred", 'a,b\n1,"x\ny"\n2,5\n\n3,\n', multiLine="true", **INFER),
    csv("multi line with carriage returns", 'a,b\r\n1,"x\r\ny"\r\n\r\n2,z\r\n', header="true", multiLine="true"),
    csv("multi line malformed", 'a,b\n1,"x\ny"\nq,"z"\n3\n', header="true", multiLine="true",
        schema="a int, b string, _corrupt_record string"),
    csv("multi line with comments", '#c\na,b\n#d\n1,2\n', header="true", multiLine="true", comment="#"),
    csv("one line mode of a record in two", 'a,b\n1,"x\ny"\n', header="true"),
    csv("latin 1", "a,b\n\xe4,\xfc\n", header="true", encoding="ISO-8859-1"),
    csv("partitions", {"m=1/d=a/x.csv": "1,2\n", "m=2/d=b%2Fc/y.csv": "3,4\n", "m=10/d=__HIVE_DEFAULT_PARTITION__/z.csv": "5,6\n"}, inferSchema="true"),
    csv("partition types", {f"i={i}/l={l}/f={f}/e={e}/n={n}/t={t}/d={d}/x.csv": "1\n" for i, l, f, e, n, t, d in [
        ("1", "3000000000", "1.5", "1", "__HIVE_DEFAULT_PARTITION__", "2020-01-02 03%3A04%3A05", "2020-01-02"),
        ("02", "1", "2", "x", "__HIVE_DEFAULT_PARTITION__", "2020-01-02", "2020-01-03")]}),
    csv("partition decimals and dates", {"a=12345678901234567890/b=2020-01-01/x.csv": "1\n", "a=1/b=5/x.csv": "1\n"}),
    csv("partition of the user's type", {"p=01/x.csv": "1\n", "p=2/x.csv": "2\n"}, schema="v int, P string"),
    csv("partition column in the file too", {"b=7/x.csv": "a,b\n1,2\n"}, **INFER),
    csv("partition names in conflict", {"a=1/x.csv": "1\n", "b=1/x.csv": "1\n"}),
    csv("hidden files are not read", {"a.csv": "1\n"}),
    csv("time zone of the reader", "2020-01-02 03:04:05\n2020-07-02T00:00:00Z\n", schema="t timestamp", timeZone="America/New_York"),
    csv("timestamp without zone", "2020-01-02 03:04:05\n2020-01-02T00:00:00Z\n2020-01-02\nx\n", schema="t timestamp_ntz"),
]


def json(name, text, schema=None, select=None, **options):
    return {**csv(name, text if isinstance(text, dict) else {"a.json": text}, schema, select, **options), "format": "json"}


ALL = "a int, b double, c string, d boolean, e timestamp, f date, g decimal(10,2)"
JSON = [
    json("simple", '{"a":1,"b":"x"}\n{"b":"y","a":2}\n'),
    json("types", '{"i":1,"l":3000000000,"f":1.5,"e":1e3,"t":true,"n":null,"s":"x","big":12345678901234567890}\n'),
    json("names are sorted", '{"b":1,"a":2,"B":3,"_":4}\n'),
    json("types of two records", '{"a":1,"b":1,"c":true,"d":"x","e":null}\n{"a":1.5,"b":"x","c":1,"d":null,"e":null}\n'),
    json("nested", '{"a":{"x":1,"y":[1,2]},"b":[{"p":1},{"q":"z"}],"c":[]}\n{"a":{"z":true},"b":[],"c":[[1],[2.5]]}\n'),
    json("empty strings and structs", '{"a":"","b":{},"c":[{}],"d":[""]}\n'),
    json("corrupt", '{"a":1}\n{"a":\nx\n{"a":2}\n'),
    json("corrupt, dropped", '{"a":1}\n{"a":\n{"a":2}\n', mode="DROPMALFORMED"),
    json("corrupt, fails", '{"a":1}\n{"a":\n', mode="FAILFAST"),
    json("corrupt, declared", '{"a":1}\n{"a":\n{"a":"x"}\n{"a":2} y\n[{"a":3},{"a":4}]\n', schema="a int, _corrupt_record string"),
    json("blank lines", '\n  \n{"a":1}\n\n'),
    json("root values", '1\n"x"\nnull\n{"a":1}\n'),
    json("root array", '[{"a":1},{"a":2,"b":"x"}]\n{"a":3}\n'),
    json("declared types", '{"a":1,"b":1.5,"c":"x","d":true,"e":"2020-01-02T03:04:05Z","f":"2020-01-02","g":1.005}\n'
         '{"a":null,"b":2,"c":{"p":[1, 2]},"d":false,"e":1577934245,"f":"2020-1-2","g":"7.5"}\n', schema=ALL),
    json("declared types that do not fit", '{"a":"x","b":"y","c":1.50,"d":1,"e":"z","f":"q","g":"w"}\n'
         '{"a":1.5,"b":true,"c":false,"d":"true","e":"","f":"","g":123456789.5}\n{"a":3000000000,"b":"NaN","c":"","d":null}\n', schema=ALL),
    json("numbers as text", '{"a":1.0,"b":[1, "x" ],"c":{"k" : null}}\n', schema="a string, b string, c string"),
    json("partial nested values", '{"a":{"x":1,"y":"z"},"b":[1,"x",3],"c":{"k":1,"l":"m"},"d":[{"x":"q","y":"r"}]}\n',
         schema="a struct<x:int,y:int>, b array<int>, c map<string,int>, d array<struct<x:int,y:string>>"),
    json("maps and arrays", '{"m":{"a":1,"b":null},"l":[[1,2],null,[]],"s":{"x":{"y":5}}}\n{}\n',
         schema="m map<string,bigint>, l array<array<int>>, s struct<x:struct<y:int>,z:string>"),
    json("twice named fields", '{"a":1,"a":2}\n', schema="a int"),
    json("names by case", '{"A":1,"a":2}\n', schema="A int, b int"),
    json("escapes", '{"a":"\\u00e4\\n\\"\\\\\\/\\ud83d\\ude00","b":"\t"}\n', schema="a string, b string"),
    json("single quotes", "{'a':'x\"y'}\n"),
    json("non-numeric numbers", '{"a":NaN,"b":Infinity,"c":-Infinity,"d":1}\n'),
    json("leading zeros", '{"a":01}\n{"a":1}\n'),
    json("long strings of digits", '{"a":123456789012345678901234567890123456789012}\n{"a":1}\n'),
    json("decimals preferred", '{"a":1.25,"b":1}\n{"a":10.5,"b":2.5}\n', prefersDecimal="true"),
    json("primitives as strings", '{"a":1.25,"b":true,"c":{"d":1}}\n', primitivesAsString="true"),
    json("null fields dropped", '{"a":null,"b":[],"c":1,"d":{"e":null}}\n', dropFieldIfAllNull="true"),
    json("timestamps inferred", '{"a":"2020-01-02T03:04:05Z","b":"x"}\n', inferTimestamp="true"),
    json("multi line", {"a.json": '{\n "a": 1,\n "b": [1,\n 2]\n}\n', "b.json": '[{"a": 5},\n {"a": 6}]\n'}, multiLine="true"),
    json("multi line corrupt", {"a.json": '{\n "a": 1', "b.json": '{"a": 5}'}, multiLine="true"),
    json("formats", '{"d":"02/01/2020","t":"02/01/2020 10:11"}\n', schema="d date, t timestamp", dateFormat="dd/MM/yyyy",
         timestampFormat="dd/MM/yyyy HH:mm"),
    json("empty", ""),
    json("pruned", '{"a":"x","b":2}\n{"a":1,"b":3}\n{"a":1,"b":\n', schema="a int, b int", select=["b"]),
]


def xml(name, text, schema=None, select=None, **options):
    files = text if isinstance(text, dict) else {"a.xml": text}
    options = {k: v for k, v in {"rowTag": "r", **options}.items() if v is not None}
    return {**csv(name, files, schema, select, **options), "format": "xml"}


ROWS = "<rs>\n  <r><a>1</a><b>x</b></r>\n  <r><b>y</b><a>2</a></r>\n</rs>\n"
XML = [
    xml("simple", ROWS),
    xml("row tag is required", ROWS, rowTag=None),
    xml("row tag that is not there", ROWS, rowTag="q"),
    xml("row tag with spaces", ROWS, rowTag=" r "),
    xml("row tag is the root", "<r><a>1</a></r>"),
    xml("row tag is the root, declared", '<?xml version="1.0" encoding="UTF-8"?>\n<!-- x -->\n<r k="5"><a>1</a></r>\n'),
    xml("root is the row", ROWS, rowTag="rs"),
    xml("several roots", "<r><a>1</a></r>\n<r><a>2</a></r>\n"),
    xml("several roots, declared", "<r><a>1</a></r>\n<r><a>2</a></r>\n", schema="a int, _corrupt_record string"),
    xml("types", "<rs><r><i>1</i><l>3000000000</l><f>1.5</f><e>1e3</e><t>true</t><n/><s>x</s><big>12345678901234567890</big>"
        "<d>2020-01-02</d><z>2020-01-02T03:04:05Z</z></r></rs>"),
    xml("types of two records", "<rs><r><a>1</a><b>1</b><c>true</c><d>x</d><e/></r><r><a>1.5</a><b>x</b><c>1</c><d/><e/></r></rs>"),
    xml("attributes", '<rs><r k="1" l="x"><a m="2">3</a></r><r k="2"><a>4</a></r></rs>'),
    xml("attributes excluded", '<rs><r k="1" l="x"><a m="2">3</a></r><r k="2"><a>4</a></r></rs>', excludeAttribute="true"),
    xml("other prefix and tag", '<rs><r k="1" l="x"><a m="2">3</a></r></rs>', attributePrefix="@", valueTag="#"),
    xml("nested", "<rs><r><a><x>1</x><y>1</y><y>2</y></a><b><p>1</p></b><b><q>z</q></b></r><r><a><z>true</z></a></r></rs>"),
    xml("one and many", "<rs><r><a>1</a></r><r><a>1</a><a>2.5</a></r><r/></rs>"),
    xml("mixed content", "<rs><r>t<a>1</a>u</r><r><a>2</a></r></rs>"),
    xml("row of text", "<rs><r>5</r><r>x</r><r k='1'/></rs>"),
    xml("nested rows", "<rs><r><a>1</a><r><a>2</a></r></r><r><a>3</a></r></rs>"),
    xml("nested rows, declared", "<rs><r><a>1</a><r><a>2</a></r></r><r><a>3</a></r></rs>", schema="a int, r struct<a: int>"),
    xml("row tag deep inside", "<rs><x><r><a>1</a></r><y><r><a>2</a></r></y></x><r><a>3</a></r></rs>"),
    xml("row tag as a prefix of others", "<rs><rx><a>1</a></rx><r><a>2</a></r><r2/></rs>"),
    xml("row with a namespace", '<rs xmlns:n="u"><n:r><a>1</a></n:r><r><a>2</a></r></rs>'),
    xml("row with a namespace, named", '<rs xmlns:n="u"><n:r><n:a>1</n:a></n:r></rs>', rowTag="n:r"),
    xml("namespaces ignored", '<rs xmlns:n="u"><n:r n:k="1"><n:a>1</n:a></n:r><r><a>2</a></r></rs>', ignoreNamespace="true"),
    xml("comments and CDATA", "<rs><!-- <r><a>0</a></r> --><![CDATA[<r><a>0</a></r>]]><r><a><!-- c -->1</a><b><![CDATA[<&>]]></b></r></rs>"),
    xml("entities", "<rs><r><a>&lt;&amp;&#65;</a></r></rs>"),
    xml("undeclared entity", "<rs><r><a>1</a></r><r><a>&x;</a></r><r><a>3</a></r></rs>"),
    xml("undeclared entity, declared", "<rs><r><a>1</a></r><r><a>&x;</a></r><r><a>3</a></r></rs>", schema="a string, _corrupt_record string"),
    xml("document type", '<!DOCTYPE rs [<!ENTITY x "y"><!ENTITY y "&x;&x;">]><rs><r><a>1</a></r><r><a>p&y;q</a></r></rs>',
        schema="a string, _corrupt_record string"),
    xml("corrupt", "<rs><r><a>1</a></r><r><a>2</b></r><r><a>3</a></r></rs>"),
    xml("corrupt, declared", "<rs><r><a>1</a></r><r><a>2</b></r><r><a>3</a></r></rs>", schema="a int, _corrupt_record string"),
    xml("corrupt, without a column", "<rs><r><a>1</a></r><r><a>2</b></r><r><a>3</a></r></rs>", schema="a int"),
    xml("corrupt, dropped", "<rs><r><a>1</a></r><r><a>2</b></r><r><a>3</a></r></rs>", mode="DROPMALFORMED"),
    xml("corrupt, dropped, declared", "<rs><r><a>1</a></r><r><a>2</b></r><r><a>3</a></r></rs>", schema="a int", mode="DROPMALFORMED"),
    xml("corrupt, fails", "<rs><r><a>1</a></r><r><a>2</b></r><r><a>3</a></r></rs>", mode="FAILFAST"),
    xml("corrupt, fails, declared", "<rs><r><a>1</a></r><r><a>2</b></r><r><a>3</a></r></rs>", schema="a int", mode="FAILFAST"),
    xml("values that do not fit", "<rs><r><a>1</a><b>2</b></r><r><a>x</a><b>3</b></r><r><b>4</b><a>y</a></r><r><a>5</a></r></rs>",
        schema="a int, b int, _corrupt_record string"),
    xml("values that do not fit, dropped", "<rs><r><a>1</a></r><r><a>x</a></r><r><a>5</a></r></rs>", schema="a int", mode="DROPMALFORMED"),
    xml("values that do not fit, fails", "<rs><r><a>1</a></r><r><a>x</a></r><r><a>5</a></r></rs>", schema="a int", mode="FAILFAST"),
    xml("values inside that do not fit", "<rs><r><s><a>x</a><b>2</b></s><c>3</c></r><r><s><a>1</a><b>2</b></s><c>4</c></r></rs>",
        schema="s struct<a: int, b: int>, c int, _corrupt_record string"),
    xml("values after one that does not fit", "<rs><r><a>x</a><b>2</b><c>3</c></r><r><a>1</a></r></rs>", schema="a int, b int, c int, _corrupt_record string"),
    xml("cut off", "<rs><r><a>1</a></r><r><a>2</a></r><r><a>3"),
    xml("cut off, declared", "<rs><r><a>1</a></r><r><a>2</a></r><r><a>3", schema="a int, _corrupt_record string"),
    xml("cut off between rows", "<rs><r><a>1</a></r><r><a>2</a></r>", schema="a int, _corrupt_record string"),
    xml("corrupt outside of rows", "<rs><r><a>1</a></r><x></y><r><a>2</a></r></rs>", schema="a int, _corrupt_record string"),
    xml("corrupt before rows", "<rs><x></y><r><a>2</a></r></rs>"),
    xml("no XML", "hello"),
    xml("no XML, declared", "hello", schema="a int, _corrupt_record string"),
    xml("empty", ""),
    xml("empty, declared", "", schema="a int, _corrupt_record string"),
    xml("blank", " \n "),
    xml("root without rows", "<rs/>"),
    xml("byte order mark", "\ufeff<rs><r><a>1</a></r></rs>"),
    xml("latin 1 that says so", '<?xml version="1.0" encoding="ISO-8859-1"?><rs><r><a>ä</a></r></rs>', encoding="ISO-8859-1"),
    xml("latin 1 that says so alone", {"a.xml": {"hex": '<?xml version="1.0" encoding="ISO-8859-1"?><rs><r><a>ä</a></r></rs>'.encode("latin-1").hex()}}),
    xml("utf-16", {"a.xml": {"hex": "<rs><r><a>ä</a></r></rs>".encode("utf-16").hex()}}, encoding="UTF-16"),
    xml("bytes that are no text", {"a.xml": {"hex": (b"<rs><r><a>1</a></r><r><a>\xff</a></r></rs>").hex()}}, schema="a string, _corrupt_record string"),
    xml("spaces kept", "<rs><r><a> x </a><b> </b><c> 1 </c></r></rs>", ignoreSurroundingSpaces="false"),
    xml("nulls", "<rs><r><a>-</a><b>-</b></r><r><a>1</a><b/></r></rs>", nullValue="-"),
    xml("nulls, declared", "<rs><r><a>-</a><b>-</b></r><r><a>1</a><b/></r></rs>", schema="a int, b string", nullValue="-"),
    xml("no inference", ROWS, inferSchema="false"),
    xml("decimals preferred", "<rs><r><a>1.25</a><b>1</b></r><r><a>10.5</a><b>2.5</b></r></rs>", prefersDecimal="true"),
    xml("formats", "<rs><r><d>02/01/2020</d><t>02/01/2020 10:11</t></r></rs>", dateFormat="dd/MM/yyyy", timestampFormat="dd/MM/yyyy HH:mm"),
    xml("dates not preferred", "<rs><r><d>2020-01-02</d></r></rs>", preferDate="false"),
    xml("names by case", "<rs><r><A>1</A><a>2</a></r></rs>"),
    xml("names by case in two records", "<rs><r><A>1</A></r><r><a>2</a></r></rs>"),
    xml("wildcard", "<rs><r><a>1</a><b k='v'><c>2</c></b><d>3</d></r></rs>", schema="a int, xs_any array<string>"),
    xml("maps", "<rs><r><m k='5'><a>1</a><b>2</b></m></r></rs>", schema="m map<string,int>"),
    xml("pruned", "<rs><r><a>x</a><b>2</b></r><r><a>1</a><b>3</b></r></rs>", schema="a int, b int", select=["b"]),
    xml("pruned, all good", "<rs><r><a>1</a><b>2</b></r><r><a>1</a><b>3</b></r></rs>", select=["b"]),
    xml("only the corrupt", "<rs><r><a>x</a></r><r><a>1</a></r></rs>", schema="a int, _corrupt_record string", select=["_corrupt_record"]),
    xml("two files", {"a.xml": "<rs><r><a>1</a></r></rs>", "b.xml": "<rs><r><a>x</a><b>2</b></r></rs>"}),
    xml("partitions", {"p=1/a.xml": "<rs><r><a>1</a></r></rs>", "p=2/b.xml": "<rs><r><a>2</a></r></rs>"}),
    xml("lines", "<r><a>1</a></r>\n<r><a>2</a></r>\n\n<q k='5'><a>x</a></q>\nbad\n", multiLine="false"),
    xml("lines, declared", "<r><a>1</a></r>\n<r><a>2</a></r>\n\n<q k='5'><a>x</a></q>\nbad\n", multiLine="false", schema="a int, _corrupt_record string"),
    xml("sampled", ROWS, samplingRatio="1.0"),
    xml("structs and text", "<rs><r><a>5</a></r><r><a k='1'>6</a></r><r><a><b>1</b></a></r></rs>"),
    xml("structs and strings", "<rs><r><a><b>1</b></a></r><r><a>x</a></r></rs>"),
    xml("structs, then text", "<rs><r><a><b>1</b></a></r><r><a>x</a></r></rs>", schema="a struct<b: int>, _corrupt_record string"),
    xml("columns twice", '<rs><r _k="1" k="2"><_k>3</_k></r></rs>'),
    xml("attribute and element of one name", '<rs><r k="1"><_k>3</_k></r></rs>'),
    xml("deep", "<rs><r><a><b><c><d><e>1</e></d></c></b></a></r></rs>"),
    xml("line ends", "<rs><r><a>x\r\ny\rz</a></r></rs>"),
    xml("a processing instruction", "<rs><?pi x?><r><?pi?><a>1<?pi y?></a></r></rs>"),
    xml("intervals", ROWS, schema="a interval day"),
    xml("corrupt column of another type", ROWS, schema="a int, _corrupt_record int"),
]


def text(name, content, schema=None, **options):
    return {**csv(name, content if isinstance(content, dict) else {"a.txt": content}, schema, **options), "format": "text"}


TEXT = [
    text("lines", "a\n\nb c\r\nd\re"),
    text("other line end", "a;b\n;c", lineSep=";"),
    text("whole files", {"a.txt": "a\nb\n", "b.txt": "c"}, wholetext="true"),
    text("partitions", {"p=1/a.txt": "x\n", "p=2/a.txt": "y\n"}),
    text("not UTF-8", {"a.txt": {"hex": "61ff62c3280a"}}),
]
CSV += [
    csv("date format", "a,b\n02/01/2020,02/01/2020 10:11\nx,y\n", header="true", schema="a date, b timestamp",
        dateFormat="dd/MM/yyyy", timestampFormat="dd/MM/yyyy HH:mm"),
    csv("date format inferred", "a,b\n02/01/2020,02/01/2020 10:11\n03/01/2020,03/01/2020 00:00\n", dateFormat="dd/MM/yyyy",
        timestampFormat="dd/MM/yyyy HH:mm", **INFER),
    csv("dates of the default format beside timestamps", "a\n2020-01-02\n2020-01-02 10:00:00\n", dateFormat="yyyy-MM-dd", **INFER),
    csv("times of the default formats", "a,b,c\n2020-01-02T10,2020-01-02 10:00 UTC,2020-01-02T10:00:00.1234567\n", **INFER),
    csv("gzip", {"a.csv.gz": {"hex": __import__("gzip").compress(b"a,b\n1,x\n2,y\n", mtime=0).hex()}}, **INFER),
]


def arrow(**columns):
    """A Parquet file of pyarrow's, in hexadecimal."""
    import io
    import pyarrow
    import pyarrow.parquet
    out = io.BytesIO()
    options = columns.pop("options", {})
    pyarrow.parquet.write_table(pyarrow.table(columns), out, compression="snappy", **options)
    return {"hex": out.getvalue().hex()}


def parquet(name, files, schema=None, select=None, **options):
    return {**csv(name, files, schema, select, **options), "format": "parquet"}


def parquet_cases():
    import datetime
    import decimal
    import pyarrow as pa
    moment = datetime.datetime(2020, 1, 2, 3, 4, 5, 678000)
    zone = datetime.timezone.utc
    simple = arrow(a=pa.array([1, None], pa.int32()), B=pa.array(["x", None]))
    return [
        parquet("simple", {"a.parquet": simple}),
        parquet("integers", {"a.parquet": arrow(
            a=pa.array([1], pa.int8()), b=pa.array([2], pa.int16()), c=pa.array([3], pa.int64()), d=pa.array([200], pa.uint8()),
            e=pa.array([40000], pa.uint16()), f=pa.array([3000000000], pa.uint32()), g=pa.array([2**63], pa.uint64()))}),
        parquet("others", {"a.parquet": arrow(
            a=pa.array([1.5], pa.float32()), b=pa.array([2.5]), c=pa.array([True]), d=pa.array([decimal.Decimal("1.25")], pa.decimal128(10, 2)),
            e=pa.array([datetime.date(2020, 1, 2)]), f=pa.array([b"\x01\x02"]), g=pa.array([decimal.Decimal(5)], pa.decimal128(38, 0)))}),
        parquet("timestamps", {"a.parquet": arrow(
            a=pa.array([moment.replace(tzinfo=zone)], pa.timestamp("us", "UTC")), b=pa.array([moment], pa.timestamp("us")),
            c=pa.array([moment.replace(tzinfo=zone)], pa.timestamp("ms", "UTC")))}),
        parquet("old timestamps", {"a.parquet": arrow(
            a=pa.array([moment], pa.timestamp("ns")), options={"use_deprecated_int96_timestamps": True})}),
        parquet("nested", {"a.parquet": arrow(
            l=pa.array([[1, None], []], pa.list_(pa.int64())), s=pa.array([{"x": 1, "y": "a"}, None]),
            m=pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int32())))}),
        parquet("columns by name", {"a.parquet": simple}, schema="b string, c int, A int"),
        parquet("wider types", {"a.parquet": simple}, schema="a bigint"),
        parquet("types in conflict", {"a.parquet": simple}, schema="a string"),
        parquet("files in conflict", {"a.parquet": arrow(a=pa.array([1], pa.int32())), "b.parquet": arrow(a=pa.array(["x"]))}),
        parquet("missing columns", {"a.parquet": simple, "b.parquet": arrow(a=pa.array([5], pa.int32()))}),
        parquet("merged", {"a.parquet": simple, "b.parquet": arrow(a=pa.array([5], pa.int32()), z=pa.array([1.5]))}, mergeSchema="true"),
        parquet("partitions", {"p=1/q=x/a.parquet": simple, "p=2/q=__HIVE_DEFAULT_PARTITION__/a.parquet": simple}),
        parquet("only partitions", {"p=1/a.parquet": simple, "p=2/a.parquet": simple}, select=["p"]),
        parquet("nested fields by name", {"a.parquet": arrow(s=pa.array([{"x": 1, "y": "a"}]))}, schema="s struct<y:string,z:int>"),
        parquet("not Parquet", {"a.parquet": "hello, this is text\n"}),
        parquet("cut off", {"a.parquet": {"hex": simple["hex"][:-40]}}),
    ]
