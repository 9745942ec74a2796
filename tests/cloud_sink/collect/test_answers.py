"""What a batch is answered with, as messages."""

from __future__ import annotations

from datetime import UTC, datetime

from cloud_sink.collect.answers import receipts
from cloud_sink.store.facts import Answer
from edge.contract.events import MAX_EVENT_BYTES
from edge.contract.receipts import RefusalReason
from tests.cloud_sink.words import DEVICE, EPOCH

AT = datetime(2026, 3, 20, tzinfo=UTC)
LAST = 2**53 - 1


def test_however_much_is_answered_no_receipt_is_longer_than_an_event_may_be() -> None:
    numbers = set(range(LAST - 10_000, LAST, 2))
    reason = (RefusalReason.INVALID, "冷" * 300)
    answer = Answer(taken=set(numbers), refused=dict.fromkeys(numbers, reason), conflicts=set(numbers))
    told = [receipt for _, receipt in receipts({(DEVICE, EPOCH): answer}, at=AT)]
    assert max(len(receipt.model_dump_json().encode()) for receipt in told) < MAX_EVENT_BYTES
    assert {first for receipt in told for first, _ in receipt.ranges} == numbers
    assert {refusal.seq for receipt in told for refusal in receipt.refused} == numbers
    assert {seq for receipt in told for seq in receipt.conflicts} == numbers


def test_one_message_is_enough_for_a_whole_sequence() -> None:
    answers = {(DEVICE, EPOCH): Answer(taken=set(range(1, 5001)))}
    assert [receipt.ranges for _, receipt in receipts(answers, at=AT)] == [[(1, 5000)]]
