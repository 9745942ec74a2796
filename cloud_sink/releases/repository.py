"""The signed repository of one fleet (TUF 1.0): what its devices fetch, and the keys of the server beside it.

    DATA/releases/TENANT/metadata/     root, targets, roll-out, snapshot, all their versions; timestamp
    DATA/releases/TENANT/targets/      releases, their files by SHA-256, the plan of the roll-out
    DATA/releases/TENANT/online/       the server's keys, never served

Metadata are written in the order in which they name one another, the timestamp last: whenever the power goes, devices
see the state before or the one after.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar, cast

from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    MetaFile,
    Role,
    Root,
    Signed,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)

from cloud_sink.releases.files import make_folder, only_writer, write_whole
from cloud_sink.releases.keys import ONLINE, is_within, make_offline, make_online, online
from edge.contract.errors import ConfigError, StoreError
from edge.contract.releases import (
    ROLL_OUT,
    ROLL_OUT_ROLE,
    Release,
    RollOutPlan,
    content_target,
    release_target,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
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

S = TypeVar("S", Root, Timestamp, Snapshot, Targets)


class Repository:
    """The repository of one fleet.

    Args:
        folder: of it, such as `DATA/releases/acme`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.metadata = folder / "metadata"
        self.targets = folder / "targets"
        self._online = folder / "online"

    @property
    def exists(self) -> bool:
        """Whether it was made."""
        return (self.metadata / "timestamp.json").is_file()

    @property
    def root_file(self) -> Path:
        """The root that new devices are given: the newest."""
        return self.metadata / f"{self._newest(Root.type)}.root.json"

    def make(self, keys: Path, passphrase: str, now: datetime) -> None:
        """Make keys and an empty repository.

        Args:
            keys: a folder for the owner's keys; not one that the server keeps.
            passphrase: of these keys.
            now: UTC.

        Raises:
            ConfigError: there is one already, or the folder of the keys lies with the server's data.
        """
        if self.exists:
            raise ConfigError(f"{self.folder}: this fleet has its repository already", "see: sink release status")
        refuse_within(keys, self.folder.parent.parent)
        with only_writer(self.folder):
            make_folder(self._online)
            root, targets = (make_offline(keys, role, passphrase) for role in ("root", "targets"))
            servers = {role: make_online(self._online, role) for role in ONLINE}
            signed = Root(expires=now + VALID["root"], consistent_snapshot=True)
            for name, signer in (
                ("root", root),
                ("targets", targets),
                ("snapshot", servers["snapshot"]),
                ("timestamp", servers["timestamp"]),
            ):
                signed.add_key(signer.public_key, name)
            self._write(Metadata(signed), root)
            roll_out = servers["roll-out"].public_key
            delegated = DelegatedRole(
                ROLL_OUT_ROLE, [roll_out.keyid], 1, terminating=True, paths=[f"{ROLL_OUT_ROLE}/*"]
            )
            top = Targets(
                expires=now + VALID["targets"],
                delegations=Delegations({roll_out.keyid: roll_out}, {ROLL_OUT_ROLE: delegated}),
            )
            self._write(Metadata(top), targets)
            self._write_plan(RollOutPlan(), Targets(_version(0, now)), now)
            self._stand(now)

    def add(self, release: Release, contents: Mapping[str, Path], signer: Signer, now: datetime) -> None:
        """Sign a release and its files. No device takes it before it is rolled out.

        Args:
            release: numbered one more than the last.
            contents: where each of its files lies, by SHA-256.
            signer: of the key `targets`.
            now: UTC.

        Raises:
            ConfigError: the key is not the fleet's, the number is not the next, or a file is not what was listed.
            StoreError: the disk refuses.
        """
        with only_writer(self.folder):
            top = self._load(Targets.type, Targets)
            if release.number != self._next_number(top.signed):
                raise ConfigError(f"release {release.number} is not the next one", "run the command again")
            for file in release.files:
                data = self._content(file.sha256, contents)
                self._place(content_target(file.sha256), data, top.signed)
            self._place(release_target(release.number), release.model_dump_json().encode(), top.signed)
            top.signed.version += 1
            top.signed.expires = now + VALID["targets"]
            self._write(top, signer)
            self._stand(now)

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
            self._stand(now)

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
                self._stand(now)
            return bool(aged)

    def renew(self, *, root: Signer, targets: Signer, now: datetime) -> None:
        """Sign root and targets anew with the owner's keys: before they expire, once a year."""
        with only_writer(self.folder):
            top = self._load(Root.type, Root)
            top.signed.version += 1
            top.signed.expires = now + VALID["root"]
            self._write(top, root)
            listed = self._load(Targets.type, Targets)
            listed.signed.version += 1
            listed.signed.expires = now + VALID["targets"]
            self._write(listed, targets)
            self._stand(now)

    def plan(self) -> RollOutPlan:
        """What devices are to run."""
        target = self._load(ROLL_OUT_ROLE, Targets).signed.targets[ROLL_OUT]
        return RollOutPlan.model_validate_json(self._read(self.targets / hashed(target)))

    def numbers(self) -> list[int]:
        """Of every release, the newest last."""
        return _numbers(self._load(Targets.type, Targets).signed)

    def next_number(self) -> int:
        """Of the next release."""
        return self._next_number(self._load(Targets.type, Targets).signed)

    def release(self, number: int) -> Release:
        """A release.

        Raises:
            ConfigError: there is none of that number.
        """
        signed = self._load(Targets.type, Targets).signed
        target = signed.targets.get(release_target(number))
        if target is None:
            known = ", ".join(map(str, _numbers(signed))) or "none yet"
            raise ConfigError(f"there is no release {number}", f"releases: {known}")
        return Release.model_validate_json(self._read(self.targets / hashed(target)))

    def expires(self, role: str) -> datetime:
        """When what a role signed expires, UTC."""
        until: datetime = self._parsed(role).signed.expires
        return until.replace(tzinfo=UTC)

    def _stand(self, now: datetime) -> None:
        """The snapshot of what is there now, and the timestamp that names it."""
        versions = {f"{role}.json": MetaFile(self._newest(role)) for role in (Targets.type, ROLL_OUT_ROLE)}
        number = _version(self._newest(Snapshot.type), now)
        snapshot = Metadata(Snapshot(number, expires=now + VALID["snapshot"], meta=versions))
        self._write(snapshot, self._key("snapshot"))
        stamp = self.metadata / "timestamp.json"
        before = self._load(Timestamp.type, Timestamp).signed.version if stamp.is_file() else 0
        until = now + VALID["timestamp"]
        data = Metadata(Timestamp(_version(before, now), expires=until, snapshot_meta=MetaFile(number)))
        data.sign(self._key("timestamp"))
        write_whole(stamp, data.to_bytes())

    def _next_roll_out(self, now: datetime) -> Targets:
        signed = self._load(ROLL_OUT_ROLE, Targets).signed
        signed.version = _version(signed.version, now)
        return signed

    def _write_plan(self, plan: RollOutPlan, signed: Targets, now: datetime) -> None:
        self._place(ROLL_OUT, plan.model_dump_json().encode(), signed)
        signed.expires = now + VALID["roll-out"]
        self._write(Metadata(signed), self._key("roll-out"), name=ROLL_OUT_ROLE)

    def _place(self, path: str, data: bytes, signed: Targets) -> None:
        target = TargetFile.from_data(path, data, ["sha256"])
        signed.targets[path] = target
        if not (self.targets / hashed(target)).is_file():
            write_whole(self.targets / hashed(target), data)

    def _content(self, sha256: str, contents: Mapping[str, Path]) -> bytes:
        kept = self.targets / "content" / f"{sha256}.{sha256}"
        data = self._read(contents.get(sha256, kept))
        if hashlib.sha256(data).hexdigest() != sha256:
            raise ConfigError(f"{contents.get(sha256, kept)}: changed while it was read", "run the command again")
        return data

    def _write(self, metadata: Metadata[S], signer: Signer, *, name: str | None = None) -> None:
        role = name or metadata.signed.type
        self._check_key(role, signer, metadata.signed)
        metadata.sign(signer)
        write_whole(self.metadata / f"{metadata.signed.version}.{role}.json", metadata.to_bytes())

    def _check_key(self, role: str, signer: Signer, signed: Signed) -> None:
        """Refuse another fleet's key: devices would refuse what it signed, and nobody would know why."""
        allowed: Role
        if role == ROLL_OUT_ROLE:
            allowed = self._load(Targets.type, Targets).signed.get_delegated_role(role)
        else:
            root = signed if isinstance(signed, Root) else self._load(Root.type, Root).signed
            allowed = root.get_delegated_role(role)
        if signer.public_key.keyid not in allowed.keyids:
            raise ConfigError(f"this key {role} is not the one of {self.folder.name}", "give the fleet's own --keys")

    def _key(self, role: OnlineRole) -> Signer:
        return online(self._online, role)

    def _load(self, role: str, kind: type[S]) -> Metadata[S]:
        found = self._parsed(role)
        if not isinstance(found.signed, kind):
            raise StoreError(f"{self.metadata}: {role} holds something else", "bring the folder back from a backup")
        return cast("Metadata[S]", found)

    def _parsed(self, role: str) -> Metadata[Any]:
        stem = role if role == Timestamp.type else f"{self._newest(role)}.{role}"
        data = self._read(self.metadata / f"{stem}.json")
        try:
            return Metadata[Any].from_bytes(data)
        except RepositoryError as error:
            raise StoreError(f"{self.metadata}/{stem}.json: {error}", "bring the folder back from a backup") from None

    def _newest(self, role: str) -> int:
        """The version of a role that counts; 0 before the first. What the timestamp does not name yet was cut short."""
        found = (name.name.split(".")[0] for name in self.metadata.glob(f"*.{role}.json"))
        return max((int(one) for one in found if one.isdigit()), default=0)

    def _read(self, path: Path) -> bytes:
        try:
            return path.read_bytes()
        except OSError as error:
            raise StoreError(f"{path}: {error.strerror}", "see: sink release init --help") from None

    @staticmethod
    def _next_number(signed: Targets) -> int:
        return max(_numbers(signed), default=0) + 1


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


def _version(before: int, now: datetime) -> int:
    """The next version of what the server signs: the seconds since 1970, and always more than before.

    By the time, so that a repository that was brought back from a backup goes on above all that devices have seen.
    """
    return max(before + 1, int(now.timestamp()))


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
