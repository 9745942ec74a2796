"""`scripts/bench_fleet.py` with a few devices: everything that happens to ten thousand happens to them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.postgres import Postgres

ROOT = Path(__file__).resolve().parents[2]
DEVICES = 40


def play(*more: str) -> dict[str, Any]:
    few = ["--devices", str(DEVICES), "--minutes", "0.1", "--captures", "8", "--patience", "2", "--json"]
    command = [sys.executable, "scripts/bench_fleet.py", *few, *more]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_every_profile_equals_the_truth_whatever_happened(kind: str, request: pytest.FixtureRequest) -> None:
    postgres: Postgres | None = request.getfixturevalue("postgres") if kind == "postgresql" else None
    report = play(*(["--database", postgres.fresh(empty=True)] if postgres else []))
    assert (report["database"], report["devices"], report["events"] > 1000) == (kind, DEVICES, True)
    assert (report["wrong"], report["differences"], report["profiles_wrong"]) == (0, [], 0)
    assert report["lives"] == {"collectors": [2, 2], "broker": 2}
    assert report["connections"] > DEVICES + DEVICES // 10  # everyone after the broker died, some once more
    assert report["doubled"] > 5
    assert report["sent_again_on_demand"] >= report["forgotten"] > 0
    assert [one["seconds"] is not None for one in report["caught_up"]] == [True] * 4
    assert report["cpu_us_an_event"]["collectors"] > 10
    assert 500 < report["database_octets_an_event"] < 20_000
