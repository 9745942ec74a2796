"""The HTTP server in its thread: where it listens, TLS, and an orderly end."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from cloud_sink.api.forwarded import ForwardedCertificates
from cloud_sink.api.mutual_tls import CertifiedProtocol, ServerTls
from edge.contract.errors import DeliveryError

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp

    from cloud_sink.fleet.http_settings import HttpSection

_LAST_REQUESTS = 3
"""Seconds that requests may take to end once the service is told to."""


class WebServer:
    """Serves an application from `start` to `stop`. The port is taken at once.

    Args:
        settings: how it is served.

    Raises:
        DeliveryError: the port cannot be used.
        ConfigError: certificate or key cannot be used.
    """

    def __init__(self, settings: HttpSection) -> None:
        self._settings = settings
        self._tls = ServerTls(settings) if settings.cert_file is not None else None
        self._listener = _listen(settings.host, settings.port)
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """How this machine reaches it; what `http.url` says, where that is said."""
        if self._settings.url is not None:
            return self._settings.url
        host = "127.0.0.1" if self._settings.host in {"localhost", "0.0.0.0"} else self._settings.host  # noqa: S104 - only compared
        name = f"[{host}]" if ":" in host else host
        return f"{'https' if self._settings.cert_file else 'http'}://{name}:{self._listener.getsockname()[1]}"

    @property
    def started(self) -> bool:
        """Whether requests are answered."""
        return self._server is not None and self._server.started

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended by itself."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, app: ASGIApp, believed: Callable[[], str] | None = None) -> None:
        """Begin to serve.

        Args:
            app: what answers.
            believed: the authorities whose certificates devices show, PEM; followed while it serves.
        """
        tls = self._tls
        if tls is not None and believed is not None:
            tls.follow(believed)
        self._server = uvicorn.Server(
            uvicorn.Config(
                _behind(app, self._settings),
                log_config=None,
                log_level="warning",
                lifespan="off",
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=_LAST_REQUESTS,
                http=CertifiedProtocol,
                proxy_headers=False,  # see `_behind`
                ssl_context_factory=None if tls is None else lambda _config, _usual: tls.context,
            )
        )
        self._thread = threading.Thread(target=self._server.run, args=([self._listener],), name="http")
        self._thread.start()

    def stop(self) -> None:
        """Let running requests end, and take no more."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join()
        if self._tls is not None:
            self._tls.stop()
        self._listener.close()


def _behind(app: ASGIApp, settings: HttpSection) -> ASGIApp:
    """The application as it sees who asks, where a proxy stands in front."""
    if not settings.behind_proxy:
        return app
    # uvicorn's types of ASGI are its own.
    named: ASGIApp = ProxyHeadersMiddleware(app, trusted_hosts=list(settings.proxies))  # type: ignore[arg-type,assignment]
    if settings.client_cert_header is None:
        return named
    return ForwardedCertificates(named, settings.client_cert_header, settings.proxies)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol by its name: asyncio sends small answers at once (TCP_NODELAY) only where the socket says TCP.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise DeliveryError(
            f"HTTP port {port} on {host} cannot be used: {error.strerror}",
            "choose another with --http-port; 0 takes a free one",
        ) from None
    return listener
