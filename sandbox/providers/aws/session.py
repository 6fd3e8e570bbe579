"""The one cloud that the provider may talk to: the sandbox's own, on this machine."""

import json
import os
import threading
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from sandbox.loopback import require
from sandbox.providers.values import Properties

ACCESS_KEY = "sandbox"
"""Any key is good for the sandbox; real ones are neither read nor sent."""


class Session:
    """Clients for the sandbox cloud, made as they are needed.

    The address comes from ``AWS_ENDPOINT_URL`` or the provider's ``endpoints`` and has to be this machine's. boto3's
    own search (profiles, credential files, ``AWS_ENDPOINT_URL_<SERVICE>``, instance metadata) is not used, and each
    request's address is looked at once more before it leaves.
    """

    def __init__(self, config: Properties, environment: Mapping[str, str]) -> None:
        config = {key: _from_json(value) for key, value in config.items()}
        urls = {url for entry in config.get("endpoints") or [] for url in entry.values() if url}
        if environment.get("AWS_ENDPOINT_URL"):
            urls.add(environment["AWS_ENDPOINT_URL"])
        if not urls:
            raise ValueError(
                "AWS_ENDPOINT_URL: accepted: the sandbox cloud's address on this machine, received: nothing; "
                "this provider never talks to AWS"
            )
        for url in sorted(urls):
            require(url)
        self._url = environment.get("AWS_ENDPOINT_URL") or min(urls)
        regions = (config.get("region"), environment.get("AWS_REGION"), environment.get("AWS_DEFAULT_REGION"))
        self.region: str = next((region for region in regions if region), "us-east-1")
        self.partition = "aws"
        self.default_tags: dict[str, str] = (config.get("defaultTags") or {}).get("tags") or {}
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()

    def client(self, service: str, region: str | None = None) -> Any:
        """A boto3 client of ``service``."""
        key = (service, region or self.region)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._session.client(
                    service, region_name=key[1], endpoint_url=self._url, config=self._config
                )
            return self._clients[key]

    @cached_property
    def account(self) -> str:
        """The sandbox account's id."""
        account: str = self.client("sts").get_caller_identity()["Account"]
        return account

    @cached_property
    def _session(self) -> Any:
        import boto3  # a run that changes nothing needs no client
        import botocore.session
        from botocore.configprovider import ConstantProvider

        bare = botocore.session.Session()
        store = bare.get_component("config_store")
        for name, value in (("profile", None), ("config_file", os.devnull), ("credentials_file", os.devnull)):
            store.set_config_provider(name, ConstantProvider(value))
        bare.register("before-send", _stay_here)
        return boto3.session.Session(
            aws_access_key_id=ACCESS_KEY, aws_secret_access_key=ACCESS_KEY, botocore_session=bare
        )

    @cached_property
    def _config(self) -> Any:
        from botocore.config import Config

        return Config(
            s3={"addressing_style": "path"},
            inject_host_prefix=False,
            retries={"max_attempts": 2, "mode": "standard"},
            connect_timeout=5,
            read_timeout=60,
            proxies={},
        )


def _stay_here(**event: Any) -> None:
    require(event["request"].url)


def _from_json(value: Any) -> Any:
    """Compound provider arguments arrive as JSON text."""
    if isinstance(value, str) and value[:1] in ("[", "{"):
        return json.loads(value)
    return value
