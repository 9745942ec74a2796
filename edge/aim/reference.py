"""The reference view, kept when a camera is aimed well: its usual view from the first capture on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge.aim.view import AimedView
    from edge.deliver.outbox import Outbox
    from edge.device.view_file import ViewFile


def store(view: AimedView, *, outbox: Outbox, file: ViewFile) -> None:
    """Make a view the camera's usual one: from now on a frame that shows another is rejected as `moved`.

    What the camera remembered of an earlier view is forgotten. The agent must not run meanwhile.

    Args:
        view: of `look`, with a picture.
        outbox: of the device: what a camera remembers stands beside its events.
        file: of the camera's usual view.

    Raises:
        ConfigError: there is no picture, or the disk does not take it.
    """
    raise NotImplementedError(view, outbox, file)
