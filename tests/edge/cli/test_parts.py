"""What a device is to be beside what it is, from its folder alone."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from edge.cli.parts import in_words, parts_of
from edge.contract.receipts import ConfigFault, ConfigReport
from edge.contract.releases import Bundle, Release, ReleaseFile
from edge.device.remote_config import note_report
from edge.device.settings import read_config
from edge.update.folder import UpdateFolder
from tests.edge.device.agents import frames, live_camera, write_config

if TYPE_CHECKING:
    from pathlib import Path

    from edge.contract.config import AgentConfig

VERSIONS = {
    "agent": "1.0",
    "models/product-detector": "1.0.0",
    "catalogue/cooler-1": "demo 1",
    "planogram/cooler-1": "p",
}


@pytest.fixture
def config(tmp_path: Path) -> AgentConfig:
    camera = live_camera(frames(tmp_path / "frames", 1))
    made = read_config(write_config(tmp_path, port=1, cameras=[camera]))
    made.data.mkdir()
    return made


def release_7(config: AgentConfig) -> None:
    """Fetched: newer models, and the catalogue that is there already."""
    file = {"sha256": "0" * 64, "size": 1}
    bundles = (
        Bundle(kind="models", name="models", files=(ReleaseFile(path=("manifest.json",), **file),)),
        Bundle(kind="catalogue", name="c", files=(ReleaseFile(path=("c", "catalogue.yaml"), **file),)),
    )
    release = Release(number=7, made=datetime(2026, 3, 1, tzinfo=UTC), bundles=bundles)
    place = UpdateFolder(config.data).place(7)
    (place / "models").mkdir(parents=True)
    (place / "catalogues" / "c").mkdir(parents=True)
    (place / "release.json").write_text(release.model_dump_json())
    model = {"name": "product-detector", "version": "2.0.0", "precision": "int8"}
    (place / "models" / "manifest.json").write_text(json.dumps({"models": [model]}))
    (place / "catalogues" / "c" / "catalogue.yaml").write_text("name: demo\nversion: 1\nskus: []\n")


def test_what_a_fetched_release_holds_stands_beside_what_runs(config: AgentConfig) -> None:
    release_7(config)
    assert [in_words(one) for one in parts_of(config, VERSIONS, {"wanted": 7})] == [
        "agent: 1.0",
        "catalogue cooler-1: desired demo 1, demo 1",
        "models product-detector: desired 2.0.0+int8, 1.0.0",
        "planogram cooler-1: p",
    ]


def test_a_device_that_takes_no_releases_tells_what_runs(config: AgentConfig) -> None:
    assert {one["desired"] for one in parts_of(config, VERSIONS, None)} == {None}


def test_a_release_that_is_not_here_yet_is_no_error(config: AgentConfig) -> None:
    assert {one["desired"] for one in parts_of(config, VERSIONS, {"wanted": 8})} == {None}


def test_a_configuration_that_was_refused_is_told_with_its_keys(config: AgentConfig) -> None:
    fault = ConfigFault(key="broker", reason="is set on the device")
    report = ConfigReport(sha256="a" * 64, in_force=False, configuration="b" * 64, error="no", errors=[fault])
    note_report(config.data, report)
    (said,) = (in_words(one) for one in parts_of(config, {}, None) if one["kind"] == "configuration")
    assert said == "configuration: desired aaaaaaaa, refused (broker: is set on the device)"
