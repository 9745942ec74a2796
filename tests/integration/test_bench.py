"""`scripts/bench.py` from end to end: models timed, an agent run, its memory told."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_bench_tells_speed_and_the_memory_of_the_agent() -> None:
    command = [sys.executable, "scripts/bench.py", "--rounds", "1", "--threads", "1", "--pictures", "2", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["edge_run_peak_mb"] > 50  # an agent with two models loaded
    assert {"detector", "recogniser", "both"} == {row["what"] for row in report["models"]}
