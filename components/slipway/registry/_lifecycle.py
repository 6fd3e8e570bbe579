"""Which images a repository forgets."""

import json

RELEASE_TAGS = "release-*"
DEV_TAGS = "dev-*"
SIGNATURE_TAGS = "sha256-*"
UNTAGGED_DAYS = 7
_NEVER = 36_500
"""Days; a rule needs a count, and in 100 years no released image expires."""


def lifecycle_policy(dev_tag_days: int) -> str:
    """ECR lifecycle policy: released images stay, development images go after ``dev_tag_days``, untagged ones soon.

    The first rule exists for what it shields: an image that fits a rule cannot be expired by one after it, so a
    released image that also carries a ``dev-`` tag stays. What fits no rule stays too: signatures, images tagged by
    commit.
    """
    released = _rule(1, "released images stay", {"tagStatus": "tagged", "tagPatternList": [RELEASE_TAGS]}, _NEVER)
    dev = _rule(2, "development images", {"tagStatus": "tagged", "tagPatternList": [DEV_TAGS]}, dev_tag_days)
    untagged = _rule(3, "images that lost their tag", {"tagStatus": "untagged"}, UNTAGGED_DAYS)
    return json.dumps({"rules": [released, dev, untagged]}, sort_keys=True, separators=(",", ":"))


def _rule(priority: int, description: str, selection: dict[str, object], days: int) -> dict[str, object]:
    count = {"countType": "sinceImagePushed", "countUnit": "days", "countNumber": days}
    action = {"type": "expire"}
    return {"rulePriority": priority, "description": description, "selection": selection | count, "action": action}
