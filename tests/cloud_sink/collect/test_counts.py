from __future__ import annotations

from prometheus_client import REGISTRY

from cloud_sink.collect import counts
from cloud_sink.store.facts import Answer
from edge.contract.receipts import RefusalReason
from tests.cloud_sink.words import DEVICE, EPOCH, OTHER_EPOCH


def total(outcome: str) -> float:
    return REGISTRY.get_sample_value("facings_events_total", {"outcome": outcome}) or 0.0


def test_a_batch_is_counted_by_what_became_of_its_events() -> None:
    before = {outcome: total(outcome) for outcome in ("taken", "refused", "conflicts")}
    answers = {
        (DEVICE, EPOCH): Answer(taken={1, 2, 3}, conflicts={4}),
        (DEVICE, OTHER_EPOCH): Answer(taken={1}, refused={2: (RefusalReason.INVALID, "why")}),
    }
    counts.note(answers, 0.01)
    found = {outcome: total(outcome) - before[outcome] for outcome in before}
    assert found == {"taken": 4, "refused": 1, "conflicts": 1}
