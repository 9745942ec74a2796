"""`sink devices`: the fleet, what each device is to be and what it is, and whether two speak under one name."""

from __future__ import annotations

import getpass
import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cloud_sink.cli.options import ConfigFile, DataFolder, say, settings_of

if TYPE_CHECKING:
    from cloud_sink.fleet.known import Known
    from cloud_sink.store.database import Database
    from cloud_sink.store.listing import StoredDevice

_AT_ONCE = 2000

_MEND = (
    "revoke it (sink identities revoke {device} --tenant {tenant}), look where it stands, and invite the board that is"
    " to stay anew (sink invite … --device {device} --replaces)"
)
_CERTIFICATE = {
    "": "",
    "revoked": " (revoked)",
    "expired": " (expired)",
    "overdue": " (exchange overdue)",
    "authority": " (of the authority before)",
}
_ABREAST = {"same": "", "own": "", "differs": " (not yet)", "refused": " (refused)", "silent": " (does not say)"}


def devices(
    tenant: Annotated[str | None, typer.Option(help="whose; without it of all")] = None,
    store: Annotated[str | None, typer.Option(help="of this store alone")] = None,
    *,
    differing: Annotated[
        bool, typer.Option("--differing", help="only those that are not what they are to be, or are two")
    ] = False,
    one_again: Annotated[
        str | None, typer.Option(metavar="DEVICE", help="say that of this copied device only one is left")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object a line")] = False,
    config: ConfigFile = None,
    data: DataFolder = None,
) -> None:
    """List every device that ever spoke: when, how it is connected, and desired against reported.

    Of each: release, agent, models, catalogues, planograms, configuration, certificate.
    """
    from cloud_sink.fleet.known import known_of
    from cloud_sink.store.database import open_current, reading
    from cloud_sink.store.listing import device_page

    settings = settings_of(config, data)
    engine = open_current(settings.database_url)
    if one_again is not None:
        _clear(engine, tenant, one_again)
        return
    now = datetime.now(UTC)
    after: tuple[str, str] | None = None
    with reading(engine) as connection:
        known = known_of(connection, settings, tenant, now)
        while page := device_page(connection, tenant, store=store, after=after, limit=_AT_ONCE):
            for one in page:
                row = told(one, known, now)
                if differing and not (row["differs"] or row["clone"] or row["conflicts"]):
                    continue
                if as_json:
                    sys.stdout.write(json.dumps(row) + "\n")
                else:
                    say(in_words(row))
            after = page[-1].tenant, page[-1].device


def told(one: StoredDevice, known: Known, now: datetime) -> dict[str, Any]:
    """A device for a program."""
    from dataclasses import asdict

    from cloud_sink.fleet.abreast import differing
    from cloud_sink.fleet.known import health_of

    health = health_of(one.health)
    found = known.parts(one, health, now)
    release = next((part for part in found if part.kind == "release"), None)
    clone, doubt = known.clone(one), known.doubt(one)
    return {
        "tenant": one.tenant,
        "store": one.store,
        "device": one.device,
        "state": one.state,
        "last_seen": one.last_seen.isoformat(),
        "agent": None if health is None else health.versions.get("agent"),
        "release": None
        if release is None
        else {
            "desired": _number(release.desired),
            "reported": _number(release.reported),
            "stage": health.release.stage if health and health.release else None,
            "said": health.release.said if health and health.release else "",
        },
        "differs": differing(found),
        "parts": [asdict(part) for part in found],
        "clone": None
        if clone is None
        else {"since": clone.since.isoformat(), "last": clone.last.isoformat(), "mark": clone.mark},
        "conflicts": 0 if doubt is None else doubt.conflicts,
    }


def in_words(row: dict[str, Any]) -> str:
    """The same in a line for a person; a second one where two speak under the name."""
    seen = _moment(row["last_seen"])
    line = f"{row['tenant']}/{row['store']}/{row['device']}: {row['state'] or 'never said'}, last seen {seen}"
    if row["release"] is None:
        line += ", takes no releases"
    for part in row["parts"]:
        line += f", {_part(part)}"
    if row["clone"]:
        since, last = (_moment(row["clone"][name]) for name in ("since", "last"))
        mend = _MEND.format(**row)
        line += f"\n  TWO DEVICES under this name since {since}, both heard at {last}: {mend}"
    elif row["conflicts"]:
        line += (
            f"\n  {row['conflicts']} numbers came twice with other bytes within a day: its outbox was brought back from"
            " a copy, or the device was copied. Nothing is lost"
        )
    return line


def _part(part: dict[str, Any]) -> str:
    if part["kind"] == "certificate":
        exchanged = f", exchanged from {part['desired']}" if part["desired"] else ""
        return f"certificate until {part['reported']}{exchanged}{_CERTIFICATE[part['said']]}"
    desired, reported = (part[key] if part[key] is not None else "-" for key in ("desired", "reported"))
    name = f"{part['kind']} {part['name']}".strip()
    said = f", {part['said']}" if part["kind"] == "release" and part["said"] else ""
    if part["kind"] != "release":
        said = f" ({part['said']})" if part["said"] else _ABREAST[part["verdict"]]
    elif ": " in said:
        stage, _, why = said.partition(": ")
        said = f"{stage} ({why})"
    return (
        f"{name} {reported}{said}"
        if part["desired"] is None
        else f"{name} desired {desired}, reported {reported}{said}"
    )


def _clear(engine: Database, tenant: str | None, device: str) -> None:
    from cloud_sink.rights.audit import done_on_machine
    from cloud_sink.store import clones
    from cloud_sink.store.database import reading, writing
    from edge.contract.errors import StoreError

    now, by = datetime.now(UTC), getpass.getuser()
    with reading(engine) as connection:
        found = {*clones.standing(connection, tenant, only=[device])}
        found |= {*clones.doubts(connection, tenant, now, only=[device])}
    if len(found) != 1:
        wrong = f"no copied device {device}" if not found else f"{device} is copied at several tenants"
        raise StoreError(wrong, "sink devices --differing shows them; name one with --tenant")
    ((owner, _),) = found
    with writing(engine) as connection:
        clones.clear(connection, owner, device, by=by, now=now)
    done_on_machine(engine, owner, "devices --one-again", device, by=by)
    say(f"{owner}/{device}: one again; two are told as soon as both speak")


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)


def _moment(text: str) -> str:
    return f"{datetime.fromisoformat(text).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
