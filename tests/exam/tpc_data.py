"""TPC-H and TPC-DS as Parquet files under build/exam, made once for each scale, and their queries from Spark's test jar."""
import pathlib
import shutil
import subprocess

TOP = pathlib.Path(__file__).resolve().parents[2]
PEERS = TOP / "build/peers/bin"
PLACE = TOP / "build/exam"

TPCDS = """
import sys, duckdb, duckdb_extension_tpcds, pathlib
scale, place = sys.argv[1:]
db = duckdb.connect()
extension = next(pathlib.Path(duckdb_extension_tpcds.__file__).parent.rglob("tpcds.duckdb_extension"))
db.load_extension(str(extension))
names = {"c_last_review_date_sk": "c_last_review_date"}
db.execute(f"CALL dsdgen(sf={scale})")
for (table,) in db.execute("SELECT table_name FROM duckdb_tables()").fetchall():
    # Spark's TPC-DS schema has INT keys, and another name for one of them.
    columns = ", ".join(f"{name}::INTEGER AS {names.get(name, name)}" if kind == "BIGINT" else name for name, kind in
                        db.execute(f"SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = '{table}'").fetchall())
    pathlib.Path(place, table).mkdir(parents=True)
    db.execute(f"COPY (SELECT {columns} FROM {table}) TO '{place}/{table}/part-0.parquet' (FORMAT parquet)")
"""


def data(suite, scale):
    """The folder of a suite's tables ("tpch", "tpcds"), one folder a table."""
    place = PLACE / f"{suite}-sf{scale:g}"
    if place.exists():
        return place
    part = place.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    print(f"making {suite} at scale {scale:g}", flush=True)
    if suite == "tpcds":
        subprocess.run([PEERS / "python", "-c", TPCDS, f"{scale:g}", part], check=True)
    else:
        subprocess.run([PEERS / "tpchgen-cli", "parquet", "-s", f"{scale:g}", "--output-dir", part], check=True)
        for file in list(part.glob("*.parquet")):
            (part / file.stem).mkdir()
            file.rename(part / file.stem / "part-0.parquet")
    part.rename(place)
    return place


def tables(place):
    return {folder.name: folder for folder in sorted(place.iterdir()) if folder.is_dir()}


def queries(corpus, suite):
    """Name → SQL text, in the order of their numbers; the suite's own settings in comments are left."""
    def number(path):
        digits = "".join(c for c in path.stem if c.isdigit())
        return int(digits), path.stem
    return {path.stem: path.read_text().rstrip().rstrip(";") for path in sorted((corpus / suite).glob("q*.sql"), key=number)}
