"""The classes that every store of an environment belongs to."""

from enum import StrEnum


class DataClass(StrEnum):
    """What a store holds; decides its key, its retention, who may read it and whether an erasure must reach it."""

    MODELS = "models"
    """Artifacts, images, release records: no personal data."""
    PERSONAL = "personal"
    """Data about people, such as features, predictions and labels of models with ``personal_data``."""
    LOGS = "logs"
    CLUSTER = "cluster"
    """Kubernetes secrets and node volumes."""
    BACKUP = "backup"


PERSONAL_RESTORE_DAYS = 30
"""How long a deletion of personal data may be undone: what was erased must not come back by a restore after a request's
deadline, which is a month."""
