"""STS: who am I, roles, session tokens."""
import botocore.exceptions
import pytest

ROLE = "arn:aws:iam::123456789012:role/service/EMR_EC2_DefaultRole"


def assumed(server, **options):
    made = server.client("sts").assume_role(RoleArn=ROLE, RoleSessionName="nightly", **options)
    keys = made["Credentials"]
    return made, {"aws_access_key_id": keys["AccessKeyId"], "aws_secret_access_key": keys["SecretAccessKey"],
                  "aws_session_token": keys["SessionToken"]}


def failure(call):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call()
    return caught.value.response["Error"]["Code"], caught.value.response["ResponseMetadata"]["HTTPStatusCode"]


def test_the_root_key_is_the_account(server):
    answer = server.client("sts").get_caller_identity()
    assert (answer["Account"], answer["Arn"], answer["UserId"]) == (
        "123456789012", "arn:aws:iam::123456789012:root", "123456789012")
    assert answer["ResponseMetadata"]["RequestId"] == answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"]


def test_an_assumed_role_is_a_session_of_that_role(server):
    made, keys = assumed(server, DurationSeconds=900)
    assert made["AssumedRoleUser"]["Arn"] == "arn:aws:sts::123456789012:assumed-role/EMR_EC2_DefaultRole/nightly"
    identity = server.client("sts", **keys).get_caller_identity()
    assert identity["Arn"] == made["AssumedRoleUser"]["Arn"]
    assert identity["UserId"] == made["AssumedRoleUser"]["AssumedRoleId"]
    assert identity["UserId"].endswith(":nightly")


def test_sessions_outlive_the_server(start_server):
    first = start_server()
    _, keys = assumed(first)
    assert first.stop() == 0
    second = start_server(home=first.home)
    assert "nightly" in second.client("sts", **keys).get_caller_identity()["Arn"]


def test_a_session_key_needs_its_token(server):
    _, keys = assumed(server)
    without = {**keys, "aws_session_token": None}
    assert failure(server.client("sts", **without).get_caller_identity) == ("InvalidClientTokenId", 403)
    other = {**keys, "aws_session_token": "FwoGZXIvYXdz"}
    assert failure(server.client("sts", **other).get_caller_identity) == ("InvalidClientTokenId", 403)


def test_a_role_of_another_account_is_denied(server):
    other = "arn:aws:iam::210987654321:role/EMR"
    assert failure(lambda: server.client("sts").assume_role(RoleArn=other, RoleSessionName="me")) == ("AccessDenied", 403)


def test_wrong_arguments_are_validation_errors(server):
    sts = server.client("sts")
    role = {"RoleArn": ROLE, "RoleSessionName": "me"}
    assert failure(lambda: sts.assume_role(**{**role, "RoleSessionName": "a b"})) == ("ValidationError", 400)
    assert failure(lambda: sts.assume_role(**{**role, "RoleArn": "arn:aws:iam::123456789012:user/x"})) == ("ValidationError", 400)
    with pytest.raises(botocore.exceptions.ClientError, match="Member must have value less than or equal to 43200"):
        sts.assume_role(**role, DurationSeconds=90000)


def test_a_session_token_is_the_same_principal(server):
    keys = server.client("sts").get_session_token()["Credentials"]
    session = server.client("sts", aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"],
                            aws_session_token=keys["SessionToken"])
    assert session.get_caller_identity()["Arn"].endswith(":root")


def test_access_key_info(server):
    sts = server.client("sts")
    assert sts.get_access_key_info(AccessKeyId=server.access_key)["Account"] == "123456789012"
    assert failure(lambda: sts.get_access_key_info(AccessKeyId="AKIAIOSFODNN7EXAMPLE")) == ("ValidationError", 400)


def test_the_command_line_client(server):
    assert "123456789012" in server.aws("sts", "get-caller-identity", "--output", "text").stdout
