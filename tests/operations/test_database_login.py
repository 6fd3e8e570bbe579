"""The password file of logins by IAM: its form, who may read it, and that it is made anew."""

import threading
from pathlib import Path

import pytest
from slipway_ops import database_login


def test_libpq_reads_the_token_back() -> None:
    token = "db.eu-west-1.rds.amazonaws.com:5432/?Action=connect&X-Amz-Credential=A%2Fb\\c"

    text = database_login.line(token)

    fields, _, rest = text.partition("*:*:*:*:")
    assert (fields, text.count("\n")) == ("", 1)
    # libpq ends the field at a colon that is not escaped, and takes any character after a backslash for itself
    plain, escaped = "", False
    for sign in rest.rstrip("\n"):
        if escaped or sign != "\\":
            assert escaped or sign != ":"
            plain, escaped = plain + sign, False
        else:
            escaped = True
    assert plain == token


def test_nobody_else_reads_it_and_no_half_of_it_is_ever_there(tmp_path: Path) -> None:
    path = tmp_path / "pgpass"
    (tmp_path / "pgpass.new").write_text("left behind")
    database_login.write(path, "first")
    with path.open() as reader:
        database_login.write(path, "second")
        assert reader.read() == "*:*:*:*:first\n"

    assert path.read_text() == "*:*:*:*:second\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["pgpass"]


def test_it_is_made_anew_until_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_login, "EVERY_SECONDS", 0.01)
    ended, made = threading.Event(), iter(range(100))

    def token() -> str:
        number = next(made)
        if number == 3:
            ended.set()
        return f"token-{number}"

    database_login.keep(tmp_path / "pgpass", token, ended)
    assert (tmp_path / "pgpass").read_text() == "*:*:*:*:token-3\n"


def test_a_token_is_for_the_database_and_its_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("AWS_ACCESS_KEY_ID", "AKIA"), ("AWS_SECRET_ACCESS_KEY", "secret")):
        monkeypatch.setenv(name, value)
    kept: list[str] = []
    monkeypatch.setattr(database_login, "keep", lambda path, token, ended: kept.extend([str(path), token()]))

    database_login.main(
        {
            "PGHOST": "db.example.com",
            "PGPORT": "5432",
            "PGUSER": "service",
            "PGPASSFILE": str(tmp_path / "pgpass"),
            "AWS_REGION": "eu-west-1",
        }
    )
    assert kept[0] == str(tmp_path / "pgpass")
    assert kept[1].startswith("db.example.com:5432/?")
    assert "DBUser=service" in kept[1]
    assert "eu-west-1%2Frds-db" in kept[1]
