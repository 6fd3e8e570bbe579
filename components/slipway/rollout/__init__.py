"""Progressive rollout: a new release beside the old one, which takes over only when real traffic shows that it may.

Lazy like ``slipway`` itself.
"""

from typing import TYPE_CHECKING

from slipway import _lazy

if TYPE_CHECKING:
    from slipway.rollout.progressive_rollout import ProgressiveRollout as ProgressiveRollout
    from slipway.rollout.progressive_rollout import ProgressiveRolloutArgs as ProgressiveRolloutArgs
    from slipway.rollout.promotion_gate import PromotionGate as PromotionGate
    from slipway.rollout.promotion_gate import PromotionGateArgs as PromotionGateArgs
    from slipway.rollout.rollout_args import RolloutArgs as RolloutArgs
    from slipway.rollout.rollout_controller import RolloutController as RolloutController
    from slipway.rollout.rollout_controller import RolloutControllerArgs as RolloutControllerArgs

__getattr__, __dir__ = _lazy.exports(
    __name__,
    {
        "ProgressiveRollout": "progressive_rollout",
        "ProgressiveRolloutArgs": "progressive_rollout",
        "PromotionGate": "promotion_gate",
        "PromotionGateArgs": "promotion_gate",
        "RolloutArgs": "rollout_args",
        "RolloutController": "rollout_controller",
        "RolloutControllerArgs": "rollout_controller",
    },
)
