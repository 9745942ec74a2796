"""`scripts/bench.py` from end to end: models timed, an agent run, its memory told."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_bench_tells_speed_and_the_memory_of_the_agent() -> None:
    few = ["--rounds", "1", "--threads", "1", "--pictures", "2", "--traffic", "1", "--enrol", "5"]
    command = [sys.executable, "scripts/bench.py", *few, "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert 50 < report["edge_run_peak_mb"] < 450  # an agent with two models loaded
    assert 0 < report["edge_run_first_event_seconds"] < 120
    assert {"detector", "recogniser", "both"} == {row["what"] for row in report["models"]}
    (counted,) = report["traffic"]
    assert counted["frames"] == 100  # of the film that is drawn
    assert counted["cpu_ms_a_frame"] > 1
    assert [row["cameras"] for row in report["shelf_beside_traffic"]] == [0, 1]
    assert report["edge_run_with_traffic_peak_mb"] > report["readers_peak_mb"] > 5  # a reader is a process of its own


def test_a_device_of_an_outside_authority_comes_from_a_claim_to_its_receipt_at_a_real_broker() -> None:
    command = [sys.executable, "scripts/bench_provision.py", "--runs", "1", "--outside", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert 0 < report["seconds"]["max"] < 60
    assert report["command_seconds"]["max"] > report["seconds"]["max"]
