"""MLflow's containers, and how they log in to the database, as Kubernetes writes them. Without Pulumi's resources."""

from collections.abc import Mapping
from typing import Any, cast

import pulumi

from slipway.models._registry_settings import Login, Server
from slipway.serving._workload import USER, Object

DRIVER = "postgresql+psycopg2://"
"""An address that leaves everything to libpq's own variables, and the password to its password file. The driver is the
one that MLflow's full image has."""
_LIBPQ = ("PGDATABASE", "PGHOST", "PGPORT", "PGSSLMODE", "PGUSER")
_PASSWORD_FILE = "/login/pgpass"  # noqa: S105 -- where it is, not what it is
CA_FILE = "database-ca.pem"
_CA_FOLDER = "/etc/slipway"
_WRITABLE = "/tmp"  # noqa: S108 -- in the pod


def pod(server: Server, service_account: str) -> Object:
    """What the pods of all roles are alike in."""
    volumes: list[Object] = [{"name": "tmp", "emptyDir": {"sizeLimit": "4Gi"}}]
    if server.login:
        volumes += [
            {"name": "login", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}},
            {"name": "database-ca", "configMap": {"name": ca_name(server)}},
        ]
    return {
        "serviceAccountName": service_account,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumes": volumes,
    }


def mlflow(server: Server, name: str, arguments: list[pulumi.Input[str]], *, database: bool = True) -> Object:
    """A container that runs ``mlflow`` with ``arguments``; it writes nowhere but to its temporary folder."""
    environment = {
        "HOME": _WRITABLE,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        # Jobs for language models, in a process of 230 MB that nothing here uses.
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return {
        **_hardened(name, server.image, server.cpu, server.memory),
        "workingDir": _WRITABLE,
        "command": ["mlflow"],
        "args": arguments,
        "env": [*_variables(server, environment), *(_database(server) if database else [])],
        "volumeMounts": [{"name": "tmp", "mountPath": _WRITABLE}, *(_login_mounts(server, True) if database else [])],
    }


def login(server: Server) -> list[Object]:
    """Beside MLflow for as long as it runs: makes the database's password anew before it expires."""
    if server.login is None:
        return []
    return [
        {
            **_hardened("login", server.login.image, "10m", "128Mi"),
            "command": ["python", "-m", "slipway_ops.database_login"],
            "env": [*_variables(server, {"HOME": "/login"}), *_libpq(server.login)],
            "volumeMounts": _login_mounts(server, False),
            "restartPolicy": "Always",
            "startupProbe": {
                "exec": {"command": ["test", "-s", _PASSWORD_FILE]},
                "periodSeconds": 1,
                "timeoutSeconds": 5,
                "failureThreshold": 60,
            },
        }
    ]


def _hardened(name: str, image: pulumi.Input[str], cpu: str, memory: str) -> Object:
    return {
        "name": name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "resources": {"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": memory}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }


def _variables(server: Server, more: dict[str, str]) -> list[Object]:
    values: dict[str, pulumi.Input[str]] = {**more}
    if server.region is not None:
        values |= {"AWS_REGION": server.region, "AWS_DEFAULT_REGION": server.region}  # boto3 reads the second one only
    return [{"name": key, "value": value} for key, value in sorted(values.items())]


def _database(server: Server) -> list[Object]:
    """How MLflow finds the database. By IAM its address holds no secret."""
    if server.login is None:
        reference = {"secretKeyRef": {"name": server.secret_name, "key": "uri"}}
        return [{"name": "MLFLOW_BACKEND_STORE_URI", "valueFrom": reference}]
    return [*_libpq(server.login), {"name": "MLFLOW_BACKEND_STORE_URI", "value": DRIVER}]


def _libpq(login: Login) -> list[Object]:
    """libpq's variables, which come as they are, but for where the certificates and the password are."""
    values: dict[str, pulumi.Input[str]] = {
        **{variable: _of(login.environment, variable) for variable in _LIBPQ},
        "PGPASSFILE": _PASSWORD_FILE,
        "PGSSLROOTCERT": f"{_CA_FOLDER}/{CA_FILE}",
    }
    return [{"name": variable, "value": value} for variable, value in values.items()]


def _of(environment: pulumi.Input[Mapping[str, pulumi.Input[str]]], variable: str) -> pulumi.Input[str]:
    if isinstance(environment, Mapping):
        return environment[variable]
    later: pulumi.Output[dict[str, str]] = pulumi.Output.from_input(cast(Any, environment))
    return later.apply(lambda known: known[variable])


def _login_mounts(server: Server, read_only: bool) -> list[Object]:
    if server.login is None:
        return []
    return [
        {"name": "login", "mountPath": "/login", "readOnly": read_only},
        {"name": "database-ca", "mountPath": _CA_FOLDER, "readOnly": True},
    ]


def ca_name(server: Server) -> str:
    """Name of the ConfigMap with the certificates that the database is checked with."""
    return f"{server.name}-database-ca"
