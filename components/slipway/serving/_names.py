"""Names that AWS and Kubernetes accept, as patterns with words for a person."""

CLUSTER = r"[0-9A-Za-z][0-9A-Za-z_-]{0,99}"
CLUSTER_ACCEPTED = "a cluster's name: 1 to 100 letters, digits, - and _"

LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
LABEL_ACCEPTED = "1 to 63 of a-z, 0-9 and -, neither first nor last -"
