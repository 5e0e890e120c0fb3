"""Buckets and their settings, as boto3 sees them. The cases follow the S3 API Reference and ceph's s3-tests."""
import itertools

import pytest
from botocore.exceptions import ClientError

counter = itertools.count()


@pytest.fixture
def s3(server):
    return server.client("s3")


@pytest.fixture
def bucket(s3):
    name = f"buckets-{next(counter)}"
    s3.create_bucket(Bucket=name)
    return name


def fails(status, code, call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    answer = caught.value.response
    assert (answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]) == (status, code)
    return answer["Error"]


def test_a_bucket_is_made_listed_and_deleted(s3):
    s3.create_bucket(Bucket="made-and-gone")
    found = [one for one in s3.list_buckets()["Buckets"] if one["Name"] == "made-and-gone"]
    assert len(found) == 1 and found[0]["CreationDate"].year >= 2024
    assert s3.head_bucket(Bucket="made-and-gone")["ResponseMetadata"]["HTTPHeaders"]["x-amz-bucket-region"] == "us-east-1"
    s3.delete_bucket(Bucket="made-and-gone")
    fails(404, "404", s3.head_bucket, Bucket="made-and-gone")
    assert fails(404, "NoSuchBucket", s3.delete_bucket, Bucket="made-and-gone")["BucketName"] == "made-and-gone"


def test_buckets_are_listed_by_prefix_and_page(s3):
    for letter in "abc":
        s3.create_bucket(Bucket=f"paged-{letter}")
    page = s3.list_buckets(Prefix="paged-", MaxBuckets=2)
    assert [one["Name"] for one in page["Buckets"]] == ["paged-a", "paged-b"]
    rest = s3.list_buckets(Prefix="paged-", MaxBuckets=2, ContinuationToken=page["ContinuationToken"])
    assert [one["Name"] for one in rest["Buckets"]] == ["paged-c"] and "ContinuationToken" not in rest


@pytest.mark.parametrize("name", ["ab", "a" * 64, "Upper", "under_score", "-dash", "dash-", "two..dots", "192.168.5.123"])
def test_bad_names_are_refused(s3, name):
    s3.meta.events.unregister("before-parameter-build.s3", __import__("botocore.handlers").handlers.validate_bucket_name)
    fails(400, "InvalidBucketName", s3.create_bucket, Bucket=name)


def test_making_it_again(s3, bucket):
    s3.create_bucket(Bucket=bucket)  # us-east-1 answers 200
    s3.create_bucket(Bucket="in-europe", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    fails(409, "BucketAlreadyOwnedByYou", s3.create_bucket, Bucket="in-europe",
          CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})


def test_location(s3, bucket):
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] is None
    s3.create_bucket(Bucket="located", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    assert s3.get_bucket_location(Bucket="located")["LocationConstraint"] == "eu-central-1"
    fails(400, "InvalidLocationConstraint", s3.create_bucket, Bucket="x-located",
          CreateBucketConfiguration={"LocationConstraint": "us-east-1"})


def test_a_bucket_with_objects_stays(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k")
    fails(409, "BucketNotEmpty", s3.delete_bucket, Bucket=bucket)
    s3.delete_object(Bucket=bucket, Key="k")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")
    s3.upload_part(Bucket=bucket, Key="k", UploadId=upload["UploadId"], PartNumber=1, Body=b"x")
    s3.delete_bucket(Bucket=bucket)  # an upload under way does not keep it


def test_expected_owner(s3, bucket):
    s3.head_bucket(Bucket=bucket, ExpectedBucketOwner="123456789012")
    fails(403, "AccessDenied", s3.list_objects_v2, Bucket=bucket, ExpectedBucketOwner="999999999999")


@pytest.mark.parametrize("operation, code", [
    ("get_bucket_policy", "NoSuchBucketPolicy"), ("get_bucket_cors", "NoSuchCORSConfiguration"),
    ("get_bucket_website", "NoSuchWebsiteConfiguration"), ("get_bucket_tagging", "NoSuchTagSet"),
    ("get_bucket_lifecycle_configuration", "NoSuchLifecycleConfiguration"),
    ("get_bucket_replication", "ReplicationConfigurationNotFoundError"),
    ("get_bucket_encryption", "ServerSideEncryptionConfigurationNotFoundError"),
    ("get_object_lock_configuration", "ObjectLockConfigurationNotFoundError"),
    ("get_bucket_ownership_controls", "OwnershipControlsNotFoundError"),
    ("get_public_access_block", "NoSuchPublicAccessBlockConfiguration")])
def test_settings_that_are_absent(s3, bucket, operation, code):
    fails(404, code, getattr(s3, operation), Bucket=bucket)
    fails(404, "NoSuchBucket", getattr(s3, operation), Bucket="no-such-bucket-here")


def test_settings_that_are_empty(s3, bucket):
    assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket=bucket)
    assert "Status" not in s3.get_bucket_accelerate_configuration(Bucket=bucket)
    assert s3.get_bucket_request_payment(Bucket=bucket)["Payer"] == "BucketOwner"
    assert "TopicConfigurations" not in s3.get_bucket_notification_configuration(Bucket=bucket)
    assert s3.get_bucket_acl(Bucket=bucket)["Grants"][0]["Permission"] == "FULL_CONTROL"


def test_settings_that_are_kept(s3, bucket):
    tags = [{"Key": "team", "Value": "däta"}, {"Key": "b", "Value": ""}]
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == tags
    s3.delete_bucket_tagging(Bucket=bucket)
    fails(404, "NoSuchTagSet", s3.get_bucket_tagging, Bucket=bucket)
    block = dict(BlockPublicAcls=True, IgnorePublicAcls=True, BlockPublicPolicy=False, RestrictPublicBuckets=True)
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=block)
    assert s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"] == block
    rules = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=rules)
    assert s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"] == rules


def test_settings_that_nobody_would_keep_are_refused(s3, bucket):
    fails(400, "NotImplemented", s3.put_bucket_policy, Bucket=bucket, Policy="{}")
    fails(400, "AccessControlListNotSupported", s3.put_object, Bucket=bucket, Key="k", ACL="public-read")
    fails(400, "NotImplemented", s3.put_object, Bucket=bucket, Key="k", ServerSideEncryption="aws:kms")
    fails(400, "NotImplemented", s3.put_object, Bucket=bucket, Key="k", StorageClass="GLACIER")
    fails(404, "NoSuchKey", s3.get_object, Bucket=bucket, Key="k")


def test_versions(s3, bucket):
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    assert "VersionId" not in s3.put_object(Bucket=bucket, Key="k", Body=b"before")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    one, two = (s3.put_object(Bucket=bucket, Key="k", Body=body)["VersionId"] for body in (b"one", b"two"))
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"two"
    assert s3.get_object(Bucket=bucket, Key="k", VersionId=one)["Body"].read() == b"one"
    assert s3.get_object(Bucket=bucket, Key="k", VersionId="null")["Body"].read() == b"before"
    marker = s3.delete_object(Bucket=bucket, Key="k")
    assert marker["DeleteMarker"] is True
    gone = fails(404, "NoSuchKey", s3.get_object, Bucket=bucket, Key="k")
    assert gone
    with pytest.raises(ClientError) as caught:
        s3.get_object(Bucket=bucket, Key="k", VersionId=marker["VersionId"])
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 405
    assert caught.value.response["ResponseMetadata"]["HTTPHeaders"]["x-amz-delete-marker"] == "true"
    listed = s3.list_object_versions(Bucket=bucket)
    assert [one["VersionId"] for one in listed["DeleteMarkers"]] == [marker["VersionId"]]
    assert [(v["VersionId"], v["IsLatest"]) for v in listed["Versions"]] == [(two, False), (one, False), ("null", False)]
    s3.delete_object(Bucket=bucket, Key="k", VersionId=marker["VersionId"])
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"two"
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "k", "VersionId": v} for v in (one, two, "null")]})
    assert "Versions" not in s3.list_object_versions(Bucket=bucket)
    s3.delete_bucket(Bucket=bucket)


def test_versions_page_by_page(s3, bucket):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    made = [("k%d" % k, s3.put_object(Bucket=bucket, Key="k%d" % k)["VersionId"]) for k in range(3) for _ in range(3)]
    seen = []
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, PaginationConfig={"PageSize": 2}):
        seen += [(one["Key"], one["VersionId"]) for one in page["Versions"]]
    assert sorted(seen) == sorted(made) and len(seen) == 9


def test_wrong_versioning_status(s3, bucket):
    with pytest.raises(ClientError) as caught:
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Sometimes"})
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
