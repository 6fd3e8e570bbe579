"""Names that an environment's programs and its Pulumi stack must agree on."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

OPERATIONS = "slipway-ops"
"""Repository of the operations image, which fetches a model's artifact into its pod."""
_SLUG = r"[a-z][a-z0-9-]{0,28}[a-z0-9]"
_REGION = r"[a-z]{2}(-[a-z]+)+-\d"
_SETTINGS = {
    "aws:region": (_REGION, "a region such as eu-west-1"),
    "slipway:namespace": (_SLUG, "2 to 30 of a-z, 0-9 and -, beginning with a letter"),
    "slipway:environment": (_SLUG, "2 to 30 of a-z, 0-9 and -, beginning with a letter"),
}


def models_bucket(namespace: str, environment: str) -> str:
    """Bucket of an environment's release records and model artifacts."""
    return f"{namespace}-{environment}-models"


def datasets_bucket(namespace: str, environment: str) -> str:
    """Bucket of an environment's datasets."""
    return f"{namespace}-{environment}-datasets"


def dags_bucket(namespace: str, environment: str) -> str:
    """Bucket that an environment's Airflow reads DAGs from."""
    return f"{namespace}-{environment}-dags"


def gateway_logs_bucket(namespace: str, environment: str) -> str:
    """Bucket of the access logs of an environment's gateway."""
    return f"{namespace}-{environment}-gateway-logs"


def decisions_uri(namespace: str, environment: str) -> str:
    """Where the gate of an environment keeps its notes and the records of its decisions."""
    return f"s3://{models_bucket(namespace, environment)}/gate"


def repository(namespace: str, environment: str, name: str) -> str:
    """ECR repository of the image ``name`` in an environment; a model's repository has the model's name."""
    return f"{namespace}-{environment}/{name}"


@dataclass(frozen=True)
class Environment:
    """Where an environment's buckets and repositories are."""

    name: str
    namespace: str
    region: str

    @property
    def models_bucket(self) -> str:
        """Its bucket of release records and artifacts."""
        return models_bucket(self.namespace, self.name)

    def repository(self, name: str) -> str:
        """Its ECR repository of the image ``name``."""
        return repository(self.namespace, self.name, name)

    @classmethod
    def of_stack(cls, stack: str, directory: Path = Path("stacks")) -> Self:
        """The environment that ``Pulumi.<stack>.yaml`` in ``directory`` describes.

        Raises ``ValueError`` that names the stack or the setting, what is accepted and what came.
        """
        import yaml  # the components' stacks import this module for its names alone

        path = directory / f"Pulumi.{stack}.yaml"
        try:
            document = yaml.safe_load(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            known = sorted(file.name.split(".")[1] for file in directory.glob("Pulumi.*.yaml"))
            accepted = ", ".join(known) or f"a stack with a file {directory}/Pulumi.<stack>.yaml"
            raise ValueError(f"accepted: {accepted}: received: {stack}") from None
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise ValueError(f"{path}: accepted: a readable YAML file: received: {_line(error)}") from None
        config = document.get("config") if isinstance(document, dict) else None
        values = config if isinstance(config, dict) else {}
        problems = [
            f"{path}: {key}: accepted: {accepted}: received: {_received(values.get(key))}"
            for key, (pattern, accepted) in _SETTINGS.items()
            if not (isinstance(values.get(key), str) and re.fullmatch(pattern, values[key]))
        ]
        if problems:
            raise ValueError("; ".join(problems))
        return cls(values["slipway:environment"], values["slipway:namespace"], values["aws:region"])


def _received(value: Any) -> str:
    return "nothing" if value is None else repr(value)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
