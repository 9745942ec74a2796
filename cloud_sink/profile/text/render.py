"""The whole profile as text, in the order to read it: what to do first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloud_sink.profile.text.goods import goods_text
from cloud_sink.profile.text.people import people_text
from cloud_sink.profile.text.place import heading, place_text
from cloud_sink.profile.text.standing import grade_text, standing_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from cloud_sink.profile.model import StoreProfile
    from cloud_sink.profile.ranking_model import Standing


def render(profile: StoreProfile, standing: Standing | None = None) -> Iterator[RenderableType]:
    """The parts of a profile, and where the store stands over the same days if that is known."""
    yield from heading(profile)
    yield grade_text(profile.grade)
    yield from goods_text(profile)
    if standing is not None:
        yield from standing_text(standing)
    yield from people_text(profile.people)
    yield from place_text(profile.place)
