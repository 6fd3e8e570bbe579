"""Keeps the password file of PostgreSQL clients that log in by IAM: ``python -m slipway_ops.database_login``.

Such a login has a token in the place of a password, good for 15 minutes. libpq reads ``PGPASSFILE`` at each new
connection, so a program that knows nothing of AWS logs in too, for as long as it runs, if the file is written anew in
time. Runs beside it, until it is terminated, with the same PGHOST, PGPORT and PGUSER.
"""

import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import boto3

EVERY_SECONDS = 300.0
"""A third of a token's life, so that a failure or two do no harm."""


def line(token: str) -> str:
    """The file's only line: any host, port, database and user, and the token. libpq wants ``:`` and ``\\`` escaped."""
    escaped = token.replace("\\", "\\\\").replace(":", "\\:")
    return f"*:*:*:*:{escaped}\n"


def write(path: Path, token: str) -> None:
    """Put the token in place at once; libpq ignores a file that anybody else may read."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(line(token))
    fresh.replace(path)


def keep(path: Path, token: Callable[[], str], ended: threading.Event) -> None:
    """Write the file now and every few minutes until ``ended``; raises what making the first token raises."""
    write(path, token())
    while not ended.wait(EVERY_SECONDS):
        write(path, token())


def main(environment: Mapping[str, str] = os.environ) -> None:
    """Run until terminated."""
    client = boto3.client("rds", region_name=environment.get("AWS_REGION"))

    def token() -> str:
        host, port, user = (environment[name] for name in ("PGHOST", "PGPORT", "PGUSER"))
        return str(client.generate_db_auth_token(DBHostname=host, Port=int(port), DBUsername=user))

    keep(Path(environment["PGPASSFILE"]), token, threading.Event())


if __name__ == "__main__":
    main()
