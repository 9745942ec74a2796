"""What every camera, door and sensor of an agent shares."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from edge.deliver.sealing import PLAIN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from edge.contract.business_day import Clockwork
    from edge.contract.config import EvidenceSection
    from edge.contract.payloads import Versions
    from edge.deliver.evidence import EvidenceSpool
    from edge.deliver.outbox import Outbox
    from edge.deliver.sealing import AtRest
    from edge.device.clock import Clock
    from edge.recognise.people import PeopleDetector
    from edge.recognise.privacy import View
    from edge.update.frames import TrialFolder


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every camera of an agent shares."""

    outbox: Outbox
    clock: Clock
    clockwork: Clockwork
    zone: str
    evidence: EvidenceSection
    spool: EvidenceSpool | None
    versions: Versions
    wake: Callable[[], None]
    views: Path | None = None  # folder for the cameras' usual views; None keeps them in memory only
    trials: TrialFolder | None = None  # frames to try releases on; None keeps none
    learnt: Mapping[str, View] = field(default_factory=dict)  # by camera, by whoever watched it before: see Agent
    at_rest: AtRest = PLAIN  # how the views lie in their folder
    people: PeopleDetector | None = None  # shared by the cameras of real shops; None: nobody is looked for
