"""Sending to an address that a customer chose: never into our own network, and never longer than it may take.

The name is resolved once, every address it has is checked, and the connection goes to one that was checked: a name
that changes its mind in between leads nowhere. Redirects are not followed.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from urllib3 import Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from edge.contract.errors import FacingsError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from urllib.parse import SplitResult

PATIENCE = Timeout(connect=5, read=10)
"""Seconds for a connection, and for each piece of an answer."""

LONGEST = 20.0
"""Seconds for all of it: a receiver that answers a byte at a time holds up nobody for longer."""

_TRIED = 3
"""Addresses of a name that are tried, one after the other."""

_PORTS = {"https": 443, "http": 80}
_MOST = 200
"""Characters of an answer that are shown to whoever made the webhook."""

_INTERNET = ipaddress.ip_network("2000::/3")
"""All that is given out of IPv6; the prefixes of translators into IPv4 (64:ff9b::/96) lie outside."""

_OURS = tuple(map(ipaddress.ip_network, ("2002::/16", "2001::/23", "192.0.0.0/24", "192.88.99.0/24")))
"""Tunnels and translators, which may lead into our own network, and special addresses that Python calls global."""


class AddressRefused(FacingsError):  # noqa: N818 - what its owner sees
    """An address that nothing is sent to."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a try."""

    arrived: bool
    gone: bool = False  # the receiver wants no more
    why: str = ""


def check_url(url: str, *, allow_private: bool) -> None:
    """Refuse what can be refused without asking the network.

    Raises:
        AddressRefused: no https, credentials in it, or an address of our own network.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" and not (allow_private and parts.scheme == "http"):
        raise AddressRefused(f"{url} is no https address", "events are sent over TLS only")
    if not parts.hostname or parts.username or parts.password:
        raise AddressRefused(f"{url} names no host, or holds a password", "write https://host/path")
    try:
        _ = parts.port
        address = ipaddress.ip_address(parts.hostname)
    except ValueError:
        return
    _refuse_private(str(address), allow_private=allow_private)


def post(url: str, body: bytes, headers: dict[str, str], *, allow_private: bool, longest: float = LONGEST) -> Outcome:
    """Send once.

    Args:
        url: http or https.
        body: JSON.
        headers: beside the content type.
        allow_private: whether addresses of one's own network may be reached.
        longest: seconds.
    """
    try:
        check_url(url, allow_private=allow_private)
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        told = {"Host": parts.netloc, "Content-Type": "application/json", "User-Agent": "facings-sink/1", **headers}
        connection = _connect(parts, allow_private=allow_private)
        with _ended_after(longest, connection):
            connection.request("POST", target, body=body, headers=told, preload_content=False, decode_content=False)
            answer = connection.getresponse()
            said = answer.read(_MOST, decode_content=False)
    except (FacingsError, HTTPError, HTTPException, OSError, ValueError) as error:
        return Outcome(arrived=False, why=f"{type(error).__name__}: {error}"[:_MOST])
    if 200 <= answer.status < 300:  # noqa: PLR2004 - what HTTP calls success
        return Outcome(arrived=True)
    why = f"HTTP {answer.status} {said.decode('utf-8', errors='replace')}"[:_MOST]
    return Outcome(arrived=False, gone=answer.status == 410, why=why)  # noqa: PLR2004 - Gone


def _connect(parts: SplitResult, *, allow_private: bool) -> HTTPConnection:
    """A connection to the first address of a host that takes one.

    Raises:
        AddressRefused: one of them is of our own network.
        OSError: the name leads nowhere.
        HTTPError: nobody answers.
    """
    host, port = parts.hostname, parts.port or _PORTS[parts.scheme]
    assert host is not None
    found = list(dict.fromkeys(str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
    for address in found:
        _refuse_private(address, allow_private=allow_private)
    failure: Exception = OSError(f"{host} has no address")
    for address in found[:_TRIED]:
        connection = _to(address, port, host if parts.scheme == "https" else None)
        try:
            connection.connect()
        except (HTTPError, OSError) as error:
            failure = error
            connection.close()
        else:
            return connection
    raise failure


def _to(address: str, port: int, name: str | None) -> HTTPConnection:
    """A connection that is not open yet; with TLS where the receiver must prove a name."""
    if name is None:
        return HTTPConnection(address, port, timeout=PATIENCE.connect_timeout)
    return HTTPSConnection(
        address,
        port,
        timeout=PATIENCE.connect_timeout,
        ssl_context=ssl.create_default_context(),
        server_hostname=name,
        assert_hostname=name,
    )


@contextmanager
def _ended_after(seconds: float, connection: HTTPConnection) -> Iterator[None]:
    """Close a connection when its time is over, and when it is done with.

    Raises:
        TimeoutError: its time was over.
    """
    opened = connection.sock
    assert opened is not None
    connection.timeout = PATIENCE.read_timeout

    over = threading.Event()

    def end() -> None:
        over.set()
        with suppress(OSError):
            opened.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
        if over.is_set():  # what had come by then looks like an answer
            raise TimeoutError(f"no answer within {seconds:.0f} s")
    finally:
        timer.cancel()
        connection.close()


def _refuse_private(address: str, *, allow_private: bool) -> None:
    one = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(one, ipaddress.IPv6Address) and one.ipv4_mapped is not None:
        one = one.ipv4_mapped
    public = one.is_global and not one.is_multicast and not any(one in network for network in _OURS)
    if one.version == 6:  # noqa: PLR2004 - IPv6
        public = public and one in _INTERNET
    if not allow_private and not public:
        raise AddressRefused(
            f"{address} is an address of this network", "name a public one, or set webhooks.allow_private"
        )
