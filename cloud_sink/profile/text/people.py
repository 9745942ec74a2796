"""People: how many came, when, and how long they stayed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from cloud_sink.profile.text.words import UNKNOWN, count, duration, mean, percent, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from cloud_sink.profile.model import People


def people_text(people: People) -> Iterator[RenderableType]:
    """What was counted, and the course of the day."""
    if not people.hours:
        yield Text("People: no camera counts them here")
        return
    facts = {
        "footfall": count(people.footfall),
        "passers": count(people.passers),
        "stoppers": count(people.stoppers),
        "dwell": duration(people.dwell_seconds),
        "door-open rate": percent(people.door_open_rate),
        "peak hours": ", ".join(people.peak_hours) or UNKNOWN,
        "people in zones": mean(people.occupancy),
        "stays beyond the threshold": count(people.loitering),
        "intervals too small to be told": str(people.withheld_intervals),
        "completeness": percent(people.completeness),
    }
    about = table("People", "what", numbers=("value",))
    for name, value in facts.items():
        about.add_row(name, value)
    yield about
    hours = table("Hours", numbers=("hour", "footfall", "passers", "stoppers", "completeness"))
    for hour in people.hours:
        hours.add_row(
            hour.clock, count(hour.footfall), count(hour.passers), count(hour.stoppers), percent(hour.completeness)
        )
    yield hours
