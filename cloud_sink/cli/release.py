"""`sink release`: keys, releases, and how they are rolled out."""

from __future__ import annotations

import getpass
import json
import os
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cloud_sink.cli.options import ConfigFile, DataFolder, say, settings_of
from edge.contract.errors import ConfigError

if TYPE_CHECKING:
    from cloud_sink.fleet.settings import SinkConfig
    from cloud_sink.releases.repository import Repository
    from cloud_sink.releases.rings import RollOut, Standing
    from edge.contract.releases import Bundle, Release

app = typer.Typer(
    help="Signed releases of models, catalogues, planograms and settings, and their roll-out.", no_args_is_help=True
)

ENVIRONMENT = "FACINGS_RELEASE_PASSPHRASE"
SOON = timedelta(days=60)
"""Of the owner's signatures, before they expire: it is told."""

Tenant = Annotated[str | None, typer.Option(help="whose fleet; may be left out where there is only one")]
Keys = Annotated[Path, typer.Option(help="the folder of the owner's keys, away from the server")]
PassphraseFile = Annotated[
    Path | None, typer.Option(help=f"a file with the keys' passphrase; without it {ENVIRONMENT} or a question")
]


@app.command(epilog="Example: sink release init --tenant acme --keys /media/stick/acme-keys --data /var/lib/facings")
def init(
    tenant: Annotated[str, typer.Option(help="whose fleet")],
    keys: Keys,
    passphrase_file: PassphraseFile = None,
    config: ConfigFile = None,
    data: DataFolder = None,
) -> None:
    """Make a fleet's keys and its empty repository. Root and targets keys go into KEYS, encrypted; keep two copies."""
    from pydantic import TypeAdapter, ValidationError

    from cloud_sink.releases.repository import repository_of
    from edge.contract.names import Slug

    try:
        TypeAdapter(Slug).validate_python(tenant)
    except ValidationError:
        raise ConfigError(f"--tenant {tenant!r} is no name of a tenant", "such as acme") from None
    repository = repository_of(settings_of(config, data).data, tenant)
    repository.make(keys, _passphrase(passphrase_file, anew=True), _now())
    say(f"keys of {tenant} in {keys}: keep a copy elsewhere; without them no release can be made")
    say("what devices begin with: sink release root --out trusted-root.json")


@app.command(epilog="Example: sink release root --out trusted-root.json --data /var/lib/facings")
def root(
    out: Annotated[Path, typer.Option(help="the file to write")],
    tenant: Tenant = None,
    config: ConfigFile = None,
    data: DataFolder = None,
) -> None:
    """Write the root that a device is given once: by it, it knows the fleet's releases from all others."""
    from cloud_sink.releases.files import write_whole

    _, repository = _repository(settings_of(config, data), tenant)
    write_whole(out, repository.root_file.read_bytes())
    say(f"{out}: name it as updates.root in a device's configuration")


@app.command(epilog="Example: sink release add --keys /media/stick/acme-keys --models models --catalogue cooler-vn")
def add(
    keys: Keys,
    *,
    models: Annotated[Path | None, typer.Option(help="a folder of models with manifest.json")] = None,
    catalogue: Annotated[list[Path], typer.Option(help="a catalogue's folder; may be said again")] = [],  # noqa: B006 - typer's
    planogram: Annotated[list[Path], typer.Option(help="a planogram or a folder of them; may be said again")] = [],  # noqa: B006 - typer's
    settings: Annotated[Path | None, typer.Option(help="a part of an agent's configuration, YAML")] = None,
    like: Annotated[int | None, typer.Option(help="take what is not named from this release")] = None,
    note: Annotated[str, typer.Option(help="what is new, for people")] = "",
    latency: Annotated[float, typer.Option(min=0.1, max=100, help="time a frame / that of before, at most")] = 1.5,
    memory: Annotated[float, typer.Option(min=0.1, max=100, help="memory / that of before, at most")] = 1.5,
    agreement: Annotated[
        float, typer.Option(min=0, max=1, help="share of facings named as before, at least; lower it for new products")
    ] = 0.8,
    tenant: Tenant = None,
    passphrase_file: PassphraseFile = None,
    config: ConfigFile = None,
    data: DataFolder = None,
) -> None:
    """Sign a release. It holds all that devices shall have, not only what is new; none takes it before its roll-out."""
    from cloud_sink.releases import bundles
    from cloud_sink.releases.keys import offline
    from cloud_sink.releases.repository import refuse_within
    from edge.contract.releases import Limits, Release

    kept = settings_of(config, data)
    name, repository = _repository(kept, tenant)
    refuse_within(keys, kept.data)
    with tempfile.TemporaryDirectory() as scratch:
        made = [bundles.catalogue(one) for one in catalogue]
        made += [bundles.planogram(one) for one in planogram]
        made += [] if models is None else [bundles.models(models)]
        made += [] if settings is None else [bundles.settings(settings, Path(scratch))]
        new = [bundle for bundle, _ in made]
        held = _of_before(repository, like, new)
        if not (new or held):
            raise ConfigError("nothing to release", "name --models, --catalogue, --planogram, --settings or --like")
        release = Release(
            number=repository.next_number(),
            note=note,
            made=_now(),
            limits=Limits(latency=latency, memory=memory, agreement=agreement),
            bundles=(*held, *new),
        )
        found = {sha256: path for _, files in made for sha256, path in files.items()}
        signer = offline(keys, "targets", _passphrase(passphrase_file))
        repository.add(release, found, signer, _now())
    say(f"release {release.number} of {name}: {_in_words(release)}")
    say(f"to let devices have it: sink release roll-out {release.number} --ring first=5% --ring all=100%")


@app.command(
    "roll-out", epilog="Example: sink release roll-out 7 --ring pilot=store:store-01 --ring all=100% --pause 24"
)
def roll_out(
    number: Annotated[int, typer.Argument(help="which release")],
    *,
    ring: Annotated[
        list[str], typer.Option(help="NAME=10% or NAME=store:ID,device:ID; in their order, the last one for all")
    ],
    pause: Annotated[float, typer.Option(min=0, max=8760, help="hours at each ring, at least")] = 24.0,
    most_failures: Annotated[
        float, typer.Option(min=0, max=1, help="share of the reached devices that may fail; with more it stops")
    ] = 0.05,
    least_done: Annotated[
        float, typer.Option(min=0, max=1, help="share of the reached devices that must run it before the next ring")
    ] = 0.9,
    tenant: Tenant = None,
    config: ConfigFile = None,
    data: DataFolder = None,
) -> None:
    """Let devices take a release up, ring by ring. `sink serve` moves on, and stops it where devices fail."""
    from cloud_sink.releases.rings import read_ring
    from cloud_sink.releases.roller import begin

    _, repository = _repository(settings_of(config, data), tenant)
    rings = [read_ring(one) for one in ring]
    if rings[-1].percent < 100:  # noqa: PLR2004 - per cent
        raise ConfigError("the last --ring is not for all", "end with such as --ring all=100%")
    begun = begin(
        repository,
        number,
        rings=rings,
        pause=timedelta(hours=pause),
        most_failures=most_failures,
        least_done=least_done,
        now=_now(),
    )
    say(_where(begun))


@app.command(epilog="Example: sink release stop --data /var/lib/facings")
def stop(tenant: Tenant = None, config: ConfigFile = None, data: DataFolder = None) -> None:
    """Stop the roll-out: no further device takes the release up. Those that run it go on."""
    from cloud_sink.releases.roller import stop as stop_it

    _, repository = _repository(settings_of(config, data), tenant)
    say(_where(stop_it(repository, _now())))


@app.command("go-on", epilog="Example: sink release go-on --data /var/lib/facings")
def go_on(tenant: Tenant = None, config: ConfigFile = None, data: DataFolder = None) -> None:
    """Let a roll-out go on that was stopped, from the ring it was at."""
    from cloud_sink.releases.roller import go_on as let_go

    _, repository = _repository(settings_of(config, data), tenant)
    say(_where(let_go(repository, _now())))


@app.command(epilog="Example: sink release renew --keys /media/stick/acme-keys --data /var/lib/facings")
def renew(
    keys: Keys,
    tenant: Tenant = None,
    passphrase_file: PassphraseFile = None,
    config: ConfigFile = None,
    data: DataFolder = None,
) -> None:
    """Sign root and targets anew, once a year: what has expired is taken by no device."""
    from cloud_sink.releases.keys import offline

    _, repository = _repository(settings_of(config, data), tenant)
    said = _passphrase(passphrase_file)
    repository.renew(root=offline(keys, "root", said), targets=offline(keys, "targets", said), now=_now())
    say(f"root until {repository.expires('root'):%Y-%m-%d}, releases until {repository.expires('targets'):%Y-%m-%d}")


@app.command(epilog="Example: sink release status --data /var/lib/facings")
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
    name, repository = _repository(kept, tenant)
    engine = open_database(kept.database_url)
    upgrade(engine)
    report = _told(name, repository, rollout_of(repository), fleet_of(engine, name))
    if as_json:
        sys.stdout.write(json.dumps(report) + "\n")
        return
    for line in _report_in_words(report):
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
    counted = None if rollout is None else count(rollout, fleet, _now())
    return {
        "tenant": name,
        "releases": [
            {"number": number, "note": one.note, "made": one.made.isoformat(), "holds": _in_words(one)}
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


def _report_in_words(report: dict[str, Any]) -> list[str]:
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
        if moment - _now() < SOON
    ]
    return lines or ["no release yet: sink release add"]


def _of_before(repository: Repository, like: int | None, new: list[Bundle]) -> list[Bundle]:
    """The bundles of an earlier release that nothing new takes the place of."""
    if like is None:
        return []
    taken = {(one.kind, one.name) for one in new}
    return [one for one in repository.release(like).bundles if (one.kind, one.name) not in taken]


def _in_words(release: Release) -> str:
    kinds = ", ".join(
        one.kind if one.kind in {"models", "settings"} else f"{one.kind} {one.name}" for one in release.bundles
    )
    return f"{kinds} ({sum(file.size for file in release.files) / 1e6:.1f} MB)"


def _where(rollout: RollOut) -> str:
    ring = rollout.rings[rollout.at]
    return f"release {rollout.number}: {rollout.state}, at ring {rollout.at + 1} of {len(rollout.rings)}, {ring}"


def _repository(kept: SinkConfig, tenant: str | None) -> tuple[str, Repository]:
    from cloud_sink.releases.repository import known_repository

    return known_repository(kept.data, tenant)


def _passphrase(file: Path | None, *, anew: bool = False) -> str:
    if file is not None:
        try:
            return file.read_text(encoding="utf-8").rstrip("\n")
        except (OSError, UnicodeDecodeError):
            raise ConfigError(f"--passphrase-file {file} cannot be read", "give a file with one line") from None
    if said := os.environ.get(ENVIRONMENT):
        return said
    if not sys.stdin.isatty():
        raise ConfigError("the keys' passphrase is not given", f"give --passphrase-file, or set {ENVIRONMENT}")
    first = getpass.getpass("passphrase of the keys: ")
    if anew and getpass.getpass("once more: ") != first:
        raise ConfigError("the two passphrases differ", "run the command again")
    return first


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
