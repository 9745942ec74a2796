"""The real agent, killed again and again on its way through a day of frames, tells the day of an undisturbed one."""

from __future__ import annotations

import random
import shutil
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
import yaml

from tests.brokers import Mosquitto
from tests.faults.story import ADDRESS, ZONE
from tests.faults.yard import Child, Site, check_all_stored_once, wait_for

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "configs" / "demo"
FRAMES = 40
KILLS = 10


def edge_run(site: Site) -> Child:
    """`edge run` over the first frames of the demo's day; its outbox is the site's."""
    frames = site.folder / "frames"
    frames.mkdir()
    for path in sorted((DEMO / "frames").glob("*.jpg"))[:FRAMES]:
        shutil.copy(path, frames)
    config = {
        "device": {"tenant": ADDRESS.tenant, "store": ADDRESS.store, "id": ADDRESS.device},
        "zone": ZONE,
        "data": str(site.folder),
        "broker": {"port": site.port},
        "cameras": [
            {
                "id": "cam-1",
                "fixture": "cooler-1",
                "source": {"kind": "folder", "path": str(frames), "times": "names", "simulated": True},
                "schedule": {"every": "20m"},
            }
        ],
        "fixtures": [
            {
                "id": "cooler-1",
                "catalogue": str(ROOT / "configs" / "catalogues" / "demo"),
                "planogram": str(DEMO / "planogram.csv"),
                "stockout": {"captures": 1, "minutes": 0},
            }
        ],
    }
    (site.folder / "agent.yaml").write_text(yaml.safe_dump(config))
    arguments = ["-m", "edge.cli.app", "run", "--config", str(site.folder / "agent.yaml")]
    return Child(arguments, site.folder / "agent.log")


def begun_or_ended(agent: Child, lives: int) -> bool:
    """Whether the agent has come to its work so many times, or to its end."""
    return agent.ended or agent.log.read_text().count("agent.started") == lives


def run(folder: Path, *, kills: int) -> tuple[Site, tuple[int, int, int], int]:
    """The day, with so many kills of the agent; the site, what was accepted, lost and doubled, and the kills."""
    rng, killed = random.Random(11), 0
    with Mosquitto(folder / "broker") as broker, ExitStack() as stack:
        site = Site(folder, broker.port)
        agent = edge_run(site)
        stack.callback(site.collector.stop)
        stack.callback(agent.stop)
        site.collector.start()
        agent.start()
        # What a camera usually shows is written once four captures told what of it stays; a picture before that might
        # show somebody. Killed earlier, an agent learns it anew, and may call what is blocked something else.
        wait_for((folder / "views" / "cam-1.png").exists, "the camera's usual view is not written")
        time.sleep(0.5)
        while killed < kills:
            wait_for(partial(begun_or_ended, agent, killed + 1), "the agent does not start")
            time.sleep(rng.uniform(0.0, 0.5))
            if agent.ended:
                break
            agent.kill()
            killed += 1
            agent.start()
        agent.wait()
        site.collector.terminate()
    return site, check_all_stored_once(site), killed


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Site:
    site, (events, lost, doubled), _ = run(tmp_path_factory.mktemp("undisturbed"), kills=0)
    assert events > FRAMES
    assert (lost, doubled) == (0, 0)
    return site


def test_kills_of_edge_run_change_nothing_in_the_day(
    tmp_path: Path, undisturbed: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site, (events, lost, doubled), killed = run(tmp_path, kills=KILLS)
    with capsys.disabled():
        print(f"\nedge run: {killed} kills, {events} events, {lost} lost, {doubled} doubled")  # noqa: T201
    assert killed >= KILLS // 2
    assert (lost, doubled) == (0, 0)
    assert site.rollups() == undisturbed.rollups()
    captures = site.query(
        "SELECT type, count(*) FROM events WHERE type LIKE 'shelf%' OR type LIKE 'capture%' GROUP BY type"
    )
    assert sum(count for _, count in captures) == FRAMES
