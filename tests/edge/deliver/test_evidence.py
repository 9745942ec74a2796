from __future__ import annotations

import hashlib
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from edge.contract.errors import DeliveryError
from edge.deliver.evidence import EvidenceSpool
from edge.deliver.upload import EvidenceUploader, UploadTimes
from tests.edge.deliver.goods import ADDRESS
from tests.edge.deliver.station import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TIMES = UploadTimes(connect=2, read=2, look=0.1, backoff_first=0.05, backoff_longest=0.2)


def jpeg(number: int, *, size: int = 1000) -> bytes:
    return b"\xff\xd8\xff" + number.to_bytes(2, "big") * (size // 2)


@dataclass(slots=True)
class Shelf:
    """A collector's evidence endpoint, answering as it is told to."""

    statuses: list[int] = field(default_factory=list)  # one after the other; then 201
    puts: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""


@contextmanager
def shelf(*statuses: int) -> Iterator[Shelf]:
    told = Shelf(list(statuses))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.puts.append((self.path, dict(self.headers), body))
            self.send_response(told.statuses.pop(0) if told.statuses else 201)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        told.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield told
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def uploading(spool: EvidenceSpool, url: str) -> Iterator[EvidenceUploader]:
    uploader = EvidenceUploader(spool, collector=url, address=ADDRESS, times=TIMES)
    uploader.start()
    try:
        yield uploader
    finally:
        assert uploader.stop()


@pytest.fixture
def spool(tmp_path: Path) -> EvidenceSpool:
    return EvidenceSpool(tmp_path / "evidence")


def test_a_photograph_is_kept_under_its_hash_once_and_outlives_a_restart(tmp_path: Path) -> None:
    spool = EvidenceSpool(tmp_path)
    sha256 = spool.put(jpeg(1))
    assert sha256 == hashlib.sha256(jpeg(1)).hexdigest()
    assert spool.put(jpeg(1)) == sha256
    again = EvidenceSpool(tmp_path)
    assert again.waiting() == [sha256]
    assert again.read(sha256) == jpeg(1)
    assert again.size == len(jpeg(1))


def test_half_a_file_of_a_power_cut_is_swept_away(tmp_path: Path) -> None:
    EvidenceSpool(tmp_path).put(jpeg(1))
    (tmp_path / "0123.part").write_bytes(jpeg(2)[:100])
    assert len(EvidenceSpool(tmp_path).waiting()) == 1
    assert not list(tmp_path.glob("*.part"))


def test_the_oldest_goes_when_the_quota_is_reached(tmp_path: Path) -> None:
    spool = EvidenceSpool(tmp_path, max_mb=3100 / 1024 / 1024)
    hashes = []
    for number in range(5):
        hashes.append(spool.put(jpeg(number)))
        time.sleep(0.002)  # file times keep the order over a restart
    assert spool.waiting() == hashes[2:]
    assert spool.take_shed() == hashes[:2]
    assert spool.take_shed() == []
    assert EvidenceSpool(tmp_path).waiting() == hashes[2:]


@pytest.mark.parametrize(("content", "why"), [(b"GIF89a", "no JPEG"), (jpeg(1, size=9000), "holds 8388")])
def test_what_cannot_be_kept_is_refused(tmp_path: Path, content: bytes, why: str) -> None:
    with pytest.raises(DeliveryError, match=why):
        EvidenceSpool(tmp_path, max_mb=0.008).put(content)


def test_a_folder_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DeliveryError, match="Not a directory"):
        EvidenceSpool(tmp_path / "file" / "evidence")


def test_an_upload_names_hash_type_and_device_and_ends_with_the_file_gone(spool: EvidenceSpool) -> None:
    with shelf(201, 200) as told, uploading(spool, told.url) as uploader:
        hashes = [spool.put(jpeg(number)) for number in (1, 2)]
        uploader.wake()
        wait_for(lambda: not spool.waiting())
    path, headers, body = told.puts[0]
    assert path == f"/api/v1/evidence/{hashes[0]}"
    assert (headers["Content-Type"], headers["X-Facings-Source"]) == ("image/jpeg", "/acme/store-1/dev-1")
    assert body == jpeg(1)
    assert [one[0].rpartition("/")[2] for one in told.puts] == hashes
    assert spool.read(hashes[0]) is None


@pytest.mark.parametrize("status", [500, 503, 507, 429, 408])
def test_what_may_pass_is_tried_again(spool: EvidenceSpool, status: int) -> None:
    sha256 = spool.put(jpeg(1))
    with shelf(status, status) as told, uploading(spool, told.url):
        wait_for(lambda: not spool.waiting())
    assert [one[0].rpartition("/")[2] for one in told.puts] == [sha256] * 3


@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_what_is_refused_for_good_is_put_aside_and_holds_nothing_up(
    spool: EvidenceSpool, tmp_path: Path, status: int
) -> None:
    bad, good = spool.put(jpeg(1)), spool.put(jpeg(2))
    with shelf(status) as told, uploading(spool, told.url):
        wait_for(lambda: not spool.waiting())
    assert [one[0].rpartition("/")[2] for one in told.puts] == [bad, good]
    assert [file.stem for file in (tmp_path / "evidence" / "refused").iterdir()] == [bad]
    spool.shed(1)  # what was refused goes first, and is not missed
    assert spool.size == 0
    assert spool.take_shed() == []


def test_a_collector_that_is_away_is_waited_for(spool: EvidenceSpool) -> None:
    with shelf() as gone:
        url = gone.url
    spool.put(jpeg(1))
    uploader = EvidenceUploader(spool, collector=url, address=ADDRESS, times=TIMES)
    uploader.start()
    time.sleep(0.2)
    assert spool.waiting()
    assert uploader.stop()


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://sink.example.com", "are signed"),
        ("http://10.0.0.7:8080", "are signed"),
        ("http://user:secret@127.0.0.1", "credentials"),
        ("127.0.0.1:8080", "no URL"),
        ("ftp://127.0.0.1", "no URL"),
    ],
)
def test_only_this_machine_is_uploaded_to(spool: EvidenceSpool, url: str, why: str) -> None:
    with pytest.raises(DeliveryError, match=why) as raised:
        EvidenceUploader(spool, collector=url, address=ADDRESS)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("url", ["http://localhost:1", "http://127.0.0.1:1/", "http://[::1]:1"])
def test_loopback_has_several_names(spool: EvidenceSpool, url: str) -> None:
    assert EvidenceUploader(spool, collector=url, address=ADDRESS)
