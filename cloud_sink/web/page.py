"""What a page says of itself to the navigation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cloud_sink.rights.roles import Right

Group = Literal["daily", "analyses", "work", "setup"]
GROUPS: tuple[Group, ...] = ("daily", "analyses", "work", "setup")


@dataclass(frozen=True, slots=True)
class Page:
    """A page that the navigation leads to. Its words are in `words/{name}.yaml`, its name there is `title`."""

    name: str
    path: str
    icon: str  # of static/icons.svg
    group: Group
    order: int  # within its group
    right: Right = Right.FIGURES
