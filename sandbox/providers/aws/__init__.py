"""``pulumi-resource-aws`` for the sandbox: a table of resource types over botocore's own service models."""
