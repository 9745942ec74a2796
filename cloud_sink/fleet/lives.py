"""Whether one device speaks under a name, or two: an identity that was copied to a second board. Pure.

A device has one life at a time: a boot of its kernel, and an epoch of its outbox. Both are drawn at random and neither
comes back once another has followed: a restart brings a new boot, a lost or damaged outbox a new epoch, and an outbox
that was set back by a backup begins a new epoch with its first conflict. Two boards with one identity throw each other
off the broker in turn, and each says with every connection which life it leads. So a copy is proven when **two** lives
have each come back after another spoke. One that came back proves nothing: that is what a restored backup looks like,
and a device that forgets its disk with each start brings back the same epoch again and again, but never two.

Seen here are the words `born` on `state`: said live and never out of an outbox, so that a backlog of before a restart
is no sign of life. A collector that lags says them late; within a boot the device's own clock tells that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST = 12
"""Lives of a device that are remembered: six turns of two boards."""

EPOCHS_WITHIN = 3_600_000
"""Milliseconds within which epochs must come back. Boots never do; but whoever restores one backup after another by
hand brings back epochs, and takes longer than two boards that take each other's connection every few seconds."""

SETTLING = 300_000
"""Milliseconds after a board took another's place in which nothing counts: until every broker shut the other out."""

Mark = Literal["boot", "epoch"]


@dataclass(frozen=True, slots=True)
class Life:
    """A stretch of time in which nobody else spoke under a device's name. Moments are milliseconds since 1970."""

    boot: str
    epoch: str
    said: int  # of its last word, by the device's clock
    heard: int  # of its first word, by the collector's


Trail = tuple[Life, ...]
"""The lives of a device in the order in which they were heard."""


def hear(trail: Trail, word: Life) -> Trail:
    """The trail with one more word; the same one where the word is an old one, which a lagging collector heard."""
    if any(one.boot == word.boot and word.said <= one.said for one in trail):
        return trail
    last = trail[-1] if trail else None
    if last is not None and (last.boot, last.epoch) == (word.boot, word.epoch):
        return (*trail[:-1], replace(last, said=word.said))
    return (*trail, word)[-MOST:]


def proof(trail: Trail, *, since: int = 0) -> Mark | None:
    """What proves, with the newest life, that two devices lead them; None where nothing does.

    Args:
        trail: the lives that were heard.
        since: milliseconds; what was heard before is of no account, since another board had the name then.
    """
    lives = [one for one in trail if one.heard >= since]
    if not lives:
        return None
    if _took_turns(one.boot for one in lives):
        return "boot"
    lately = lives[-1].heard - EPOCHS_WITHIN
    return "epoch" if _took_turns(one.epoch for one in lives if one.heard >= lately) else None


def _took_turns(marks: Iterable[str]) -> bool:
    """Whether the last mark has come back, and another one has before it."""
    order: list[str] = []
    for mark in marks:
        if not order or order[-1] != mark:
            order.append(mark)
    came_back = [mark for at, mark in enumerate(order) if mark in order[:at]]
    return len(set(came_back)) > 1 and order[-1] in order[:-1]
