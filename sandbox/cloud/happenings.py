"""What the account's services tell EventBridge about themselves; who listens is none of their business."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Hook = Callable[[str, str, str, str, Mapping[str, Any], Sequence[str]], None]
"""``(region, account, source, detail_type, detail, resources)``; returns at once and takes no turn of the server's."""

_hooks: list[Hook] = []


def on_publish(hook: Hook) -> Hook:
    """Have ``hook`` called with every event that a service publishes."""
    _hooks.append(hook)
    return hook


def publish(
    region: str, account: str, source: str, detail_type: str, detail: Mapping[str, Any], resources: Sequence[str] = ()
) -> None:
    """Tell that something happened; from any thread, also from one that is answering a call."""
    for hook in _hooks:
        hook(region, account, source, detail_type, detail, resources)
