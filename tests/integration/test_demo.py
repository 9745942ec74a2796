"""The demo as a person runs it: on its rendered day, and on real photographs whose labels were audited."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
TRUTH = json.loads((ROOT / "configs" / "demo" / "truth.json").read_text())["day"]


def run_demo(save: Path, *words: str) -> tuple[str, dict[str, Any]]:
    command = [sys.executable, str(ROOT / "scripts" / "demo.py"), "--once", "--save", str(save), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    profile: dict[str, Any] = json.loads(save.read_text())
    return done.stdout, profile


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any]]:
    """The demo's output and profile, made while another program holds MQTT's usual port."""
    with closing(socket.socket()) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            other.bind(("127.0.0.1", 1883))
            other.listen()
        except OSError:
            pass  # taken already, which is what this wants
        return run_demo(tmp_path_factory.mktemp("demo") / "profile.json")


def test_everything_shown_says_that_it_is_simulated(rendered: tuple[str, dict[str, Any]]) -> None:
    shown, profile = rendered
    assert profile["simulated"] is True
    assert "SIMULATED 模拟" in shown
    assert "http://127.0.0.1:" in shown


def test_spoilt_frames_are_rejected_for_what_spoilt_them(rendered: tuple[str, dict[str, Any]]) -> None:
    _, profile = rendered
    (cooler,) = profile["fixtures"]
    assert cooler["rejected"] == {"blocked": 1, "blurred": 1, "dark": 1}
    assert cooler["captures"] == TRUTH["clear_frames"]["frames"]
    assert profile["completeness"]["value"] == pytest.approx(39 / 42)


def test_the_rendered_day_is_read_about_as_it_was(rendered: tuple[str, dict[str, Any]]) -> None:
    _, profile = rendered
    truth = TRUTH["clear_frames"]
    total = sum(truth["facings_mean"].values())
    assert profile["goods"]["kpis"]["facings"]["all"] == pytest.approx(total, rel=0.05)


def test_the_stock_out_of_the_story_is_found_and_no_other(rendered: tuple[str, dict[str, Any]]) -> None:
    _, profile = rendered
    assert [line["sku"] for line in profile["goods"]["stockouts"]] == [one["sku"] for one in TRUTH["stockouts"]]


def test_it_begins_and_ends_with_the_first_captures_that_show_it(rendered: tuple[str, dict[str, Any]]) -> None:
    _, profile = rendered
    ((told, true),) = zip(profile["goods"]["stockouts"], TRUTH["stockouts"], strict=True)
    for edge in ("since", "until"):
        late = datetime.fromisoformat(told[edge]) - datetime.fromisoformat(true[edge])
        assert timedelta() <= late <= timedelta(minutes=20)


def test_the_profile_of_real_photographs_is_that_of_their_audited_labels(shared_data: Path, tmp_path: Path) -> None:
    valid = shared_data / "cooler" / "valid"
    shown, profile = run_demo(tmp_path / "profile.json", "--frames", str(valid))
    labels = json.loads((valid / "annotations_audited.json").read_text())
    names = {category["id"]: category["name"] for category in labels["categories"]}
    units = [names[one["category_id"]] for one in labels["annotations"] if not one["iscrowd"]]
    photographs = len(labels["images"])
    assert profile["simulated"] is False
    assert profile["completeness"] == {"value": 1.0, "accepted": photographs, "due": photographs, "unknown_days": 0}
    facings = profile["goods"]["kpis"]["facings"]
    assert facings["all"] == pytest.approx(len(units) / photographs, rel=0.05)
    lines = {line["sku"]: line for line in profile["goods"]["skus"]}
    told = set(units) - {"foreign", "sku-not-told"}
    for sku in told:  # what is called a SKU is it; what is not is unsure rather than wrong
        true, line = units.count(sku) / photographs, lines.get(sku, {"facings": 0.0, "unsure": 0.0})
        assert line["facings"] <= true + 0.1, sku
        assert line["facings"] + line["unsure"] == pytest.approx(true, abs=0.45), sku
    read = {sku: lines[sku]["facings"] / facings["all"] if sku in lines else 0.0 for sku in told}
    assert sum(abs(share - units.count(sku) / len(units)) for sku, share in read.items()) < 0.25
    assert profile["goods"]["kpis"]["purity"]["value"] == pytest.approx(1.0, abs=0.02)
    assert "annotations_audited.json" in shown


def test_a_demo_that_is_ended_leaves_nothing_behind(tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [sys.executable, str(ROOT / "scripts" / "demo.py")]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as demo:
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob("facings-demo-*/agent.log")):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        parts = psutil.Process(demo.pid).children(recursive=True)
        demo.terminate()
        assert demo.wait(timeout=30) in {0, 130}
    assert parts
    _, alive = psutil.wait_procs(parts, timeout=10)
    assert alive == []
    assert list(tmp_path.iterdir()) == []


def test_pictures_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    frame = (ROOT / "configs" / "demo" / "frames" / "2026-03-14T08-00-00.jpg").read_bytes()
    folder = tmp_path / "photographs"
    folder.mkdir()
    (folder / "torn.jpg").write_bytes(frame[:3000])
    (folder / "whole.jpg").write_bytes(frame)
    shown, profile = run_demo(tmp_path / "profile.json", "--frames", str(folder))
    assert "torn.jpg" in shown
    assert profile["fixtures"][0]["captures"] == 1
    (folder / "whole.jpg").unlink()
    command = [sys.executable, str(ROOT / "scripts" / "demo.py"), "--once", "--frames", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 1
    assert "torn.jpg" in done.stderr


def test_labels_that_are_none_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(next((ROOT / "configs" / "demo" / "frames").glob("*.jpg")).read_bytes())
    (tmp_path / "annotations.json").write_text('{"images": []}')
    command = [sys.executable, str(ROOT / "scripts" / "demo.py"), "--once", "--frames", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout.count("Traceback")) == (1, 0)
    assert "annotations.json: not COCO labels" in done.stderr
