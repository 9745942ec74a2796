"""A device that moves: its configuration for the new place, and what of the old one must not come along.

What it saw keeps the store it was seen in and is delivered from wherever it stands. What it only remembers of a place,
usual views, stock-outs under way, doors, frames of trials and what was desired there, stays behind.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import structlog
import yaml
from pydantic import ValidationError

from edge.contract.config import AgentConfig
from edge.contract.errors import ConfigError
from edge.contract.payloads import StockoutClosed
from edge.contract.topics import Address
from edge.deliver.capacity import OutboxLimits
from edge.deliver.envelope import Draft, Stamp
from edge.deliver.evidence import EvidenceSpool
from edge.deliver.outbox import Outbox
from edge.device.at_rest import at_rest_of
from edge.device.camera import memory_key
from edge.device.clock import Clock, installed_at
from edge.device.fixture_views import FixtureMemory, fixture_key
from edge.device.memory import CameraMemory
from edge.device.moved_pictures import note_pictures
from edge.device.order_file import OrderFile, Telling
from edge.device.overlay import ASIDE
from edge.device.overlay import NAME as OVERLAY
from edge.device.settings import check_config, read_config
from edge.device.traffic_memory import TrafficMemory, traffic_key
from edge.device.whole_file import write_whole
from edge.shelf.stockout_state import tracker_from_dict
from edge.update.folder import UpdateFolder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from edge.contract.orders import Outcome
    from edge.device.order_file import Moving

log = structlog.get_logger(__name__)

OF_THE_PLACE = ("device", "zone", "hours", "cameras", "fixtures", "traffic")
"""Sections that belong to a place; what is not among them belongs to the board."""

KEPT = "clock"
"""What an outbox remembers of no place."""

_HEAD = "# Written at a move; the file before it is {before}. Every key and its default: edge config show FILE\n"


def moved_configuration(path: Path, there: Mapping[str, Any], *, own_cameras: bool = True) -> str:
    """The text of a device's file for its new place.

    Who it is there, the store's day, fixtures and how cameras look at them come from the collector; where its frames
    come from, whom it trusts and where it keeps what stay as they are.

    Args:
        path: its file as it is.
        there: what a new device would be told at the new place.
        own_cameras: whether frames go on coming from where they come.

    Raises:
        ConfigError: the two make no configuration, or it points to what is not on this device.
    """
    own = yaml.safe_load(path.read_text(encoding="utf-8"))
    made = {name: value for name, value in own.items() if name not in OF_THE_PLACE}
    made |= {name: there[name] for name in OF_THE_PLACE if name in there}
    for kind in ("cameras", "traffic"):
        sources = {one["id"]: one["source"] for one in own.get(kind) or [] if own_cameras}
        made[kind] = [{**one, "source": sources.get(one["id"], one["source"])} for one in made.get(kind) or []]
    fewest = max((one.get("min_count", 0) for one in own.get("traffic") or []), default=0)
    for one in made["traffic"]:  # how small a number may be told is no order's to lower
        if one.get("min_count", 0) < fewest:
            one["min_count"] = fewest
    made = {name: made[name] for name in (*there, *made) if name in made}
    try:
        config = AgentConfig.model_validate(made)
    except ValidationError as error:
        one = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(step) for step in one["loc"])
        raise ConfigError(f"the new place's configuration: {where}: {one['msg']}", "mend trust.template") from None
    check_config(config.relative_to(path.resolve().parent), path)
    return _HEAD.format(before=before(path).name) + yaml.safe_dump(made, sort_keys=False, allow_unicode=True)


def before(path: Path) -> Path:
    """Where the file before a move is kept: somebody may have written notes in it."""
    return path.with_name(f"{path.stem}.before.yaml")


def move(path: Path, step: Moving, told: Outcome | None) -> None:
    """Leave a place and be at the other. Killed between any two lines, the next start does all that is left of it.

    Args:
        path: the configuration file.
        step: where it was, and the configuration to be.
        told: what the collector has to hear of it.

    Raises:
        FacingsError: the disk refuses, or another agent is at work; nothing is lost.
    """
    if path.read_text(encoding="utf-8") != step.text:
        leave(read_config(path), Address(step.tenant, step.store, step.device))
        write_whole(before(path), path.read_text(encoding="utf-8"), mode=0o600)
        write_whole(path, step.text, mode=0o600)
    if told is None:
        OrderFile(path).forget()
    else:
        OrderFile(path).keep(Telling(outcome=told))
    log.info("device.moved", away_from=step.source)


def leave(config: AgentConfig, address: Address) -> None:
    """Say what is left to say of a place, and forget it. Again, it changes nothing.

    Raises:
        FacingsError: the disk refuses, or another agent is at work.
    """
    at_rest = at_rest_of(config)
    spool = EvidenceSpool(config.data / "evidence", max_mb=config.evidence.max_mb, at_rest=at_rest)
    limits = OutboxLimits(max_mb=config.outbox.max_mb, max_hours=config.outbox.max_hours)
    with Outbox.open(
        config.data / "outbox.db", address=address, limits=limits, evidence=spool, at_rest=at_rest
    ) as outbox:
        clock = Clock(latest_provable=installed_at())
        clock.recall(outbox.get_state(KEPT))
        note_pictures(config.data, spool.waiting(), address)
        stamp = Stamp(config.zone, "synced" if clock.synced() else "unsynced", clock.boot, clock.up())
        ended = [(Draft(clock.now(), one), stamp) for one in _ended(config, outbox)]
        outbox.leave([*_unsaid(config, outbox), *ended], keep=(KEPT,))
    for folder in (config.data / "views", UpdateFolder(config.data).frames):
        shutil.rmtree(folder, ignore_errors=True)
    for name in (OVERLAY, OVERLAY + ASIDE):
        (config.data / name).unlink(missing_ok=True)


def _unsaid(config: AgentConfig, outbox: Outbox) -> Iterator[tuple[Draft, Stamp]]:
    """What traffic cameras had counted and a kill kept them from saying."""
    for camera in config.traffic:
        unsaid = TrafficMemory.load(outbox.get_state(traffic_key(camera.id))).unsaid
        if unsaid is not None:
            yield unsaid.draft, unsaid.stamp


def _ended(config: AgentConfig, outbox: Outbox) -> Iterator[StockoutClosed]:
    """The stock-outs that are open, as of the last capture: nobody looks at them any more."""
    found: list[tuple[str, Mapping[str, Any] | None]] = [
        (one.fixture, CameraMemory.load(outbox.get_state(memory_key(one.id))).stockouts) for one in config.cameras
    ]
    found += [(one.id, FixtureMemory.load(outbox.get_state(fixture_key(one.id))).stockouts) for one in config.fixtures]
    for fixture, remembered in found:
        if remembered is None:
            continue
        state = tracker_from_dict(remembered)
        for sku, watch in sorted(state.watches.items()):
            if watch.episode is not None and state.at is not None:
                yield StockoutClosed(
                    episode=watch.episode.id,
                    fixture=fixture,
                    sku=sku,
                    since=watch.episode.since,
                    until=_not_before(state.at, watch.episode.since),
                    captures=[state.capture],
                )


def _not_before(at: datetime, since: datetime) -> datetime:
    return max(at, since)
