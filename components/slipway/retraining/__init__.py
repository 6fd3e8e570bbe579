"""Retraining: fresh data or drift starts a pipeline that ends with a candidate, or says why there is none."""

from typing import TYPE_CHECKING

from slipway import _lazy

if TYPE_CHECKING:
    from slipway.retraining.engine import Engine as Engine
    from slipway.retraining.pipeline_args import RetrainingPipelineArgs as RetrainingPipelineArgs
    from slipway.retraining.pipeline_args import StepArgs as StepArgs
    from slipway.retraining.retraining_pipeline import RetrainingPipeline as RetrainingPipeline

__getattr__, __dir__ = _lazy.exports(
    __name__,
    {
        "Engine": "engine",
        "RetrainingPipeline": "retraining_pipeline",
        "RetrainingPipelineArgs": "pipeline_args",
        "StepArgs": "pipeline_args",
    },
)
