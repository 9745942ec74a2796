"""A folder and a bucket: every test of what a place can do runs on both."""

from __future__ import annotations

import hashlib
import itertools
from typing import TYPE_CHECKING, Any

import pytest

from cloud_sink.evidence.opening import open_place
from cloud_sink.evidence.place import Name
from cloud_sink.fleet.settings import SinkConfig
from edge.contract.topics import Address
from tests.s3 import S3Server, s3_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cloud_sink.evidence.place import EvidencePlace

DEVICE = Address("acme", "s1", "d1")
_NUMBERS = itertools.count(1)


def photograph(text: str = "a shelf", device: Address = DEVICE) -> tuple[Name, bytes]:
    content = b"\xff\xd8\xff\xe0" + text.encode()
    return Name(device, hashlib.sha256(content).hexdigest()), content


def section(s3: S3Server, bucket: str, **more: object) -> dict[str, object]:
    """The bucket as `sink.yaml` says it, with little patience."""
    return {"bucket": bucket, "endpoint": s3.endpoint, "timeout": 1.0} | more


def place_at(s3: S3Server, bucket: str, **more: object) -> EvidencePlace:
    return open_place(SinkConfig.model_validate({"evidence": {"s3": section(s3, bucket, **more)}}))


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def bucket(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An empty bucket, and its key in the environment."""
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    return s3.bucket(f"photographs-{next(_NUMBERS)}")


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> EvidencePlace:
    if request.param == "folder":
        return open_place(SinkConfig(data=tmp_path))
    return place_at(request.getfixturevalue("s3"), request.getfixturevalue("bucket").name, prefix="of/shops")
