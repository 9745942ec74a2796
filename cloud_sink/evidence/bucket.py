"""A bucket of an S3-compatible store: AWS, MinIO, Ceph, Alibaba OSS and their like, through obstore."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from cloud_sink.evidence.place import EvidenceAway, Kept, Name, name_of
from edge.contract.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from obstore.store import ClientConfig, RetryConfig, S3Config, S3CredentialProvider

    from cloud_sink.fleet.evidence_settings import BucketSection

T = TypeVar("T")

_CONNECT_SECONDS = 5.0
_RETRIES = 3
_REST = 10.0
"""Seconds for which a store that failed is not asked again: a hundred devices must not wait for it one by one."""

_CODE = re.compile(r"<Code>(\w+)</Code>")
_NO_BUCKET = "NoSuchBucket"
_REFUSALS = {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken"}


class Bucket:
    """Photographs as objects.

    An answer of the store is never told on: it may repeat what was signed. Only its error code is.

    Args:
        settings: which bucket, where.
        credentials: asked whenever the last ones it gave run out; without it obstore looks where AWS's own tools do:
            environment variables, a container's or a machine's role.

    Raises:
        ConfigError: obstore is not installed, or the settings make no store.
    """

    def __init__(self, settings: BucketSection, credentials: S3CredentialProvider | None) -> None:
        try:
            import obstore  # noqa: PLC0415 - an optional part
            from obstore.store import S3Store  # noqa: PLC0415
        except ImportError:
            raise ConfigError(
                "evidence.s3 needs obstore, which is not installed", "pip install 'facings[s3]'"
            ) from None
        self._obstore = obstore
        self._settings = settings
        try:
            self._store = S3Store(
                settings.bucket,
                prefix=settings.prefix or None,
                config=_place(settings),
                client_options=_client(settings),
                retry_config=_retries(settings),
                credential_provider=credentials,
            )
        except (ValueError, obstore.exceptions.BaseError) as error:
            raise ConfigError(f"evidence.s3: {_first_line(error)}", "check bucket, endpoint and region") from None
        self._not_before = 0.0

    @property
    def label(self) -> str:
        """Bucket and prefix as a URL, and where the bucket is."""
        path = "/".join(part for part in (self._settings.bucket, self._settings.prefix) if part)
        return f"s3://{path}" + (f" at {self._settings.endpoint}" if self._settings.endpoint else "")

    def put(self, name: Name, content: bytes) -> None:
        """One request; the store checks the bytes against the hash that is signed with it."""
        attributes = {"Content-Type": "image/jpeg", "Content-Disposition": f'inline; filename="{name.sha256}.jpg"'}
        done = self._ask(
            lambda: self._obstore.put(self._store, name.key, content, attributes=attributes, use_multipart=False)
        )
        if done is None:
            raise EvidenceAway(f"{self.label} knows no such place", "check evidence.s3.endpoint and its bucket")

    def has(self, name: Name, size: int) -> bool:
        """By a HEAD request."""
        found = self._ask(lambda: self._obstore.head(self._store, name.key))
        return found is not None and found["size"] == size

    def get(self, name: Name) -> bytes | None:
        """The object's bytes."""
        return self._ask(lambda: bytes(self._obstore.get(self._store, name.key).bytes()))

    def remove(self, names: Sequence[Name]) -> None:
        """A request for each, several at a time: not every store has the one that deletes many."""
        if self._delete([name.key for name in names]):
            return
        for name in names:  # one was gone, and the store's 404 ended the others
            self._delete([name.key])

    def walk(self) -> Iterator[Kept]:
        """The objects that are photographs, a thousand to a request."""
        pages = iter(self._obstore.list(self._store, chunk_size=1000))
        while page := self._ask(lambda: next(pages, None)):
            for found in page:
                name = name_of(found["path"])
                if name is not None:
                    yield Kept(name, found["size"], found["last_modified"])

    def _delete(self, keys: list[str]) -> bool:
        def call() -> bool:
            self._obstore.delete(self._store, keys)
            return True

        return self._ask(call) is not None

    def _ask(self, call: Callable[[], T]) -> T | None:
        """What the store answers; None where there is no such object.

        Raises:
            EvidenceAway: it does not answer, refuses, or has no such bucket; or it did so a moment ago.
        """
        if time.monotonic() < self._not_before:
            raise EvidenceAway(f"{self.label} failed a moment ago", f"it is asked again after {_REST:.0f} s")
        try:
            return call()
        except FileNotFoundError as error:
            if _code(error) != _NO_BUCKET:
                return None
            raise self._away(error) from None
        except (self._obstore.exceptions.BaseError, OSError, ValueError) as error:
            raise self._away(error) from None

    def _away(self, error: Exception) -> EvidenceAway:
        self._not_before = time.monotonic() + _REST
        code = _code(error)
        why = f" ({code})" if code else ""
        if code == _NO_BUCKET:
            return EvidenceAway(f"{self.label}: there is no such bucket", "make it, or correct evidence.s3.bucket")
        exceptions = self._obstore.exceptions
        if code in _REFUSALS or isinstance(error, (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError)):
            return EvidenceAway(
                f"{self.label} refuses these credentials{why}", "check them, and what the bucket lets them do"
            )
        return EvidenceAway(f"{self.label} does not answer as it should{why}", "check evidence.s3 and the network")


def _place(settings: BucketSection) -> S3Config:
    config: S3Config = {
        "region": settings.region,
        "virtual_hosted_style_request": settings.virtual_host,
        "unsigned_payload": False,  # the hash of the bytes is signed with each request, and checked by the store
        "disable_bulk_delete": True,
    }
    if settings.endpoint is not None:  # by the name that no environment variable goes before
        host = f"://{settings.bucket}." if settings.virtual_host else "://"
        config["aws_endpoint_url_s3"] = settings.endpoint.replace("://", host, 1)
    return config


def _client(settings: BucketSection) -> ClientConfig:
    client: ClientConfig = {
        "timeout": timedelta(seconds=settings.timeout),
        "connect_timeout": timedelta(seconds=min(_CONNECT_SECONDS, settings.timeout)),
        "allow_http": settings.endpoint is not None and settings.endpoint.startswith("http://"),
        "user_agent": "facings",
    }
    if settings.ca_file is not None:
        try:
            client["root_certificate"] = settings.ca_file.read_bytes()
        except OSError as error:
            raise ConfigError(
                f"evidence.s3.ca_file {settings.ca_file}: {error.strerror}", "give a file that this user can read"
            ) from None
    return client


def _retries(settings: BucketSection) -> RetryConfig:
    return {
        "max_retries": _RETRIES,
        # A device waits a minute for its answer: the last try begins well before.
        "retry_timeout": timedelta(seconds=2 * settings.timeout),
        "backoff": {
            "init_backoff": timedelta(milliseconds=100),
            "max_backoff": timedelta(seconds=2),
            "base": 2,
        },
    }


def _code(error: Exception) -> str:
    """The store's own word for what is wrong, such as `SignatureDoesNotMatch`; empty when it gave none."""
    match = _CODE.search(str(error))
    return match[1] if match else ""


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
