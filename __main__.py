"""The program of every stack: read its settings, declare what they ask for."""

import slipway

from stacks.environment import build
from stacks.settings import load

slipway.run(lambda: build(load()))
