"""Secrets Manager: a description can be taken away."""

from typing import Any

from moto.secretsmanager.models import SecretsManagerBackend

from sandbox.cloud.extension import replaces


@replaces(SecretsManagerBackend, "update_secret")
def _update(original: Any, self: Any, secret_id: str, *args: Any, **kwargs: Any) -> Any:
    answer = original(self, secret_id, *args, **kwargs)
    if kwargs.get("description") == "":
        self.secrets[secret_id].description = ""
    return answer
