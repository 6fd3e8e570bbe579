"""The cloud of the sandbox: an AWS account on this machine, made of a moto server and what that lacks."""
