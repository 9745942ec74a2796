"""`edge aim`: the technician's page, served by the device itself."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from edge.aim.pin import Pin
    from edge.aim.serve import Place


def aim(
    *,
    folder: Path = typer.Option(Path("/etc/facings"), metavar="DIR", help="Where key, certificate and agent.yaml go."),
    config: Path | None = typer.Option(
        None, metavar="FILE", help="The agent's configuration; else agent.yaml in that folder."
    ),
    host: str | None = typer.Option(None, help="Name or address that phones reach this device by; else its address."),
    port: int = typer.Option(8443, min=0, max=65535, help="To listen at; 0 takes a free one."),
    listen: str | None = typer.Option(None, metavar="ADDRESS", help="To listen at; else every one of this device."),
    label: Path | None = typer.Option(
        None, metavar="FILE", help="Make a PIN, write its label to print, and end: for a factory image."
    ),
    new_pin: bool = typer.Option(False, "--new-pin", help="Make a new PIN; the one of the label ends."),
    plain: bool = typer.Option(
        False, "--plain", help="HTTP without TLS, at 127.0.0.1 unless --listen says where: for a tunnel."
    ),
    minutes: float = typer.Option(60.0, min=1, max=1440, help="How long the page stays open."),
    store: str | None = typer.Option(None, help="The store you believe to be in; a claim for another is refused."),
    camera: str | None = typer.Option(
        None, help="In place of the template's: 0, /dev/video0, rtsp://…, http://…, or a folder of pictures."
    ),
) -> None:
    """Serve a page for a phone: claim this device, aim its cameras with a live picture, and prove that it works.

    A one-time PIN lets one phone in. The page closes when the device has proved itself, and after --minutes. A device
    that is in already begins with its cameras; stop its agent before, or let systemd: systemctl start facings-aim.

    Example: edge aim --folder /etc/facings
    """
    from edge.device.allocator import keep_memory_flat

    keep_memory_flat()

    from edge.aim.label import address
    from edge.aim.label import label as label_page
    from edge.aim.pin import Pin, this_boot
    from edge.aim.serve import Place, make_pin, own_address, serve
    from edge.cli.logs import set_up_logs
    from edge.device.provision import CONFIGURATION, Wish
    from edge.device.whole_file import write_whole

    set_up_logs()
    os.umask(0o077)
    folder = folder if config is None else config.resolve().parent
    at = listen or ("127.0.0.1" if plain else "0.0.0.0")  # noqa: S104 - a phone has to reach it
    kept = None if new_pin or label is not None else Pin.load(folder, boot=this_boot)
    place = Place(
        folder=folder,
        file=config or folder / CONFIGURATION,
        host=host or (kept.host if kept is not None else "127.0.0.1" if at == "127.0.0.1" else own_address()),
        listen=at,
        port=port,
        secure=not plain,
        minutes=minutes,
    )
    pin, said = (kept, None) if kept is not None else make_pin(place)
    if label is not None:
        assert said is not None
        where = address(place.host, port, secure=not plain)
        write_whole(label, label_page(where, said, _fingerprint(pin)), mode=0o600)
        typer.echo(f"{label}: {where}, keep it like a key", err=True)
        return
    stop = threading.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: stop.set())
    passed = serve(
        place,
        pin,
        Wish(store, camera),
        stop=stop,
        ready=lambda where, used: _tell(where, said, pin, place, used=used),
    )
    typer.echo("this unit works; the page is closed" if passed else "the page is closed", err=True)
    if not passed:
        raise typer.Exit(1)


def _tell(where: str, said: str | None, pin: Pin, place: Place, *, used: bool) -> None:
    from edge.aim.label import in_terminal

    if said is not None:
        typer.echo(in_terminal(where, said), err=True)
        typer.echo(f"scan this, or open {where} and give the PIN {said[:4]} {said[4:]}", err=True)
    elif used:
        typer.echo(f"{where} is open for the phone that was let in; for another, give --new-pin", err=True)
    else:
        typer.echo(f"{where} is open; the PIN is on the label, or give --new-pin", err=True)
    if place.secure:
        typer.echo(f"the phone warns of the certificate; its SHA-256 is {_fingerprint(pin)}", err=True)


def _fingerprint(pin: Pin) -> str:
    from edge.aim.certificate import fingerprint

    return fingerprint(pin.certificate)
