"""A configuration is checked with all it points to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from edge.contract.errors import FacingsError
from edge.device.settings import check_config, read_config

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


def test_the_configuration_of_the_demo_is_good(tmp_path: Path) -> None:
    config = read_config(write(tmp_path))
    check_config(config)
    assert config.data == tmp_path / "state"


@pytest.mark.parametrize("path", sorted((ROOT / "configs" / "agent").glob("*.yaml")), ids=lambda path: path.name)
def test_every_example_configuration_is_good(path: Path) -> None:
    check_config(read_config(path))


def test_a_broker_on_another_machine_wants_encryption(tmp_path: Path) -> None:
    config = read_config(write(tmp_path, broker={"host": "mqtt.example.com"}))
    with pytest.raises(FacingsError, match=r"mqtt\.example\.com is not this machine and broker\.ca_file is not set"):
        check_config(config)


def test_a_planned_sku_that_the_catalogue_does_not_list_is_named(tmp_path: Path) -> None:
    (tmp_path / "plan.csv").write_text("shelf,position,sku,facings\n1,1,moon-cake,2\n")
    fixtures = [{"id": "cooler-1", "catalogue": str(ROOT / "configs" / "catalogues" / "demo"), "planogram": "plan.csv"}]
    config = read_config(write(tmp_path, fixtures=fixtures))
    with pytest.raises(FacingsError, match=r"plan\.csv: shelf 1 position 1: SKU moon-cake is not in"):
        check_config(config)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    camera = {"id": "cam-1", "fixture": "cooler-1", "source": {"kind": "folder", "path": "nowhere"}}
    config = read_config(write(tmp_path, cameras=[camera]))
    with pytest.raises(FacingsError, match=r"cam-1: .*nowhere: no such folder"):
        check_config(config)


def test_pictures_of_a_real_camera_are_not_kept_while_people_cannot_be_blurred(tmp_path: Path) -> None:
    camera = {"id": "cam-1", "fixture": "cooler-1", "source": {"kind": "usb"}}
    config = read_config(write(tmp_path, cameras=[camera], evidence={"keep": "daily"}))
    with pytest.raises(FacingsError, match=r"evidence\.keep: daily"):
        check_config(config)
