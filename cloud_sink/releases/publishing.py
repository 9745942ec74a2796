"""From what is to change to what devices see: prepared, signed by its holders, and put in place in one go.

The proposal that was prepared is known by its digest, and no other is put in place. It is written down before the first
of its files is: a cut between two of them is gone on with, so that devices are not left between two roots.
"""

from __future__ import annotations

import copy
import hashlib
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from tuf.api.metadata import Metadata, Root, Targets

from cloud_sink.releases import proposal as proposals
from cloud_sink.releases.authority import changed
from cloud_sink.releases.files import only_writer, read_whole, write_whole
from cloud_sink.releases.keys import ONLINE, forget_online, make_online
from cloud_sink.releases.metadata import version
from cloud_sink.releases.proposal import Proposal
from cloud_sink.releases.repository import VALID, hashed
from edge.contract.errors import ConfigError, StoreError
from edge.contract.releases import MODELS, ROLL_OUT_ROLE, SETTINGS, content_target, release_target

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from securesystemslib.signer import Signer

    from cloud_sink.releases.authority import KeyChange
    from cloud_sink.releases.repository import Repository
    from edge.contract.releases import Release

_PREPARED = "prepared"
_UNDER_WAY = "publishing.json"
_SHOWN = {(MODELS, "manifest.json"), (SETTINGS,)}
"""Files of a release whose text a signer sees."""

_LONGEST_TEXT = 1024 * 1024


def prepare_release(repository: Repository, release: Release, contents: Mapping[str, Path], now: datetime) -> Proposal:
    """A release to be signed. Its files are put in place; no device takes them before they are signed.

    Args:
        repository: of the fleet.
        release: of a number above all others.
        contents: where each of its files lies, by SHA-256; not those of earlier releases.
        now: UTC.

    Raises:
        ConfigError: the number was given out meanwhile, or a file is not what was listed.
        StoreError: the disk refuses.
    """
    with only_writer(repository.folder):
        _finish(repository, now)
        listed = repository.signed.top()
        numbers = repository.numbers()
        if release.number <= max(numbers, default=0):
            raise ConfigError(f"release {release.number} is not the next one", "run the command again")
        for file in release.files:
            data = _content(repository, file.sha256, contents)
            path = content_target(file.sha256)
            listed.targets[path] = repository.place(path, data)
        path = release_target(release.number)
        listed.targets[path] = repository.place(path, release.model_dump_json().encode())
        shown = [*([repository.release(numbers[-1])] if numbers else []), release]
        return _prepared(repository, None, _later(listed, now), dict(_texts(repository, shown, listed)))


def prepare_renewal(repository: Repository, now: datetime) -> Proposal:
    """Root and targets as they are, to be signed anew.

    Raises:
        StoreError: the disk refuses.
    """
    with only_writer(repository.folder):
        _finish(repository, now)
        return _prepared(repository, _next(repository.signed.root(), now), _later(repository.signed.top(), now), {})


def prepare_keys(repository: Repository, change: KeyChange, now: datetime, *, new_server_keys: bool) -> Proposal:
    """A change of who may sign.

    The server's keys are made anew as well where a key for releases goes: whoever had it may have signed versions far
    ahead, and devices forget those with the keys that named them (TUF 1.0, 5.3.11).

    Args:
        repository: of the fleet.
        change: of the owner's keys.
        now: UTC.
        new_server_keys: whether the server's keys are made anew.

    Raises:
        ConfigError: it cannot be.
        StoreError: the disk refuses.
    """
    with only_writer(repository.folder):
        _finish(repository, now)
        if new_server_keys or any(role == Targets.type for role, _ in change.remove):
            servers = {role: make_online(repository.online, role).public_key for role in ONLINE}
            change = replace(change, server=servers)
        root, listed = changed(repository.signed.root(), repository.signed.top(), change)
        return _prepared(repository, _next(root, now), None if listed is None else _later(listed, now), {})


def publish(repository: Repository, proposal: Proposal, now: datetime) -> None:
    """Put a signed proposal in place.

    Raises:
        ConfigError: it is not what was prepared here, or not on what is in force, or signatures are missing.
        StoreError: the disk refuses; what was written is gone on with.
    """
    with only_writer(repository.folder):
        _finish(repository, now)
        known = repository.folder / _PREPARED / proposal.digest
        if proposal.fleet != repository.folder.name or not known.is_file():
            raise ConfigError(
                f"this is not what was prepared here for {repository.folder.name}", "prepare it again, with --prepare"
            )
        before = (repository.signed.parsed(Root.type), repository.signed.parsed(Targets.type))
        if (proposal.root_before.signed, proposal.targets_before.signed) != tuple(one.signed for one in before):
            raise ConfigError("something else was published since it was prepared", "prepare it again, with --prepare")
        if missing := [str(one) for one in proposal.wanted() if not one.found.verified]:
            raise ConfigError(
                "; ".join(missing), "others must sign too: --prepare FILE, and by each: sink release sign FILE --keys …"
            )
        _check_contents(repository, proposal)
        write_whole(repository.folder / _UNDER_WAY, proposals.as_bytes(proposal))
        _finish(repository, now)


def complete(repository: Repository, now: datetime) -> None:
    """Go on with what was cut while it was put in place.

    Raises:
        StoreError: the disk refuses.
    """
    if (repository.folder / _UNDER_WAY).is_file():
        with only_writer(repository.folder):
            _finish(repository, now)


def sign_and_publish(repository: Repository, proposal: Proposal, signers: Iterable[Signer], now: datetime) -> None:
    """Where the keys are at hand: sign a proposal, and put it in place.

    Raises:
        ConfigError: the keys are not the fleet's, or others must sign as well.
        StoreError: the disk refuses.
    """
    signed, told = proposals.sign(proposal, signers)
    if not told:
        forget(repository, proposal)
        raise ConfigError(f"these keys are not those of {repository.folder.name}", "give the fleet's own --keys")
    try:
        publish(repository, signed, now)
    except ConfigError:
        forget(repository, proposal)
        raise


def forget(repository: Repository, proposal: Proposal) -> None:
    """Let go of what was prepared and is not to be."""
    with suppress(OSError):
        (repository.folder / _PREPARED / proposal.digest).unlink()


def _finish(repository: Repository, now: datetime) -> None:
    """Put in place what was written down; done once or twice, it comes to the same."""
    path = repository.folder / _UNDER_WAY
    if not path.is_file():
        return
    proposal = proposals.from_bytes(read_whole(path), name=str(path))
    if proposal.root is not None:
        repository.signed.put(Root.type, proposal.root)
    if proposal.targets is not None:
        repository.signed.put(Targets.type, proposal.targets)
    if _of_server(proposal.root_before.signed, proposal.targets_before.signed) == _of_server(
        repository.signed.root(), repository.signed.top()
    ):
        repository.stand(now)
    else:
        repository.sign_anew(now)
        forget_online(repository.online, _of_server(proposal.root_before.signed, proposal.targets_before.signed))
    try:
        for one in (repository.folder / _PREPARED).iterdir():
            one.unlink()  # all others were prepared on what is no more in force
        path.unlink()
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}", "check the folder's rights") from None


def _of_server(root: Root, targets: Targets) -> set[str]:
    """Ids of the server's keys."""
    ids = {keyid for role in ("snapshot", "timestamp") for keyid in root.roles[role].keyids}
    return ids | set(targets.get_delegated_role(ROLL_OUT_ROLE).keyids)


def _prepared(repository: Repository, root: Root | None, targets: Targets | None, texts: dict[str, str]) -> Proposal:
    signed = repository.signed
    roots = tuple(
        Metadata[Root].from_bytes(read_whole(signed.path / f"{number}.root.json"))
        for number in range(1, signed.newest(Root.type) + 1)
    )
    proposal = Proposal(
        fleet=repository.folder.name,
        roots=roots,
        targets_before=signed.load(Targets.type, Targets),
        root=None if root is None else Metadata(root),
        targets=None if targets is None else Metadata(targets),
        texts=texts,
    )
    write_whole(repository.folder / _PREPARED / proposal.digest, b"")
    return proposal


def _texts(repository: Repository, releases: list[Release], listed: Targets) -> Iterator[tuple[str, str]]:
    """What a signer is to see of releases."""
    for release in releases:
        paths = [release_target(release.number)]
        paths += [
            content_target(file.sha256)
            for bundle in release.bundles
            for file in bundle.files
            if bundle.place(file) in _SHOWN and file.size <= _LONGEST_TEXT
        ]
        for path in paths:
            yield path, read_whole(repository.targets / hashed(listed.targets[path])).decode()


def _check_contents(repository: Repository, proposal: Proposal) -> None:
    """Every file that is signed anew is here: what devices would look for in vain is not put in place."""
    if proposal.targets is None:
        return
    before = proposal.targets_before.signed.targets
    for path, target in proposal.targets.signed.targets.items():
        if path not in before and not (repository.targets / hashed(target)).is_file():
            raise StoreError(f"{repository.targets / hashed(target)} is missing", "prepare the release again")


def _content(repository: Repository, sha256: str, contents: Mapping[str, Path]) -> bytes:
    kept = repository.targets / "content" / f"{sha256}.{sha256}"
    path = contents.get(sha256, kept)
    data = read_whole(path)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise ConfigError(f"{path}: changed while it was read", "run the command again")
    return data


def _next(root: Root, now: datetime) -> Root:
    root = copy.deepcopy(root)
    root.version += 1
    root.expires = now + VALID["root"]
    return root


def _later(listed: Targets, now: datetime) -> Targets:
    listed.version = version(listed.version, now)
    listed.expires = now + VALID["targets"]
    return listed
