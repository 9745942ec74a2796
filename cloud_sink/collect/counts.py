"""What a collector counts, for `/metrics`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import Counter, Histogram

if TYPE_CHECKING:
    from cloud_sink.store.intake import Answers

EVENTS = Counter("facings_events", "Events answered, known ones again included", ["outcome"])
COMMITS = Histogram("facings_commit_seconds", "Seconds until a batch was on disk")


def note(answers: Answers, seconds: float) -> None:
    """Count a committed batch."""
    COMMITS.observe(seconds)
    for outcome in ("taken", "refused", "conflicts"):
        EVENTS.labels(outcome).inc(sum(len(getattr(answer, outcome)) for answer in answers.values()))
