"""Custom kinds that are accepted without their definition. Add the kinds of a new operator here.

A kind whose CustomResourceDefinition is in the folder of ``crds`` is known from there and validated; one that is only
known from here is recorded.
"""

CUSTOM_FILE = "sandbox/providers/kubernetes/custom.py"


def _kinds(api_version: str, namespaced: str, cluster: str = "") -> dict[tuple[str, str], bool]:
    found = {(api_version, kind): True for kind in namespaced.split()}
    return found | {(api_version, kind): False for kind in cluster.split()}


CUSTOM: dict[tuple[str, str], bool] = {
    **_kinds("eks.amazonaws.com/v1", "TargetGroupBinding", "IngressClassParams NodeClass"),
    **_kinds("karpenter.sh/v1", "", "NodePool"),
    **_kinds("gateway.networking.k8s.io/v1", "BackendTLSPolicy GRPCRoute Gateway HTTPRoute", "GatewayClass"),
    **_kinds("gateway.networking.k8s.io/v1beta1", "ReferenceGrant"),
    **_kinds(
        "gateway.envoyproxy.io/v1alpha1",
        "Backend BackendTrafficPolicy ClientTrafficPolicy EnvoyExtensionPolicy EnvoyPatchPolicy EnvoyProxy "
        "HTTPRouteFilter SecurityPolicy",
    ),
    **_kinds("argoproj.io/v1alpha1", "AnalysisRun AnalysisTemplate Experiment Rollout", "ClusterAnalysisTemplate"),
    **_kinds("pipelines.kubeflow.org/v2beta1", "Pipeline PipelineVersion"),
    **_kinds("keda.sh/v1alpha1", "ScaledJob ScaledObject TriggerAuthentication", "ClusterTriggerAuthentication"),
    **_kinds("monitoring.coreos.com/v1", "PodMonitor Probe PrometheusRule ServiceMonitor"),
}
"""API version and kind -> whether its objects live in a namespace."""
