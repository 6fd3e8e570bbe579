"""What each engine calls its requests, errors, latency and queue: no name is shared by all. Without Pulumi.

Panels are made of these; objectives never are. Names are those of the engines' own sources and documentation; of
BentoML and of vLLM's whole latency they were taken from documentation alone.
"""

from dataclasses import dataclass
from enum import StrEnum


class ServingEngine(StrEnum):
    """What serves a model."""

    SLIPWAY = "slipway"
    """A server with slipway's own metrics, as the example has."""
    VLLM = "vllm"
    KSERVE = "kserve"
    """The runtimes that come with KServe's Python SDK."""
    TRITON = "triton"
    MLSERVER = "mlserver"
    BENTOML = "bentoml"


@dataclass(frozen=True)
class Names:
    """Queries about one model with ``{of}`` in the place of its labels; nothing where the engine does not say."""

    requests: str
    errors: str | None
    latency_p99_seconds: str | None
    queue: str | None


def _p99(bucket: str) -> str:
    return f"histogram_quantile(0.99, sum by (le) (rate({bucket}{{of}}[5m])))"


ENGINES: dict[ServingEngine, Names] = {
    ServingEngine.SLIPWAY: Names(
        "sum(rate(slipway_requests_total{of}[5m]))",
        'sum(rate(slipway_requests_total{of,code=~"5.."}[5m]))',
        _p99("slipway_request_seconds_bucket"),
        "sum(slipway_requests_in_flight{of})",
    ),
    ServingEngine.VLLM: Names(
        "sum(rate(vllm:request_success_total{of}[5m]))",
        None,
        _p99("vllm:e2e_request_latency_seconds_bucket"),
        "sum(vllm:num_requests_waiting{of})",
    ),
    ServingEngine.KSERVE: Names(
        "sum(rate(request_predict_seconds_count{of}[5m]))", None, _p99("request_predict_seconds_bucket"), None
    ),
    ServingEngine.TRITON: Names(
        "sum(rate(nv_inference_request_success{of}[5m]))",
        "sum(rate(nv_inference_request_failure{of}[5m]))",
        None,  # sums alone: an average is no percentile
        "sum(nv_inference_pending_request_count{of})",
    ),
    ServingEngine.MLSERVER: Names(
        "sum(rate(model_infer_request_success_total{of}[5m]))",
        "sum(rate(model_infer_request_failure_total{of}[5m]))",
        _p99("rest_server_requests_duration_seconds_bucket"),
        "sum(batch_request_queue{of})",
    ),
    ServingEngine.BENTOML: Names(
        "sum(rate(bentoml_service_request_total{of}[5m]))",
        'sum(rate(bentoml_service_request_total{of,http_response_code=~"5.."}[5m]))',
        _p99("bentoml_service_request_duration_seconds_bucket"),
        "sum(bentoml_service_request_in_progress{of})",
    ),
}


def query(form: str, namespace: str, model: str) -> str:
    """A query of ``ENGINES`` about the pods of a model, by the labels that its PodMonitor gives every series."""
    of = f'namespace="{namespace}",app_kubernetes_io_name="{model}"'
    return form.replace("{of,", f"{{{of},").replace("{of}", f"{{{of}}}")
