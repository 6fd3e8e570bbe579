"""Versioning: where model artifacts and release records are kept."""

from typing import TYPE_CHECKING

from slipway import _lazy

if TYPE_CHECKING:
    from slipway.models.model_bucket import ModelBucket as ModelBucket
    from slipway.models.model_bucket import ModelBucketArgs as ModelBucketArgs

__getattr__, __dir__ = _lazy.exports(__name__, {"ModelBucket": "model_bucket", "ModelBucketArgs": "model_bucket"})
