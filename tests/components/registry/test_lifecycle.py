"""What a repository forgets, tried on images: the rules as ECR applies them, in order, each image by one rule."""

import fnmatch
import json

import pytest
from slipway.registry import _lifecycle


def expires(tags: list[str], age_days: int, dev_tag_days: int = 30) -> bool:
    """ECR's rules: an image that fits a rule's tags is that rule's alone; the lower priorities never see it."""
    for rule in sorted(json.loads(_lifecycle.lifecycle_policy(dev_tag_days))["rules"], key=lambda r: r["rulePriority"]):
        selection = rule["selection"]
        assert (selection["countType"], selection["countUnit"]) == ("sinceImagePushed", "days")
        if selection["tagStatus"] == "untagged":
            fits = not tags
        else:
            fits = all(any(fnmatch.fnmatch(tag, pattern) for tag in tags) for pattern in selection["tagPatternList"])
        if fits:
            return age_days > int(selection["countNumber"])
    return False


@pytest.mark.parametrize(
    ("tags", "age_days", "expected"),
    [
        (["release-flight-delay-20260101-0a1b2c3d"], 10_000, False),
        (["dev-branch", "release-flight-delay-20260101-0a1b2c3d"], 10_000, False),
        (["dev-branch"], 30, False),
        (["dev-branch"], 31, True),
        ([], 7, False),
        ([], 8, True),
        (["sha256-0a1b.sig"], 10_000, False),
        (["3f2a91bc"], 10_000, False),
    ],
)
def test_expires(tags: list[str], age_days: int, expected: bool) -> None:
    assert expires(tags, age_days) is expected


def test_development_images_are_kept_as_long_as_asked() -> None:
    assert not expires(["dev-x"], 90, dev_tag_days=90)
    assert expires(["dev-x"], 91, dev_tag_days=90)
