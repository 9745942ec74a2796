"""Receipts: what is stored for good, told to the device."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from edge.contract import ranges as ranged
from edge.contract.receipts import MAX_RANGES, Receipt, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cloud_sink.store.intake import Answers
    from edge.contract.topics import Address

T = TypeVar("T")


def receipts(answers: Answers) -> Iterator[tuple[Address, Receipt]]:
    """The receipts of a committed batch, in as many messages as it takes."""
    for (address, epoch), answer in answers.items():
        taken = ranged.from_numbers(answer.taken)
        refused = [
            Refusal(seq=seq, reason=reason, detail=detail) for seq, (reason, detail) in sorted(answer.refused.items())
        ]
        conflicts = sorted(answer.conflicts)
        for start in range(0, max(len(taken), len(refused), len(conflicts)), MAX_RANGES):
            yield (
                address,
                Receipt(
                    epoch=epoch,
                    ranges=_slice(taken, start),
                    refused=_slice(refused, start),
                    conflicts=_slice(conflicts, start),
                ),
            )


def _slice(items: Sequence[T], start: int) -> list[T]:
    return list(items[start : start + MAX_RANGES])
