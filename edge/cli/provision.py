"""`edge provision`: a boxed device becomes one that is in, and proves it."""

from __future__ import annotations

import getpass
import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge.contract.provisioning import InstallStep
    from edge.device.installation import Result
    from edge.device.provision import Wish


def provision(
    *,
    claim: str | None = typer.Option(None, help="The text of the label's QR code; - reads it from stdin."),
    folder: Path = typer.Option(Path("/etc/facings"), metavar="DIR", help="Where key, certificate and agent.yaml go."),
    store: str | None = typer.Option(None, help="The store you believe to be in; a claim for another is refused."),
    camera: str | None = typer.Option(
        None, help="In place of the template's: 0, /dev/video0, rtsp://…, http://…, or a folder of pictures."
    ),
    by: str | None = typer.Option(None, help="Your name, for the record of the installation."),
    yes: bool = typer.Option(False, "--yes", help="Ask nothing: for a factory image."),
    prove: bool = typer.Option(True, help="Send a test capture all the way and wait for its receipt."),
    picture: bool = typer.Option(
        False, "--picture", help="Stay until a picture can be kept that shows nobody: about two minutes."
    ),
    as_json: bool = typer.Option(False, "--json", help="The result as one JSON object."),
) -> None:
    """Let this device in with a claim, and prove that it works. Give it again at any time: it goes on where it was.

    The device makes its own key, which never leaves it. Without --claim a device that is in proves itself once more.

    Example: edge provision --claim 'https://facings.example.com/claim#1.…' --by mai
    """
    import time

    from edge.cli.logs import set_up_logs
    from edge.contract.errors import ConfigError
    from edge.device.allocator import keep_memory_flat
    from edge.device.carry_on import GoneError, carry_on
    from edge.device.provision import CONFIGURATION, Wish

    keep_memory_flat()
    set_up_logs()
    os.umask(0o077)
    file, began = folder / CONFIGURATION, time.monotonic()
    with suppress(GoneError):
        carry_on(file)  # a wipe that a power cut ended comes to its end before there is a new key
    steps, told = _steps(folder, quiet=as_json), _Told()
    text = _claim_text(claim, asks=not yes and not file.exists())
    if text is not None:
        told = _let_in(folder, text, Wish(store, camera), yes=yes)
        steps.add("admission")
    elif not file.exists():
        raise ConfigError(f"{folder} holds no provisioned device", "give the claim of its label with --claim")
    if not prove:
        typer.echo(f"{file}: written; next: edge provision --folder {folder}", err=True)
        return
    _finish(
        _prove(file, by=by or _user(), steps=steps, told=told, began=began, picture=picture), folder, as_json=as_json
    )


class _Told:
    """What the collector said when it let the device in."""

    def __init__(self, models: Sequence[str] = (), clock_off: float | None = None) -> None:
        self.models = models
        self.clock_off = clock_off


def _let_in(folder: Path, text: str, wish: Wish, *, yes: bool) -> _Told:
    from datetime import UTC, datetime

    from edge.contract.provisioning import parse_claim
    from edge.device.provision import ask_in, write_files

    claim = parse_claim(text)

    def waits(name: str) -> None:
        typer.echo(f"a person has to approve this device: its key begins with {name}; waiting", err=True)

    answer = ask_in(folder, claim, wish, waits=waits)
    granted = answer.granted
    assert granted is not None
    typer.echo(
        f"this becomes {granted.device} at {granted.store_name} ({granted.store}), fixture {granted.fixture}", err=True
    )
    if not yes and not typer.confirm("Is that right?", default=True, err=True):
        typer.echo("nothing was written; the claim waits for this device until it expires", err=True)
        raise typer.Exit(1)
    write_files(folder, granted, wish)
    return _Told(granted.models, (datetime.now(UTC) - answer.time).total_seconds())


def _prove(file: Path, *, by: str, steps: Any, told: _Told, began: float, picture: bool) -> Result:
    from edge.device.installation import prove

    waiting = {
        "camera": "taking pictures",
        "broker": "waiting for the broker",
        "receipt": "waiting for the receipt",
        "picture": "stand aside: a picture is taken that shows nobody",
    }

    def waits(what: str) -> None:
        if sys.stderr.isatty():
            typer.echo(waiting[what], err=True)

    return prove(
        file,
        by=by,
        steps=steps,
        models=told.models,
        clock_off=told.clock_off,
        began=began,
        waits=waits,
        picture=picture,
    )


def _finish(result: Result, folder: Path, *, as_json: bool) -> None:
    """Tell how it went, and keep it beside the configuration."""
    from edge.device.installation_files import keep_result
    from edge.device.installation_page import LANGUAGES, page

    keep_result(result, folder)
    if as_json:
        told = result.record.model_dump(mode="json")
        told |= {"passed": result.passed, "recorded": result.recorded or None}
        sys.stdout.write(json.dumps(told) + "\n")
    else:
        sys.stdout.write("\n".join(page(result, language) for language in LANGUAGES))
    if not result.passed:
        raise typer.Exit(1)


def _steps(folder: Path, *, quiet: bool) -> Any:
    from edge.device.installation import Steps
    from edge.device.installation_files import steps_before

    def said(step: InstallStep) -> None:
        if not quiet and sys.stderr.isatty():
            typer.echo(f"{'ok' if step.passed else 'failed'}: {step.name}", err=True)

    return Steps(said, steps_before(folder))


def _claim_text(claim: str | None, *, asks: bool) -> str | None:
    """The claim: given, on stdin, or asked for."""
    if claim == "-":
        return sys.stdin.readline().strip()
    if claim is None and asks and sys.stdin.isatty():
        return str(typer.prompt("Scan the label, or type its text", err=True))
    return claim


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a name for its user
        return "unknown"
