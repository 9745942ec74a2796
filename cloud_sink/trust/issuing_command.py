"""A command of somebody's own that has a certificate issued: the client of a CA that speaks no EST."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from cryptography import x509

from cloud_sink.trust.errors import TrustError

if TYPE_CHECKING:
    from pathlib import Path

    from cloud_sink.fleet.trust_settings import CommandIssuer

SECONDS = 60.0


class IssuingCommand:
    """The request comes on the command's input, the certificate is read off its output, both PEM.

    The environment names the device's certificate (`FACINGS_IDENTITY`) and says whether it is renewed
    (`FACINGS_RENEWS`, 1 or 0). No shell reads any of it.

    Args:
        section: the command, and the authorities that it issues by.
    """

    def __init__(self, section: CommandIssuer) -> None:
        self._section = section

    def authorities(self) -> list[x509.Certificate]:
        """The certificates of `ca_file`.

        Raises:
            TrustError: it cannot be read.
        """
        path: Path = self._section.ca_file
        try:
            return x509.load_pem_x509_certificates(path.read_bytes())
        except (OSError, ValueError) as error:
            raise TrustError(f"trust.issuer.ca_file {path}: {error}", "give certificates in PEM form") from None

    def enrol(self, request: str, name: str, *, again: bool) -> list[x509.Certificate]:
        """What the command writes.

        Raises:
            TrustError: it cannot be run, takes too long, fails, or writes no certificate.
        """
        told = {**os.environ, "FACINGS_IDENTITY": name, "FACINGS_RENEWS": str(int(again))}
        try:
            done = subprocess.run(  # noqa: S603 - the command that the configuration names, without a shell
                self._section.command,
                input=request.encode("ascii"),
                capture_output=True,
                timeout=SECONDS,
                env=told,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise TrustError(f"trust.issuer.command: {error}"[:300], "mend the command") from None
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip()[-300:] or f"exit code {done.returncode}"
            raise TrustError(f"trust.issuer.command: {said}", "mend the command, or ask the CA's people")
        try:
            return x509.load_pem_x509_certificates(done.stdout)
        except ValueError:
            raise TrustError("trust.issuer.command: wrote no certificate in PEM form", "mend the command") from None
