"""Desired against reported: what is the same, what is not yet, what was refused, and what nobody asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cloud_sink.fleet.abreast import Desired, Kind, Part, Verdict, differing, parts
from cloud_sink.releases.contents import Contents
from cloud_sink.store.certified import Certified
from cloud_sink.store.configured import Configured
from edge.contract.payloads import DeviceHealth
from edge.contract.receipts import ConfigFault, ConfigReport

NOW = datetime(2026, 3, 20, tzinfo=UTC)
A, B = "a" * 64, "b" * 64
RELEASE = Contents(
    7, agent="2.0", models={"detector": ("2.0", "2.0+int8")}, catalogues={"demo": 4}, planograms=True, settings=True
)
FRESH = {"agent": "2.0", "models/detector": "2.0+int8", "catalogue/f1": "demo 4", "planogram/f1": "summer"}
STALE = {"agent": "1.0", "models/detector": "1.0", "catalogue/f1": "demo 3", "planogram/f1": "spring"}


def health(versions: dict[str, str], **release: Any) -> DeviceHealth:
    return DeviceHealth.model_validate(
        {"uptime": 1, "outbox_depth": 0, "outbox_bytes": 0, "last_seq": 0, "versions": versions, "release": release}
    )


def verdicts(found: tuple[Part, ...]) -> dict[Kind, Verdict]:
    return {one.kind: one.verdict for one in found}


def test_a_device_that_runs_its_release_is_as_desired_in_every_part() -> None:
    found = parts(health(FRESH, running=7, wanted=7), Desired(RELEASE, 7), NOW)
    assert verdicts(found) == dict.fromkeys(("release", "agent", "models", "catalogue", "planogram"), "same")
    assert not differing(found)


def test_a_device_on_its_way_differs_in_every_part() -> None:
    found = parts(health(STALE, running=6, wanted=7, stage="waiting"), Desired(RELEASE, 7), NOW)
    assert {one.verdict for one in found} == {"differs"}
    assert Part("models", "detector", "2.0 / 2.0+int8", "1.0", "differs") in found
    assert Part("release", "", "7", "6", "differs", "waiting") in found


def test_a_release_that_the_device_does_not_take_is_told_with_its_words() -> None:
    found = parts(health(STALE, running=6, wanted=7, stage="refused", said="too slow"), Desired(RELEASE, 7), NOW)
    assert found[0] == Part("release", "", "7", "6", "refused", "refused: too slow")


def test_what_no_release_holds_is_the_devices_own() -> None:
    found = parts(health(STALE, running=None), Desired(Contents(7), None), NOW)
    assert {one.verdict for one in found} == {"own"}


def test_a_device_that_never_spoke_of_itself_is_silent() -> None:
    found = parts(None, Desired(RELEASE, 7, Configured(desired=A)), NOW)
    assert set(verdicts(found).values()) == {"silent"}


FAULT = ConfigFault(key="broker", reason="no")
CONFIGURATIONS: list[tuple[Configured, Verdict]] = [
    (Configured(None, None, ConfigReport(sha256=B, in_force=True, configuration=B)), "own"),
    (Configured(A, NOW, ConfigReport(sha256=A, in_force=True, configuration=B)), "same"),
    (Configured(A, NOW, ConfigReport(sha256=B, in_force=True, configuration=B)), "differs"),
    (Configured(A, NOW, ConfigReport(sha256=A, in_force=False, configuration=B, errors=[FAULT])), "refused"),
    (Configured(None, None, ConfigReport(sha256=A, in_force=True, configuration=B)), "same"),  # the broker hides it
]


@pytest.mark.parametrize(("one", "verdict"), CONFIGURATIONS)
def test_a_configuration_is_in_force_not_yet_or_refused(one: Configured, verdict: Verdict) -> None:
    found = parts(None, Desired(configured=one), NOW)[-1]
    assert (found.kind, found.verdict) == ("configuration", verdict)
    assert found.said == ("broker: no" if verdict == "refused" else "")


CERTIFICATES: list[tuple[int, Verdict, str]] = [
    (120, "same", ""),
    (59, "same", ""),  # asked for within a day
    (50, "differs", "overdue"),
    (-1, "differs", "expired"),
]


@pytest.mark.parametrize(("days", "verdict", "said"), CERTIFICATES)
def test_a_certificate_is_exchanged_in_its_last_third(days: int, verdict: Verdict, said: str) -> None:
    one = Certified("ca-1", NOW + timedelta(days=days))
    found = parts(None, Desired(certified=one, authority="ca-1"), NOW)[-1]
    assert (found.kind, found.verdict, found.said) == ("certificate", verdict, said)


def test_a_certificate_of_the_authority_before_is_to_be_exchanged() -> None:
    found = parts(None, Desired(certified=Certified("ca-1", NOW + timedelta(days=120)), authority="ca-2"), NOW)[-1]
    assert (found.said, found.verdict) == ("authority", "differs")
