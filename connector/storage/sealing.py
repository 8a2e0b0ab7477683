"""SEALED: secrets that must be read again are encrypted at rest with the installation's secret keys (CONNECTOR_SECRET_KEY).

The first key seals, all open; so a key can be changed without losing anything. What a sealed text is about is sealed with it: put
into another row, it does not open.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from connector.errors import Conflict

_NONCE = 12  # bytes, as NIST SP 800-38D section 8.2.1 has it
_PURPOSE = b"connector.sealed"


class Sealer:
    """Seals and opens texts. Its keys are hashed out of the settings'."""

    def __init__(self, secret_keys: Sequence[str]) -> None:
        self._keys = [AESGCM(hashlib.sha256(_PURPOSE + key.encode()).digest()) for key in secret_keys]

    def seal(self, text: str, about: str) -> str:
        """Encrypt `text`. `about` names what it belongs to (a table and an id) and must be the same when it is opened."""
        nonce = secrets.token_bytes(_NONCE)
        return base64.urlsafe_b64encode(nonce + self._keys[0].encrypt(nonce, text.encode(), about.encode())).decode()

    def open(self, sealed: str, about: str) -> str:
        """Decrypt what `seal` made. Raises Conflict `secret_key_changed` when none of the keys opens it."""
        raw = base64.urlsafe_b64decode(sealed)
        for key in self._keys:
            try:
                return key.decrypt(raw[:_NONCE], raw[_NONCE:], about.encode()).decode()
            except InvalidTag:
                continue
        raise Conflict(
            "secret_key_changed",
            "A secret of this installation cannot be opened with its secret keys.",
            expected="the key it was sealed with among those of CONNECTOR_SECRET_KEY",
            advice="Put the old key behind the new one: CONNECTOR_SECRET_KEY=NEW,OLD.",
        )
