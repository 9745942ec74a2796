"""Certificates that a proxy in front has asked devices for, and hands on in a header; believed from it alone."""

from __future__ import annotations

import base64
import binascii
import ssl
from typing import TYPE_CHECKING
from urllib.parse import unquote

from cloud_sink.api.mutual_tls import extension_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.types import ASGIApp, Receive, Scope, Send

MOST = 16 * 1024
"""Characters of such a header; a certificate of ours takes a twentieth of it."""

_BEGIN = "-----BEGIN CERTIFICATE-----"


class ForwardedCertificates:
    """Makes the header of a known proxy the ASGI extension `tls`. What anybody else sends there counts for nothing.

    It stands before whatever exchanges the peer's address for the one that the proxy names.

    Args:
        app: what answers.
        header: its name.
        proxies: addresses of the proxies.
    """

    def __init__(self, app: ASGIApp, header: str, proxies: Collection[str]) -> None:
        self._app = app
        self._header = header.lower().encode("ascii")
        self._proxies = frozenset(proxies)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "http":
            peer = scope.get("client") or ("", 0)
            sent = [value for name, value in scope["headers"] if name == self._header]
            # Of two nobody knows which is the proxy's own.
            shown = read_forwarded(sent[0].decode("latin-1")) if len(sent) == 1 and peer[0] in self._proxies else None
            scope["extensions"] = {**scope.get("extensions", {}), "tls": extension_of(shown)}
        await self._app(scope, receive, send)


def read_forwarded(text: str) -> str | None:
    """A certificate out of a header, PEM: of RFC 9440 (`:BASE64:`), or of nginx (`$ssl_client_escaped_cert`).

    None where it is neither; whether it is a certificate at all is looked at where it counts.
    """
    text = text.strip()
    if len(text) > MOST:
        return None
    if text.startswith(":") and text.endswith(":") and len(text) > 1:
        try:
            return ssl.DER_cert_to_PEM_cert(base64.b64decode(text[1:-1], validate=True))
        except binascii.Error:
            return None
    plain = unquote(text)
    return plain if plain.startswith(_BEGIN) and plain.isascii() else None
