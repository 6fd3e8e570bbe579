"""Panels of a model's dashboard about what its pods use, and what that costs."""

from slipway.monitoring import _model_rules as rules
from slipway.monitoring import _names as names
from slipway.monitoring._board import Panel, graph
from slipway.monitoring._model_rules import HOURS_OF_A_MONTH, Watch
from slipway.monitoring._rule import labels


def saturation(watch: Watch, gpus: int) -> list[Panel]:
    """How full the pods are, and how much of what they request they use."""
    own = rules.pods(watch)
    used = f'namespace="{watch.namespace}",container="server"'

    def of_requested(use: str, resource: str) -> str:
        asked = f'kube_pod_container_resource_requests{{{used},resource="{resource}"}}'
        join = f"* on (namespace, pod) group_left () {own}"
        return f"avg({use} {join}) / avg({asked} {join})"

    cpu = of_requested(f"rate(container_cpu_usage_seconds_total{{{used}}}[5m])", "cpu")
    memory = of_requested(f"container_memory_working_set_bytes{{{used}}}", "memory")
    ready = labels(namespace=watch.namespace, condition="true")
    restarts = f"increase(kube_pod_container_status_restarts_total{labels(namespace=watch.namespace)}[1h])"
    found = [
        graph(
            "Use of what is requested",
            "percentunit",
            "CPU beyond 1 is borrowed and can be taken away; memory at 1 is killed. Far below 1: request less.",
            (cpu, "CPU"),
            (memory, "memory"),
            red_from=1,
        ),
        graph(
            "Full",
            "percentunit",
            "Requests under way as a share of what a server accepts; at 1 it answers 503.",
            (f"max by (variant) (slipway_saturation{labels(model=watch.model)})", "{{variant}}"),
            red_from=1,
        ),
        graph(
            "Pods",
            "short",
            "Pods that are ready, and restarts of their containers in an hour.",
            (f"sum(kube_pod_status_ready{ready} * on (namespace, pod) group_left () {own})", "ready"),
            (f"sum({restarts} * on (namespace, pod) group_left () {own})", "restarts in 1 h"),
        ),
    ]
    if gpus:
        of = labels(namespace=watch.namespace)
        memory = f"DCGM_FI_DEV_FB_USED{of} / (DCGM_FI_DEV_FB_USED{of} + DCGM_FI_DEV_FB_FREE{of})"
        found += [
            graph(
                "GPUs at work",
                "percent",
                "Share of the time that a GPU computes. Far below 100: fewer GPUs, or larger batches.",
                (f"avg(DCGM_FI_DEV_GPU_UTIL{of} * on (namespace, pod) group_left () {own})", "GPU"),
            ),
            graph(
                "GPUs' memory",
                "percentunit",
                "Share of the memory of the model's GPUs.",
                (f"avg({memory} * on (namespace, pod) group_left () {own})", "memory"),
                red_from=0.95,
            ),
        ]
    return found


def cost(watch: Watch) -> list[Panel]:
    """What the pods cost, by list prices."""
    hourly = f"{names.COST}{labels(model=watch.model)}"
    requests = f"{names.requests('1h')}{labels(model=watch.model)}"
    return [
        graph(
            "An hour", "currencyUSD", "What the model's pods request, at list prices; no bill.", (hourly, "USD an hour")
        ),
        graph(
            "A month like today",
            "currencyUSD",
            "The last day's hours times those of a month.",
            (f"avg_over_time({hourly}[1d]) * {HOURS_OF_A_MONTH}", "USD a month"),
            red_from=watch.monthly_budget_usd,
        ),
        graph(
            "1000 answers",
            "currencyUSD",
            "Cost of an hour by answers of the hour.",
            (f"{hourly} / on (model) ({requests} * 3.6 > 0)", "USD"),
        ),
    ]
