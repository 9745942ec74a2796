"""The command `sink`: its groups, and what becomes of an error."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from cloud_sink.cli import (
    analyse,
    devices,
    export,
    identities,
    imports,
    invite,
    keep,
    people,
    profile,
    quarantine,
    release,
    report,
    serve,
    trust,
)
from cloud_sink.cli.logs import Form, set_up_logs
from edge.contract.errors import FacingsError

app = typer.Typer(
    name="sink",
    help="The collector: takes shelf events in without loss and gives store profiles out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command(epilog="Example: sink serve --config configs/sink/demo.yaml --data /var/lib/facings")(serve.serve)
app.command(epilog="Example: sink collect --config /etc/facings/sink.yaml")(serve.collect)
app.command(epilog="Example: sink profile store-01 --day 2026-03-14 --data /var/lib/facings")(profile.profile)
app.command(
    epilog="Example: sink report --store store-01 --week 2026-W11 --lang zh --out week.pdf --data /var/lib/facings"
)(report.report)
app.command("import", epilog="Example: sink import sales march.csv --dry-run --data /var/lib/facings")(imports.import_)
app.command(epilog="Example: sink rank --by osa --days 30 --data /var/lib/facings")(analyse.rank)
app.command(epilog="Example: sink backup /backup/2026-03-14 --data /var/lib/facings")(keep.backup)
app.command(epilog="Example: sink restore /backup/2026-03-14 --data /var/lib/facings")(keep.restore)
app.command(epilog="Example: sink delete store-01 --tenant acme --data /var/lib/facings")(keep.delete)
app.command(epilog="Example: sink labels corrected --since 2026-03-01 --data /var/lib/facings")(export.labels)
app.add_typer(analyse.app, name="analyse")
app.command(epilog="Example: sink invite --store store-01 --fixture cooler-1 --labels labels.html")(invite.invite)
app.command(epilog="Example: sink broker-files /etc/mosquitto/facings --host mqtt.example.com")(trust.broker_files)
app.add_typer(trust.trust, name="trust")
app.add_typer(invite.invitations, name="invitations")
app.add_typer(identities.identities, name="identities")
app.command(epilog="Example: sink export facings --since 2026-03-01 --until 2026-03-31 --out march.csv")(export.export)
serve.db.command(epilog="Example: sink db restored --data /var/lib/facings")(keep.restored)
app.add_typer(serve.db, name="db")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(keep.retention, name="retention")
app.add_typer(keep.evidence, name="evidence")
app.add_typer(people.users, name="users")
app.add_typer(people.keys, name="keys")
app.add_typer(release.app, name="release")
app.command(epilog="Example: sink devices --tenant acme --data /var/lib/facings")(devices.devices)


@app.callback()
def _logs(
    log: Annotated[
        Form, typer.Option(envvar="FACINGS_LOG", help="how the log on stderr is written; auto: text on a terminal")
    ] = "auto",
) -> None:
    set_up_logs(log)


def main() -> None:
    """Run the command line: exit code 2 for bad usage, 1 for failure, errors in one line."""
    try:
        app()
    except FacingsError as error:
        typer.echo(f"sink: {error}", err=True)
        sys.exit(1)
    except OSError as error:  # a full disk or a broken one, met where nobody could say more: stdout, above all
        where = error.filename or "standard output"
        typer.echo(f"sink: {where}: {error.strerror or error}", err=True)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is left unwritten must not fail once more at the exit
        sys.exit(1)


if __name__ == "__main__":
    main()
