"""A model's way in through the gateway, and how a new release takes over there, as arguments of its service."""

from typing import Any

import pulumi
from slipway.rollout.rollout_args import RolloutArgs
from slipway.serving.model_service import ModelServiceArgs

from stacks import gates
from stacks.contract import PlatformContract
from stacks.model_settings import RolloutSettings
from stacks.settings import Settings

COGNITO_SCOPE = "slipway/predict"
"""Scope of the tokens of the gateway's own user pool; they have no audience."""


def hostname(name: str, settings: Settings) -> str | None:
    """Host name of the model at the gateway, if it is to be reached there."""
    model = settings.models[name]
    return f"{model.host or name}.{settings.domain}" if model.auth else None


def outputs(name: str, settings: Settings) -> dict[str, Any]:
    """What a team looks for: the address, and what its service promises."""
    host, promised = hostname(name, settings), settings.models[name].slo.model_dump(exclude_none=True)
    return {**({"address": f"https://{host}"} if host else {}), **({"slo": promised} if promised else {})}


def add(args: ModelServiceArgs, name: str, settings: Settings, contract: PlatformContract) -> None:
    """Add to ``args`` what the settings say about the model's traffic."""
    model, host = settings.models[name], hostname(name, settings)
    if settings.prometheus:
        args["prometheus_address"] = settings.prometheus
    if model.scale.target_requests_per_second:
        args["target_requests_per_second"] = model.scale.target_requests_per_second
    if model.scale.target_latency_ms:
        args["target_latency_ms"] = model.scale.target_latency_ms
    if host is None or model.auth is None:
        return
    assert contract.gateway_name, "settings.problems() requires a gateway, and the contract a platform's"
    args["hostname"] = host
    args["gateway_name"] = contract.gateway_name
    if settings.gateway is None:  # a shard: its own domain must be its platform's
        args["namespace"] = pulumi.Output.all(contract.namespace, contract.gateway_domain).apply(
            lambda known: _same_domain(known[0], known[1], settings)
        )
    if model.requests_per_second_limit:
        args["requests_per_second_limit"] = model.requests_per_second_limit
    if model.auth.allow_unauthenticated:
        args["allow_unauthenticated"] = True
    else:
        _tokens(args, name, settings, contract)
    if model.rollout:
        args["rollout"] = _rollout(model.rollout, sticky=not model.auth.allow_unauthenticated)


def _tokens(args: ModelServiceArgs, name: str, settings: Settings, contract: PlatformContract) -> None:
    auth, gateway = settings.models[name].auth, settings.gateway
    assert auth and contract.jwt_issuer and contract.jwt_jwks_uri and contract.jwt_audiences, "of a platform's gateway"
    args["jwt_issuer"] = contract.jwt_issuer
    args["jwt_jwks_uri"] = contract.jwt_jwks_uri
    scopes: list[pulumi.Input[str]] = [*auth.scopes]
    if gateway and gateway.cognito:
        scopes += [] if COGNITO_SCOPE in auth.scopes else [COGNITO_SCOPE]
    else:
        args["jwt_audiences"] = contract.jwt_audiences.apply(lambda known: _some(known, name, settings))
    if scopes:
        args["jwt_scopes"] = scopes
    if auth.claims:
        args["jwt_claims"] = auth.claims


def _some(audiences: list[str], name: str, settings: Settings) -> list[pulumi.Input[str]]:
    """Without an audience and a scope, a token that was made for anything else would be enough."""
    auth = settings.models[name].auth
    if not audiences and not (auth and auth.scopes):
        raise pulumi.RunError(
            f"{settings.source}: slipway:models.{name}.auth.scopes: accepted: {COGNITO_SCOPE} at least, because "
            f"{settings.platform_stack} has a user pool, whose tokens have no audience: received: nothing"
        )
    return [*audiences]


def _rollout(rollout: RolloutSettings, *, sticky: bool) -> RolloutArgs:
    args: RolloutArgs = {
        "steps_percent": rollout.steps_percent,
        "step_minutes": rollout.step_minutes,
        "bake_minutes": rollout.bake_minutes,
        "minimum_requests": rollout.minimum_requests,
        "error_margin_percent": rollout.error_margin_percent,
        "latency_margin_percent": rollout.latency_margin_percent,
        "sticky": sticky,
    }
    if rollout.mirror_minutes:
        args |= {"mirror_minutes": rollout.mirror_minutes, "mirror_percent": rollout.mirror_percent}
    if rollout.only_if_better:
        args["gate"] = gates.text(rollout.only_if_better)
    return args


def _same_domain(namespace: str, platform: str, settings: Settings) -> str:
    if platform != settings.gateway_domain:
        raise pulumi.RunError(
            f"{settings.source}: slipway:gateway_domain: accepted: {platform}, which {settings.platform_stack} has: "
            f"received: {settings.gateway_domain}"
        )
    return namespace
