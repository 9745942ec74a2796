"""Keys for an S3-compatible store out of a file, as AWS's own tools write it."""

from __future__ import annotations

import configparser
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from edge.contract.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from obstore.store import S3Credential

GOOD_FOR = timedelta(minutes=10)
"""When the file is read again: a key that was changed in it is used without a restart."""


class CredentialsFile:
    """Reads a key, its secret and perhaps a session's token out of a file's section.

    Args:
        path: an INI file with `aws_access_key_id`, `aws_secret_access_key` and maybe `aws_session_token`.
        profile: its section.

    Raises:
        ConfigError: the file cannot be read, or has no such section or keys. It never names what they hold.
    """

    def __init__(self, path: Path, profile: str) -> None:
        self._path = path
        self._profile = profile
        self._read()

    def __call__(self) -> S3Credential:
        """The key as it is in the file now."""
        return self._read()

    def _read(self) -> S3Credential:
        parser = configparser.ConfigParser(interpolation=None, default_section="")
        try:
            parser.read_string(self._path.read_text(encoding="utf-8"))
        except OSError as error:
            raise self._unusable(error.strerror or "cannot be read") from None
        except (configparser.Error, UnicodeDecodeError):  # whose words quote the file
            raise self._unusable("is no INI file") from None
        if not parser.has_section(self._profile):
            raise self._unusable(f"has no section [{self._profile}]")
        section = parser[self._profile]
        for key in ("aws_access_key_id", "aws_secret_access_key"):
            if not section.get(key):
                raise self._unusable(f"has no {key} in [{self._profile}]")
        return {
            "access_key_id": section["aws_access_key_id"],
            "secret_access_key": section["aws_secret_access_key"],
            "token": section.get("aws_session_token") or None,
            "expires_at": datetime.now(UTC) + GOOD_FOR,
        }

    def _unusable(self, why: str) -> ConfigError:
        return ConfigError(
            f"evidence.s3.credentials_file {self._path} {why}",
            "write [default] with aws_access_key_id and aws_secret_access_key into it",
        )
