"""Versioning: where datasets, model artifacts and release records are kept, and the registry of runs and models."""

from typing import TYPE_CHECKING

from slipway import _lazy

if TYPE_CHECKING:
    from slipway.models.dataset_store import DatasetStore as DatasetStore
    from slipway.models.dataset_store import DatasetStoreArgs as DatasetStoreArgs
    from slipway.models.model_bucket import ModelBucket as ModelBucket
    from slipway.models.model_bucket import ModelBucketArgs as ModelBucketArgs
    from slipway.models.model_registry import Backend as Backend
    from slipway.models.model_registry import ModelRegistry as ModelRegistry
    from slipway.models.model_registry import ModelRegistryArgs as ModelRegistryArgs

__getattr__, __dir__ = _lazy.exports(
    __name__,
    {
        "Backend": "model_registry",
        "DatasetStore": "dataset_store",
        "DatasetStoreArgs": "dataset_store",
        "ModelBucket": "model_bucket",
        "ModelBucketArgs": "model_bucket",
        "ModelRegistry": "model_registry",
        "ModelRegistryArgs": "model_registry",
    },
)
