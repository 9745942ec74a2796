"""Serves the page until the device works, somebody ends it, or it was open for long enough."""

from __future__ import annotations

import os
import secrets
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from edge.aim.certificate import make_certificate
from edge.aim.journey import Journey
from edge.aim.label import address
from edge.aim.page import Page
from edge.aim.pin import Pin, this_boot
from edge.aim.server import PageServer, tls_context
from edge.contract.errors import ConfigError

if TYPE_CHECKING:
    import ssl
    import threading
    from collections.abc import Callable
    from pathlib import Path

    from edge.device.provision import Wish

LONGEST_MINUTES = 24 * 60

READ_SECONDS = 120.0
"""The result stays so long where nobody taps Done."""

LEFT_SECONDS = 900.0
"""A device that is in and whose page nobody asks any more goes back to its work."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where and for whom the page is served."""

    folder: Path  # of the device's files, and of the PIN
    file: Path  # the configuration
    host: str  # name or address that the technician's phone is given
    listen: str = "0.0.0.0"  # noqa: S104 - a phone has to reach it; `edge.aim.guard` and the PIN stand before it
    port: int = 8443
    secure: bool = True
    minutes: float = 60.0


def make_pin(place: Place) -> tuple[Pin, str]:
    """A new PIN with a new certificate, and what the PIN is; the ones before are good for nothing.

    Raises:
        ConfigError: the folder cannot be written.
    """
    try:
        place.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ConfigError(f"{place.folder}: {error.strerror}", "name a folder that can be written") from None
    certificate = make_certificate(sorted({place.host, *names(place.host), *_addresses()}))
    return Pin.make(place.folder, certificate=certificate, host=place.host, boot=this_boot)


def serve(
    place: Place,
    pin: Pin,
    wish: Wish,
    *,
    stop: threading.Event,
    ready: Callable[[str, bool], None] = lambda *_: None,
    within: float = 60.0,
) -> bool:
    """Serve the page.

    Args:
        place: where.
        pin: lets one phone in.
        wish: what is said beside the claim.
        stop: ends it.
        ready: is told the address once it answers, and whether a phone is in already.
        within: seconds for the broker, and again for the receipts, when the device proves itself.

    Returns:
        Whether the device has proved that it works; then the PIN is gone.

    Raises:
        ConfigError: the port is taken, too many wrong PINs were given, or the time is up.
        FacingsError: the device's configuration cannot be used at all.
    """
    if pin.locked:
        raise ConfigError("too many wrong PINs", "take the power off and put it back, or give --new-pin")
    journey = Journey(place.folder, place.file, wish, within=within)
    try:
        page = Page(pin, journey, secure=place.secure)
        tls = tls_context(lambda context: _load(context, pin.certificate, place.folder)) if place.secure else None
        try:
            server = PageServer((place.listen, place.port), page.routes, names=names(place.host), tls=tls)
        except OSError as error:
            raise ConfigError(f"port {place.port}: {error.strerror}", "give another --port") from None
        server.start()
        try:
            ready(address(place.host, server.port, secure=place.secure), pin.used)
            _wait(page, journey, place, stop)
        finally:
            server.close()
    finally:
        journey.close()
    if journey.passed:
        pin.end()
    return journey.passed


def names(host: str) -> set[str]:
    """What this device is called, in small letters."""
    own = socket.gethostname().lower()
    return {host.lower().rstrip("."), own, f"{own.partition('.')[0]}.local", "localhost"}


def own_address() -> str:
    """The address by which others in the network reach this device; loopback where there is no network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        try:
            one.connect(("192.0.2.1", 9))  # for documentation (RFC 5737): no packet is sent by this
        except OSError:
            return "127.0.0.1"
        return str(one.getsockname()[0])


def _wait(page: Page, journey: Journey, place: Place, stop: threading.Event) -> None:
    """Until it is over.

    Raises:
        ConfigError: by something else than success.
    """
    until, passed_at = time.monotonic() + place.minutes * 60, None
    entered = False
    while not stop.wait(0.1) and not journey.over.is_set():
        now = time.monotonic()
        if page.locked.is_set():
            stop.wait(1.0)  # the answer that says so is on its way
            raise ConfigError("too many wrong PINs: the page is closed", "take the power off and put it back")
        if page.inside and not entered:
            entered, until = True, max(until, now + place.minutes * 60)
        if journey.passed:
            passed_at = passed_at or now
            if now - passed_at > READ_SECONDS:
                return
        elif now > until:
            raise ConfigError(f"the page was open for {place.minutes:g} minutes", "give the command again")
        elif place.file.exists() and now - page.heard > LEFT_SECONDS:
            raise ConfigError("nobody uses the page any more", "give the command again")
    if journey.over.is_set():
        stop.wait(0.5)  # so is the last answer


def _load(context: ssl.SSLContext, pem: str, folder: Path) -> None:
    """Give TLS the certificate. The library reads it from a file alone: one for the owner, gone at once."""
    path = folder / f".aim-{secrets.token_hex(8)}.pem"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(pem)
        context.load_cert_chain(path)
    finally:
        path.unlink(missing_ok=True)


def _addresses() -> set[str]:
    return {own_address(), "127.0.0.1"}
