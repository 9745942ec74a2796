"""`sink release status`: what each device is to run and what it runs, and how far a roll-out is."""

from __future__ import annotations

import json
import sys
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cloud_sink.cli.options import ConfigFile, DataFolder, say, settings_of
from cloud_sink.cli.release_options import Tenant, in_words, known, now_utc

if TYPE_CHECKING:
    from cloud_sink.releases.repository import Repository
    from cloud_sink.releases.rings import RollOut, Standing

SOON = timedelta(days=60)
"""Of the owner's signatures, before they expire: it is told."""


def status(
    tenant: Tenant = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object")] = False,
    config: ConfigFile = None,
    data: DataFolder = None,
) -> None:
    """Tell releases, the roll-out, and for each device what it is to run and what it runs."""
    from cloud_sink.releases.fleet import fleet_of
    from cloud_sink.releases.roller import rollout_of
    from cloud_sink.store.database import open_database, upgrade

    kept = settings_of(config, data)
    name, repository = known(kept, tenant)
    engine = open_database(kept.database_url)
    upgrade(engine)
    report = _told(name, repository, rollout_of(repository), fleet_of(engine, name))
    if as_json:
        sys.stdout.write(json.dumps(report) + "\n")
        return
    for line in _lines(report):
        say(line)


def _told(name: str, repository: Repository, rollout: RollOut | None, fleet: list[Standing]) -> dict[str, Any]:
    from cloud_sink.releases.rings import count

    plan = repository.plan()
    devices = []
    for one in fleet:
        told = one.release
        devices.append(
            {
                "device": one.device,
                "store": one.store,
                "desired": plan.wanted(store=one.store, device=one.device) if told is not None else None,
                "reported": told.running if told else None,
                "stage": told.stage if told else "no updates",
                "said": told.said if told else "",
            }
        )
    counted = None if rollout is None else count(rollout, fleet, now_utc())
    return {
        "tenant": name,
        "releases": [
            {"number": number, "note": one.note, "made": one.made.isoformat(), "holds": in_words(one)}
            for number, one in ((number, repository.release(number)) for number in repository.numbers())
        ],
        "roll_out": None
        if rollout is None or counted is None
        else {
            "release": rollout.number,
            "state": rollout.state,
            "said": rollout.said,
            "ring": str(rollout.rings[rollout.at]),
            "rings": [str(ring) for ring in rollout.rings],
            "since": rollout.since.isoformat(),
            "reached": counted.reached,
            "done": counted.done,
            "failed": list(counted.failed),
        },
        "devices": devices,
        "expires": {
            role: repository.expires(role).isoformat()
            for role in ("root", "targets", "roll-out", "snapshot", "timestamp")
        },
    }


def _lines(report: dict[str, Any]) -> list[str]:
    lines = [
        f"release {one['number']}: {one['holds']}{' - ' + one['note'] if one['note'] else ''}"
        for one in report["releases"]
    ]
    out = report["roll_out"]
    if out is not None:
        said = f": {out['said']}" if out["said"] else ""
        lines.append(
            f"roll-out of {out['release']}: {out['state']}{said}; at {out['ring']} since {out['since'][:16]};"
            f" {out['done']} of {out['reached']} devices run it, {len(out['failed'])} failed"
        )
    for one in report["devices"]:
        desired, reported = (one[key] if one[key] is not None else "-" for key in ("desired", "reported"))
        said = f" ({one['said']})" if one["said"] else ""
        lines.append(f"{one['store']}/{one['device']}: desired {desired}, reported {reported}, {one['stage']}{said}")
    until = {role: datetime.fromisoformat(report["expires"][role]) for role in ("root", "targets")}
    lines += [
        f"{role} expires {moment:%Y-%m-%d}: sink release renew --keys …"
        for role, moment in until.items()
        if moment - now_utc() < SOON
    ]
    return lines or ["no release yet: sink release add"]
