"""What people corrected becomes labels that `edge evaluate` reads, and only what they judged is truth."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from cloud_sink.evidence.opening import open_room
from cloud_sink.exports.labels import write_labels
from cloud_sink.exports.walk import Wanted
from cloud_sink.fleet.stores import StoreBook
from cloud_sink.store.database import writing
from cloud_sink.store.intake import take
from edge.contract.errors import StoreError
from edge.recognise.datasets import read_dataset
from tests.cloud_sink.api.served import Served, serve, store
from tests.cloud_sink.words import DEVICE, EPOCH, facing, fact, observed

if TYPE_CHECKING:
    from pathlib import Path

    from cloud_sink.store.database import Database

NOW = datetime(2026, 3, 20, tzinfo=UTC)
ALL = Wanted("acme", date(2026, 3, 1), date(2026, 3, 31))


@pytest.fixture
def served(sqlite: Database, tmp_path: Path) -> Served:
    """Three facings on a photograph of 200 x 100 pixels, and what a person said of two of them, and of one missed."""
    served = serve(sqlite, tmp_path / "data", store("acme"))
    picture = cv2.imencode(".jpg", np.full((100, 200, 3), 90, np.uint8))[1].tobytes()
    sha256 = hashlib.sha256(picture).hexdigest()
    open_room(sqlite, served.config).take(DEVICE, sha256, picture, NOW)
    shown, bare = observed(1, [facing("a"), facing("b"), facing("c")]), observed(2, [facing("a")])
    shown["data"]["evidence"] = sha256
    with writing(sqlite) as connection:
        take(connection, [fact(shown), fact(bare)], [], stores=StoreBook(served.config.stores), received=NOW)
    client = served.by("acme")
    said = {"device": "d1", "epoch": EPOCH}
    for body in (
        {"seq": 1, "facing": 0, "says": "sku", "sku": "b"},
        {"seq": 1, "facing": 1, "says": "no_facing"},
        {"seq": 1, "says": "unknown", "box": [0.5, 0.5, 0.6, 0.7], "shelf": 2, "position": 1},
        {"seq": 2, "facing": 0, "says": "unknown"},
    ):
        assert client.post("/api/v1/corrections", json=said | body).status_code == 201
    return served


def test_labels_hold_what_people_judged_and_leave_the_rest_open(served: Served, tmp_path: Path) -> None:
    done = write_labels(served.database, open_room(served.database, served.config), ALL, tmp_path / "labels")
    assert (done.photographs, done.judged, done.without_photograph) == (1, 2, 1)
    (photo,) = read_dataset(tmp_path / "labels").photos
    assert photo.skus == ("b", "c", None)
    assert photo.crowd.tolist() == [False, True, False]
    assert photo.boxes[2].tolist() == pytest.approx([100, 50, 120, 70])
    content = json.loads((tmp_path / "labels" / "annotations.json").read_text())
    assert (content["images"][0]["width"], content["images"][0]["height"]) == (200, 100)


def test_other_days_and_tenants_are_left_out(served: Served, tmp_path: Path) -> None:
    room = open_room(served.database, served.config)
    later = Wanted("acme", date(2026, 4, 1), date(2026, 4, 30))
    assert write_labels(served.database, room, later, tmp_path / "later").photographs == 0
    assert write_labels(served.database, room, Wanted("rival", date.min, date.max), tmp_path / "rival").judged == 0


def test_a_folder_with_something_in_it_is_left_alone(served: Served, tmp_path: Path) -> None:
    room = open_room(served.database, served.config)
    with pytest.raises(StoreError, match="is not empty"):
        write_labels(served.database, room, ALL, tmp_path)
