"""What `make ab` declares: one model with a rollout, by the components that a real stack uses.

Of the gateway there is only what decides about requests, as ``serving.Gateway`` declares it: its load balancer and its
controllers are AWS's and the cluster's, and neither is here.
"""

import json
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
from slipway._custom import envoy
from slipway.serving import ModelService, _edge

config = pulumi.Config()
release: dict[str, Any] = config.require_object("release")
gate: dict[str, Any] = config.require_object("gate")
rollout: dict[str, Any] = config.require_object("rollout")

cluster = k8s.Provider(
    "cluster", kubeconfig=config.require("kubeconfig"), cluster_identifier=config.require("cluster_name")
)
inside = pulumi.ResourceOptions(provider=cluster)
labels = {"pod-security.kubernetes.io/enforce": "restricted", "slipway.dev/routes": "true"}
models = k8s.core.v1.Namespace("models", metadata={"name": "models", "labels": labels}, opts=inside)
edge = k8s.core.v1.Namespace("gateway", metadata={"name": _edge.NAMESPACE}, opts=inside)
envoy.client_traffic_policy(
    "clients",
    {"name": _edge.NAME, "namespace": edge.metadata.apply(lambda found: str(found.name))},
    _edge.clients_spec(60),
    inside,
)
service = ModelService(
    config.require("model"),
    {
        "model": config.require("model"),
        "release": release["id"],
        "image": release["image"],
        "artifact_uri": release["artifact_uri"],
        "artifact_version": release["artifact_version"],
        "artifact_sha256": release["artifact_sha256"],
        "fetch_image": config.require("fetch_image"),
        "namespace": "models",
        "region": config.require("region"),
        "ready_path": "/readyz",
        "min_replicas": 2,
        "max_replicas": 4,
        "settings": release["settings"],
        "hostname": config.require("hostname"),
        "jwt_issuer": config.require("issuer"),
        "jwt_jwks_uri": config.require("issuer") + "/jwks.json",
        "jwt_audiences": [config.require("audience")],
        "jwt_claims": {"team": ["travel"]},
        "prometheus_address": "http://prometheus.monitoring.svc:9090",
        "rollout": {**rollout, "gate": json.dumps(gate)},  # type: ignore[typeddict-item] # the settings are checked there
    },
    pulumi.ResourceOptions(providers=[cluster], depends_on=[models]),
)
pulumi.export("url", service.url)
