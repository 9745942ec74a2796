"""A cooler's door: when it opens and closes, by a sensor that bounces and forgets, and what an opening changed.

Seconds are counted, not read from a clock: whoever asks hands in how many went by, so that a clock that is set back
makes no opening longer or shorter.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from edge.shelf.voting import match_places

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edge.shelf.facing import Facing


@dataclass(frozen=True, slots=True)
class DoorRules:
    """What counts as an opening."""

    settle: float = 0.3  # seconds a sensor must say otherwise before it is believed: contacts bounce
    too_long: float = 180.0  # seconds after which an open door is reported
    lost: float = 4 * 3600.0  # seconds after which the sensor's word that it closed must have been lost

    def __post_init__(self) -> None:
        if not 0 <= self.settle < self.too_long < self.lost:
            raise ValueError("settle is shorter than too_long, and that shorter than lost")


@dataclass(frozen=True, slots=True)
class Door:
    """Where a door stands."""

    open: bool = False
    seconds: float = 0.0  # it has been open, or it was
    otherwise: float | None = None  # seconds for which the sensor has said the contrary; None: it does not
    reported: bool = False  # that it is open for too long
    stuck: bool = False  # its closing was lost: open means nothing until the sensor has said closed


@dataclass(frozen=True, slots=True)
class Happening:
    """Something to tell: the door opened, closed, or is open for too long."""

    kind: Literal["opened", "closed", "too_long"]
    seconds: float | None  # open so far; None when it closed and nobody knows when


def step(door: Door, *, said: bool | None, seconds: float, rules: DoorRules) -> tuple[Door, list[Happening]]:
    """Let time pass, and hear the sensor.

    An opening begins with the first moment of a run in which the sensor says open, and ends likewise.

    Args:
        door: before.
        said: what the sensor says now, True for open; None: nothing new, what it said last holds.
        seconds: since the last step, by a clock that is never set.
        rules: what counts as an opening.

    Returns:
        The door now, and what there is to tell, in its order.

    Raises:
        ValueError: negative seconds.
    """
    if not seconds >= 0:
        raise ValueError(f"{seconds} seconds went by")
    # What the sensor said last held until now.
    door = replace(
        door,
        seconds=door.seconds + seconds if door.open else door.seconds,
        otherwise=None if door.otherwise is None else door.otherwise + seconds,
    )
    happened: list[Happening] = []
    door = _turned(door, rules, happened)
    if said is not None:
        if door.stuck:
            return replace(door, stuck=said), happened
        if said == door.open:
            door = replace(door, otherwise=None)
        elif door.otherwise is None:
            door = replace(door, otherwise=0.0)
        door = _turned(door, rules, happened)
    if door.open and door.seconds >= rules.lost:
        return Door(stuck=True), [*happened, Happening("closed", None)]
    if door.open and not door.reported and door.otherwise is None and door.seconds >= rules.too_long:
        return replace(door, reported=True), [*happened, Happening("too_long", door.seconds)]
    return door, happened


def _turned(door: Door, rules: DoorRules, happened: list[Happening]) -> Door:
    """The door the other way round, if its sensor has said so for long enough."""
    if door.otherwise is None or door.otherwise < rules.settle:
        return door
    if door.open:
        open_for = max(0.0, door.seconds - door.otherwise)
        happened.append(Happening("closed", open_for))
        return Door(seconds=open_for)
    happened.append(Happening("opened", 0.0))
    return Door(open=True, seconds=door.otherwise)


def door_to_dict(door: Door) -> dict[str, Any]:
    """The door as values that JSON can hold."""
    return {"open": door.open, "seconds": door.seconds, "reported": door.reported, "stuck": door.stuck}


def door_from_dict(data: Mapping[str, Any], *, away: float) -> Door:
    """The door after a restart; what its sensor was about to say is asked anew.

    Args:
        data: what `door_to_dict` made.
        away: seconds of the restart, as far as known; less than none counts as none.
    """
    door = Door(bool(data["open"]), float(data["seconds"]), None, bool(data["reported"]), bool(data["stuck"]))
    return replace(door, seconds=door.seconds + max(0.0, away)) if door.open else door


@dataclass(frozen=True, slots=True)
class Change:
    """What an opening did to the facings of one SKU. Facings, not units: what stands behind is not seen."""

    taken: int
    added: int


def compare(before: Sequence[Facing], after: Sequence[Facing]) -> dict[str, Change]:
    """Compare the facings before and after an opening, place by place, and add them up SKU by SKU.

    Only what was recognised is counted. A facing in doubt, or of a product in no catalogue, proves neither that what
    stood there was taken nor that anything was added. What was moved to another place is neither.

    Args:
        before: of the last capture before it, boxes in the same pixels as
        after: those of the best capture after it.

    Returns:
        SKUs that changed.
    """
    same = match_places(before, after)
    taken: Counter[str] = Counter()
    added: Counter[str] = Counter()
    for number, facing in enumerate(before):
        now = after[same[number]] if number in same else None
        was_named, is_named = _named(facing), now and _named(now)
        if was_named and (now is None or (is_named and is_named != was_named)):
            taken[was_named] += 1
        if is_named and was_named and is_named != was_named:
            added[is_named] += 1
    for number in set(range(len(after))) - set(same.values()):
        if name := _named(after[number]):
            added[name] += 1
    moved = {sku: min(taken[sku], added[sku]) for sku in taken.keys() | added.keys()}
    changes = {sku: Change(taken[sku] - count, added[sku] - count) for sku, count in sorted(moved.items())}
    return {sku: change for sku, change in changes.items() if change != Change(0, 0)}


def _named(facing: Facing) -> str | None:
    return facing.sku if facing.status == "recognised" else None
