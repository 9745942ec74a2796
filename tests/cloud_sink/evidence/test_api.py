"""Photographs by the API: in a folder and in a bucket the same."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from cloud_sink.evidence import bucket as bucket_module
from cloud_sink.evidence.opening import open_place
from cloud_sink.fleet.evidence_settings import EvidenceSection
from cloud_sink.rights.roles import Role
from tests.cloud_sink.api.served import Served, serve, store
from tests.cloud_sink.evidence.conftest import DEVICE, photograph, section
from tests.faults.proxy import Proxy

if TYPE_CHECKING:
    from pathlib import Path

    from httpx import Response

    from cloud_sink.store.database import Database
    from tests.s3 import S3Server

NAME, CONTENT = photograph("<script>alert(1)</script>")
PATH = f"/api/v1/evidence/{NAME.sha256}"


@pytest.fixture(params=["folder", "bucket"])
def served(request: pytest.FixtureRequest, sqlite: Database, tmp_path: Path) -> Served:
    more: dict[str, object] = {"quota_mb": 6}
    if request.param == "bucket":
        more["s3"] = section(request.getfixturevalue("s3"), request.getfixturevalue("bucket").name)
    evidence = EvidenceSection.model_validate(more)
    return serve(sqlite, tmp_path, store("acme"), store("rival"), evidence=evidence)


def put(client: Any, content: bytes = CONTENT, sha256: str | None = None, source: str = DEVICE.source) -> Response:
    path = f"/api/v1/evidence/{sha256 or hashlib.sha256(content).hexdigest()}"
    answer: Response = client.put(path, content=content, headers={"X-Facings-Source": source})
    return answer


def kept(served: Served) -> set[str]:
    return {one.name.key for one in open_place(served.config).walk()}


def test_a_photograph_is_kept_once_however_often_it_comes(served: Served) -> None:
    client = served.by("acme")
    assert [put(client).status_code for _ in range(3)] == [201, 200, 200]
    assert kept(served) == {NAME.key}


@pytest.mark.parametrize(
    ("content", "sha256", "status"),
    [
        (CONTENT, "0" * 64, 409),
        (b"GIF89a not a photograph", None, 415),
        (b"<html><script>alert(1)</script>", None, 415),
        (b"\xff\xd8", None, 415),
        (b"", None, 415),
        (b"\xff\xd8\xff\xe0".ljust(5 * 1024 * 1024 + 1, b"x"), None, 413),
    ],
)
def test_what_is_no_photograph_leaves_nothing(
    served: Served, *, content: bytes, sha256: str | None, status: int
) -> None:
    answer = put(served.by("acme"), content, sha256)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert kept(served) == set()


def test_a_tenant_neither_reaches_nor_notices_another_s(served: Served) -> None:
    acme, rival = served.by("acme"), served.by("rival")
    assert put(acme).status_code == 201
    assert put(rival).status_code == 404  # under the other's name
    for role in Role:
        theirs = served.by("rival", role)
        assert [theirs.get(PATH).status_code, theirs.get(PATH, params={"tenant": "acme"}).status_code] in (
            [404, 404],
            [403, 403],
        )
    assert put(rival, source="/rival/s1/d1").status_code == 201  # not 200: nothing says that it was there
    assert len(kept(served)) == 2
    assert acme.get(PATH).content == rival.get(PATH).content == CONTENT


def test_a_photograph_is_shown_as_nothing_but_a_picture(served: Served) -> None:
    client = served.by("acme")
    put(client)
    shown = client.get(PATH)
    assert (shown.status_code, shown.content) == (200, CONTENT)
    assert shown.headers["content-type"] == "image/jpeg"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert shown.headers["content-disposition"] == f'inline; filename="{NAME.sha256}.jpg"'
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    assert "sandbox" in shown.headers["content-security-policy"]
    assert shown.headers["cache-control"].startswith("private")
    again = client.get(PATH, headers={"If-None-Match": shown.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", shown.headers["etag"])


@pytest.mark.parametrize(
    "escape",
    [
        "../../../sink.db",
        "..%2f..%2f..%2fsink.db",
        "%2e%2e/%2e%2e/sink.db",
        f"{NAME.sha256}/../../../../sink.db",
        f"{NAME.sha256}%00.jpg",
        f"{NAME.sha256}.jpg",
        NAME.sha256.upper(),
        NAME.sha256[:-1],
    ],
)
def test_no_path_leads_out_of_the_photographs(served: Served, escape: str) -> None:
    client = served.by("acme")
    put(client)
    answer = client.get(f"/api/v1/evidence/{escape}")
    assert answer.status_code in {404, 422}
    assert b"SQLite" not in answer.content
    for source in ("/acme/../d1", "/acme/s1/..", "/acme/s1/d1/x", "/../s1/d1", "/acme/s1/d%2e"):
        assert put(client, source=source).status_code == 422


def test_a_damaged_photograph_is_not_shown(served: Served) -> None:
    client = served.by("acme")
    put(client)
    open_place(served.config).put(NAME, b"<html>".ljust(len(CONTENT)))
    answer = client.get(PATH)
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert b"<html>" not in answer.content


def test_while_the_store_is_away_nothing_is_taken_and_nothing_is_told_of_it(
    sqlite: Database, tmp_path: Path, s3: S3Server, bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket_module, "_REST", 0.0)
    with Proxy(s3.port) as proxy:
        settings = section(s3, bucket.name, endpoint=f"http://127.0.0.1:{proxy.port}")
        evidence = EvidenceSection.model_validate({"s3": settings})
        client = serve(sqlite, tmp_path, store("acme"), evidence=evidence).by("acme")
        other, more = photograph("another")
        assert put(client).status_code == 201
        proxy.cut()
        for answer in (put(client, more), put(client), client.get(PATH)):
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
            assert not any(word in answer.text for word in (bucket.name, str(proxy.port), s3.key))
        assert client.get(f"/api/v1/evidence/{other.sha256}").status_code == 404
        assert "facings_evidence_away 1.0" in client.get("/metrics").text
        proxy.mend()
        assert [put(client, more).status_code, put(client).status_code] == [201, 200]
        assert client.get(PATH).content == CONTENT
        assert "facings_evidence_away 0.0" in client.get("/metrics").text
