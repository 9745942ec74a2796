"""`edge doctor`: what is wrong with this device, and what to do."""

from __future__ import annotations

import sys
from pathlib import Path

import typer


def doctor(
    config: Path | None = typer.Option(None, metavar="FILE", help="The agent's configuration, YAML."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object a check."),
    bundle: Path | None = typer.Option(
        None, metavar="OUT.zip", help="Also write a file for support: no frames, no secrets."
    ),
    log: Path | None = typer.Option(
        None, metavar="FILE", help="The agent's log, for the bundle; else the journal of facings-edge."
    ),
) -> None:
    """Check cameras, models, disk, outbox, clock, certificates, broker and collector, and say what to do.

    Nothing is changed, and a running agent goes on. Exit code 1 when a check failed.

    Example: edge doctor --config agent.yaml --bundle support.zip
    """
    from edge.contract.findings import DoctorResult
    from edge.device.bundle import write_bundle
    from edge.device.doctor import Doctor

    if sys.stderr.isatty():
        typer.echo("looking; cameras and models come last", err=True)
    one = Doctor(config)
    findings = []
    for finding in one.examine():
        findings.append(finding)
        if as_json:
            sys.stdout.write(finding.model_dump_json() + "\n")
        else:
            sys.stdout.write(f"{finding.status:<8} {finding.check}: {finding.what}\n")
            if finding.mend:
                sys.stdout.write(f"{'':<8} -> {finding.mend}\n")
        sys.stdout.flush()
    result = DoctorResult.of(findings)
    if bundle is not None:
        held = write_bundle(bundle, result, one.examined, log=log)
        typer.echo(f"{bundle}: {', '.join(held)}", err=True)
    if result.failed:
        raise typer.Exit(1)
