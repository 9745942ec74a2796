"""A desired configuration: what it changes, what it may not, and what is said of each key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.contract.config import AgentConfig
from edge.contract.desired import MAX_BYTES, DesiredRefusedError, changes, desire
from edge.contract.errors import FacingsError

FOLDER = Path("/etc/facings")


def own(**sections: Any) -> AgentConfig:
    """The configuration of a device's file."""
    content: dict[str, Any] = {
        "device": {"tenant": "acme", "store": "store-1", "id": "dev-1"},
        "zone": "Asia/Ho_Chi_Minh",
        "data": "state",
        "cameras": [
            {"id": "cam-1", "fixture": "cooler-1", "source": {"kind": "rtsp", "url": "rtsp://u:geheim@10.0.0.5/1"}},
            {"id": "cam-2", "fixture": "cooler-2", "source": {"kind": "usb", "width": 1280}},
        ],
        "fixtures": [{"id": "cooler-1", "catalogue": "sku", "must_stock": ["a"]}, {"id": "cooler-2"}],
        **sections,
    }
    return AgentConfig.model_validate(content).relative_to(FOLDER)


def wish(document: Any, base: AgentConfig | None = None) -> AgentConfig:
    return desire(base or own(), json.dumps(document).encode(), folder=FOLDER)


def faults(document: Any, base: AgentConfig | None = None) -> dict[str, str]:
    with pytest.raises(DesiredRefusedError) as caught:
        wish(document, base)
    return {fault.key: fault.reason for fault in caught.value.faults}


def changed(wanted: AgentConfig, base: AgentConfig | None = None) -> set[str]:
    return {change.key for change in changes(base or own(), wanted)}


def test_only_what_is_named_changes() -> None:
    wanted = wish(
        {"health_every": "1m", "cameras": {"cam-1": {"schedule": {"every": "5m"}}}, "hours": {"opens": "09:00"}}
    )
    assert changed(wanted) == {"health_every", "cameras.cam-1.schedule.every", "hours.opens"}
    assert wanted.cameras[0].schedule.every == 300
    assert wanted.cameras[1] == own().cameras[1]


def test_null_takes_a_key_back_to_its_default() -> None:
    base = own(health_every="2m", hours={"opens": "10:00"})
    wanted = wish({"health_every": None, "hours": {"opens": None}}, base)
    assert (wanted.health_every, wanted.hours.opens.hour) == (300, 8)


def test_an_interval_gives_way_to_cron() -> None:
    wanted = wish({"cameras": {"cam-2": {"schedule": {"every": None, "cron": "0 9 * * *"}}}})
    assert wanted.cameras[1].schedule.cron == "0 9 * * *"


def test_a_source_of_another_kind_inherits_nothing() -> None:
    wanted = wish({"cameras": {"cam-2": {"source": {"kind": "rtsp", "url": "rtsp://10.0.0.6/1"}}}})
    assert wanted.cameras[1].source.model_dump() == {"kind": "rtsp", "url": "rtsp://10.0.0.6/1"}


def test_a_camera_comes_and_a_camera_goes() -> None:
    new = {"fixture": "cooler-2", "source": {"kind": "snapshot", "url": "http://10.0.0.7/a.jpg"}}
    wanted = wish({"cameras": {"cam-2": None, "cam-3": new}})
    assert [camera.id for camera in wanted.cameras] == ["cam-1", "cam-3"]


def test_a_whole_configuration_is_judged_by_what_differs() -> None:
    whole = json.loads(own().model_dump_json())
    assert changed(wish(whole)) == set()
    whole["health_every"] = "30s"
    assert changed(wish(whole)) == {"health_every"}


def test_relative_paths_of_a_whole_configuration_are_those_of_the_file() -> None:
    assert changed(wish({"data": "state"})) == set()


@pytest.mark.parametrize(
    ("document", "key"),
    [
        ({"device": {"id": "dev-2"}}, "device.id"),
        ({"device": {"store": "store-2"}}, "device.store"),
        ({"data": "/tmp/x"}, "data"),
        ({"broker": {"host": "evil.example"}}, "broker.host"),
        ({"broker": {"ca_file": "/tmp/ca.pem"}}, "broker.ca_file"),
        ({"collector": {"url": "http://127.0.0.1:1"}}, "collector"),
        ({"outbox": {"max_mb": 1}}, "outbox.max_mb"),
        ({"models": {"folder": "/tmp/models"}}, "models.folder"),
        ({"evidence": {"keep": "daily"}}, "evidence.keep"),
        ({"evidence": {"max_mb": 1000}}, "evidence.max_mb"),
        ({"fixtures": {"cooler-1": {"catalogue": "/etc"}}}, "fixtures.cooler-1.catalogue"),
        ({"fixtures": {"cooler-1": {"catalogue": None}}}, "fixtures.cooler-1.catalogue"),
        ({"fixtures": {"cooler-2": {"planogram": "/etc/passwd"}}}, "fixtures.cooler-2.planogram"),
        ({"fixtures": {"cooler-3": {"planogram": "/etc/passwd"}}}, "fixtures.cooler-3"),
        ({"cameras": {"cam-2": {"source": {"kind": "folder", "path": "/home"}}}}, "cameras.cam-2.source"),
    ],
)
def test_what_is_the_devices_alone_is_refused_with_its_key(document: dict[str, Any], key: str) -> None:
    assert set(faults(document)) == {key}


def test_a_real_camera_cannot_be_called_a_rendered_one() -> None:
    camera = {"id": "cam-1", "fixture": "cooler-1", "source": {"kind": "folder", "path": "frames"}}
    base = own(cameras=[camera])
    assert set(faults({"cameras": {"cam-1": {"source": {"simulated": True}}}}, base)) == {
        "cameras.cam-1.source.simulated"
    }


def test_fewer_pictures_may_be_asked_for_but_not_more() -> None:
    base = own(evidence={"keep": "daily"})
    assert wish({"evidence": {"keep": "never"}}, base).evidence.keep == "never"
    assert set(faults({"evidence": {"keep": "on_change"}}, base)) == {"evidence.keep"}
    assert set(faults({"evidence": {"keep": "always"}}, base)) == {"evidence.keep"}


def test_what_is_shown_of_a_fixture_does_not_change_while_pictures_are_kept() -> None:
    region = {"fixtures": {"cooler-1": {"region": [[0, 0], [1, 0], [1, 1]]}}}
    assert changed(wish(region)) == {"fixtures.cooler-1.region"}
    assert set(faults(region, own(evidence={"keep": "always"}))) == {"fixtures.cooler-1.region"}


def test_every_fault_is_told_with_its_key() -> None:
    said = faults(
        {
            "helth_every": "1m",
            "health_every": "soon",
            "cameras": {"cam-1": {"schedule": {"every": -1}}, "cam-2": {"source": {"kind": "rtsp"}}},
        }
    )
    assert len(said) == 4
    assert said["helth_every"] == "unknown key"
    assert said["cameras.cam-1.schedule.every"] == "Input should be greater than 0"
    assert said["cameras.cam-2.source.url"] == "is missing"
    assert "30s, 15m or 1h" in said["health_every"]


def test_a_fault_repeats_no_value_that_was_given() -> None:
    said = faults({"cameras": {"cam-1": {"source": {"url": "ftp://user:geheim@10.0.0.5"}}}})
    assert list(said) == ["cameras.cam-1.source.url"]
    assert "geheim" not in str(said)


def test_an_item_keeps_the_id_it_is_named_by() -> None:
    assert set(faults({"cameras": {"cam-1": {"id": "cam-9"}}})) == {"cameras.cam-1.id"}


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (b"{", "is not JSON"),
        (b"[1]", "is no JSON object"),
        (b"\xff", "is not JSON"),
        (b" " * (MAX_BYTES + 1), "at most"),
    ],
)
def test_what_is_no_object_is_refused(document: bytes, said: str) -> None:
    with pytest.raises(DesiredRefusedError, match=said):
        desire(own(), document, folder=FOLDER)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = sorted(AgentConfig.model_fields)
INNER = ["tenant", "id", "opens", "host", "keep", "max_mb", "folder", "threads", "cam-1", "cooler-1", "source", "path"]
DOCUMENTS = st.dictionaries(
    st.sampled_from(KEYS), JSON | st.dictionaries(st.sampled_from(INNER), JSON, max_size=3), max_size=4
)


@settings(max_examples=60)
@given(DOCUMENTS)
def test_no_document_touches_what_is_the_devices_alone(document: dict[str, Any]) -> None:
    base = own()
    try:
        wanted = desire(base, json.dumps(document).encode(), folder=FOLDER)
    except FacingsError:
        return
    assert (wanted.device, wanted.data, wanted.broker, wanted.collector, wanted.outbox) == (
        base.device,
        base.data,
        base.broker,
        base.collector,
        base.outbox,
    )
    assert (wanted.models.folder, wanted.evidence) == (base.models.folder, base.evidence)


DOOR = {"id": "door", "start": [0.1, 0.5], "end": [0.9, 0.5]}
COUNTING = {
    "id": "entrance",
    "source": {"kind": "rtsp", "url": "rtsp://10.0.0.7/2"},
    "lines": [DOOR],
    "min_count": 3,
}


def test_lines_may_be_drawn_anew_from_afar() -> None:
    base = own(traffic=[COUNTING])
    moved = {"traffic": {"entrance": {"lines": [{**DOOR, "start": [0.2, 0.6]}], "frames": 5, "min_count": 5}}}
    wanted = wish(moved, base)
    assert changed(wanted, base) == {
        "traffic.entrance.lines",
        "traffic.entrance.frames",
        "traffic.entrance.min_count",
    }
    assert wanted.traffic[0].source == base.traffic[0].source
    assert wish({"traffic": {"entrance": None}}, base).traffic == ()


@pytest.mark.parametrize(
    ("document", "key"),
    [
        ({"entrance": {"min_count": 2}}, "traffic.entrance.min_count"),
        ({"entrance": {"min_count": None}}, "traffic.entrance.min_count"),
        ({"aisle": {key: value for key, value in COUNTING.items() if key != "id"}}, "traffic.aisle"),
    ],
)
def test_nobody_can_ask_from_afar_that_more_be_told_of_people(document: dict[str, Any], key: str) -> None:
    assert "is set on the device" in faults({"traffic": document}, own(traffic=[COUNTING]))[key]
