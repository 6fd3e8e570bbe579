"""Deliveries to targets: in threads of their own, tried again where that can help, then put in a dead-letter queue."""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.cloud.extension import Fault

MOST_ATTEMPTS = 4
"""Attempts of a delivery, one after the other; AWS goes on for up to a day."""

_PAUSE_SECONDS = 0.05
_PASSING = ("Throttl", "TooManyRequests", "ServiceUnavailable", "InternalFailure", "InternalError", "Timeout")

_pool = ThreadPoolExecutor(8, thread_name_prefix="delivery")
_changed = threading.Condition()
_open = 0


@dataclass(frozen=True)
class Delivery:
    """One call of one target."""

    region: str
    account: str
    principal: str
    """The service that delivers, such as ``events.amazonaws.com``."""
    source_arn: str
    """The rule or schedule."""
    target: Mapping[str, Any]
    payload: str
    dead_letter: str
    """What a dead-letter queue gets: the event, where the payload was made of one."""
    about: Mapping[str, str] = field(default_factory=dict)
    """Message attributes that say where a dead letter comes from."""


Call = Callable[[Delivery], None]
Bury = Callable[[Delivery, str, dict[str, str]], None]
"""``(delivery, ARN of a queue, message attributes)``."""


def send(delivery: Delivery, call: Call, bury: Bury) -> None:
    """Have ``call`` make the delivery, soon, and ``bury`` put what cannot be delivered into its dead-letter queue."""
    later(lambda: _deliver(delivery, call, bury))


def later(work: Callable[[], None]) -> None:
    """Have ``work`` done in a thread that may call the cloud."""
    global _open
    with _changed:
        _open += 1
    _pool.submit(_run, work)


def settle(seconds: float = 5.0) -> bool:
    """Wait until nothing is under way, at most so long; whether that was reached. Not in a thread that has a turn."""
    with _changed:
        return _changed.wait_for(lambda: _open == 0, seconds)


def _run(work: Callable[[], None]) -> None:
    global _open
    try:
        work()
    except Exception as error:
        print(f"delivery: {type(error).__name__}: {error}", flush=True)
    finally:
        with _changed:
            _open -= 1
            _changed.notify_all()


def _deliver(delivery: Delivery, call: Call, bury: Bury) -> None:
    policy = delivery.target.get("RetryPolicy") or {}
    allowed = min(MOST_ATTEMPTS, 1 + int(policy.get("MaximumRetryAttempts", MOST_ATTEMPTS)))
    attempts = 0
    while True:
        attempts += 1
        try:
            call(delivery)
        except Exception as error:
            if attempts < allowed and _may_pass(error):
                time.sleep(_PAUSE_SECONDS * 2**attempts)
                continue
            print(f"delivery: {delivery.source_arn} to {delivery.target['Arn']}: {_code(error)}: {error}", flush=True)
            if queue := (delivery.target.get("DeadLetterConfig") or {}).get("Arn"):
                bury(delivery, queue, _dead_letter(delivery, error, attempts))
        return


def _may_pass(error: Exception) -> bool:
    """Whether trying again can help: not where the target is gone or forbids it."""
    if isinstance(error, ClientError):
        status = error.response["ResponseMetadata"].get("HTTPStatusCode", 400)
        return any(word in _code(error) for word in _PASSING) or (status >= 500 and status != 501)
    return isinstance(error, BotoCoreError | OSError)


def _dead_letter(delivery: Delivery, error: Exception, attempts: int) -> dict[str, str]:
    about = {
        **delivery.about,
        "TARGET_ARN": delivery.target["Arn"],
        "ERROR_CODE": _code(error),
        "ERROR_MESSAGE": str(error)[:1024],
        "RETRY_ATTEMPTS": str(attempts - 1),
    }
    return about | ({"EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts"} if _may_pass(error) else {})


def _code(error: Exception) -> str:
    if isinstance(error, ClientError):
        return str(error.response["Error"]["Code"])
    return str(getattr(error, "code", "")) if isinstance(error, Fault) else type(error).__name__
