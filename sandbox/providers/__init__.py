"""Pulumi resource providers for the sandbox: plugins in Python that speak the engine's own protocol."""
