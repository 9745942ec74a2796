"""Memory stays flat: an agent for some seconds, or for as many as `FACINGS_SOAK_SECONDS` says; the slope is printed.

The test of minutes: `FACINGS_SOAK_SECONDS=300 pytest -s tests/integration/test_soak.py`; for a day: `./scripts/soak`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest

from edge.device.analysis import load_analyser
from edge.recognise.images import read_upright

ROOT = Path(__file__).resolve().parents[2]
SECONDS = float(os.environ.get("FACINGS_SOAK_SECONDS", "15"))
LONG = 120.0
"""Seconds from which a slope says something: before that one page more or less decides."""

MOST_MB = 450
KB_A_CAPTURE = 2.0
"""The most that a long run may grow: a shelf every 15 min grows by 70 MB in a year then."""


def test_an_agent_at_work_stays_within_its_memory_and_loses_no_event() -> None:
    command = [sys.executable, "scripts/soak.py", "--hours", str(SECONDS / 3600), "--every", "0.2", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS + 400, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    print(report)  # noqa: T201 - the slope is what a reader of this test wants
    assert report["events_lost"] == 0
    assert 50 < report["resident_mb_most"] < MOST_MB
    if SECONDS >= LONG:
        assert report["slope_kb_a_capture"] < KB_A_CAPTURE


def test_frames_of_many_sizes_leave_no_memory_behind() -> None:
    analyser = load_analyser(None, catalogue=ROOT / "configs" / "catalogues" / "demo", threads=1)
    picture = read_upright(min((ROOT / "configs" / "demo" / "frames").glob("*.jpg"))).image
    sizes = [picture, picture[:, : picture.shape[1] // 2], picture[: picture.shape[0] // 2], picture[::2, ::2]]
    frames = [np.ascontiguousarray(one) for one in sizes]

    def read(times: int) -> int:
        for _ in range(times):
            for frame in frames:
                analyser.analyse(frame)
        return int(psutil.Process().memory_info().rss)

    warm = read(3)
    grown = (read(8) - warm) / 1e6
    print(f"32 frames of 4 sizes: {grown:+.1f} MB")  # noqa: T201 - see above
    assert grown < 12  # each plan of buffers that was held for a size took as much, and a leaked frame takes more


def test_the_slope_is_that_of_the_memory_after_warming_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    soak = pytest.importorskip("soak")
    samples = [
        SimpleNamespace(
            at=float(second),
            resident=int(100e6 + min(second, 20) * 5e6 + max(0, second - 20) * 1e3),
            written=second * 10_000,
            captures=second / 2,
        )
        for second in range(101)
    ]
    told = soak.figures(samples)
    assert told["slope_mb_an_hour"] == pytest.approx(3.6)
    assert told["slope_kb_a_capture"] == pytest.approx(2.0)
    assert told["written_mb_an_hour"] == pytest.approx(36.0)
