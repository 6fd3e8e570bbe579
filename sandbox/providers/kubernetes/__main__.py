"""The plugin's executable: ``python -m sandbox.providers.kubernetes``."""

from sandbox.providers.kubernetes.backend import KubernetesBackend
from sandbox.providers.protocol import sdk_version, serve

if __name__ == "__main__":
    serve(KubernetesBackend(), sdk_version("pulumi_kubernetes"))
