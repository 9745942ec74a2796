"""Signatures of webhooks, as Standard Webhooks 1.0 writes them: every receiver has a library that checks them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

_PREFIX = "whsec_"


def new_secret() -> str:
    """A secret that sender and receiver share: 256 bits, in the standard's form."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def headers(secret: str, message: str, at: datetime, body: bytes) -> dict[str, str]:
    """The headers that prove a message.

    Args:
        secret: as `new_secret` makes it.
        message: the message's id, the same for each try.
        at: when this try is made.
        body: what is sent.
    """
    second = str(int(at.timestamp()))
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    digest = hmac.new(key, b".".join((message.encode(), second.encode(), body)), hashlib.sha256).digest()
    return {
        "webhook-id": message,
        "webhook-timestamp": second,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
