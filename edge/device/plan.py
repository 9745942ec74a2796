"""What is known of a fixture before looking at it, on each business day: its catalogue, and the planogram in force."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from edge.contract.planogram_index import resolve
from edge.shelf.facing import Slot

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from edge.contract.planogram import Planogram
    from edge.contract.planogram_index import HeldPlanogram


@dataclass(frozen=True, slots=True)
class Plan:
    """What is known of a fixture before looking at it."""

    catalogue: str | None = None  # name and version
    planogram: str | None = None
    owner_of: Mapping[str, str] | None = None  # SKU -> owner
    own: frozenset[str] = frozenset()
    slots: tuple[Slot, ...] = ()
    must_stock: tuple[str, ...] | None = None
    region: tuple[tuple[float, float], ...] = ()  # corners as shares of width and height; empty: the whole frame

    @property
    def planned(self) -> dict[str, int]:
        """Planned facings by SKU."""
        facings: dict[str, int] = {}
        for slot in self.slots:
            facings[slot.sku] = facings.get(slot.sku, 0) + slot.facings
        return facings


@dataclass(frozen=True, slots=True)
class Plans:
    """The plan of a fixture on every day.

    Args:
        lasting: what holds on all days.
        planograms: those of which at most one holds on a day.
        cooler_model: of the fixture, or None.
        channel: of its store, or None.
        own_known: whether `lasting` says who is own; else it is taken to be the owners of what is planned.
    """

    lasting: Plan
    planograms: tuple[HeldPlanogram, ...] = ()
    cooler_model: str | None = None
    channel: str | None = None
    own_known: bool = True

    def on(self, day: date) -> Plan:
        """The plan on a business day; without slots where no planogram holds."""
        planned = resolve(self.planograms, self.cooler_model, self.channel, day)
        own = self.lasting.own if self.own_known else _likely_own(self.lasting.owner_of or {}, planned)
        if planned is None:
            return replace(self.lasting, own=own)
        slots = tuple(Slot(slot.shelf, slot.position, slot.sku, slot.facings, slot.width_mm) for slot in planned.slots)
        return replace(self.lasting, own=own, planogram=planned.id, slots=slots)


def _likely_own(owners: Mapping[str, str], planned: Planogram | None) -> frozenset[str]:
    """Who is own where no contract says it: the owners of what is planned; without a plan everybody."""
    if planned is None:
        return frozenset(owners.values())
    return frozenset(owners[slot.sku] for slot in planned.slots if slot.sku in owners)
