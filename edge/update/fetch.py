"""Fetches over HTTP: metadata for the TUF client, and files with resume. Never more bytes than are expected."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import urllib3
from tuf.api.exceptions import DownloadError, DownloadHTTPError, DownloadLengthMismatchError
from tuf.ngclient import FetcherInterface

from edge.contract.errors import ConfigError
from edge.deliver.signing import RequestSigner

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from edge.contract.config import AgentConfig, UpdatesSection

PATIENCE = urllib3.Timeout(connect=10.0, read=30.0)
"""Seconds between two parts of an answer; a slower one is left, and gone on with later."""

CHUNK = 64 * 1024

LEAST_RATE = 1024.0
"""Bytes a second: whoever sends less, in drops, is left. What came is kept."""

LEAST_SECONDS = 60.0

_OK, _PART, _UNAUTHORISED, _BEYOND = 200, 206, 401, 416


class Fetcher(FetcherInterface):
    """HTTP with the device's credentials.

    Args:
        section: with which token, and whom to believe.
        certificate: the device's certificate and its key, for mutual TLS; read anew for each connection.
        encrypted: whether it is HTTPS at all.
        signer: signs each request with the device's key, where it has one.

    Raises:
        ConfigError: token or certificates cannot be read.
    """

    def __init__(
        self,
        section: UpdatesSection,
        certificate: tuple[Path, Path] | None = None,
        *,
        encrypted: bool = True,
        signer: RequestSigner | None = None,
    ) -> None:
        self._signer = signer
        self._headers = {"Accept-Encoding": "identity"}  # ranges are those of the file, not of a packed answer
        if section.token_file is not None:
            self._headers["Authorization"] = f"Bearer {_token(section.token_file)}"
        self._http = _pool(section, certificate) if encrypted else urllib3.PoolManager(timeout=PATIENCE, retries=False)
        self._http.pool_classes_by_scheme = {"http": _Http, "https": _Https}

    def _fetch(self, url: str) -> Iterator[bytes]:
        answer = self._ask(url, {})
        if answer.status != _OK:
            answer.release_conn()
            raise DownloadHTTPError(f"{url}: status {answer.status}", answer.status)
        return _drained(answer, time.monotonic())

    def _ask(self, url: str, more: dict[str, str]) -> urllib3.BaseHTTPResponse:
        """An answer whose body is yet to come; asked once more where the collector's clock is another."""
        headers = self._headers | more
        signer = self._signer
        if signer is None:
            return self._http.request("GET", url, headers=headers, preload_content=False, redirect=False)
        signed = signer.sign("GET", url, headers, b"")
        answer = self._http.request("GET", url, headers=signed, preload_content=False, redirect=False)
        if signer.hear(answer.headers.get("Date")) and answer.status == _UNAUTHORISED:
            answer.close()
            signed = signer.sign("GET", url, headers, b"")
            answer = self._http.request("GET", url, headers=signed, preload_content=False, redirect=False)
        return answer

    def fetch_into(self, url: str, path: Path, length: int, stop: threading.Event) -> None:
        """Fetch a file, or what is missing of it.

        Args:
            url: of the file.
            path: which holds what came earlier; it grows, and its content is yet to be checked.
            length: bytes it has.
            stop: leave off when set; what came is kept.

        Raises:
            DownloadError: the network or the server; what came is kept. More than `length` bytes: nothing is.
            OSError: the disk refuses.
        """
        have = path.stat().st_size if path.is_file() else 0
        if have > length:
            path.unlink()
            have = 0
        if have == length and length:
            return
        ranged = {"Range": f"bytes={have}-"} if have else {}
        try:
            answer = self._ask(url, ranged)
        except urllib3.exceptions.HTTPError as error:
            raise DownloadError(f"{url}: {type(error).__name__}") from error
        try:
            resumed = answer.status == _PART and answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")
            if answer.status == _BEYOND or (answer.status == _PART and not resumed):
                path.unlink(missing_ok=True)
            if answer.status != _OK and not resumed:
                raise DownloadHTTPError(f"{url}: status {answer.status}", answer.status)
            with path.open("ab" if resumed else "wb") as file:
                came = have if resumed else 0
                for part in _drained(answer, time.monotonic()):
                    came += len(part)
                    if came > length:
                        path.unlink(missing_ok=True)
                        raise DownloadLengthMismatchError(f"{url}: more than the {length} bytes it has")
                    file.write(part)
                    if stop.is_set():
                        raise DownloadError(f"{url}: left off at {came} of {length} bytes")
            if came < length:
                raise DownloadError(f"{url}: ended at {came} of {length} bytes")
        finally:
            answer.close()


def _drained(answer: urllib3.BaseHTTPResponse, began: float) -> Iterator[bytes]:
    """The parts of an answer, while they come fast enough."""
    came = 0
    try:
        while part := answer.read1(CHUNK, decode_content=False):  # what is there, and not only once it is a chunk
            came += len(part)
            seconds = time.monotonic() - began
            if seconds > LEAST_SECONDS and came < seconds * LEAST_RATE:
                raise DownloadError(f"{came} bytes in {seconds:.0f} s: too slow")
            yield part
    except urllib3.exceptions.HTTPError as error:
        raise DownloadError(f"after {came} bytes: {type(error).__name__}") from error
    finally:
        answer.close()


class _Bounded(urllib3.connection.HTTPConnection):
    """A connection that is cut where the head of an answer comes in drops, too: its timeouts begin anew with each."""

    def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override]  # as urllib3's own has it
        watch = threading.Timer(LEAST_SECONDS, self._cut)
        watch.daemon = True
        watch.start()
        try:
            return super().getresponse()
        finally:
            watch.cancel()

    def _cut(self) -> None:
        with suppress(OSError, AttributeError):  # it ended meanwhile
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)  # below TLS, which would wait for an answer


class _BoundedTls(_Bounded, urllib3.connection.HTTPSConnection):
    pass


class _Http(urllib3.HTTPConnectionPool):
    ConnectionCls = _Bounded


class _Https(urllib3.HTTPSConnectionPool):
    ConnectionCls = _BoundedTls


def _token(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "no token"
        raise ConfigError(f"updates.token_file: {path}: {said}", "give a file with an API key") from None


def _pool(section: UpdatesSection, certificate: tuple[Path, Path] | None) -> urllib3.PoolManager:
    """HTTPS with files that are looked at now, and read anew for each connection: certificates are exchanged."""
    try:
        context = ssl.create_default_context(cafile=section.ca_file)
        if certificate is not None:
            context.load_cert_chain(*certificate)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"updates.ca_file: {error}", "give the CA certificate that signs the collector's") from None
    shown, key = (None, None) if certificate is None else map(str, certificate)
    return urllib3.PoolManager(
        timeout=PATIENCE,
        retries=False,
        ca_certs=None if section.ca_file is None else str(section.ca_file),
        cert_file=shown,
        key_file=key,
        ssl_minimum_version=ssl.TLSVersion.TLSv1_2,
    )


def fetcher_of(config: AgentConfig, section: UpdatesSection) -> Fetcher:
    """HTTP as this device speaks it: signed with its key, where it was provisioned and no token is given."""
    collector, broker = config.collector, config.broker
    url = section.url or ("" if collector is None else collector.url)
    encrypted = url.startswith("https:")
    certificate = None if broker.cert_file is None or broker.key_file is None else (broker.cert_file, broker.key_file)
    if collector is None:
        return Fetcher(section, certificate, encrypted=encrypted)
    if section.ca_file is None and section.url is None:
        section = section.model_copy(update={"ca_file": collector.ca_file})
    signer = None
    if collector.cert_file is not None and collector.key_file is not None and encrypted and section.token_file is None:
        certificate = collector.cert_file, collector.key_file
        signer = RequestSigner(*certificate)
    return Fetcher(section, certificate, encrypted=encrypted, signer=signer)
