"""What is said and done when a bucket does not do its part, and where its credentials come from."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from cloud_sink.evidence import bucket as bucket_module
from cloud_sink.evidence.credentials import CredentialsFile
from cloud_sink.evidence.opening import open_place
from cloud_sink.evidence.place import EvidenceAway
from cloud_sink.fleet.evidence_settings import BucketSection
from cloud_sink.fleet.settings import SinkConfig
from edge.contract.errors import ConfigError
from tests.brokers import free_port
from tests.cloud_sink.evidence.conftest import photograph, place_at, section
from tests.faults.proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from cloud_sink.evidence.place import EvidencePlace
    from tests.s3 import S3Server

NAME, CONTENT = photograph()
ASKED: dict[str, Callable[[EvidencePlace], object]] = {
    "put": lambda place: place.put(NAME, CONTENT),
    "has": lambda place: place.has(NAME, 1),
    "get": lambda place: place.get(NAME),
    "remove": lambda place: place.remove([NAME]),
    "walk": lambda place: list(place.walk()),
}


@pytest.fixture(autouse=True)
def _asked_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bucket_module, "_REST", 0.0)


def credentials(path: Path, key: str, secret: str, profile: str = "default") -> Path:
    path.write_text(f"[{profile}]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n")
    return path


def said_by(place: EvidencePlace, asked: str) -> str:
    with pytest.raises(EvidenceAway) as caught:
        ASKED[asked](place)
    return str(caught.value)


def test_another_client_sees_a_picture_under_tenant_store_and_device(s3: S3Server, bucket: Any) -> None:
    place_at(s3, bucket.name, prefix="eu").put(NAME, CONTENT)
    (found,) = bucket.objects.all()
    assert found.key == f"eu/acme/s1/d1/{NAME.sha256}.jpg"
    answer = found.get()
    assert (answer["Body"].read(), answer["ContentType"]) == (CONTENT, "image/jpeg")


def test_foreign_objects_are_left_alone(s3: S3Server, bucket: Any) -> None:
    bucket.put_object(Key="readme.txt", Body=b"not ours")
    bucket.put_object(Key=f"other/acme/s1/d1/{NAME.sha256}.jpg", Body=b"not ours")
    assert list(place_at(s3, bucket.name).walk()) == []


@pytest.mark.parametrize("asked", ["put", "get", "remove", "walk"])
def test_a_bucket_that_is_not_there_is_named(s3: S3Server, bucket: Any, asked: str) -> None:
    said = said_by(place_at(s3, f"{bucket.name}-missing"), asked)
    assert f"{bucket.name}-missing" in said
    assert "no such bucket" in said


@pytest.mark.parametrize("asked", sorted(ASKED))
def test_refused_credentials_are_said_and_never_shown(s3: S3Server, bucket: Any, tmp_path: Path, asked: str) -> None:
    wrong = "wrong-" + "s3cr3t" * 5
    file = credentials(tmp_path / "s3.ini", s3.key, wrong)
    said = said_by(place_at(s3, bucket.name, credentials_file=file), asked)
    assert "refuses these credentials" in said
    assert not any(secret in said for secret in (wrong, s3.key, s3.secret))
    assert "\n" not in said


def test_a_store_that_is_down_or_cut_off_is_away_and_then_back(s3: S3Server, bucket: Any) -> None:
    with Proxy(s3.port) as proxy:
        place = place_at(s3, bucket.name, endpoint=f"http://127.0.0.1:{proxy.port}")
        place.put(NAME, CONTENT)
        proxy.cut()
        for asked in ASKED:
            assert "does not answer" in said_by(place, asked)
        proxy.mend()
        assert place.get(NAME) == CONTENT
    nobody = place_at(s3, bucket.name, endpoint=f"http://127.0.0.1:{free_port()}")
    assert "does not answer" in said_by(nobody, "put")


def test_a_store_that_hangs_is_not_waited_for(s3: S3Server, bucket: Any) -> None:
    place = place_at(s3, bucket.name, timeout=0.5)
    with s3.hanging():
        assert "does not answer" in said_by(place, "put")
    place.put(NAME, CONTENT)


def test_a_store_that_failed_is_not_asked_for_a_while(
    s3: S3Server, bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket_module, "_REST", 3600.0)
    with Proxy(s3.port) as proxy:
        place = place_at(s3, bucket.name, endpoint=f"http://127.0.0.1:{proxy.port}")
        proxy.cut()
        assert "does not answer" in said_by(place, "get")
        tried = proxy.connections
        assert "a moment ago" in said_by(place, "put")
        assert proxy.connections == tried


def test_a_store_that_says_404_for_what_is_gone_loses_no_deletion() -> None:
    asked: list[str] = []
    many = [photograph(f"number {number}")[0] for number in range(20)]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_DELETE(self) -> None:
            asked.append(self.path)
            self.send_response(404 if many[0].sha256 in self.path else 204)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    with answering(Handler) as port, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "k")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "s")
        settings = {"bucket": "bucket", "endpoint": f"http://127.0.0.1:{port}"}
        open_place(SinkConfig.model_validate({"evidence": {"s3": settings}})).remove(many)
    assert {path.rpartition("/")[2].removesuffix(".jpg") for path in asked} == {name.sha256 for name in many}


@contextmanager
def answering(handler: type[BaseHTTPRequestHandler]) -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("endpoint", "reached"),
    [
        ("https://oss-cn-hangzhou.aliyuncs.com", "https://shelves.oss-cn-hangzhou.aliyuncs.com"),
        ("http://127.0.0.1:9000", "http://shelves.127.0.0.1:9000"),
        (None, None),
    ],
)
def test_a_bucket_can_be_named_in_the_host(endpoint: str | None, reached: str | None) -> None:
    config = bucket_module._place(BucketSection(bucket="shelves", endpoint=endpoint, virtual_host=True))
    assert config["virtual_hosted_style_request"] is True
    assert config.get("aws_endpoint_url_s3") == reached


def test_a_key_changed_in_its_file_is_used_without_a_restart(s3: S3Server, tmp_path: Path) -> None:
    file = credentials(tmp_path / "s3.ini", "first", "one", profile="sink")
    provider = CredentialsFile(file, "sink")
    assert provider()["access_key_id"] == "first"
    credentials(file, s3.key, s3.secret, profile="sink")
    found = provider()
    assert (found["access_key_id"], found["secret_access_key"]) == (s3.key, s3.secret)
    assert found["expires_at"] is not None


def test_credentials_out_of_a_file_open_the_bucket(
    s3: S3Server, bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of something else")
    place = place_at(s3, bucket.name, credentials_file=credentials(tmp_path / "s3.ini", s3.key, s3.secret))
    place.put(NAME, CONTENT)
    assert place.get(NAME) == CONTENT


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "No such file"),
        ("[other]\naws_access_key_id = k\n", r"no section \[default\]"),
        ("[default]\naws_access_key_id = k\n", "no aws_secret_access_key"),
        ("aws_secret_access_key = hush", "is no INI file"),
    ],
)
def test_a_credentials_file_of_no_use_is_named_and_never_quoted(tmp_path: Path, text: str | None, said: str) -> None:
    path = tmp_path / "s3.ini"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigError, match=said) as caught:
        CredentialsFile(path, "default")
    assert str(path) in str(caught.value)
    assert "hush" not in str(caught.value)


def test_a_store_elsewhere_without_credentials_is_refused_at_once(
    s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in s3.environment:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigError, match="has no credentials"):
        place_at(s3, "photographs")


def test_a_certificate_that_cannot_be_read_is_named(s3: S3Server, bucket: Any, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"ca_file .*missing\.pem"):
        place_at(s3, bucket.name, ca_file=tmp_path / "missing.pem")


def test_the_place_is_named_without_its_key(s3: S3Server, bucket: Any) -> None:
    place = place_at(s3, bucket.name, prefix="eu")
    assert place.label == f"s3://{bucket.name}/eu at {s3.endpoint}"
    shown = str(SinkConfig.model_validate({"evidence": {"s3": section(s3, bucket.name)}}))
    assert s3.secret not in place.label + shown
