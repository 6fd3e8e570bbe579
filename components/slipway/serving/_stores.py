"""What the stores of serving share: which data classes they may have, and how long a deletion can be undone."""

from collections.abc import Mapping
from typing import Any

from slipway import _check
from slipway.security import DataClass
from slipway.security.data_class import PERSONAL_RESTORE_DAYS

CLASSES = (DataClass.MODELS, DataClass.PERSONAL)
"""Classes whose keys may be used through DynamoDB, RDS and Secrets Manager."""

LONGEST_DAYS = 35
"""The longest that DynamoDB and Aurora let a table or a database be set back."""


def class_of(args: Mapping[str, Any]) -> DataClass:
    """The argument ``data_class``."""
    return DataClass(_check.one_of("data_class", args.get("data_class"), CLASSES))


def recovery_days(args: Mapping[str, Any], arg: str, data_class: DataClass) -> int:
    """The argument ``arg``, days in which data can be brought back. Default: the most that the class allows."""
    most = PERSONAL_RESTORE_DAYS if data_class is DataClass.PERSONAL else LONGEST_DAYS
    return _check.days(arg, args.get(arg, most), 1, most)
