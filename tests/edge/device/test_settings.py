"""A configuration is checked with all it points to."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from edge.contract.errors import FacingsError
from edge.device.settings import check_config, in_numbers, read_config

ROOT = Path(__file__).resolve().parents[3]
DEMO = ROOT / "configs" / "demo"


def write(folder: Path, **changes: Any) -> Path:
    content: dict[str, Any] = {
        "device": {"tenant": "acme", "store": "store-1", "id": "dev-1"},
        "zone": "Asia/Ho_Chi_Minh",
        "data": "state",
        "cameras": [
            {
                "id": "cam-1",
                "fixture": "cooler-1",
                "source": {"kind": "folder", "path": str(DEMO / "frames"), "times": "names", "simulated": True},
                "schedule": {"every": "20m"},
            }
        ],
        "fixtures": [
            {
                "id": "cooler-1",
                "catalogue": str(ROOT / "configs" / "catalogues" / "demo"),
                "planogram": str(DEMO / "planogram.csv"),
            }
        ],
        **changes,
    }
    path = folder / "agent.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def fault(path: Path) -> str:
    """What is wrong with a configuration that reads well; it names the file and the line."""
    with pytest.raises(FacingsError) as caught:
        check_config(read_config(path), path)
    said = str(caught.value)
    assert re.match(rf"{re.escape(str(path))}: line \d+: ", said)
    return said


def test_the_configuration_of_the_demo_is_good(tmp_path: Path) -> None:
    path = write(tmp_path)
    config = read_config(path)
    check_config(config, path)
    assert config.data == tmp_path / "state"


@pytest.mark.parametrize("path", sorted((ROOT / "configs" / "agent").glob("*.yaml")), ids=lambda path: path.name)
def test_every_example_configuration_is_good(path: Path) -> None:
    check_config(read_config(path), path)


def test_a_broker_on_another_machine_wants_encryption(tmp_path: Path) -> None:
    said = fault(write(tmp_path, broker={"host": "mqtt.example.com"}))
    assert re.search(r"broker\.host: mqtt\.example\.com is not this machine and broker\.ca_file is not set", said)
    said = fault(write(tmp_path, broker={"host": "mqtt.example.com", "ca_file": "ca.pem"}))
    assert re.search(r"mqtt\.example\.com is not this machine and broker\.cert_file and key_file are not set", said)


@pytest.mark.parametrize(
    ("sections", "key"),
    [
        ({"collector": {"url": "http://shop.example"}}, r"collector\.url"),
        ({"collector": {"url": "https://shop.example"}}, r"collector\.url"),
        ({"updates": {"root": "root.json", "url": "http://shop.example"}}, r"updates\.url"),
    ],
)
def test_a_collector_on_another_machine_wants_it_too(tmp_path: Path, sections: dict[str, Any], key: str) -> None:
    assert re.search(rf"{key}: .* is not this machine", fault(write(tmp_path, **sections)))


def test_a_planned_sku_that_the_catalogue_does_not_list_is_named(tmp_path: Path) -> None:
    (tmp_path / "plan.csv").write_text("shelf,position,sku,facings\n1,1,moon-cake,2\n")
    fixtures = [{"id": "cooler-1", "catalogue": str(ROOT / "configs" / "catalogues" / "demo"), "planogram": "plan.csv"}]
    said = fault(write(tmp_path, fixtures=fixtures))
    assert re.search(r"fixtures\.0\.planogram: .*plan\.csv: shelf 1 position 1: SKU moon-cake is not in", said)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    camera = {"id": "cam-1", "fixture": "cooler-1", "source": {"kind": "folder", "path": "nowhere"}}
    said = fault(write(tmp_path, cameras=[camera]))
    assert re.search(r"cameras\.0\.source\.path: .*nowhere: no such folder", said)


def test_a_catalogue_that_is_not_there_is_named(tmp_path: Path) -> None:
    said = fault(write(tmp_path, fixtures=[{"id": "cooler-1", "catalogue": "nowhere"}]))
    assert re.search(r"fixtures\.0\.catalogue: .*nowhere", said)


def test_a_cron_expression_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    source = {"kind": "usb"}
    camera = {"id": "cam-1", "fixture": "cooler-1", "source": source, "schedule": {"cron": "61 * * * *"}}
    said = fault(write(tmp_path, cameras=[camera]))
    assert "cameras.0.schedule.cron: '61 * * * *': bad minute" in said


DOOR = {"id": "door", "start": [0.1, 0.5], "end": [0.9, 0.5]}


def counting(**changes: Any) -> dict[str, Any]:
    return {"id": "entrance", "source": {"kind": "usb", "device": "/dev/video0"}, "lines": [DOOR], **changes}


def test_a_device_may_count_people_and_look_at_no_shelf(tmp_path: Path) -> None:
    path = write(tmp_path, cameras=[], fixtures=[], traffic=[counting()])
    config = read_config(path)
    check_config(config, path)
    assert in_numbers(config) == "0 cameras, 0 fixtures, 1 traffic camera"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"cameras": []}, "no camera is given; name at least one in cameras or in traffic"),
        ({"traffic": [counting(fixture="cooler-9")]}, "camera entrance counts for fixture cooler-9, which is not in"),
        ({"traffic": [counting(id="cam-1")]}, "two cameras are called cam-1"),
        ({"traffic": [counting(source={"kind": "folder", "path": "frames"})]}, "traffic.0.source"),
        ({"traffic": [counting(recorded="2026-03-14T09:00:00+07:00")]}, "recorded goes with kind: video"),
        ({"traffic": [counting(source={"kind": "video", "path": "a.mp4"}, recorded="2026-03-14T09:00")]}, "timezone"),
    ],
)
def test_what_cannot_be_counted_is_refused_as_it_is_read(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(FacingsError, match=re.escape(said)):
        read_config(write(tmp_path, **changes))


def test_a_film_that_is_not_there_is_named(tmp_path: Path) -> None:
    said = fault(write(tmp_path, traffic=[counting(source={"kind": "video", "path": "nowhere.mp4"})]))
    assert re.search(r"traffic\.0\.source\.path: .*nowhere\.mp4: no such file", said)


def test_a_usb_camera_that_counts_people_serves_nothing_else(tmp_path: Path) -> None:
    shelf = {"id": "cam-1", "fixture": "cooler-1", "source": {"kind": "usb", "device": "/dev/video0"}}
    said = fault(write(tmp_path, cameras=[shelf], traffic=[counting()]))
    assert "traffic.0.source.device: /dev/video0 is the device of camera cam-1, too" in said


def test_a_traffic_camera_that_counts_nothing_is_named(tmp_path: Path) -> None:
    said = fault(write(tmp_path, traffic=[counting(lines=[])]))
    assert "camera entrance counts nothing" in said
