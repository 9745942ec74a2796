"""How long it takes from a claim to the first receipt. See `./scripts/bench provision`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import typer
import yaml
from demo import end, last_line
from demo_scene import RENDERED, ROOT, ZONE
from soak import free_port

from edge.contract.errors import FacingsError

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 60.0
PICTURES = 200
EDGE = (sys.executable, "-m", "edge.cli.app")
SINK = (sys.executable, "-m", "cloud_sink.cli")


def main(
    *,
    runs: int = typer.Option(5, min=1, max=100, help="Devices that are let in, one after the other."),
    outside: bool = typer.Option(False, help="An authority of openssl's issues, in place of the fleet's own."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """Let new devices in at a Mosquitto and a collector of their own, each in an empty folder, and time them.

    Timed is from the claim to the receipt of the first capture, as the device says it (`seconds`); and the whole
    command, Python's start and the upload of the picture among it. Cameras are folders with rendered pictures.

    Example: ./scripts/bench provision --runs 5
    """
    try:
        with tempfile.TemporaryDirectory(prefix="facings-provision-") as scratch:
            folder = Path(scratch)
            before = os.getloadavg()[0]
            with site(folder, template(folder / "pictures"), outside=outside):
                times = [provisioned(folder, number) for number in range(runs)]
    except FacingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    report = {
        "runs": runs,
        "load_before": round(before, 1),
        "load_after": round(os.getloadavg()[0], 1),
        "processors": os.cpu_count(),
        "seconds": spread([first for first, _ in times]),
        "command_seconds": spread([whole for _, whole in times]),
    }
    if as_json:
        typer.echo(json.dumps(report))
        return
    load = (
        f"load average {report['load_before']} before, {report['load_after']} after, {report['processors']} processors"
    )
    typer.echo(f"{runs} devices, one after the other; {load}")
    for said, name in (("claim to first receipt", "seconds"), ("the whole command", "command_seconds")):
        one: Any = report[name]
        typer.echo(f"{said:24} min {one['min']:.1f} s   median {one['median']:.1f} s   max {one['max']:.1f} s")


def spread(seconds: list[float]) -> dict[str, float]:
    """The least, the middle and the most of some times."""
    return {"min": min(seconds), "median": median(seconds), "max": max(seconds)}


@contextmanager
def site(folder: Path, begins_with: dict[str, Any], *, outside: bool = False) -> Iterator[str]:
    """A fleet's authority, a Mosquitto with its files, and `sink serve`, all in `folder`; stopped in the end.

    Args:
        folder: empty.
        begins_with: what each device begins with.
        outside: an authority of openssl's issues, in place of the fleet's own.

    Yields:
        The collector's address.

    Raises:
        FacingsError: Mosquitto is not installed, or one of them does not start.
    """
    broker, http = free_port(), free_port()
    write(folder / "template.yaml", begins_with)
    config = configuration(folder, broker, http)
    if outside:
        config["trust"]["issuer"] = outside_authority(folder)
    write(folder / "sink.yaml", config)
    run(*SINK, "trust", "init", "--config", str(folder / "sink.yaml"))
    run(*SINK, "trust", "issuer", "--config", str(folder / "sink.yaml"))
    host = ("--host", "localhost", "--config", str(folder / "sink.yaml"))
    run(*SINK, "trust", "certificate", "--out", str(folder / "tls"), *host)
    run(*SINK, "broker-files", str(folder / "broker"), "--port", str(broker), *host)
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise FacingsError("mosquitto is missing", "apt-get install mosquitto")
    own = (folder / "broker" / "mosquitto.conf").read_text(encoding="utf-8")
    # root's Mosquitto would go over to a user who cannot read this folder
    user = "user root\n" if os.getuid() == 0 else ""
    (folder / "run.conf").write_text(f"{own}{user}pid_file {folder}/pid\n", encoding="utf-8")
    ready = folder / "ready.json"
    serve = [*SINK, "serve", "--config", str(folder / "sink.yaml"), "--ready-file", str(ready)]
    with (
        started([found, "-c", str(folder / "run.conf")], folder / "mosquitto.log", folder / "pid"),
        started(serve, folder / "sink.log", ready),
    ):
        yield str(config["trust"]["url"])


def configuration(folder: Path, broker: int, http: int) -> dict[str, Any]:
    """The collector's, with mutual TLS to broker and devices."""
    own = folder / "broker"
    return {
        "data": str(folder / "sink"),
        "broker": {
            "kind": "external",
            "host": "localhost",
            "port": broker,
            "ca_file": str(own / "ca.pem"),
            "cert_file": str(own / "collector-1.pem"),
            "key_file": str(own / "collector-1.key"),
        },
        "http": {
            "port": http,
            "cert_file": str(folder / "tls" / "collector.pem"),
            "key_file": str(folder / "tls" / "collector.key"),
        },
        "trust": {
            "url": f"https://localhost:{http}",
            "passphrase_file": str(folder / "ca.pass"),
            "template": str(folder / "template.yaml"),
            "broker_files": {"folder": str(own), "reload": ["sh", "-c", f"kill -HUP $(cat {folder}/pid)"]},
        },
        "stores": [{"tenant": "acme", "id": "s1", "name": "A store", "zone": ZONE, "fixtures": [{"id": "f1"}]}],
    }


def outside_authority(folder: Path) -> dict[str, Any]:
    """An authority that the fleet does not have the key of, and the command that it issues by: `trust.issuer`."""
    certificate, key, more = folder / "outside.pem", folder / "outside.key", folder / "outside.ext"
    more.write_text("extendedKeyUsage=clientAuth\nbasicConstraints=CA:FALSE\n", encoding="utf-8")
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=outside authority")
    run("openssl", "req", "-x509", *curve, "-keyout", str(key), "-out", str(certificate), "-days", "30")
    signing = ["-CA", str(certificate), "-CAkey", str(key), "-CAcreateserial", "-extfile", str(more), "-days", "30"]
    return {"kind": "command", "command": ["openssl", "x509", "-req", *signing], "ca_file": str(certificate)}


def template(pictures: Path) -> dict[str, Any]:
    """What each device begins with: rendered pictures in the place of a camera."""
    pictures.mkdir()
    rendered = sorted((RENDERED / "frames").glob("*.jpg"))
    for number in range(PICTURES):
        (pictures / f"{number:05}.jpg").symlink_to(rendered[number % len(rendered)])
    source = {"kind": "folder", "path": str(pictures), "times": "now", "simulated": True}
    return {"cameras": [{"id": "cam-1", "source": source}], "fixtures": [{"id": "fixture"}]}


def provisioned(folder: Path, number: int) -> tuple[float, float]:
    """One device: seconds from claim to first receipt, and of the whole command.

    Raises:
        FacingsError: it was not let in, or its proof failed.
    """
    words = ("--tenant", "acme", "--store", "s1", "--fixture", "f1", "--device", f"unit-{number}", "--json")
    invited = json.loads(run(*SINK, "invite", *words, "--config", str(folder / "sink.yaml")))
    began = time.monotonic()
    device = folder / f"device-{number}"
    told = json.loads(run(*EDGE, "provision", "--folder", str(device), "--claim", invited["claim"], "--yes", "--json"))
    whole = time.monotonic() - began
    if not all(step["passed"] for step in told["steps"]):
        raise FacingsError(f"device {number} did not pass", json.dumps(told["steps"]))
    return float(told["seconds"]), round(whole, 1)


def write(path: Path, content: dict[str, Any]) -> None:
    """A configuration."""
    path.write_text(yaml.safe_dump(content), encoding="utf-8")


def run(*command: str) -> str:
    """What a command says.

    Raises:
        FacingsError: it fails.
    """
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    if done.returncode:
        raise FacingsError(f"{' '.join(command[2:4])} failed", (done.stderr or done.stdout).strip()[-500:])
    return done.stdout


@contextmanager
def started(command: list[str], log: Path, there: Path) -> Iterator[None]:
    """A process until the end, from the moment on that it has written a file."""
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out, cwd=ROOT) as process:  # noqa: S603 - as above
        try:
            deadline = time.monotonic() + PATIENCE
            while not there.is_file():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise FacingsError(f"{Path(command[0]).name} did not start", last_line(log))
                time.sleep(0.05)
            yield
        finally:
            end(process)


if __name__ == "__main__":
    typer.run(main)
