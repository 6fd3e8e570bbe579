"""The AWS provider's engine: names, tags, refusals, adoption, replacement, what the table does not have."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import grpc
import pytest

from sandbox.cloud.process import Cloud
from sandbox.providers.aws.backend import Aws
from sandbox.providers.aws.claims import VARIABLE
from sandbox.providers.aws.session import Session
from sandbox.providers.protocol import sdk_version
from sandbox.providers.values import UNKNOWN
from tests.sandbox.providers.cases import World, document, trust
from tests.sandbox.providers.conftest import REGION
from tests.sandbox.providers.driver import Driver, fault

pytestmark = pytest.mark.sandbox

ROLE, BUCKET, GROUP = "aws:iam/role:Role", "aws:s3/bucket:Bucket", "aws:cloudwatch/logGroup:LogGroup"


def client(cloud: Cloud, service: str) -> Any:
    session: Any = boto3.session.Session("sandbox", "sandbox", region_name=REGION)
    return session.client(service, endpoint_url=cloud.url)


@pytest.mark.parametrize(
    ("environment", "config", "reason"),
    [
        ({}, {}, "AWS_ENDPOINT_URL: accepted: the sandbox cloud's address on this machine, received: nothing"),
        ({"AWS_PROFILE": "prod", "AWS_ACCESS_KEY_ID": "x"}, {"region": "eu-west-1"}, "received: nothing"),
        ({"AWS_ENDPOINT_URL": "https://sts.eu-west-1.amazonaws.com"}, {}, "is not this machine"),
        ({"AWS_ENDPOINT_URL": "http://10.0.0.5:5000"}, {}, "10.0.0.5 is not this machine"),
        ({}, {"endpoints": '[{"s3": "https://s3.amazonaws.com"}]'}, "s3.amazonaws.com is not this machine"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, {"endpoints": '[{"s3": "http://192.0.2.1"}]'}, "192.0.2.1"),
    ],
)
def test_refuses_whatever_is_not_this_machine(
    environment: dict[str, str], config: dict[str, Any], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(grpc.RpcError) as refused:
        Driver(Aws(), config)
    assert reason in fault(refused).details()
    assert fault(refused).code() == grpc.StatusCode.INVALID_ARGUMENT


def test_takes_an_address_from_the_providers_endpoints(cloud: Cloud) -> None:
    session = Session({"endpoints": json.dumps([{"s3": cloud.url}]), "region": REGION}, {})
    assert session.account == "123456789012"


def test_nothing_of_the_users_is_read_or_asked(cloud: Cloud, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config").write_text("[profile prod]\nendpoint_url = http://192.0.2.1\nregion = us-east-2\n")
    (tmp_path / "credentials").write_text("[prod]\naws_access_key_id = REAL\naws_secret_access_key = REAL\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_PROFILE", "prod")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "REAL")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://192.0.2.1")
    monkeypatch.setenv("HTTP_PROXY", "http://192.0.2.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    sts = Session({}, {"AWS_ENDPOINT_URL": cloud.url, "AWS_REGION": REGION}).client("sts")
    assert sts.meta.endpoint_url == cloud.url
    assert sts._request_signer._credentials.access_key == "sandbox"
    assert sts.get_caller_identity()["Account"] == "123456789012"


def test_a_request_that_would_leave_is_stopped(cloud: Cloud) -> None:
    s3 = Session({}, {"AWS_ENDPOINT_URL": cloud.url}).client("s3")
    s3.meta.events.register("request-created", lambda request, **_: setattr(request, "url", "http://192.0.2.1/"))
    with pytest.raises(ValueError, match=r"192\.0\.2\.1 is not this machine"):
        s3.list_buckets()


def test_names_are_made_up_once(aws: Driver) -> None:
    first = aws.check(ROLE, "serving", {"assumeRolePolicy": trust("a")})
    assert first["name"].startswith("serving-")
    assert len(first["name"]) == len("serving-") + 7
    assert aws.check(ROLE, "serving", {"assumeRolePolicy": trust("b")}, first)["name"] == first["name"]
    assert aws.check(ROLE, "serving", {"name": "fixed"}, first)["name"] == "fixed"
    assert aws.check(ROLE, "serving", {}, {"name": "fixed"})["name"] == first["name"], "a name that is no longer said"
    assert aws.check(ROLE, "serving", {"namePrefix": "acme-"})["name"].startswith("acme-")
    assert aws.check(BUCKET, "My_Models", {})["bucket"].startswith("my-models-")
    assert aws.check("aws:kms/alias:Alias", "models", {})["name"].startswith("alias/models-")


def test_default_tags_reach_the_cloud(aws: Driver, cloud: Cloud) -> None:
    group = aws.create(GROUP, "tagged", {"name": "/tagged", "tags": {"team": "a"}})
    arn = group.outputs["arn"]
    tags = client(cloud, "logs").list_tags_for_resource(resourceArn=arn)["tags"]
    assert tags == group.outputs["tagsAll"] == {"owner": "acme", "team": "a"}
    assert group.outputs["tags"] == {"team": "a"}

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", cloud.url)
        other = Driver(Aws(), {"region": REGION, "defaultTags": '{"tags": {"cost": "b"}}'})
    assert other.changes(group, {"name": "/tagged", "tags": {"team": "a"}}) == {
        "tagsAll.cost": "ADD",
        "tagsAll.owner": "DELETE",
    }
    other.update(group, {"name": "/tagged", "tags": {"team": "a"}})
    tags = client(cloud, "logs").list_tags_for_resource(resourceArn=arn)["tags"]
    assert tags == {"cost": "b", "team": "a"}
    other.delete(group)
    other.close()


def test_somebody_elses_tag_shows_as_drift(aws: Driver, cloud: Cloud) -> None:
    inputs = {"name": "/drift", "tags": {"team": "a"}}
    group = aws.create(GROUP, "drift", inputs)
    client(cloud, "logs").tag_resource(resourceArn=group.outputs["arn"], tags={"team": "b", "extra": "1"})
    seen = aws.read(group)
    assert seen is not None
    assert aws.changes(seen, inputs) == {"tags.team": "UPDATE", "tags.extra": "DELETE"}
    aws.delete(aws.update(seen, inputs))


def test_a_fixed_name_goes_before_its_replacement(aws: Driver) -> None:
    for name, first in (({"name": "/fixed"}, True), ({}, False)):
        group = aws.create(GROUP, "replaced", name)
        found = aws.diff(group, {**name, "logGroupClass": "INFREQUENT_ACCESS"})
        assert (list(found.replaces), found.deleteBeforeReplace) == (["logGroupClass"], first)
        aws.delete(group)


def test_an_unknown_value_of_what_cannot_change_replaces(aws: Driver, world: World) -> None:
    association = {"routeTableId": world.route_table, "subnetId": world.subnet(70)}
    made = aws.create("aws:ec2/routeTableAssociation:RouteTableAssociation", "unknown", association)
    found = aws.diff(made, {**association, "subnetId": UNKNOWN})
    assert (list(found.replaces), found.deleteBeforeReplace) == (["subnetId"], True)
    aws.delete(made)


def test_policies_are_compared_by_content(aws: Driver, cloud: Cloud) -> None:
    policy = trust("a.amazonaws.com")
    role = aws.create(ROLE, "content", {"assumeRolePolicy": policy})
    assert aws.changes(role, {"assumeRolePolicy": json.dumps(json.loads(policy), indent=2)}) == {}
    client(cloud, "iam").update_assume_role_policy(RoleName=role.id, PolicyDocument=trust("b.amazonaws.com"))
    seen = aws.read(role)
    assert seen is not None
    assert aws.changes(seen, {"assumeRolePolicy": policy}) == {"assumeRolePolicy": "UPDATE"}
    aws.delete(role)


def test_what_the_cloud_adds_to_an_input_is_an_output(aws: Driver, world: World) -> None:
    """The security group that EKS makes for a cluster comes back inside its ``vpcConfig``."""
    inputs = {"name": "grown", "roleArn": world.role().outputs["arn"]}
    inputs |= {"vpcConfig": {"subnetIds": [world.subnet(2, "a"), world.subnet(3, "b")]}}
    assert "vpcConfig" not in aws.create("aws:eks/cluster:Cluster", "grown", inputs, preview=True).outputs
    made = aws.create("aws:eks/cluster:Cluster", "grown", inputs)
    seen = aws.read(made)
    wanted = {**inputs, "upgradePolicy": {"supportType": "STANDARD"}}
    planned = aws.update(made, wanted, preview=True)
    changed = aws.update(made, wanted)
    assert seen is not None
    for state in (made, seen, planned, changed):
        assert state.outputs["vpcConfig"]["clusterSecurityGroupId"].startswith("sg-")
    aws.delete(changed)


def test_ignored_changes_are_ignored(aws: Driver) -> None:
    group = aws.create(GROUP, "ignored", {"retentionInDays": 30, "tags": {"a": "1", "b": "1"}})
    wanted = {"retentionInDays": 60, "tags": {"a": "2", "b": "2"}}
    assert aws.changes(group, wanted, ("retentionInDays", "tags.a", "tagsAll.a")) == {"tags.b": "UPDATE"}
    aws.delete(group)


def test_what_exists_but_differs_is_not_adopted(aws: Driver, another: Driver) -> None:
    inputs = {"name": "exists", "assumeRolePolicy": trust("a.amazonaws.com")}
    role = aws.create(ROLE, "exists", inputs)
    with pytest.raises(grpc.RpcError, match="EntityAlreadyExists"):
        another.create(ROLE, "exists", {**inputs, "assumeRolePolicy": trust("b.amazonaws.com")})
    with pytest.raises(grpc.RpcError, match="EntityAlreadyExists"):
        aws.create(ROLE, "declared-twice", inputs)
    aws.delete(role)


def test_an_input_that_the_table_does_not_carry_is_refused(aws: Driver, cloud: Cloud) -> None:
    written = cloud.writes()
    with pytest.raises(grpc.RpcError, match="accelerationStatus: the sandbox does not emulate this input"):
        aws.create(BUCKET, "strict", {"accelerationStatus": "Enabled"})
    with pytest.raises(grpc.RpcError, match=r"Rules\[0\]\.colour: the API has no such field"):
        settings = {"bucket": "none", "rules": [{"id": "a", "status": "Enabled", "colour": "red"}]}
        aws.create("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "strict", settings)
    assert cloud.writes() == written


def test_a_creation_that_stops_half_way_is_recorded_and_finished(aws: Driver, cloud: Cloud) -> None:
    inputs = {"name": "/half", "retentionInDays": 31}
    with pytest.raises(grpc.RpcError) as failed:
        aws.create(GROUP, "half", inputs)
    assert fault(failed).code() == grpc.StatusCode.UNKNOWN
    assert "grpc-status-details-bin" in dict(fault(failed).trailing_metadata())
    group = aws.create(GROUP, "half-2", {"name": "/half-2", "retentionInDays": 30})
    client(cloud, "logs").delete_retention_policy(logGroupName="/half-2")
    finished = aws.update(group, {"name": "/half-2", "retentionInDays": 30})
    seen = aws.read(finished)
    assert seen is not None
    assert seen.inputs["retentionInDays"] == 30
    aws.delete(finished)
    client(cloud, "logs").delete_log_group(logGroupName="/half")


def test_a_bucket_to_be_destroyed_is_emptied_of_every_version(aws: Driver, cloud: Cloud) -> None:
    s3 = client(cloud, "s3")
    bucket = aws.create(BUCKET, "full", {"bucket": "full", "objectLockEnabled": True})
    for key in ("a", "b", "b"):
        s3.put_object(Bucket="full", Key=key, Body=b"x")
    s3.delete_object(Bucket="full", Key="a")
    s3.put_object(
        Bucket="full",
        Key="record",
        Body=b"x",
        ObjectLockMode="GOVERNANCE",
        ObjectLockRetainUntilDate="2099-01-01T00:00:00Z",
        ObjectLockLegalHoldStatus="ON",
    )
    with pytest.raises(grpc.RpcError, match="BucketNotEmpty"):
        aws.delete(bucket)
    forced = aws.update(bucket, {"bucket": "full", "objectLockEnabled": True, "forceDestroy": True})
    aws.delete(forced)
    assert aws.read(forced) is None


def test_an_import_finds_what_a_program_would_have_to_say(aws: Driver) -> None:
    made = aws.create(GROUP, "imported", {"name": "/imported", "retentionInDays": 30, "tags": {"a": "1"}})
    made.inputs, made.outputs = {}, {}
    seen = aws.read(made)
    assert seen is not None
    assert seen.inputs["name"] == "/imported"
    assert seen.inputs["retentionInDays"] == 30
    assert seen.inputs["tags"] == {"a": "1"}
    aws.delete(seen)
    assert aws.read(made) is None


def test_an_unknown_type_is_recorded(aws: Driver, cloud: Cloud) -> None:
    written = cloud.writes()
    made = aws.create("aws:glue/crawler:Crawler", "crawler", {"role": "r", "tags": {"a": "1"}})
    assert made.id == made.outputs["name"]
    assert made.outputs["arn"] == f"arn:aws:glue:{REGION}:123456789012:crawler/{made.id}"
    assert made.outputs["__recorded"] is True
    assert made.outputs["tagsAll"] == {"owner": "acme", "a": "1"}
    assert aws.changes(made, {"role": "r", "tags": {"a": "1"}}) == {}
    assert aws.changes(made, {"role": "s", "tags": {"a": "1"}}) == {"role": "UPDATE"}
    updated = aws.update(made, {"role": "s"})
    assert (updated.outputs["role"], updated.outputs["__recorded"]) == ("s", True)
    assert aws.read(updated) is not None
    aws.delete(updated)
    assert cloud.writes() == written


def test_another_region_is_another_provider_and_a_resources_own_region_counts(aws: Driver, cloud: Cloud) -> None:
    changed = Aws().diff_config({"region": "eu-west-1", "endpoints": "a"}, {"region": "us-east-1", "endpoints": "b"})
    assert changed.replaces == {"region"}
    group = aws.create(GROUP, "far", {"region": "us-east-1"})
    assert group.outputs["arn"].startswith("arn:aws:logs:us-east-1:")
    found = client(cloud, "logs").describe_log_groups(logGroupNamePrefix=group.id)["logGroups"]
    assert found == []
    aws.delete(group)


def test_functions(aws: Driver) -> None:
    identity = aws.invoke("aws:index/getCallerIdentity:getCallerIdentity")
    assert identity["accountId"] == "123456789012"
    assert aws.invoke("aws:index/getRegion:getRegion")["region"] == REGION
    assert aws.invoke("aws:index/getPartition:getPartition")["partition"] == "aws"
    zones = aws.invoke("aws:index/getAvailabilityZones:getAvailabilityZones", state="available")
    assert zones["names"] == [f"{REGION}{letter}" for letter in "abc"]
    with pytest.raises(grpc.RpcError, match="the sandbox does not have this function; it has aws:index/getAvail"):
        aws.invoke("aws:s3/getBucket:getBucket")


def test_an_attached_policy_goes_with_its_role_only_if_asked(aws: Driver, cloud: Cloud) -> None:
    role = aws.create(ROLE, "attached", {"assumeRolePolicy": trust("a.amazonaws.com")})
    client(cloud, "iam").put_role_policy(RoleName=role.id, PolicyName="x", PolicyDocument=document("s3:GetObject"))
    with pytest.raises(grpc.RpcError, match="DeleteConflict"):
        aws.delete(role)
    aws.delete(aws.update(role, {"assumeRolePolicy": trust("a.amazonaws.com"), "forceDetachPolicies": True}))
    assert aws.read(role) is None


def test_the_plugin_process(cloud: Cloud) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox.providers.aws", "127.0.0.1:1"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        from pulumi.runtime.proto import provider_pb2_grpc as rpc

        from sandbox.providers import protocol

        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = rpc.ResourceProviderStub(channel)
            assert stub.GetPluginInfo(protocol._EMPTY, timeout=20).version == sdk_version("pulumi_aws")
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()


def test_what_aws_names_is_made_anew_for_another_resource_or_after_the_state_knows_it(
    aws: Driver, another: Driver, claims: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims.write_text(claims.read_text() + '["cut sho') if claims.exists() else None
    first = aws.create("aws:ec2/eip:Eip", "one", {})
    other = another.create("aws:ec2/eip:Eip", "other", {})
    another.changes(first, {})  # the engine knows it, so this is a replacement
    second = another.create("aws:ec2/eip:Eip", "one", {})
    monkeypatch.delenv(VARIABLE)
    third = Driver(Aws(), {"region": REGION}).create("aws:ec2/eip:Eip", "one", {})
    assert len({first.id, other.id, second.id, third.id}) == 4, "without a file nothing is remembered"
    for made in (first, other, second, third):
        aws.delete(made)
    fresh = another.create("aws:ec2/eip:Eip", "one", {})
    assert fresh.id not in {first.id, second.id}, "what is gone is not adopted"
    aws.delete(fresh)


def test_a_preview_does_not_know_what_a_change_gives_anew(aws: Driver) -> None:
    type_ = "aws:batch/jobDefinition:JobDefinition"
    needs = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "2048"}]
    container = json.dumps({"image": "image", "resourceRequirements": needs})
    inputs = {"name": "previewed", "type": "container", "containerProperties": container}
    made = aws.create(type_, "previewed", inputs)
    tagged = aws.update(made, {**inputs, "tags": {"a": "1"}}, preview=True)
    assert (tagged.outputs["arn"], tagged.outputs["revision"]) == (made.outputs["arn"], 1)
    wanted = {**inputs, "timeout": {"attemptDurationSeconds": 60}}
    planned = aws.update(made, wanted, preview=True)
    assert not {"arn", "revision"} & planned.outputs.keys()
    updated = aws.update(made, wanted)
    assert (updated.outputs["arn"], updated.outputs["revision"]) == (f"{made.outputs['arnPrefix']}:2", 2)
    aws.delete(updated)
