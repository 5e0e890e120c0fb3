"""Redshift's documentation: its examples through the Data API, with the results that it prints. See redshift/documented.test."""
import pathlib


GOLDEN = pathlib.Path(__file__).parent / "redshift" / "documented.test"


def groups():
    """(statement, rows or '!error') of the file."""
    text = "\n".join(line for line in GOLDEN.read_text().split("\n") if not line.startswith("#"))
    for block in text.strip().split("\n\n"):
        statement, _, answer = block.partition("\n----")
        yield statement.strip(), [line for line in answer.split("\n")[1:]]


def cell(field):
    if "isNull" in field:
        return "<null>"
    value = next(iter(field.values()))
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_documented_examples(start_server):
    server = start_server("--auth", "off")
    server.client("redshift").create_cluster(ClusterIdentifier="golden", NodeType="ra3.large", MasterUsername="admin", MasterUserPassword="Passw0rd1",
                                             ClusterType="single-node")
    data = server.client("redshift-data")
    wrong = []
    count = 0
    for statement, expected in groups():
        count += 1
        started = data.execute_statement(ClusterIdentifier="golden", Database="dev", Sql=statement, WaitTimeSeconds=30)
        done = data.describe_statement(Id=started["Id"], WaitTimeSeconds=30)
        if expected and expected[0].startswith("!"):
            good = done["Status"] == "FAILED" and expected[0][1:] in done["Error"]
            answer = done.get("Error", done["Status"])
        elif done["Status"] != "FINISHED":
            good, answer = False, done.get("Error")
        else:
            answer = []
            if done["HasResultSet"]:
                answer = ["|".join(cell(field) for field in row) for row in data.get_statement_result(Id=started["Id"])["Records"]]
            good = answer == expected
        if not good:
            wrong.append(f"{statement}\n  documented: {expected}\n  here:       {answer}")
    assert not wrong, "\n".join(wrong)
    assert count >= 60
