"""What a job wrote, in a form that two engines can be compared by: independent of file names, of how many files there are, of
the order of rows, of the order of columns in a partition's path.

A data set becomes its schema, its number of rows, and for every column a SHA-256 over all values in the order of the sorted
rows; small sets keep their rows as text too. One differing value in one row changes its column's digest.
"""
import csv
import glob
import hashlib
import json
import os
import re

import numpy
import pyarrow
import pyarrow.compute
import pyarrow.parquet

TEXT_ROWS = 200  # sets up to this size are kept as text, so that a difference can be read


def is_data(path):
    return not os.path.basename(path).startswith((".", "_"))


def parquet_table(folder):
    """All Parquet files below a folder, with the columns that stand in the paths (as text)."""
    tables, schemas = [], {}
    for path in sorted(glob.glob(os.path.join(folder, "**", "*.parquet"), recursive=True)):
        if not is_data(path):
            continue
        table = pyarrow.parquet.read_table(path, partitioning=None)
        for name, value in re.findall(r"([^/=]+)=([^/]+)/", os.path.relpath(path, folder)):
            table = table.append_column(name, pyarrow.array([value] * table.num_rows, pyarrow.string()))
        tables.append(table)
        schemas.update(spark_types(table))
    if not tables:
        raise FileNotFoundError(f"no Parquet files below {folder}")
    return pyarrow.concat_tables(tables), schemas


def spark_types(table):
    """The types that the writer says the columns have, in Spark's words: two physical forms can be one type (INT96)."""
    text = (table.schema.metadata or {}).get(b"org.apache.spark.sql.parquet.row.metadata")
    if text is None:
        return {}
    return {field["name"]: json.dumps(field["type"], sort_keys=True).strip('"') for field in json.loads(text)["fields"]}


def type_name(kind):
    if pyarrow.types.is_timestamp(kind):
        return "timestamp" if kind.tz else "timestamp_ntz"
    return str(kind).replace("large_string", "string")


def plain(column):
    """A column as one array of a type whose bytes do not depend on how it was written."""
    if pyarrow.types.is_timestamp(column.type):
        column = column.cast(pyarrow.timestamp("us", column.type.tz)).cast(pyarrow.int64())
    elif pyarrow.types.is_date32(column.type):
        column = column.cast(pyarrow.int32())
    elif pyarrow.types.is_decimal(column.type):
        column = column.cast(pyarrow.string())
    elif pyarrow.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return column.combine_chunks()


def digest(column):
    sha = hashlib.sha256()
    sha.update(numpy.packbits(column.is_valid().to_numpy(zero_copy_only=False)).tobytes())
    if pyarrow.types.is_string(column.type) or pyarrow.types.is_large_string(column.type):
        sha.update("\0".join(column.fill_null("").to_pylist()).encode())
    elif pyarrow.types.is_boolean(column.type):
        sha.update(column.fill_null(False).to_numpy(zero_copy_only=False).tobytes())
    else:
        values = column.fill_null(0).to_numpy(zero_copy_only=False)
        sha.update((values + 0).tobytes())  # + 0: -0.0 is 0.0
    return sha.hexdigest()


def describe_table(table, types):
    names = sorted(table.column_names)
    columns = {name: plain(table[name]) for name in names}
    sorted_table = pyarrow.table(columns)
    order = pyarrow.compute.sort_indices(sorted_table, sort_keys=[(name, "ascending") for name in names])
    sorted_table = sorted_table.take(order)
    result = {
        "rows": table.num_rows,
        "schema": {name: types.get(name) or type_name(table.schema.field(name).type) for name in names},
        "columns": {name: digest(sorted_table[name].combine_chunks()) for name in names},
    }
    if table.num_rows <= TEXT_ROWS:
        result["text"] = [json.dumps(row, sort_keys=True, default=str) for row in sorted_table.to_pylist()]
    return result


def describe_parquet(folder):
    return describe_table(*parquet_table(folder))


def describe_csv(folder):
    """CSV files as their text: header and rows as written, in order."""
    rows = []
    for path in sorted(glob.glob(os.path.join(folder, "*.csv"))):
        if is_data(path):
            with open(path, newline="", encoding="utf-8") as file:
                rows += [",".join(row) for row in csv.reader(file)]
    return {"rows": len(rows), "text": rows}


def describe_output(root):
    """Every data set below a job's output folder: those that hold a _SUCCESS marker."""
    sets = {}
    for folder, _, files in sorted(os.walk(root)):
        if "_SUCCESS" not in files:
            continue
        name = os.path.relpath(folder, root)
        written_as_csv = any(file.endswith(".csv") for file in files)
        sets[name] = describe_csv(folder) if written_as_csv else describe_parquet(folder)
    return sets


def differences(golden, actual):
    """Readable differences, none when equal."""
    found = [f"{name}: not written" for name in golden if name not in actual]
    found += [f"{name}: written, but not by real Spark" for name in actual if name not in golden]
    for name in golden.keys() & actual.keys():
        want, have = golden[name], actual[name]
        for key in ("rows", "schema"):
            if want.get(key) != have.get(key):
                found.append(f"{name}: {key} is {have.get(key)}, real Spark has {want.get(key)}")
        for column, value in want.get("columns", {}).items():
            if have.get("columns", {}).get(column) != value:
                found.append(f"{name}: values of column {column} differ")
        if want.get("text") != have.get("text"):
            missing = [row for row in want.get("text", []) if row not in have.get("text", [])]
            extra = [row for row in have.get("text", []) if row not in want.get("text", [])]
            found.append(f"{name}: missing rows {missing[:3]}, unexpected rows {extra[:3]}" if missing or extra
                         else f"{name}: rows are in another order")
    return found
