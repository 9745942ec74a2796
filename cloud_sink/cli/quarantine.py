"""`sink quarantine`: what was refused."""

from __future__ import annotations

from typing import Annotated

import typer

from cloud_sink.cli.options import ConfigFile, DataFolder, say, settings_of

app = typer.Typer(help="What was refused, with its bytes and the reason.", no_args_is_help=True)


@app.command("list", epilog="Example: sink quarantine list --json --data /var/lib/facings")
def quarantine_list(
    tenant: Annotated[str | None, typer.Option(help="only of this tenant")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="how many at most, the oldest first")] = 1000,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object a line, with the body")] = False,
    config: ConfigFile = None,
    data: DataFolder = None,
) -> None:
    """List what was refused and why."""
    import json

    from cloud_sink.store.database import open_current, reading
    from cloud_sink.store.quarantine import listed

    with reading(open_current(settings_of(config, data).database_url)) as connection:
        rows = listed(connection, tenant=tenant, limit=limit)
    for row in rows:
        key = f"{row.epoch}-{row.seq}" if row.epoch else None
        if as_json:
            body = row.body.decode("utf-8", errors="replace")
            content = {"id": row.id, "source": f"/{row.tenant}/{row.store}/{row.device}", "event": key}
            content |= {"received": row.received.isoformat(), "reason": row.reason, "detail": row.detail, "body": body}
            say(json.dumps(content))
        else:
            source = f"/{row.tenant}/{row.store}/{row.device}"
            say(f"{row.received:%Y-%m-%d %H:%M:%S}  {source}  {key or '(no key)'}  {row.reason}  {row.detail}")
    if not rows and not as_json:
        say("the quarantine is empty")


@app.command("replay", epilog="Example: sink quarantine replay --data /var/lib/facings")
def quarantine_replay(
    tenant: Annotated[str | None, typer.Option(help="only of this tenant")] = None,
    config: ConfigFile = None,
    data: DataFolder = None,
) -> None:
    """Read what was refused again, after an upgrade; what is an event now is stored."""
    from cloud_sink.collect.replay import replay
    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.store.database import open_current

    settings = settings_of(config, data)
    done = replay(open_current(settings.database_url), StoreBook(settings.stores), tenant=tenant)
    say(f"{done.taken} taken, {done.kept} stay in quarantine")
