"""Place: where the store is, what was paid for in it, and the devices that look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from cloud_sink.profile.text.words import UNKNOWN, clock, duration, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType
    from rich.table import Table

    from cloud_sink.profile.model import Contract, DevicePortrait, Place, StoreProfile


def heading(profile: StoreProfile) -> Iterator[RenderableType]:
    """Which store, when, and what is known of it."""
    place = profile.place
    when = f"{profile.since:%A %d %B %Y}" + ("" if profile.day else f" to {profile.until:%A %d %B %Y}")
    yield Text(f"{place.name or profile.store}  ·  {when}", style="bold")
    yield Text(
        f"tenant {profile.tenant}  store {profile.store}"
        + "".join(f"  {word}" for word in _described(place))
        + f"  open {clock(place.opens, place)} to {clock(place.closes, place)} {place.zone}"
    )
    if profile.simulated:
        yield Text("SIMULATED: these figures come from rendered pictures, not from a store", style="bold yellow")
    if profile.silent_days:
        yield Text(f"nothing came of {profile.silent_days} days: they are in no figure")


def place_text(place: Place) -> Iterator[RenderableType]:
    """Contracts and devices, where there are any."""
    if place.contracts:
        yield _contracts(place.contracts)
    if place.devices:
        yield _devices(place.devices)


def _described(place: Place) -> Iterator[str]:
    words = {
        "": place.chain,
        " ": place.channel,
        "  ": place.city,
        "class ": place.store_class,
        "visited by ": place.representative,
        "GLN ": place.gln,
    }
    yield from (f"{before.strip()} {word}".strip() for before, word in words.items() if word)
    if place.area_m2 is not None:
        yield f"{place.area_m2:g} m²"
    if place.latitude is not None and place.longitude is not None:
        yield f"{place.latitude:.4f}, {place.longitude:.4f}"


def _contracts(contracts: list[Contract]) -> Table:
    made = table("Display contracts", "contract", "side", "brand", "where", "from", "to", numbers=("paid facings",))
    for one in contracts:
        where = one.fixture or "anywhere"
        made.add_row(one.contract, one.side, one.brand, where, f"{one.since}", f"{one.until}", str(one.facings))
    return made


def _devices(devices: list[DevicePortrait]) -> Table:
    made = table(
        "Devices", "device", "state", "last seen (UTC)", numbers=("events missing", "uptime", "outbox", "device °C")
    )
    for one in devices:
        health = one.health or {}
        made.add_row(
            one.device,
            one.state or UNKNOWN,
            f"{one.last_seen:%Y-%m-%d %H:%M}",
            str(one.missing_events),
            duration(one.uptime_seconds),
            str(health.get("outbox_depth", UNKNOWN)),
            UNKNOWN if health.get("celsius") is None else f"{health['celsius']}",
        )
    return made
