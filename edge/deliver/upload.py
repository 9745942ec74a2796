"""Uploads evidence: `PUT {collector}/api/v1/evidence/{sha256}`, and deletes it here only after 201 or 200."""

from __future__ import annotations

import ipaddress
import random
import ssl
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog
import urllib3

from edge.contract.errors import DeliveryError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from edge.contract.topics import Address
    from edge.deliver.evidence import EvidenceSpool
    from edge.deliver.signing import RequestSigner

log = structlog.get_logger(__name__)

STORED = frozenset({200, 201})
PASSING = frozenset({408, 425, 429})
"""Statuses of the 4xx that speak of the moment, not of the photograph."""

SHUT_OUT = frozenset({401, 403})
"""Statuses that speak of the device: its clock, its certificate, where it stands. The photograph waits."""


@dataclass(frozen=True, slots=True)
class UploadTimes:
    """How long an upload waits, in seconds."""

    connect: float = 10.0
    read: float = 60.0
    look: float = 30.0  # for new files, when nobody wakes it
    backoff_first: float = 2.0
    backoff_longest: float = 300.0


class EvidenceUploader:
    """One thread that uploads what the spool holds, the oldest first.

    Args:
        spool: the photographs.
        collector: the collector's address, such as `http://127.0.0.1:8080`.
        address: whose photographs they are.
        times: how long to wait for what.
        signer: signs each upload, and its certificate is shown; without one nothing leaves this machine.
        authorities: whom to believe at the collector, PEM; None: whom the system believes.
        elsewhere: the sources of photographs that were taken where the device no longer is, by their SHA-256.

    Raises:
        DeliveryError: a collector that is not on this machine, and nothing to sign with.
    """

    def __init__(
        self,
        spool: EvidenceSpool,
        *,
        collector: str,
        address: Address,
        times: UploadTimes | None = None,
        signer: RequestSigner | None = None,
        authorities: Path | None = None,
        elsewhere: Mapping[str, str] | None = None,
    ) -> None:
        _check_collector(collector, signed=signer is not None)
        self._spool = spool
        self._base = collector.rstrip("/")
        self._address = address
        self._elsewhere = elsewhere or {}
        self._times = times or UploadTimes()
        self._signer = signer
        certificate, key = (None, None) if signer is None else map(str, signer.files)
        self._http = urllib3.PoolManager(  # reads the files anew for each connection: they are exchanged
            timeout=urllib3.Timeout(connect=self._times.connect, read=self._times.read),
            retries=False,
            ca_certs=None if authorities is None else str(authorities),
            cert_file=certificate,
            key_file=key,
            ssl_minimum_version=ssl.TLSVersion.TLSv1_2,
        )
        self._awake = threading.Event()
        self._stopping = threading.Event()
        self._failing = False
        self._rng = random.Random()  # noqa: S311 - jitter, no secret
        self._thread = threading.Thread(target=self._run, name="evidence", daemon=True)

    def start(self) -> None:
        """Begin to upload."""
        self._thread.start()

    def stop(self, timeout: float = 5.0) -> bool:
        """End after the upload under way; whether that was done within `timeout` seconds."""
        self._stopping.set()
        self._awake.set()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def wake(self) -> None:
        """A photograph was added."""
        self._awake.set()

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            self._awake.clear()
            failures = 0 if self._upload_all() else failures + 1
            if failures:
                self._stopping.wait(self._pause(failures))
            else:
                self._awake.wait(self._times.look)

    def _upload_all(self) -> bool:
        """Upload everything that waits; False when the collector cannot be reached or cannot take it now."""
        for sha256 in self._spool.waiting():
            if self._stopping.is_set():
                return True
            try:
                jpeg = self._spool.read(sha256)
                if jpeg is not None and not self._upload(sha256, jpeg):
                    return False
            except OSError as error:  # the disk refuses to give it, or to let it go
                return self._failed(str(error))
        return True

    def _upload(self, sha256: str, jpeg: bytes) -> bool:
        headers = {"Content-Type": "image/jpeg", "X-Facings-Source": self._elsewhere.get(sha256, self._address.source)}
        url = f"{self._base}/api/v1/evidence/{sha256}"
        if self._signer is not None:
            headers = self._signer.sign("PUT", url, headers, jpeg)
        try:
            answer = self._http.request("PUT", url, body=jpeg, headers=headers, redirect=False)
        except urllib3.exceptions.HTTPError as error:
            return self._failed(type(error).__name__)
        except OSError as error:  # certificate, key or authorities: they are being exchanged, or the disk refuses
            return self._failed(str(error))
        status = answer.status
        if status in SHUT_OUT:
            self._http.clear()  # the next connection shows the certificate that there is by then
        if self._signer is not None:
            self._signer.hear(answer.headers.get("Date"))
        if status in STORED:
            self._spool.remove(sha256)
            if self._failing:
                self._failing = False
                log.info("evidence.up", collector=self._base)
            return True
        if 400 <= status < 500 and status not in PASSING and not (self._signer is not None and status in SHUT_OUT):  # noqa: PLR2004 - the 4xx
            self._spool.refuse(sha256)
            log.warning("evidence.refused", sha256=sha256, status=status)
            return True
        return self._failed(f"status {status}")

    def _failed(self, reason: str) -> bool:
        if not self._failing:
            self._failing = True
            log.warning("evidence.down", collector=self._base, reason=reason)
        return False

    def _pause(self, failures: int) -> float:
        longest = min(self._times.backoff_first * 2.0 ** min(failures - 1, 16), self._times.backoff_longest)
        return longest * (0.5 + 0.5 * self._rng.random())


def _check_collector(collector: str, *, signed: bool) -> None:
    parts = urlsplit(collector)
    host = parts.hostname or ""
    if parts.scheme not in {"http", "https"} or not host:
        raise DeliveryError(f"collector {collector!r} is no URL", "give one such as http://127.0.0.1:8080")
    if parts.username is not None or parts.password is not None:
        raise DeliveryError("the collector's URL holds credentials", "leave them out: uploads are signed with a key")
    if signed and parts.scheme == "https":
        return
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = host == "localhost"
    if not loopback:
        raise DeliveryError(
            f"evidence cannot go to {host}: uploads beyond this machine are signed and encrypted",
            "provision this device (edge provision), or leave the collector's URL out",
        )
