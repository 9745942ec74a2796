"""`sink devices`: the fleet, what each device is to run and what it runs."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cloud_sink.cli.options import ConfigFile, DataFolder, say, settings_of

if TYPE_CHECKING:
    from cloud_sink.store.listing import StoredDevice
    from edge.contract.releases import RollOutPlan

_AT_ONCE = 2000


def devices(
    tenant: Annotated[str | None, typer.Option(help="whose; without it of all")] = None,
    store: Annotated[str | None, typer.Option(help="of this store alone")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object a line")] = False,
    config: ConfigFile = None,
    data: DataFolder = None,
) -> None:
    """List every device that ever spoke: when, how it is connected, and its release, desired against reported."""
    from cloud_sink.releases.repository import plans
    from cloud_sink.store.database import open_current, reading
    from cloud_sink.store.listing import device_page

    settings = settings_of(config, data)
    desired = plans(settings.data)
    after: tuple[str, str] | None = None
    with reading(open_current(settings.database_url)) as connection:
        while page := device_page(connection, tenant, store=store, after=after, limit=_AT_ONCE):
            for one in page:
                row = told(one, desired.get(one.tenant))
                if as_json:
                    sys.stdout.write(json.dumps(row) + "\n")
                else:
                    say(in_words(row))
            after = page[-1].tenant, page[-1].device


def told(one: StoredDevice, plan: RollOutPlan | None) -> dict[str, Any]:
    """A device for a program."""
    from cloud_sink.releases.fleet import release_of

    release = release_of(one.health)
    wanted = None if release is None else release.wanted
    if release is not None and plan is not None:
        wanted = plan.wanted(store=one.store, device=one.device)
    return {
        "tenant": one.tenant,
        "store": one.store,
        "device": one.device,
        "state": one.state,
        "last_seen": one.last_seen.isoformat(),
        "agent": json.loads(one.health or "{}").get("versions", {}).get("agent"),
        "release": None
        if release is None
        else {"desired": wanted, "reported": release.running, "stage": release.stage, "said": release.said},
    }


def in_words(row: dict[str, Any]) -> str:
    """The same in a line for a person."""
    seen = f"{datetime.fromisoformat(row['last_seen']).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    line = f"{row['tenant']}/{row['store']}/{row['device']}: {row['state'] or 'never said'}, last seen {seen}"
    line += f", agent {row['agent'] or '?'}"
    release = row["release"]
    if release is None:
        return f"{line}, takes no releases"
    desired, reported = (release[key] if release[key] is not None else "-" for key in ("desired", "reported"))
    said = f" ({release['said']})" if release["said"] else ""
    stage = release["stage"].replace("_", " ")
    return f"{line}, release desired {desired}, reported {reported}, {stage}{said}"
