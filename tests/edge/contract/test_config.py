"""Configuration from YAML: what is read, and what an error says."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.config import AgentConfig
from edge.contract.errors import ConfigError
from edge.contract.files import load_yaml, parse_yaml

GOOD = """\
device:
  tenant: acme
  store: store-1
  id: dev-1
zone: Asia/Ho_Chi_Minh
data: state
cameras:
  - id: cam-1
    fixture: cooler-1
    source:
      kind: folder
      path: frames
    schedule:
      every: 20m
fixtures:
  - id: cooler-1
    planogram: plan.csv
"""


def read(text: str) -> AgentConfig:
    return parse_yaml(text, AgentConfig, name="agent.yaml")


def test_durations_and_times_are_written_as_people_write_them() -> None:
    config = read(GOOD + "hours:\n  opens: 07:30\n  closes: 22:00\nhealth_every: 90s\n")
    assert config.cameras[0].schedule.every == 1200
    assert (config.hours.opens.isoformat(), config.hours.closes.isoformat()) == ("07:30:00", "22:00:00")
    assert config.health_every == 90


def test_paths_are_taken_from_the_folder_of_the_file() -> None:
    config = read(GOOD).relative_to(Path("/etc/facings"))
    assert config.data == Path("/etc/facings/state")
    assert config.fixtures[0].planogram == Path("/etc/facings/plan.csv")
    source = config.cameras[0].source
    assert source.kind == "folder"
    assert source.path == Path("/etc/facings/frames")


@pytest.mark.parametrize(
    ("found", "written", "said"),
    [
        ("  tenant: acme", "  tenent: acme", "line 2: unknown key device.tenent; and 1 more (did you mean tenant?)"),
        ("      every: 20m", "      evry: 20m", "line 14: unknown key cameras.0.schedule.evry"),
        ("      every: 20m", "      every: soon", "line 14: cameras.0.schedule.every: write a duration such as 30s"),
        (
            "      every: 20m",
            "      every: 20m\n      cron: '* * * * *'",
            "cameras.0.schedule: give either every or cron",
        ),
        ("zone: Asia/Ho_Chi_Minh", "zone: Mars/Olympus", "line 5: zone: no time zone is called Mars/Olympus"),
        ("data: state", "", "key data is missing (add it: data: …)"),
        ("      kind: folder", "      kind: balloon", "line 10: cameras.0.source"),
        ("      path: frames", "      pth: frames", "line 12: unknown key cameras.0.source.pth"),
        ("    fixture: cooler-1", "    fixture: cooler-9", "camera cam-1 looks at fixture cooler-9"),
        ("  store: store-1", "  store: Store 1", "line 3: device.store"),
        ("  store: store-1", "  store: store-1\n  store: store-2", "line 4: key store stands twice (it is on line 3"),
        ("device:", "device: [", "agent.yaml: line"),
        (
            "    planogram: plan.csv",
            "    region: [[0, 0], [1, 0]]",
            "fixtures.0.region: region has at least three corners",
        ),
        ("zone: Asia/Ho_Chi_Minh", "zone: [Asia]", "zone: Input should be a valid string"),
    ],
)
def test_an_error_names_file_line_key_and_mend(found: str, written: str, said: str) -> None:
    assert found in GOOD
    with pytest.raises(ConfigError) as caught:
        read(GOOD.replace(found, written, 1))
    assert str(caught.value).startswith("agent.yaml: ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_empty_file_says_how_to_begin() -> None:
    with pytest.raises(ConfigError, match="start with: device:"):
        read("# nothing yet\n")


def test_a_file_that_holds_no_keys_says_so() -> None:
    with pytest.raises(ConfigError, match="keys such as `name: value` belong here"):
        read("- a\n")


def test_an_item_that_is_wrong_is_one_error() -> None:
    with pytest.raises(ConfigError) as caught:
        read(GOOD.replace("every: 20m", "every: soon"))
    assert "more" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"agent\.yaml: No such file"):
        load_yaml(tmp_path / "agent.yaml", AgentConfig)


@given(st.text(max_size=200))
def test_no_text_makes_the_reader_stumble(text: str) -> None:
    with pytest.raises(ConfigError):
        read(text)


TWO_VIEWS = """\
device: {tenant: acme, store: store-1, id: dev-1}
zone: Asia/Ho_Chi_Minh
data: state
cameras:
- id: cam-1
  fixture: cooler-1
  view: left
  source: {kind: usb, device: 0}
  geometry:
    part: [0, 0, 0.5, 1]
    corners: [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]]
- id: cam-2
  fixture: cooler-1
  view: right
  source: {kind: usb, device: 1}
  geometry:
    part: [0.5, 0, 1, 1]
    corners: [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]]
fixtures:
- id: cooler-1
"""


def test_two_cameras_may_look_at_one_fixture_when_each_says_where() -> None:
    views = [camera.geometry for camera in read(TWO_VIEWS).cameras]
    assert [view.part for view in views if view] == [(0, 0, 0.5, 1), (0.5, 0, 1, 1)]


@pytest.mark.parametrize(
    ("found", "written", "said"),
    [
        (
            "  geometry:\n    part: [0.5, 0, 1, 1]\n    corners: [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]]\n",
            "",
            "2 cameras look at fixture cooler-1; give camera cam-2 a geometry",
        ),
        ("view: right", "view: left", "two cameras of fixture cooler-1 have the view left"),
        ("  view: right", "  view: right\n  schedule: {every: 5m}", "give them one schedule"),
        ("- id: cooler-1\n", "- id: cooler-1\n  region: [[0, 0], [1, 0], [1, 1]]\n", "takes the place of region"),
        ("part: [0.5, 0, 1, 1]", "part: [1, 0, 0.5, 1]", "part is left, top, right, bottom"),
        ("[[0.1, 0.1], [0.9, 0.1]", "[[0.9, 0.1], [0.1, 0.1]", "corners go round: top left, top right"),
        ("[0.9, 0.1], [0.9, 0.9]", "[0.9, 0.1], [0.3, 0.3]", "corners go round"),
        ("[[0.1, 0.1], [0.9, 0.1]", "[[0.1, 0.1], [5, 0.1]", "less than or equal to 2"),
    ],
)
def test_what_is_wrong_with_views_is_told(found: str, written: str, said: str) -> None:
    assert found in TWO_VIEWS
    with pytest.raises(ConfigError) as caught:
        read(TWO_VIEWS.replace(found, written))
    assert said in str(caught.value)


def test_a_view_that_is_alone_has_no_geometry() -> None:
    with pytest.raises(ConfigError, match="camera cam-1 alone looks at fixture cooler-1; leave out its geometry"):
        read(TWO_VIEWS[: TWO_VIEWS.index("- id: cam-2")] + "fixtures:\n- id: cooler-1\n")
