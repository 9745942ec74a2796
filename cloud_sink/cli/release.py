"""`sink release`: keys, releases, and how they are rolled out."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cloud_sink.cli import release_keys
from cloud_sink.cli.options import ConfigFile, DataFolder, say, settings_of
from cloud_sink.cli.release_options import (
    Keys,
    PassphraseFile,
    Tenant,
    in_words,
    known,
    latest_reported,
    now_utc,
    passphrase_of,
)
from cloud_sink.cli.release_signing import (
    Prepare,
    SomeKeys,
    check_way,
    publish,
    renew,
    root_line,
    settle,
    show,
    sign,
)
from cloud_sink.cli.release_status import status
from edge.contract.errors import ConfigError

if TYPE_CHECKING:
    from cloud_sink.releases.repository import Repository
    from cloud_sink.releases.rings import RollOut
    from edge.contract.releases import Bundle, Release

app = typer.Typer(
    help="Signed releases of models, catalogues, planograms, settings and the agent, and their roll-out.",
    no_args_is_help=True,
)

app.command("status", epilog="Example: sink release status --data /var/lib/facings")(status)
app.command("show", epilog="Example: sink release show release-7.json --files")(show)
app.command("sign", epilog="Example: sink release sign release-7.json --keys /media/stick/acme-keys")(sign)
app.command("publish", epilog="Example: sink release publish release-7.json --data /var/lib/facings")(publish)
app.command("renew", epilog="Example: sink release renew --keys /media/stick/acme-keys --data /var/lib/facings")(renew)
app.add_typer(release_keys.app, name="keys")


@app.command(epilog="Example: sink release init --tenant acme --keys /media/stick/acme-keys --data /var/lib/facings")
def init(
    tenant: Annotated[str, typer.Option(help="whose fleet")],
    keys: Keys,
    *,
    holder: Annotated[str, typer.Option(help="who has these keys")] = "owner",
    passphrase_file: PassphraseFile = None,
    config: ConfigFile = None,
    data: DataFolder = None,
) -> None:
    """Make a fleet's keys and its empty repository. Root and targets keys go into KEYS, encrypted; keep two copies."""
    from pydantic import TypeAdapter, ValidationError

    from cloud_sink.releases import stick
    from cloud_sink.releases.repository import repository_of
    from edge.contract.names import Slug

    for option, name in (("--tenant", tenant), ("--holder", holder)):
        try:
            TypeAdapter(Slug).validate_python(name)
        except ValidationError:
            raise ConfigError(f"{option} {name!r} is no name", "letters, figures and dashes, such as acme") from None
    repository = repository_of(settings_of(config, data).data, tenant)
    repository.make(keys, passphrase_of(passphrase_file, anew=True), now_utc(), holder=holder)
    first = repository.signed.root_as_signed()
    stick.note(keys, tenant, first, 0)
    say(root_line(1, first.signed_bytes))
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

    _, repository = known(settings_of(config, data), tenant)
    write_whole(out, repository.root_file.read_bytes())
    say(f"{out}: name it as updates.root in a device's configuration")


@app.command(epilog="Example: sink release add --keys /media/stick/acme-keys --models models --catalogue cooler-vn")
def add(
    *,
    keys: SomeKeys = None,
    prepare: Prepare = None,
    models: Annotated[Path | None, typer.Option(help="a folder of models with manifest.json")] = None,
    catalogue: Annotated[list[Path], typer.Option(help="a catalogue's folder; may be said again")] = [],  # noqa: B006 - typer's
    planogram: Annotated[list[Path], typer.Option(help="a planogram or a folder of them; may be said again")] = [],  # noqa: B006 - typer's
    settings: Annotated[Path | None, typer.Option(help="a part of an agent's configuration, YAML")] = None,
    agent: Annotated[
        list[Path],
        typer.Option(help="wheels of the agent and its dependencies, or a folder of them; may be said again"),
    ] = [],  # noqa: B006 - typer's
    platform: Annotated[
        list[str],
        typer.Option(help="of the devices, as edge status names it: cp311-manylinux_2_36_aarch64; may be said again"),
    ] = [],  # noqa: B006 - typer's
    file: Annotated[list[Path], typer.Option(help="that settings name as files/NAME; may be said again")] = [],  # noqa: B006 - typer's
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
    from cloud_sink.releases.publishing import complete, prepare_release
    from edge.contract.releases import Limits, Release

    kept = settings_of(config, data)
    check_way(keys, prepare, kept.data)
    if file and settings is None:
        raise ConfigError("--file without --settings", "give the settings that name it")
    name, repository = known(kept, tenant)
    complete(repository, now_utc())
    with tempfile.TemporaryDirectory() as scratch:
        made = [bundles.catalogue(one) for one in catalogue]
        made += [bundles.planogram(one) for one in planogram]
        made += [] if models is None else [bundles.models(models)]
        made += [bundles.agent(agent, platform)] if agent else []
        made += [] if settings is None else [bundles.settings(settings, Path(scratch), file)]
        new = [bundle for bundle, _ in made]
        held = _of_before(repository, like, new)
        if not (new or held):
            raise ConfigError("nothing to release", "name --models, --catalogue, --settings, --agent or --like")
        release = Release(
            number=max(repository.next_number(), latest_reported(kept.database_url, name) + 1),
            note=note,
            made=now_utc(),
            limits=Limits(latency=latency, memory=memory, agreement=agreement),
            bundles=(*held, *new),
        )
        found = {sha256: path for _, files in made for sha256, path in files.items()}
        proposal = prepare_release(repository, release, found, now_utc())
    published = settle(repository, proposal, keys=keys, prepare=prepare, passphrase=passphrase_file)
    say(f"release {release.number} of {name}: {in_words(release)}")
    if (older := _older_agent(repository, release)) is not None:
        say(f"note: {older}: devices where that one lasted refuse this release")
    if published:
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

    _, repository = known(settings_of(config, data), tenant)
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
        now=now_utc(),
    )
    say(_where(begun))


@app.command(epilog="Example: sink release stop --data /var/lib/facings")
def stop(tenant: Tenant = None, config: ConfigFile = None, data: DataFolder = None) -> None:
    """Stop the roll-out: no further device takes the release up. Those that run it go on."""
    from cloud_sink.releases.roller import stop as stop_it

    _, repository = known(settings_of(config, data), tenant)
    say(_where(stop_it(repository, now_utc())))


@app.command("go-on", epilog="Example: sink release go-on --data /var/lib/facings")
def go_on(tenant: Tenant = None, config: ConfigFile = None, data: DataFolder = None) -> None:
    """Let a roll-out go on that was stopped, from the ring it was at."""
    from cloud_sink.releases.roller import go_on as let_go

    _, repository = known(settings_of(config, data), tenant)
    say(_where(let_go(repository, now_utc())))


def _of_before(repository: Repository, like: int | None, new: list[Bundle]) -> list[Bundle]:
    """The bundles of an earlier release that nothing new takes the place of."""
    if like is None:
        return []
    taken = {(one.kind, one.name) for one in new}
    return [one for one in repository.release(like).bundles if (one.kind, one.name) not in taken]


def _older_agent(repository: Repository, release: Release) -> str | None:
    """That a release holds an older agent than one before it; None where it does not."""
    from packaging.version import Version

    if release.agent is None or release.agent.agent is None:
        return None
    version = release.agent.agent.version
    for number in reversed(repository.numbers()):
        known = repository.release(number).agent
        if known is not None and known.agent is not None and Version(known.agent.version) > Version(version):
            return f"its agent is {version}, that of release {number} is {known.agent.version}"
    return None


def _where(rollout: RollOut) -> str:
    ring = rollout.rings[rollout.at]
    return f"release {rollout.number}: {rollout.state}, at ring {rollout.at + 1} of {len(rollout.rings)}, {ring}"
