"""Every Kubernetes object that a component declares: built-in kinds by three minors, custom ones by their definitions.

Definitions are given as a folder in SLIPWAY_CRDS; without one that half is skipped, and says so.
"""

import json
import os
from typing import Any

import kubernetes_validate
import pulumi
import pulumi_kubernetes as k8s
import pytest
import slipway

from sandbox.providers.kubernetes import crds, rules
from sandbox.providers.kubernetes.custom import CUSTOM
from sandbox.providers.kubernetes.kinds import ObjectKind
from tests.components.callers import SHORTEST
from tests.components.graph import Resource, declare

MINORS = ("1.35", "1.36", "1.37")
GATE = {"metric": {"name": "correct", "label": "correct", "minimum_effect": 0.01}, "deadline_minutes": 10080}
FULL: dict[str, Any] = {
    **SHORTEST["ModelService"],
    "model": "everything",
    "gpus": 1,
    "priority_class": "models",
    "egress": [{"cidr_block": "10.0.16.0/20", "port": 5432}],
    "ingress_namespaces": ["batch"],
    "hostname": "everything.ml.example.com",
    "jwt_issuer": "https://issuer.example.com",
    "jwt_jwks_uri": "https://issuer.example.com/jwks.json",
    "jwt_audiences": ["models"],
    "jwt_claims": {"team": ["travel"]},
    "jwt_scopes": ["ml/invoke"],
    "requests_per_second_limit": 100,
    "prometheus_address": "http://prometheus.monitoring.svc:9090",
    "target_requests_per_second": 20,
    "target_latency_ms": 200,
    "max_replicas": 8,
    "rollout": {"mirror_percent": 10, "mirror_minutes": 30, "gate": json.dumps(GATE)},
}


def made() -> list[Resource]:
    """What all components declare, each called as shortly as it can be; a model service with everything."""

    def program() -> None:
        everything: Any = FULL
        cluster = k8s.Provider("cluster", kubeconfig="{}")
        for name, args in SHORTEST.items():
            getattr(slipway, name)(f"c-{name.lower()}", args, pulumi.ResourceOptions(providers=[cluster]))
        slipway.ModelService("full", everything, pulumi.ResourceOptions(providers=[cluster]))

    return [item for item in declare(program).resources if item.type.startswith("kubernetes:")]


@pytest.fixture(scope="module")
def objects() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for item in made():
        module, kind = item.type.split(":")[1:]
        if not module.startswith("helm.sh"):
            api_version = module.removeprefix("core/")
            found[f"{kind} {item.name}"] = {"apiVersion": api_version, "kind": kind, **item.inputs}
    return found


@pytest.mark.parametrize("minor", MINORS)
def test_built_in_kinds_fit_three_minors(objects: dict[str, dict[str, Any]], minor: str) -> None:
    builtin = {name: one for name, one in objects.items() if (one["apiVersion"], one["kind"]) not in CUSTOM}
    assert len(builtin) > 20
    for name, document in builtin.items():
        kubernetes_validate.validate(document, minor, strict=True)
        assert rules.problems(document) == [], name


def test_there_is_no_unknown_kind(objects: dict[str, dict[str, Any]]) -> None:
    for document in objects.values():
        ObjectKind.of(f"kubernetes:{document['apiVersion']}:{document['kind']}", document)


def test_custom_objects_fit_their_definitions(objects: dict[str, dict[str, Any]]) -> None:
    if not os.environ.get(crds.CRDS):
        pytest.skip(f"{crds.CRDS} names no folder of CustomResourceDefinitions: custom objects are not validated")
    custom = {name: one for name, one in objects.items() if (one["apiVersion"], one["kind"]) in CUSTOM}
    judged = {name: one for name, one in custom.items() if crds.scope(one["apiVersion"], one["kind"]) is not None}
    assert judged
    assert {name: found for name, one in judged.items() if (found := crds.examine(one)[0])} == {}
