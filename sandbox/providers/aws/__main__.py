"""The plugin's process: ``python -m sandbox.providers.aws``."""

from sandbox.providers.aws.backend import Aws
from sandbox.providers.protocol import sdk_version, serve

serve(Aws(), sdk_version("pulumi_aws"))
