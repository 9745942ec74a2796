"""Progress on stderr, when a person watches and the work is long."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

T = TypeVar("T")
LONG = 5
"""Fewer steps than this are over before anybody wonders."""


def track(steps: Sequence[T], label: str) -> Iterable[T]:
    """The steps, with a bar on stderr where that is a terminal and there are many."""
    return watch(steps, label, total=len(steps))


def watch(steps: Iterable[T], label: str, *, total: int) -> Iterable[T]:
    """The same of steps that come one by one; `total` is how many there are about."""
    if not sys.stderr.isatty() or total < LONG:
        return steps
    from rich.console import Console
    from rich.progress import track as bar

    return bar(steps, description=label, total=total, console=Console(stderr=True), transient=True)
