"""`pulumi-resource-kubernetes` without a cluster: objects are manifest files, strictly validated.

Nothing here opens a connection: a kubeconfig is read for the cluster's name and its commands are never run. What a
real API server adds by running things (status, defaults of a pod) is absent; what it refuses is refused here too, as
far as the published schemas and the rules of ``rules`` and ``pod_security`` go.
"""
