"""What an objective is measured by: requests, good answers and their latency. Without Pulumi.

At the gateway where a model has a route, because it sees what callers see, also when no pod answers; else by the server
itself. What an arm is at the gateway, and what a good answer is, is said once, for rollouts and for alerts.
"""

from dataclasses import dataclass

from slipway.monitoring._rule import labels, matchers, number
from slipway.rollout import _queries as gateway

USERS_ARMS = ("stable", "canary")
"""The arms that users get answers from; a shadow's errors reach nobody."""
_POSITIONS = {"stable": gateway.STABLE, "canary": gateway.CANARY}
_GOOD = 'envoy_response_code_class=~"[1-4]"'

BUCKETS_MS = (
    0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 600_000
)  # fmt: skip
"""Upper bounds of Envoy's histograms, in milliseconds (``HistogramSettings`` of Envoy 1.39 and 1.40)."""
LEAST_MS, MOST_MS = 1, 60_000


@dataclass(frozen=True)
class Gateway:
    """The model's route at the gateway."""

    namespace: str
    model: str

    @property
    def users(self) -> str:
        """Selects the Envoy clusters of the arms that users get answers from."""
        return f'envoy_cluster_name=~"httproute/{self.namespace}/{self.model}/rule/{gateway.RULE}/backend/[0-9]+"'

    @property
    def present(self) -> str:
        """A series that is there before the first request."""
        return f"envoy_cluster_upstream_rq_total{labels(envoy_cluster_name=self.cluster('stable'))}"

    @property
    def healthy(self) -> str:
        """How many pods of the stable arm get requests."""
        return f"max(envoy_cluster_membership_healthy{labels(envoy_cluster_name=self.cluster('stable'))})"

    def cluster(self, arm: str) -> str:
        """The Envoy cluster of an arm."""
        if arm == "shadow":
            return gateway.shadow(self.namespace, self.model)
        return gateway.arm(self.namespace, self.model, _POSITIONS[arm])

    def requests(self, window: str, arm: str | None = None) -> str:
        """Answers a second, of one arm or of all that users get."""
        return f"sum(rate({gateway.REQUESTS}{matchers([self._of(arm)])}[{window}]))"

    def good(self, window: str, arm: str | None = None) -> str:
        """Answers a second that are no errors of the server."""
        return f"sum(rate({gateway.REQUESTS}{matchers([self._of(arm), _GOOD])}[{window}]))"

    def buckets(self, window: str, arm: str | None = None) -> str:
        """Answers a second by ``le`` milliseconds."""
        return f"sum by (le) (rate({gateway.MILLISECONDS}{matchers([self._of(arm)])}[{window}]))"

    def timed(self, window: str) -> str:
        """Answers a second whose latency is known."""
        return f"sum(rate(envoy_cluster_upstream_rq_time_count{matchers([self.users])}[{window}]))"

    def within(self, milliseconds: int, window: str) -> str:
        """Answers a second that took at most ``milliseconds``.

        Between two bounds of the histogram in proportion, which is what ``histogram_quantile`` supposes as well.
        """
        above = next(bound for bound in BUCKETS_MS if bound >= milliseconds)
        upper = self._below(above, window)
        if above == milliseconds:
            return upper
        lower_bound = max(bound for bound in BUCKETS_MS if bound < milliseconds)
        lower = self._below(lower_bound, window)
        part = (milliseconds - lower_bound) / (above - lower_bound)
        return f"({lower} + {number(part)} * ({upper} - {lower}))"

    def in_flight(self, arm: str) -> str:
        """Requests under way in a pod, on average."""
        return gateway.in_flight(self.cluster(arm), 5)

    def _of(self, arm: str | None) -> str:
        return self.users if arm is None else f'envoy_cluster_name="{self.cluster(arm)}"'

    def _below(self, bound: float, window: str) -> str:
        return f"sum(rate({gateway.MILLISECONDS}{matchers([self.users, le(bound)])}[{window}]))"


@dataclass(frozen=True)
class Server:
    """The model's server itself, where no route leads to it: the metrics that every model service of slipway has."""

    namespace: str
    model: str

    @property
    def users(self) -> str:
        """Selects the series of the arms that users get answers from."""
        return f'{self._model},variant=~"stable|canary"'

    @property
    def present(self) -> str:
        """A series that is there before the first request."""
        return f"slipway_requests_in_flight{matchers([self._model])}"

    @property
    def healthy(self) -> None:
        """Nobody counts the pods that get requests."""
        return

    def requests(self, window: str, arm: str | None = None) -> str:
        """Answers a second, of one arm or of all that users get."""
        return f"sum(rate(slipway_requests_total{matchers([self._of(arm)])}[{window}]))"

    def good(self, window: str, arm: str | None = None) -> str:
        """Answers a second that are no errors of the server."""
        return f"sum(rate(slipway_requests_total{matchers([self._of(arm), _SERVER_GOOD])}[{window}]))"

    def buckets(self, window: str, arm: str | None = None) -> str:
        """Answers a second by ``le`` seconds."""
        return f"sum by (le) (rate(slipway_request_seconds_bucket{matchers([self._of(arm)])}[{window}]))"

    def timed(self, window: str) -> str:
        """Answers a second whose latency is known."""
        return f"sum(rate(slipway_request_seconds_count{matchers([self.users])}[{window}]))"

    def within(self, milliseconds: int, window: str) -> str:
        """Answers a second that took at most ``milliseconds``, which must be a bound of the server's histogram."""
        bound = le(milliseconds / 1000)
        return f"sum(rate(slipway_request_seconds_bucket{matchers([self.users, bound])}[{window}]))"

    def in_flight(self, arm: str) -> str:
        """Requests under way in a pod, on average."""
        return f"avg(avg_over_time(slipway_requests_in_flight{matchers([self._of(arm)])}[5m]))"

    @property
    def _model(self) -> str:
        return f'namespace="{self.namespace}",model="{self.model}"'

    @staticmethod
    def _arm(arm: str) -> str:
        return f'variant="{arm}"'

    def _of(self, arm: str | None) -> str:
        return self.users if arm is None else f"{self._model},{self._arm(arm)}"


_SERVER_GOOD = 'code=~"[1-4].."'
Source = Gateway | Server


def le(bound: float) -> str:
    """Selects a bound of a histogram as both Prometheus 2 (``250``) and Prometheus 3 (``250.0``) write it."""
    text = number(bound)
    return f'le=~"{text.replace(".", "[.]")}"' if "." in text else f'le=~"{text}([.]0)?"'
