"""The signed repository of one fleet (TUF 1.0): what its devices fetch, and the keys of the server beside it.

    DATA/releases/TENANT/metadata/     root, targets, roll-out, snapshot, all their versions; timestamp
    DATA/releases/TENANT/targets/      releases, their files by SHA-256, the plan of the roll-out
    DATA/releases/TENANT/online/       the server's keys, never served
    DATA/releases/TENANT/prepared/     what is to be signed elsewhere, by its digest

Metadata are written in the order in which they name one another, the timestamp last: whenever the power goes, devices
see the state before or the one after.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp

from cloud_sink.releases.authority import named, roll_out_alone
from cloud_sink.releases.files import make_folder, only_writer, read_whole, write_whole
from cloud_sink.releases.keys import ONLINE, is_within, make_offline, make_online, online
from cloud_sink.releases.metadata import MetadataFolder, S, version
from edge.contract.errors import ConfigError, StoreError
from edge.contract.releases import ROLL_OUT, ROLL_OUT_ROLE, Release, RollOutPlan, release_target

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from securesystemslib.signer import Signer

    from cloud_sink.releases.keys import OnlineRole

VALID = {
    "root": timedelta(days=730),
    "targets": timedelta(days=365),
    "roll-out": timedelta(days=30),
    "snapshot": timedelta(days=30),
    "timestamp": timedelta(days=3),
}
"""How long each is valid. A device that is kept from the repository, or shown an old one, knows after three days."""

RENEWED_WITHIN = {"roll-out": timedelta(days=20), "snapshot": timedelta(days=20), "timestamp": timedelta(days=2)}
"""The server signs anew what is valid no longer than this."""


class Repository:
    """The repository of one fleet.

    Args:
        folder: of it, such as `DATA/releases/acme`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.metadata = folder / "metadata"
        self.targets = folder / "targets"
        self.online = folder / "online"
        self.signed = MetadataFolder(self.metadata)

    @property
    def exists(self) -> bool:
        """Whether it was made."""
        return self.signed.exists

    @property
    def root_file(self) -> Path:
        """The root that new devices are given: the newest."""
        return self.signed.file(Root.type)

    def make(self, keys: Path, passphrase: str, now: datetime, *, holder: str = "owner") -> None:
        """Make keys and an empty repository.

        Args:
            keys: a folder for the owner's keys; not one that the server keeps.
            passphrase: of these keys.
            now: UTC.
            holder: who has them.

        Raises:
            ConfigError: there is one already, or the folder of the keys lies with the server's data.
        """
        if self.exists:
            raise ConfigError(f"{self.folder}: this fleet has its repository already", "see: sink release status")
        refuse_within(keys, self.folder.parent.parent)
        with only_writer(self.folder):
            make_folder(self.online)
            root, targets = (make_offline(keys, role, passphrase) for role in ("root", "targets"))
            servers = {role: make_online(self.online, role) for role in ONLINE}
            signed = Root(expires=now + VALID["root"], consistent_snapshot=True)
            signed.add_key(named(root.public_key, holder), "root")
            signed.add_key(named(targets.public_key, holder), "targets")
            for role in ("snapshot", "timestamp"):
                signed.add_key(servers[role].public_key, role)
            self._sign("root", Metadata(signed), root)
            listed = Targets(expires=now + VALID["targets"], delegations=roll_out_alone(servers["roll-out"].public_key))
            self._sign("targets", Metadata(listed), targets)
            self._write_plan(RollOutPlan(), Targets(version(0, now)), now)
            self.stand(now)

    def roll_out(self, plan: RollOutPlan, now: datetime) -> None:
        """Let devices take up what a plan says; the server's own key signs it.

        Raises:
            ConfigError: it names a release that is not there.
            StoreError: the disk refuses.
        """
        with only_writer(self.folder):
            for number in (plan.stable, None if plan.candidate is None else plan.candidate.number):
                if number is not None:
                    self.release(number)
            self._write_plan(plan, self._next_roll_out(now), now)
            self.stand(now)

    def keep_valid(self, now: datetime) -> bool:
        """Sign anew, with the server's keys, what is valid not much longer; whether there was something.

        Raises:
            StoreError: the disk refuses.
        """
        with only_writer(self.folder):
            aged = {role for role, within in RENEWED_WITHIN.items() if self.expires(role) - now < within}
            if ROLL_OUT_ROLE in aged:
                self._write_plan(self.plan(), self._next_roll_out(now), now)
            if aged:
                self.stand(now)
            return bool(aged)

    def sign_anew(self, now: datetime) -> None:
        """Sign all that the server signs with the keys that it has now; the writer's lock is held.

        Raises:
            ConfigError: none of its keys may sign.
            StoreError: the disk refuses.
        """
        self._write_plan(self.plan(), self._next_roll_out(now), now)
        self.stand(now)

    def plan(self) -> RollOutPlan:
        """What devices are to run."""
        target = self.signed.load(ROLL_OUT_ROLE, Targets).signed.targets[ROLL_OUT]
        return RollOutPlan.model_validate_json(read_whole(self.targets / hashed(target)))

    def numbers(self) -> list[int]:
        """Of every release, the newest last."""
        return _numbers(self.signed.top())

    def next_number(self) -> int:
        """Of the next release."""
        return max(self.numbers(), default=0) + 1

    def release(self, number: int) -> Release:
        """A release.

        Raises:
            ConfigError: there is none of that number.
        """
        signed = self.signed.top()
        target = signed.targets.get(release_target(number))
        if target is None:
            known = ", ".join(map(str, _numbers(signed))) or "none yet"
            raise ConfigError(f"there is no release {number}", f"releases: {known}")
        return Release.model_validate_json(read_whole(self.targets / hashed(target)))

    def expires(self, role: str) -> datetime:
        """When what a role signed expires, UTC."""
        return self.signed.expires(role)

    def place(self, path: str, data: bytes) -> TargetFile:
        """Put a target where devices fetch it; they take it once it is signed.

        Raises:
            StoreError: the disk refuses.
        """
        target = TargetFile.from_data(path, data, ["sha256"])
        if not (self.targets / hashed(target)).is_file():
            write_whole(self.targets / hashed(target), data)
        return target

    def stand(self, now: datetime) -> None:
        """The snapshot of what is there now, and the timestamp that names it; the writer's lock is held.

        Raises:
            StoreError: the disk refuses.
        """
        versions = {f"{role}.json": MetaFile(self.signed.newest(role)) for role in (Targets.type, ROLL_OUT_ROLE)}
        number = version(self.signed.newest(Snapshot.type), now)
        snapshot = Snapshot(number, expires=now + VALID["snapshot"], meta=versions)
        self._sign("snapshot", Metadata(snapshot), self._key("snapshot"))
        before = self.signed.load(Timestamp.type, Timestamp).signed.version if self.exists else 0
        until = now + VALID["timestamp"]
        stamp = Timestamp(version(before, now), expires=until, snapshot_meta=MetaFile(number))
        self._sign("timestamp", Metadata(stamp), self._key("timestamp"))

    def _next_roll_out(self, now: datetime) -> Targets:
        signed = self.signed.load(ROLL_OUT_ROLE, Targets).signed
        signed.version = version(signed.version, now)
        return signed

    def _write_plan(self, plan: RollOutPlan, signed: Targets, now: datetime) -> None:
        signed.targets[ROLL_OUT] = self.place(ROLL_OUT, plan.model_dump_json().encode())
        signed.expires = now + VALID["roll-out"]
        self._sign(ROLL_OUT_ROLE, Metadata(signed), self._key("roll-out"))

    def _sign(self, role: str, metadata: Metadata[S], key: Signer) -> None:
        metadata.sign(key)
        self.signed.put(role, metadata)

    def _key(self, role: OnlineRole) -> Signer:
        names = self.signed.top() if role == ROLL_OUT_ROLE else self.signed.root()
        return online(self.online, role, names.get_delegated_role(role).keyids)


def hashed(target: TargetFile) -> str:
    """A target's path in a repository of consistent snapshots."""
    return target.get_prefixed_paths()[0]


def refuse_within(keys: Path, data: Path) -> None:
    """Refuse a folder of the owner's keys that lies in the server's: whoever gets the one would have the other.

    Raises:
        ConfigError: it does.
    """
    if is_within(keys, data):
        raise ConfigError(f"--keys {keys} lies in the server's own folder", "keep them elsewhere, as on a stick")


def _numbers(signed: Targets) -> list[int]:
    return sorted(int(path.split("/")[1][:-5]) for path in signed.targets if path.startswith("releases/"))


def repositories(data: Path) -> dict[str, Repository]:
    """Every fleet's repository below the data folder, by tenant."""
    folders = sorted((data / "releases").glob("*/metadata/timestamp.json"))
    return {stamp.parent.parent.name: Repository(stamp.parent.parent) for stamp in folders}


def plans(data: Path) -> dict[str, RollOutPlan]:
    """What the devices of each fleet are to run, by tenant; of those alone that can be read."""
    found = {tenant: plan_of(data, tenant) for tenant in repositories(data)}
    return {tenant: plan for tenant, plan in found.items() if plan is not None}


def plan_of(data: Path, tenant: str) -> RollOutPlan | None:
    """What the devices of a fleet are to run; None where it has no releases here, or they cannot be read."""
    repository = repository_of(data, tenant)
    with suppress(StoreError):
        return repository.plan() if repository.exists else None
    return None


def repository_of(data: Path, tenant: str) -> Repository:
    """The repository of one fleet, which may not be there yet."""
    return Repository(data / "releases" / tenant)


def known_repository(data: Path, tenant: str | None) -> tuple[str, Repository]:
    """The repository of a tenant; of the only one, where none is named.

    Raises:
        ConfigError: there is none, or there are several.
    """
    found = repositories(data)
    if tenant is None and len(found) == 1:
        return next(iter(found.items()))
    if tenant is None and found:
        raise ConfigError(f"several fleets have releases: {', '.join(found)}", "name one with --tenant")
    if tenant is None or tenant not in found:
        raise ConfigError(
            f"{tenant or 'this collector'} has no releases yet", "make its keys: sink release init --tenant … --keys …"
        )
    return tenant, found[tenant]
