"""The walk sees what jobs and state machines run on."""

from pathlib import Path

from sandbox.cloud.inventory import Item, inventory
from sandbox.cloud.process import Cloud
from tests.sandbox.cloud.compute import Compute
from tests.sandbox.cloud.helpers import Call


def test_what_jobs_and_machines_run_on(cloud: Cloud, environment: dict[str, str], aws: Call, tmp_path: Path) -> None:
    others = inventory(environment)
    compute = Compute(aws, environment, tmp_path / "job", "walked-jobs")
    first = compute.define("job", tags={"data-class": "models"})
    compute.define("job", tags={"data-class": "models"})
    compute.batch.deregister_job_definition(jobDefinition=first)
    compute.machine("machine", {"Say": {"Type": "Pass", "End": True}}, tags=[{"key": "a", "value": "1"}])
    aws("ec2").create_launch_template(LaunchTemplateName="walked", LaunchTemplateData={"EbsOptimized": True})
    written = cloud.writes()
    found = [item for item in inventory(environment) if item not in others]
    assert [item for item in found if item.kind not in ("vpc", "subnet", "security group", "role", "repository")] == [
        Item("compute environment", "walked-jobs"),
        Item("instance profile", "walked-jobs-machines"),
        Item("job definition", "walked-jobs-job:2", {"data-class": "models"}),
        Item("job queue", "walked-jobs"),
        Item("launch template", "walked"),
        Item("state machine", "walked-jobs-machine", {"a": "1"}),
    ]
    assert cloud.writes() == written, "looking changes nothing"
