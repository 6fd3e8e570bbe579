"""A cloud account, a cluster and an engine on this machine."""
