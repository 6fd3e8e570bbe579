"""``python -m sandbox.cloud --directory DIR [--port 0]``: run the cloud in this process."""

import argparse
from pathlib import Path

from sandbox.cloud.server import serve

parser = argparse.ArgumentParser(prog="python -m sandbox.cloud", description=__doc__)
parser.add_argument("--directory", type=Path, required=True, help="where cloud.json says how to reach it")
parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0: a free one")
arguments = parser.parse_args()
serve(arguments.directory, arguments.port)
