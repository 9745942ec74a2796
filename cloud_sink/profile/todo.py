"""What to do in a store, ranked by what it would give: points of the grade, or sight of what nobody sees. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloud_sink.profile.availability import NOTHING
from cloud_sink.profile.model import Action

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from cloud_sink.profile.model import FixtureProfile, Grade
    from cloud_sink.profile.shelf import Shelf
    from cloud_sink.store.day import Episode
    from cloud_sink.store.place import LastLook
    from edge.contract.catalogue import Sku

BLIND = 0.8
"""A fixture of which less than this of the captures due was accepted is not seen well enough."""

_BROKEN = ("missing", "void", "misplaced", "too_few")


def actions(
    shelf: Shelf,
    fixtures: Sequence[FixtureProfile],
    graded: Grade,
    *,
    episodes: Iterable[Episode],
    looks: Iterable[LastLook],
    rejected: Mapping[str, tuple[str, str]],
    products: Mapping[str, Sku],
) -> list[Action]:
    """The actions of a business day, the most worthwhile first.

    Args:
        shelf: of the whole store.
        fixtures: each one's profile.
        graded: the store's grade, whose weights say what a KPI is worth.
        episodes: stock-outs of the day; those that last are to be refilled.
        looks: the last accepted capture of each view of each fixture.
        rejected: event and capture that was rejected last, by fixture.
        products: names.
    """
    worth = {part.kpi: part.points + part.missing for part in graded.parts}
    last = {(look.fixture, look.view): look for look in looks}
    found = [
        *_refills(shelf, worth.get("osa", 0.0), episodes, last, products),
        *_foreign(worth.get("purity", 0.0), last),
        *_planograms(worth.get("compliance", 0.0), last, {one.sku for one in episodes if one.until is None}),
        *_cameras(fixtures, rejected),
    ]
    return sorted(found, key=lambda one: (-one.points, one.kind, one.fixture, one.sku or ""))


def _refills(
    shelf: Shelf,
    worth: float,
    episodes: Iterable[Episode],
    last: Mapping[tuple[str, str], LastLook],
    products: Mapping[str, Sku],
) -> Iterator[Action]:
    observed = sum(one.observed for one in shelf.availability.values())
    for episode in episodes:
        if episode.until is not None:
            continue
        out = shelf.availability.get(episode.sku, NOTHING).out
        product = products.get(episode.sku)
        yield Action(
            kind="refill",
            fixture=episode.fixture,
            sku=episode.sku,
            name=product.name if product else None,
            count=None,
            since=episode.since,
            points=worth * out / observed if observed else 0.0,
            **_proof(next((look for (fixture, _), look in last.items() if fixture == episode.fixture), None)),
        )


def _foreign(worth: float, last: Mapping[tuple[str, str], LastLook]) -> Iterator[Action]:
    known = sum(look.own + look.foreign for look in last.values())
    for fixture, looks in _by_fixture(last).items():
        foreign = sum(look.foreign for look in looks)
        if foreign:
            yield Action(
                kind="remove_foreign",
                fixture=fixture,
                sku=None,
                name=None,
                count=foreign,
                since=None,
                points=worth * foreign / known,
                **_proof(max(looks, key=lambda look: look.foreign)),
            )


def _planograms(worth: float, last: Mapping[tuple[str, str], LastLook], out: set[str]) -> Iterator[Action]:
    whole = sum(look.planned for look in last.values())
    for fixture, looks in _by_fixture(last).items():
        broken = sum(
            max(0, deviation.planned - deviation.seen)
            for look in looks
            for deviation in look.deviations
            if deviation.kind in _BROKEN and deviation.sku not in out  # what is sold out is to be refilled
        )
        if broken and whole:
            yield Action(
                kind="reset_planogram",
                fixture=fixture,
                sku=None,
                name=None,
                count=broken,
                since=None,
                points=min(worth, worth * broken / whole),
                **_proof(max(looks, key=lambda look: len(look.deviations))),
            )


def _cameras(fixtures: Sequence[FixtureProfile], rejected: Mapping[str, tuple[str, str]]) -> Iterator[Action]:
    for one in fixtures:
        seen = one.completeness.value
        if seen is not None and seen < BLIND:
            reasons = sorted(one.rejected.items(), key=lambda item: (-item[1], item[0]))
            yield Action(
                kind="repair_camera",
                fixture=one.fixture,
                sku=None,
                name=reasons[0][0] if reasons else None,
                count=(one.completeness.due or 0) - one.completeness.accepted,
                since=None,
                points=100 * (1 - seen) / len(fixtures),
                **(
                    _proof(None) | dict(zip(("event", "capture"), rejected.get(one.fixture, (None, None)), strict=True))
                ),
            )


def _by_fixture(last: Mapping[tuple[str, str], LastLook]) -> dict[str, list[LastLook]]:
    found: dict[str, list[LastLook]] = {}
    for (fixture, _), look in sorted(last.items()):
        found.setdefault(fixture, []).append(look)
    return found


def _proof(look: LastLook | None) -> dict[str, str | None]:
    return {
        "capture": look.capture if look else None,
        "event": look.event if look else None,
        "evidence": look.evidence if look else None,
        "photographed": look.photographed if look else None,
    }
