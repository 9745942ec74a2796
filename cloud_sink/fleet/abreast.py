"""What each device is to be beside what it says it is, part by part. Pure.

Parts are its release, agent, models, catalogues, planograms, configuration and certificate.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from cloud_sink.releases.contents import Contents
    from cloud_sink.store.certified import Certified
    from cloud_sink.store.configured import Configured
    from edge.contract.payloads import DeviceHealth

Kind = Literal["release", "agent", "models", "catalogue", "planogram", "configuration", "certificate"]
KINDS: tuple[Kind, ...] = get_args(Kind)

Verdict = Literal[
    "same",  # it is what it is to be
    "differs",  # it is not, or not yet
    "refused",  # it said no, or was shut out
    "silent",  # it does not say
    "own",  # nothing is desired: it is what it came with
]

OVERDUE = timedelta(days=3)
"""Devices ask for their certificate's exchange once a day."""

_SHORT = 8
_FAILED = frozenset({"refused", "rolled_back", "faulty"})


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that a device is to be, and is. None: nothing is desired, or nothing was reported."""

    kind: Kind
    name: str  # which model, or of which fixture; empty where a device has one of it
    desired: str | None
    reported: str | None
    verdict: Verdict
    said: str = ""  # the device's own words on it


@dataclass(frozen=True, slots=True)
class Desired:
    """What a device is to be, and what is known of it beside its health."""

    wanted: Contents | None = None  # of the release that it is to run
    number: int | None = None  # of that release, whether or not it can be read
    configured: Configured | None = None
    certified: Certified | None = None
    authority: str = ""  # which issues certificates now; empty where there is none
    lasts: timedelta = timedelta(days=180)  # of a certificate


def parts(health: DeviceHealth | None, desired: Desired, now: datetime) -> tuple[Part, ...]:
    """Desired against reported, part by part.

    Args:
        health: what the device said last; None where it said nothing that is understood.
        desired: the other side.
        now: aware.
    """
    found = [*_release(health, desired), *_versions(health, desired)]
    if desired.configured is not None:
        found.append(_configuration(desired.configured))
    if desired.certified is not None:
        found.append(_certificate(desired.certified, desired, now))
    return tuple(found)


def differing(found: tuple[Part, ...]) -> bool:
    """Whether a device is not what it is to be."""
    return any(one.verdict in {"differs", "refused"} for one in found)


def _release(health: DeviceHealth | None, desired: Desired) -> Iterator[Part]:
    told = None if health is None else health.release
    wanted = desired.number if desired.number is not None else told.wanted if told else None
    if told is None:
        if wanted is not None:
            yield Part("release", "", str(wanted), None, "silent")
        return
    verdict: Verdict = "own" if wanted is None else "same" if told.running == wanted else "differs"
    verdict = "refused" if told.stage in _FAILED and verdict == "differs" else verdict
    stage = told.stage if told.stage != "current" else ""
    said = ": ".join(one for one in (stage.replace("_", " "), told.said) if one)
    yield Part("release", "", _text(wanted), _text(told.running), verdict, said)


def _versions(health: DeviceHealth | None, desired: Desired) -> Iterator[Part]:
    told = dict(health.versions) if health is not None else {}
    wanted = desired.wanted
    agent = wanted.agent if wanted else None
    yield _compared("agent", "", agent, told.get("agent"))
    models = wanted.models if wanted else {}
    running = {name.partition("/")[2]: version for name, version in told.items() if name.startswith("models/")}
    for name in sorted(running or models):
        versions = models.get(name, ())
        version = running.get(name)
        yield _compared("models", name, version if version in versions else " / ".join(versions) or None, version)
    for name, version in sorted(told.items()):
        kind, _, fixture = name.partition("/")
        if kind == "catalogue":
            called, _, _ = version.rpartition(" ")
            number = wanted.catalogues.get(called) if wanted else None
            yield _compared("catalogue", fixture, None if number is None else f"{called} {number}", version)
        elif kind == "planogram":
            yield _planogram(fixture, version, health, desired)


def _planogram(fixture: str, reported: str, health: DeviceHealth | None, desired: Desired) -> Part:
    """Planograms are chosen on the device by day, model and channel: it has those of its release, or it has not."""
    if desired.wanted is None or not desired.wanted.planograms:
        return Part("planogram", fixture, None, reported, "own")
    running = health.release.running if health and health.release else None
    verdict: Verdict = "same" if running == desired.number else "differs"
    return Part("planogram", fixture, f"release {desired.number}", reported, verdict)


def _configuration(one: Configured) -> Part:
    report = one.reported
    own = report is not None and report.sha256 == report.configuration
    wanted = one.desired or (report.sha256 if report is not None and not own else None)
    if report is None:
        return Part("configuration", "", _short(wanted), None, "silent")
    said = "; ".join(f"{fault.key}: {fault.reason}" for fault in report.errors) or report.error
    if wanted is None:
        return Part("configuration", "", None, _short(report.configuration), "own", said)
    if report.sha256 != wanted:  # it answered another one, or has not heard of this one yet
        return Part("configuration", "", _short(wanted), _short(None if own else report.sha256), "differs", said)
    if not report.in_force:
        return Part("configuration", "", _short(wanted), None, "refused", said)
    return Part("configuration", "", _short(wanted), _short(wanted), "same")


def _certificate(one: Certified, desired: Desired, now: datetime) -> Part:
    """Desired is the day of its exchange, reported the day of its end; said in one word what is wrong with it."""
    due = one.expires - desired.lasts / 3
    begins, ends = due.date().isoformat(), one.expires.date().isoformat()
    if one.revoked is not None:
        return Part("certificate", "", None, ends, "refused", "revoked")
    late = "expired" if now > one.expires else "overdue" if now - due > OVERDUE else ""
    said = late or ("authority" if desired.authority and one.authority != desired.authority else "")
    return Part("certificate", "", begins, ends, "differs" if said else "same", said)


def _compared(kind: Kind, name: str, desired: str | None, reported: str | None) -> Part:
    verdict: Verdict = "own"
    if desired is not None:
        verdict = "silent" if reported is None else "same" if reported == desired else "differs"
    elif reported is None:
        verdict = "silent"
    return Part(kind, name, desired, reported, verdict)


def _short(sha256: str | None) -> str | None:
    return None if sha256 is None else sha256[:_SHORT]


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)
