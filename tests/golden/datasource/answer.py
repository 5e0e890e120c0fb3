"""A case's answer as JSON, the same from Spark and from weir."""
import datetime
import json
import re


def text(value, folder):
    if isinstance(value, (bytes, bytearray)):
        return "hex " + bytes(value).hex()
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    if isinstance(value, str):
        return value.replace(folder, "FOLDER")
    if isinstance(value, (list, tuple)):
        return [text(v, folder) for v in value]
    if isinstance(value, dict):
        return {"map": sorted(([text(k, folder), text(v, folder)] for k, v in value.items()), key=repr)}
    if value is None or isinstance(value, (bool, int)):
        return value
    return str(value)


def answer(function, spark, folder):
    try:
        value = function(spark, folder)
        if not hasattr(value, "collect"):
            return {"value": text(value, folder)}
        schema = value.schema.simpleString()
        rows = [text(tuple(row), folder) for row in value.collect()]
        return {"schema": schema, "rows": json.loads(json.dumps(sorted(rows, key=repr)))}
    except Exception as error:  # what it raises is the answer
        name = error.getCondition() if hasattr(error, "getCondition") else None
        found = re.search(r"\[([A-Z_.0-9]+)\]", str(error))
        return {"error": name or (found and found.group(1)) or str(error).splitlines()[0][:200].replace(folder, "FOLDER")}
