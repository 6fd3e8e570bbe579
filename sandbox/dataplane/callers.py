"""Who may call: a SecurityPolicy as Envoy's filters for tokens and for what they say.

The keys of the issuer would be fetched from its address. The sandbox fetches nothing: it puts throwaway keys of its own
in their place, and leaves issuer, audiences and claims as they are declared.
"""

from typing import Any

from sandbox.dataplane.extensions import Config, extension, typed
from sandbox.dataplane.reading import Fields

JWT = "envoy.filters.http.jwt_authn"
_CLAIM = "envoy.extensions.matching.input_matchers.metadata.v3.Metadata"
_METADATA = "envoy.extensions.matching.common_inputs.network.v3.DynamicMetadataInput"
_ACTION = "envoy.config.rbac.v3.Action"


def filters(policy: Fields | None, jwks: str) -> list[Config]:
    """HTTP filters, in Envoy Gateway's order; none where anybody may call."""
    if policy is None:
        return []
    found: list[Config] = []
    providers = policy.take("jwt.providers") or []
    if providers:
        names = [provider["name"] for provider in providers]
        requirement: Config = {"provider_name": names[0]}
        if len(names) > 1:
            requirement = {"requires_any": {"requirements": [{"provider_name": name} for name in names]}}
        config = {
            "providers": {provider["name"]: _provider(provider, jwks) for provider in providers},
            "rules": [{"match": {"prefix": "/"}, "requires": requirement}],
        }
        found.append(extension(JWT, config))
    default = policy.take("authorization.defaultAction", "Allow")
    rules = policy.take("authorization.rules") or []
    if rules or default == "Deny":
        matchers = [_rule(policy, rule) for rule in rules]
        matcher: Config = {"on_no_match": _action(default)}
        if matchers:
            matcher["matcher_list"] = {"matchers": matchers}
        found.append(extension("envoy.filters.http.rbac", {"matcher": matcher}))
    policy.take("targetRefs")
    return found


def _provider(provider: dict[str, Any], jwks: str) -> Config:
    extractors = provider.get("extractFrom", {}).get("headers", [])
    found: Config = {
        "issuer": provider["issuer"],
        "audiences": provider.get("audiences", []),
        "payload_in_metadata": provider["name"],
        "forward": True,
        "normalize_payload_in_metadata": {"space_delimited_claims": ["scope", "scp"]},
        "claim_to_headers": [
            {"header_name": item["header"], "claim_name": item["claim"]} for item in provider.get("claimToHeaders", [])
        ],
        "local_jwks": {"inline_string": jwks},
        "clear_route_cache": provider.get("recomputeRoute", False),
    }
    if extractors:
        found["from_headers"] = [
            {"name": item["name"], "value_prefix": item.get("valuePrefix", "")} for item in extractors
        ]
    return found


def _rule(policy: Fields, rule: dict[str, Any]) -> Config:
    principal = dict(rule.get("principal", {}))
    token = principal.pop("jwt", None)
    if token is None or principal:
        raise policy.refuse("authorization.rules", "principals by jwt alone", rule.get("principal"))
    wanted = [_any_of(token["provider"], claim, claim["values"]) for claim in token.get("claims", [])]
    # every scope is needed, one value of a claim is enough
    wanted += [_one("scope", token["provider"], "scope", scope, listed=True) for scope in token.get("scopes", [])]
    if not wanted:
        raise policy.refuse("authorization.rules", "claims or scopes", token)
    predicate = wanted[0] if len(wanted) == 1 else {"and_matcher": {"predicate": wanted}}
    return {"predicate": predicate, "on_match": _action(rule["action"])}


def _any_of(provider: str, claim: dict[str, Any], values: list[str]) -> Config:
    listed = claim.get("valueType", "String") == "StringArray"
    each = [_one("claim", provider, claim["name"], value, listed=listed) for value in values]
    return each[0] if len(each) == 1 else {"or_matcher": {"predicate": each}}


def _one(label: str, provider: str, claim: str, value: str, *, listed: bool) -> Config:
    exact: Config = {"string_match": {"exact": value}}
    path = [{"key": step} for step in (provider, *claim.split("."))]
    match = {"value": {"list_match": {"one_of": exact}} if listed else exact}
    return {
        "single_predicate": {
            "input": {"name": label, "typed_config": typed(_METADATA, {"filter": JWT, "path": path})},
            "custom_match": {"name": "claim_matcher", "typed_config": typed(_CLAIM, match)},
        }
    }


def _action(name: str) -> Config:
    config = {"name": name.upper(), "action": "ALLOW" if name == "Allow" else "DENY"}
    return {"action": {"name": name.lower(), "typed_config": typed(_ACTION, config)}}
