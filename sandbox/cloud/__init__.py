"""The cloud of the sandbox: an AWS account on this machine, made of a moto server and what that lacks."""

ACCOUNT_ID = "123456789012"
"""The account that every caller is in."""
