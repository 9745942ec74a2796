"""A whole sink with its photographs in a bucket, and the device's own uploader."""

from __future__ import annotations

import os
import sqlite3
import textwrap
from typing import TYPE_CHECKING, Any

import pytest

from edge.deliver.evidence import EvidenceSpool
from edge.deliver.upload import EvidenceUploader, UploadTimes
from tests.cloud_sink.conftest import SinkProcess
from tests.cloud_sink.evidence.conftest import DEVICE, photograph
from tests.faults.proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.s3 import S3Server

TIMES = UploadTimes(connect=2, read=10, look=0.1, backoff_first=0.1, backoff_longest=0.3)
BETWEEN_UPLOAD_AND_ROW = """
import os, signal
from cloud_sink.store import evidence_rows
evidence_rows.settle = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
"""
ASKED_AGAIN_AT_ONCE = """
from cloud_sink.evidence import bucket
bucket._REST = 0.0
"""


@pytest.fixture
def proxy(s3: S3Server) -> Iterator[Proxy]:
    with Proxy(s3.port) as cable:
        yield cable


def sink_at(folder: Path, bucket: Any, proxy: Proxy, prelude: str = "") -> SinkProcess:
    store = f"{{bucket: {bucket.name}, endpoint: 'http://127.0.0.1:{proxy.port}', timeout: 1s}}"
    return SinkProcess(folder, config=f"evidence: {{s3: {store}}}\n", prelude=textwrap.dedent(prelude))


def uploader(spool: EvidenceSpool, sink: SinkProcess) -> EvidenceUploader:
    return EvidenceUploader(spool, collector=sink.http, address=DEVICE, times=TIMES)


def rows(sink: SinkProcess) -> list[tuple[str, str]]:
    with sqlite3.connect(sink.folder / "data" / "sink.db") as connection:
        return connection.execute("SELECT sha256, state FROM evidence ORDER BY sha256").fetchall()


def in_bucket(bucket: Any) -> set[str]:
    return {one.key for one in bucket.objects.all()}


def test_a_device_keeps_its_photographs_until_the_store_is_back(
    tmp_path: Path, bucket: Any, proxy: Proxy, s3: S3Server
) -> None:
    spool = EvidenceSpool(tmp_path / "spool")
    names = [photograph(f"number {number}")[0] for number in range(5)]
    for number in range(5):
        spool.put(photograph(f"number {number}")[1])
    sink = sink_at(tmp_path / "sink", bucket, proxy, ASKED_AGAIN_AT_ONCE)
    sink.start()
    proxy.cut()
    sender = uploader(spool, sink)
    sender.start()
    log = tmp_path / "sink" / "log"
    sink.until(lambda: '"status": 503' in log.read_text(), "no upload is refused")
    assert len(spool.waiting()) == 5
    assert in_bucket(bucket) == set()
    proxy.mend()
    sink.until(lambda: not spool.waiting(), "the photographs do not arrive")
    assert sender.stop()
    assert sink.stop() == 0
    assert in_bucket(bucket) == {name.key for name in names}
    assert rows(sink) == [(sha256, "stored") for sha256 in sorted(name.sha256 for name in names)]
    said = log.read_text()
    assert (said.count("evidence.away"), said.count("evidence.back")) == (1, 1)
    assert s3.secret not in said


def test_a_sink_killed_between_the_upload_and_its_row_loses_nothing(tmp_path: Path, bucket: Any, proxy: Proxy) -> None:
    spool = EvidenceSpool(tmp_path / "spool")
    name, content = photograph()
    spool.put(content)
    sink = sink_at(tmp_path / "sink", bucket, proxy, BETWEEN_UPLOAD_AND_ROW)
    sink.start()
    sender = uploader(spool, sink)
    sender.start()
    assert sink.wait() == -9
    assert sender.stop()
    assert (in_bucket(bucket), rows(sink), spool.waiting()) == ({name.key}, [(name.sha256, "coming")], [name.sha256])
    after = sink_at(tmp_path / "sink", bucket, proxy)
    after.start()
    sender = uploader(spool, after)
    sender.start()
    after.until(lambda: not spool.waiting(), "the photograph is not taken")
    assert sender.stop()
    assert after.stop() == 0
    assert (in_bucket(bucket), rows(after)) == ({name.key}, [(name.sha256, "stored")])


def test_a_bucket_of_no_use_is_said_at_the_start_and_events_are_collected_all_the_same(
    tmp_path: Path, bucket: Any, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "AWS_SECRET_ACCESS_KEY", "wrong-and-secret")
    sink = sink_at(tmp_path / "sink", bucket, proxy)
    sink.start()
    log = tmp_path / "sink" / "log"
    sink.until(lambda: "refuses these credentials" in log.read_text(), "nothing is said of the bucket")
    assert sink.stop() == 0
    assert "wrong-and-secret" not in log.read_text()
