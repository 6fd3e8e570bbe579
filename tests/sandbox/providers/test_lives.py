"""Every resource type, through real gRPC against the sandbox cloud: made, unchanged, changed, drifted, gone."""

import pytest

from sandbox.cloud.process import Cloud
from sandbox.providers.aws.types import TYPES
from tests.sandbox.providers import cases_compute, cases_events, cases_front, cases_stores
from tests.sandbox.providers.cases import CASES as PLATFORM
from tests.sandbox.providers.cases import Case, World
from tests.sandbox.providers.driver import Driver

pytestmark = pytest.mark.sandbox

CASES = [*PLATFORM, *cases_compute.CASES, *cases_stores.CASES, *cases_front.CASES, *cases_events.CASES]


def test_every_type_has_a_life() -> None:
    assert {case.type for case in CASES} == set(TYPES)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_life(case: Case, world: World, aws: Driver, cloud: Cloud) -> None:
    inputs = case.inputs(world)
    before = cloud.writes()
    known = {key: value for key, value in inputs.items() if key not in TYPES[case.type].grows}
    assert known.items() <= aws.create(case.type, f"a-{case}", inputs, preview=True).outputs.items()
    assert cloud.writes() == before, "a preview reached the cloud"

    made = aws.create(case.type, f"a-{case}", inputs)
    assert made.id
    written = cloud.writes()
    assert aws.changes(made, inputs) == {}
    seen = aws.read(made)
    assert seen is not None
    assert seen.inputs == made.inputs, "what was made is not what a refresh sees"
    assert aws.changes(seen, inputs) == {}
    assert cloud.writes() == written, "looking wrote something"

    if case.changed is not None:
        wanted = {**inputs, **case.changed(world)}
        expected = {key for key in case.changed(world) if wanted[key] != inputs.get(key)}
        found = aws.diff(made, wanted)
        assert expected <= set(found.diffs) | {key for key in expected if wanted[key] is None}
        assert bool(found.replaces) == case.replaces
        if not case.replaces:
            written = cloud.writes()
            aws.update(made, wanted, preview=True)
            assert cloud.writes() == written, "a previewed update reached the cloud"
            updated = aws.update(made, wanted)
            assert cloud.writes() > written
            assert aws.changes(updated, wanted) == {}
            seen = aws.read(updated)
            assert seen is not None
            assert seen.inputs == updated.inputs, "the update did not reach the cloud"
            # Had somebody else made the change: a refresh of what was recorded before shows it, as far as the program
            # had said anything about it.
            drifted = aws.read(made)
            assert drifted is not None
            left = aws.changes(drifted, wanted)
            assert {path for path, kind in left.items() if kind != "ADD" or path in made.inputs} == set()
            made = updated

    aws.delete(made)
    if case.type != "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup":
        still = aws.read(made)
        assert still is None or case.type in STAYS
    aws.delete(made)


@pytest.mark.parametrize("case", [case for case in CASES if not case.label], ids=str)
def test_what_a_killed_run_made_is_adopted(case: Case, world: World, aws: Driver, another: Driver) -> None:
    inputs = case.inputs(world)
    made = aws.create(case.type, f"b-{case}", inputs)
    again = another.create(case.type, f"b-{case}", inputs)
    assert (again.id, again.inputs) == (made.id, made.inputs)
    if protected := [name for name in PROTECTIONS if inputs.get(name)]:
        made = aws.update(made, {**inputs, **{name: OFF[inputs[name]] for name in protected}})
    aws.delete(made)


OFF = {True: False, "ACTIVE": "INACTIVE"}
PROTECTIONS = ("deletionProtection", "deletionProtectionEnabled", "enableDeletionProtection")

STAYS = {
    "aws:acm/certificateValidation:CertificateValidation",
    "aws:s3/bucketVersioning:BucketVersioning",
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
}
"""Cannot be taken back once they are set."""
