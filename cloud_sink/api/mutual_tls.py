"""TLS where the collector ends it: devices are asked for their certificate, browsers need none."""

from __future__ import annotations

import ssl
import threading
from typing import TYPE_CHECKING, Any

import structlog
from uvicorn.protocols.http.h11_impl import H11Protocol

from edge.contract.errors import ConfigError, FacingsError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from starlette.types import ASGIApp, Receive, Scope, Send

    from cloud_sink.fleet.http_settings import HttpSection

CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2: forward secrecy and authenticated encryption only. TLS 1.3 has no others."""

LOOK_SECONDS = 1.0
"""How often is looked whether authorities or the server's own certificate are others."""

_NO_CHECK_TIME = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME: a device whose certificate has ended renews it with just that; the gate looks at dates."""

_log = structlog.get_logger()


class ServerTls:
    """The server's certificate and whom it believes; both are exchanged while it serves.

    Whoever connects gets the context that holds at that moment (`sni_callback` runs with or without a name).

    Args:
        settings: of the server; `cert_file` and `key_file` are set.

    Raises:
        ConfigError: certificate or key cannot be used.
    """

    def __init__(self, settings: HttpSection) -> None:
        self._settings = settings
        self._authorities = ""
        self._stamps = self._stamped()
        self._current = self._made()
        self.context = self._made()
        self.context.sni_callback = self._hand_over
        self._failing = False
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def follow(self, believed: Callable[[], str]) -> None:
        """Look at once, and then again and again, whom to believe.

        Args:
            believed: certificates of the authorities, PEM. What it raises of ours is logged, and all stays as it was.
        """
        self.look(believed)
        self._thread = threading.Thread(target=self._run, args=(believed,), name="tls", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(10)

    def look(self, believed: Callable[[], str]) -> None:
        """Take what differs; a certificate that does not go with its key yet is looked at again."""
        before = self._authorities, self._stamps
        try:
            self._authorities, self._stamps = believed(), self._stamped()
            if (self._authorities, self._stamps) != before:
                self._current = self._made()
        except FacingsError as error:
            self._authorities, self._stamps = before
            if not self._failing:
                _log.warning("tls.as_before", why=str(error))
            self._failing = True
            return
        if self._failing:
            _log.info("tls.back")
        self._failing = False

    def _run(self, believed: Callable[[], str]) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            self.look(believed)

    def _hand_over(self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        connection.context = self._current

    def _made(self) -> ssl.SSLContext:
        settings, context = self._settings, ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(CIPHERS)
        try:
            context.load_cert_chain(str(settings.cert_file), str(settings.key_file))
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(
                f"http.cert_file {settings.cert_file} and key_file {settings.key_file}: {error}",
                "name a certificate with its chain, and its private key, as PEM",
            ) from None
        if settings.asks_certificates:
            context.verify_mode = ssl.CERT_OPTIONAL
            # An outside authority may be an intermediate one, and its root nobody's business.
            context.verify_flags |= ssl.VerifyFlags(_NO_CHECK_TIME) | ssl.VERIFY_X509_PARTIAL_CHAIN
            if self._authorities:
                context.load_verify_locations(cadata=self._authorities)
        return context

    def _stamped(self) -> tuple[int, ...]:
        files = (self._settings.cert_file, self._settings.key_file)
        return tuple(path.stat().st_mtime_ns for path in files if path is not None and path.exists())


class CertifiedProtocol(H11Protocol):
    """HTTP/1.1 that tells the application which certificate the peer has shown: the ASGI extension `tls`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Begin, and note who is there: `asyncio.Protocol`."""
        super().connection_made(transport)
        secured = transport.get_extra_info("ssl_object")
        if secured is not None:
            shown = secured.getpeercert(binary_form=True)
            self.app = _telling(self.app, None if shown is None else ssl.DER_cert_to_PEM_cert(shown))


def _telling(app: Any, shown: str | None) -> ASGIApp:
    extension = extension_of(shown)

    async def told(scope: Scope, receive: Receive, send: Send) -> None:
        scope["extensions"] = {**scope.get("extensions", {}), "tls": extension}
        await app(scope, receive, send)

    return told


def extension_of(shown: str | None) -> dict[str, Any]:
    """What the ASGI extension `tls` says of a peer.

    Args:
        shown: the certificate whose key the peer has proved to have, PEM; None without one.
    """
    return {
        "server_cert": None,
        "client_cert_chain": [] if shown is None else [shown],
        "client_cert_name": None,
        "client_cert_error": None,
        "tls_version": None,
        "cipher_suite": None,
    }
