"""The models of a stack: repository, identity and, once there is a release, the service of each."""

import pulumi
from slipway.registry import ContainerRegistry
from slipway.registry.image_publisher import ImagePublisherArgs
from slipway.security import Principal, WorkloadIdentity
from slipway_ops.environments import repository

from stacks.contract import PlatformContract
from stacks.platform import publisher
from stacks.releases import Found
from stacks.settings import ModelSettings, Settings
