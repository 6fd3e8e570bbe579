"""The controller that walks the steps of rollouts."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as k8s

from slipway import _check, versions
from slipway.rollout import _controller
from slipway.serving import _names, _systems
from slipway.serving._service_settings import IMAGE, IMAGE_ACCEPTED

LABEL = (_names.LABEL, _names.LABEL_ACCEPTED)


class RolloutControllerArgs(TypedDict):
    """Inputs of ``RolloutController``."""

    plugin_image: pulumi.Input[str]
    """Image of the Gateway API plugin (``versions.ROLLOUTS_GATEWAY_PLUGIN``), by digest."""
    controller_image: NotRequired[pulumi.Input[str]]
    """Image of Argo Rollouts, by digest. Default: the project's own, by the tag that slipway pins."""
    namespace: NotRequired[str]
    """Namespace, made here. Default: ``rollouts``."""
    replicas: NotRequired[int]
    """Controllers, of which one works and the others wait. Default: 2."""
    analysis_ports: NotRequired[list[int]]
    """Ports of pods that analyses ask: Prometheus and the gate. Default: 9090 and 8080."""
    metrics_namespaces: NotRequired[list[str]]
    """Namespaces that may read metrics. Default: ``monitoring``."""
    install_crds: NotRequired[bool]
    """Whether the kinds are installed here; they stay when this is deleted. Default: yes."""
    kubernetes_version: NotRequired[str]
    """Kubernetes version of the cluster, whose Pod Security rules hold. Default: the one slipway pins."""


class RolloutController(pulumi.ComponentResource):
    """Argo Rollouts with the Gateway API plugin, in a namespace of its own; stateless.

    The plugin comes from an image, by an init container: its other form is downloaded at each start, and a controller
    that cannot download does not start. Needs a Kubernetes provider in ``opts``; what uses the kinds waits for this.
    """

    namespace: pulumi.Output[str]
    """Namespace of the controller, to make the gate in."""

    def __init__(self, name: str, args: RolloutControllerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:index:RolloutController", name, dict(args), opts)
        _check.known(args, RolloutControllerArgs.__annotations__)
        plugin = _check.given(args, "plugin_image", IMAGE, IMAGE_ACCEPTED)
        image = args.get("controller_image")
        _check.plain("controller_image", image, IMAGE, IMAGE_ACCEPTED)
        namespace = _check.matches("namespace", args.get("namespace", "rollouts"), *LABEL)
        replicas = _check.between("replicas", args.get("replicas", 2), 1, 5)
        ports = [
            _check.between(f"analysis_ports[{i}]", port, 1, 65535)
            for i, port in enumerate(args.get("analysis_ports", [9090, 8080]))
        ]
        readers = _check.each("metrics_namespaces", args.get("metrics_namespaces", ["monitoring"]), *LABEL)
        version = _check.one_of(
            "kubernetes_version", args.get("kubernetes_version", versions.KUBERNETES), versions.KUBERNETES_SUPPORT_ENDS
        )
        crds = _check.flag("install_crds", args.get("install_crds", True))

        space = _systems.closed_namespace(name, namespace, version, _controller.policies(ports, readers), self)
        release = k8s.helm.v3.Release(
            f"{name}-controller",
            name=_controller.NAME,
            chart="argo-rollouts",
            version=versions.ARGO_ROLLOUTS_CHART,
            repository_opts={"repo": "https://argoproj.github.io/argo-helm"},
            namespace=namespace,
            atomic=True,
            timeout=600,
            max_history=3,
            values=_controller.chart_values(plugin, image, replicas, install_crds=crds),
            opts=pulumi.ResourceOptions(parent=self, depends_on=space),
        )

        # Known before a first deployment, and yet nothing that uses it comes before the controller.
        self.namespace = release.urn.apply(lambda _: namespace)
        self.register_outputs({"namespace": self.namespace})
