"""The plugin's executable: ``python -m sandbox.providers.kubernetes``."""

from sandbox.providers.kubernetes.helm import KubernetesWithHelm
from sandbox.providers.protocol import sdk_version, serve

if __name__ == "__main__":
    serve(KubernetesWithHelm(), sdk_version("pulumi_kubernetes"))
