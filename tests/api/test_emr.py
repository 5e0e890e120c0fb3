"""EMR's operations by boto3: shapes, states, errors, paging. What steps do is in test_emr_steps.py."""
import time

import pytest
from botocore.exceptions import ClientError

GROUPS = [{"InstanceRole": "MASTER", "InstanceType": "m5.xlarge", "InstanceCount": 1, "Name": "master"},
          {"InstanceRole": "CORE", "InstanceType": "m5.large", "InstanceCount": 2, "Name": "core"}]


@pytest.fixture(scope="module")
def emr(server):
    return server.client("emr")


def run(emr, **changes):
    request = {"Name": "test", "ReleaseLabel": "emr-7.3.0", "ServiceRole": "EMR_DefaultRole", "JobFlowRole": "EMR_EC2_DefaultRole",
               "Instances": {"InstanceGroups": GROUPS, "KeepJobFlowAliveWhenNoSteps": True}}
    request["Instances"].update(changes.pop("instances", {}))
    return emr.run_job_flow(**{**request, **changes})["JobFlowId"]


def wait_cluster(emr, cluster, *states):
    until = time.monotonic() + 60
    while time.monotonic() < until:
        found = emr.describe_cluster(ClusterId=cluster)["Cluster"]
        if found["Status"]["State"] in states:
            return found
        time.sleep(0.02)
    raise AssertionError(f"{cluster} is {found['Status']}, not {states}")


@pytest.fixture(scope="module")
def cluster(emr):
    made = run(emr, Tags=[{"Key": "team", "Value": "data"}], Applications=[{"Name": "Spark"}], LogUri="s3://logs-of-emr/x/",
               Configurations=[{"Classification": "spark-defaults", "Properties": {"spark.x": "1"}}])
    wait_cluster(emr, made, "WAITING")
    yield made
    emr.terminate_job_flows(JobFlowIds=[made])
    wait_cluster(emr, made, "TERMINATED")


def error(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"], caught.value.response


def test_describe_cluster(emr, cluster):
    found = emr.describe_cluster(ClusterId=cluster)["Cluster"]
    assert found["Id"] == cluster and cluster.startswith("j-") and len(cluster) == 15
    assert found["ClusterArn"] == f"arn:aws:elasticmapreduce:us-east-1:123456789012:cluster/{cluster}"
    assert found["Status"]["StateChangeReason"]["Message"] == "Cluster ready to run steps."
    timeline = found["Status"]["Timeline"]
    assert timeline["ReadyDateTime"] >= timeline["CreationDateTime"] and "EndDateTime" not in timeline
    assert found["ReleaseLabel"] == "emr-7.3.0" and found["AutoTerminate"] is False
    assert found["LogUri"] == "s3://logs-of-emr/x/" and found["StepConcurrencyLevel"] == 1
    assert found["Configurations"] == [{"Classification": "spark-defaults", "Properties": {"spark.x": "1"}}]
    tags = {tag["Key"]: tag["Value"] for tag in found["Tags"]}
    assert tags["team"] == "data" and tags["aws:weir:sandbox"].startswith("no_new_privs+")


def test_instances(emr, cluster):
    groups = {group["InstanceGroupType"]: group for group in emr.list_instance_groups(ClusterId=cluster)["InstanceGroups"]}
    assert {role: group["RunningInstanceCount"] for role, group in groups.items()} == {"MASTER": 1, "CORE": 2}
    assert groups["CORE"]["Status"]["State"] == "RUNNING" and groups["CORE"]["Id"].startswith("ig-")
    instances = emr.list_instances(ClusterId=cluster)["Instances"]
    assert len(instances) == 3 and all(i["Ec2InstanceId"].startswith("i-") and i["Status"]["State"] == "RUNNING" for i in instances)
    assert len(emr.list_instances(ClusterId=cluster, InstanceGroupTypes=["CORE"])["Instances"]) == 2
    assert emr.list_instances(ClusterId=cluster, InstanceStates=["TERMINATED"])["Instances"] == []
    code, _, _ = error(emr.list_instance_fleets, ClusterId=cluster)
    assert code == "InvalidRequestException"


def test_task_group_grows_and_shrinks(emr):
    made = run(emr)
    wait_cluster(emr, made, "WAITING")
    task = {"InstanceRole": "TASK", "InstanceType": "c5.xlarge", "InstanceCount": 1, "Market": "SPOT", "BidPrice": "0.10"}
    group = emr.add_instance_groups(JobFlowId=made, InstanceGroups=[task])["InstanceGroupIds"][0]
    for count in (3, 0):
        emr.modify_instance_groups(ClusterId=made, InstanceGroups=[{"InstanceGroupId": group, "InstanceCount": count}])
        running = emr.list_instances(ClusterId=made, InstanceGroupId=group, InstanceStates=["RUNNING"])["Instances"]
        assert len(running) == count
    core = {**task, "InstanceRole": "CORE"}
    assert error(emr.add_instance_groups, JobFlowId=made, InstanceGroups=[core])[0] == "ValidationException"
    emr.terminate_job_flows(JobFlowIds=[made])


def test_instance_fleets(emr):
    fleet = [{"InstanceFleetType": "MASTER", "TargetOnDemandCapacity": 1, "InstanceTypeConfigs": [{"InstanceType": "m5.xlarge"}]},
             {"InstanceFleetType": "CORE", "TargetSpotCapacity": 4,
              "InstanceTypeConfigs": [{"InstanceType": "m5.xlarge", "WeightedCapacity": 2}]}]
    made = run(emr, Instances={"InstanceFleets": fleet, "KeepJobFlowAliveWhenNoSteps": True})
    assert wait_cluster(emr, made, "WAITING")["InstanceCollectionType"] == "INSTANCE_FLEET"
    fleets = {f["InstanceFleetType"]: f for f in emr.list_instance_fleets(ClusterId=made)["InstanceFleets"]}
    assert fleets["CORE"]["ProvisionedSpotCapacity"] == 4 and fleets["MASTER"]["ProvisionedOnDemandCapacity"] == 1
    assert len(emr.list_instances(ClusterId=made, InstanceFleetType="CORE")["Instances"]) == 2
    emr.terminate_job_flows(JobFlowIds=[made])


def test_unknown_cluster(emr):
    code, message, response = error(emr.describe_cluster, ClusterId="j-NOSUCHCLUSTER")
    assert (code, message) == ("InvalidRequestException", "Cluster id 'j-NOSUCHCLUSTER' is not valid.")
    assert response["ErrorCode"] == "NoSuchCluster"
    for call in (emr.list_steps, emr.list_instances, emr.list_instance_groups, emr.list_bootstrap_actions):
        assert error(call, ClusterId="j-NOSUCHCLUSTER")[0] == "InvalidRequestException"
    step = {"Name": "s", "HadoopJarStep": {"Jar": "command-runner.jar", "Args": ["true"]}}
    assert error(emr.add_job_flow_steps, JobFlowId="j-NOSUCHCLUSTER", Steps=[step])[:2] == (
        "ValidationException", "Specified job flow ID does not exist.")
    assert error(emr.terminate_job_flows, JobFlowIds=["j-NOSUCHCLUSTER"])[0] == "ValidationException"


@pytest.mark.parametrize("change, words", [
    ({"ReleaseLabel": "emr-99.0.0"}, "The supplied release label is invalid"),
    ({"AmiVersion": "3.8.1"}, "Only one AMI version and release label may be specified."),
    ({"StepConcurrencyLevel": 257}, "between 1 and 256"),
    ({"LogUri": "/tmp/logs"}, "valid Amazon S3 URI"),
    ({"Instances": {}}, "one and only one of the following"),
    ({"Instances": {"InstanceGroups": GROUPS, "MasterInstanceType": "m5.large"}}, "one and only one of the following"),
    ({"Instances": {"InstanceGroups": [{**GROUPS[0], "InstanceType": "m5.huge"}]}}, "Instance type 'm5.huge' is not supported."),
    ({"Instances": {"InstanceGroups": [{**GROUPS[0], "InstanceCount": 2}]}}, "Master instance group must have exactly 3 instances"),
    ({"Instances": {"InstanceGroups": GROUPS[1:]}}, "exactly one master instance group"),
    ({"BootstrapActions": [{"Name": "b", "ScriptBootstrapAction": {"Path": "s3://b/x"}}] * 17}, "maximum of 16 bootstrap actions"),
])
def test_run_job_flow_refuses(emr, change, words):
    before = len(emr.list_clusters()["Clusters"])
    with pytest.raises(ClientError) as caught:
        run(emr, **change)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert words in caught.value.response["Error"]["Message"]
    assert len(emr.list_clusters()["Clusters"]) == before


def test_three_masters_are_protected(emr):
    made = run(emr, Instances={"InstanceGroups": [{**GROUPS[0], "InstanceCount": 3}]})
    found = wait_cluster(emr, made, "WAITING")
    assert found["TerminationProtected"] is True and found["AutoTerminate"] is False
    emr.set_termination_protection(JobFlowIds=[made], TerminationProtected=False)
    emr.terminate_job_flows(JobFlowIds=[made])


def test_termination_protection(emr):
    made, other = run(emr, instances={"TerminationProtected": True}), run(emr)
    assert error(emr.terminate_job_flows, JobFlowIds=[made, other])[:2] == (
        "ValidationException", "Could not shut down one or more job flows since they are termination protected.")
    assert wait_cluster(emr, made, "WAITING")
    ended = wait_cluster(emr, other, "TERMINATED")
    assert ended["Status"]["StateChangeReason"] == {"Code": "USER_REQUEST", "Message": "Terminated by user request"}
    assert "EndDateTime" in ended["Status"]["Timeline"]
    emr.set_termination_protection(JobFlowIds=[made], TerminationProtected=False)
    emr.terminate_job_flows(JobFlowIds=[made])
    wait_cluster(emr, made, "TERMINATED")
    assert all(i["Status"]["State"] == "TERMINATED" for i in emr.list_instances(ClusterId=made)["Instances"])
    step = {"Name": "s", "HadoopJarStep": {"Jar": "command-runner.jar", "Args": ["true"]}}
    assert "may not be modified" in error(emr.add_job_flow_steps, JobFlowId=made, Steps=[step])[1]


def test_flags(emr, cluster):
    for flag in (False, True):
        emr.set_visible_to_all_users(JobFlowIds=[cluster], VisibleToAllUsers=flag)
        assert emr.describe_cluster(ClusterId=cluster)["Cluster"]["VisibleToAllUsers"] is flag
    assert emr.modify_cluster(ClusterId=cluster, StepConcurrencyLevel=7)["StepConcurrencyLevel"] == 7
    assert emr.describe_cluster(ClusterId=cluster)["Cluster"]["StepConcurrencyLevel"] == 7
    assert error(emr.modify_cluster, ClusterId=cluster, StepConcurrencyLevel=0)[0] == "InvalidRequestException"
    emr.modify_cluster(ClusterId=cluster, StepConcurrencyLevel=1)


def test_keep_alive_off_ends_an_idle_cluster(emr):
    made = run(emr)
    wait_cluster(emr, made, "WAITING")
    emr.set_keep_job_flow_alive_when_no_steps(JobFlowIds=[made], KeepJobFlowAliveWhenNoSteps=False)
    ended = wait_cluster(emr, made, "TERMINATED")
    assert ended["Status"]["StateChangeReason"] == {"Code": "ALL_STEPS_COMPLETED", "Message": "Steps completed"}


def test_tags(emr, cluster):
    emr.add_tags(ResourceId=cluster, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b"}])
    emr.add_tags(ResourceId=cluster, Tags=[{"Key": "a", "Value": "2"}])
    tags = {tag["Key"]: tag["Value"] for tag in emr.describe_cluster(ClusterId=cluster)["Cluster"]["Tags"]}
    assert tags["a"] == "2" and tags["b"] == ""
    emr.remove_tags(ResourceId=cluster, TagKeys=["a", "b", "aws:weir:sandbox"])
    tags = {tag["Key"] for tag in emr.describe_cluster(ClusterId=cluster)["Cluster"]["Tags"]}
    assert tags == {"team", "aws:weir:sandbox"}
    assert error(emr.add_tags, ResourceId=cluster, Tags=[{"Key": "aws:x", "Value": "1"}])[0] == "InvalidRequestException"


def test_auto_termination_policy(emr, cluster):
    emr.put_auto_termination_policy(ClusterId=cluster, AutoTerminationPolicy={"IdleTimeout": 600})
    assert emr.get_auto_termination_policy(ClusterId=cluster)["AutoTerminationPolicy"] == {"IdleTimeout": 600}
    emr.remove_auto_termination_policy(ClusterId=cluster)
    assert "AutoTerminationPolicy" not in emr.get_auto_termination_policy(ClusterId=cluster)
    assert error(emr.put_auto_termination_policy, ClusterId=cluster, AutoTerminationPolicy={"IdleTimeout": 5})[0] == "ValidationException"


def test_list_clusters_pages(start_server):
    emr = start_server().client("emr")
    made = [run(emr, Name=f"c{i}") for i in range(53)]
    first = emr.list_clusters()
    assert [c["Id"] for c in first["Clusters"]] == made[:2:-1]
    second = emr.list_clusters(Marker=first["Marker"])
    assert [c["Id"] for c in second["Clusters"]] == made[2::-1] and "Marker" not in second
    assert error(emr.list_clusters, Marker="nonsense")[0] == "InvalidRequestException"
    emr.terminate_job_flows(JobFlowIds=made[:5])
    for cluster in made[:5]:
        wait_cluster(emr, cluster, "TERMINATED")
    assert {c["Id"] for c in emr.list_clusters(ClusterStates=["TERMINATED"])["Clusters"]} == set(made[:5])
    half = first["Clusters"][20]["Status"]["Timeline"]["CreationDateTime"]
    assert emr.list_clusters(CreatedAfter=half)["Clusters"][-1]["Id"] == first["Clusters"][20]["Id"]
    assert len(emr.describe_job_flows(JobFlowIds=made[:5])["JobFlows"]) == 5


def test_security_configurations(emr):
    text = '{"EncryptionConfiguration": {"EnableInTransitEncryption": false}}'
    emr.create_security_configuration(Name="sc", SecurityConfiguration=text)
    assert emr.describe_security_configuration(Name="sc")["SecurityConfiguration"] == text
    assert [c["Name"] for c in emr.list_security_configurations()["SecurityConfigurations"]] == ["sc"]
    emr.delete_security_configuration(Name="sc")
    assert error(emr.describe_security_configuration, Name="sc")[2]["ErrorCode"] == "ResourceNotFound"


def test_block_public_access(emr):
    assert emr.get_block_public_access_configuration()["BlockPublicAccessConfiguration"]["BlockPublicSecurityGroupRules"] is True
    wanted = {"BlockPublicSecurityGroupRules": False, "PermittedPublicSecurityGroupRuleRanges": [{"MinRange": 80, "MaxRange": 90}]}
    emr.put_block_public_access_configuration(BlockPublicAccessConfiguration=wanted)
    assert emr.get_block_public_access_configuration()["BlockPublicAccessConfiguration"] == wanted


def test_releases(emr):
    assert "emr-7.3.0" in emr.list_release_labels()["ReleaseLabels"]
    assert emr.list_release_labels(Filters={"Prefix": "emr-6.15"})["ReleaseLabels"] == ["emr-6.15.0"]
    assert emr.describe_release_label(ReleaseLabel="emr-7.3.0")["Applications"] == [{"Name": "Spark", "Version": "4.1.1"}]


def test_not_implemented_is_a_client_error(emr):
    with pytest.raises(ClientError) as caught:
        emr.list_studios()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] < 500
