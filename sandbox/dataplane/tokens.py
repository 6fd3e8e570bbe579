"""Tokens as an issuer would sign them, by a throwaway key: it lives in this process and nowhere else."""

import base64
import json
import time
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

_KEY_ID = "sandbox"
_BYTES = 32


class Issuer:
    """Signs tokens with ES256; its public key stands in for that of a declared issuer."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    @property
    def jwks(self) -> str:
        """The public key as a JSON Web Key Set."""
        numbers = self._key.public_key().public_numbers()
        point = {"x": _encoded(numbers.x.to_bytes(_BYTES)), "y": _encoded(numbers.y.to_bytes(_BYTES))}
        key = {"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": _KEY_ID, **point}
        return json.dumps({"keys": [key]})

    def token(self, claims: Mapping[str, Any], seconds: int = 3600) -> str:
        """A token with ``claims``, valid for so many seconds (before now, if negative)."""
        now = int(time.time())
        parts = {"alg": "ES256", "typ": "JWT", "kid": _KEY_ID}, {"iat": now, "exp": now + seconds, **claims}
        text = ".".join(_encoded(json.dumps(part, separators=(",", ":")).encode()) for part in parts)
        r, s = decode_dss_signature(self._key.sign(text.encode(), ec.ECDSA(SHA256())))
        return f"{text}.{_encoded(r.to_bytes(_BYTES) + s.to_bytes(_BYTES))}"


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
