"""What a signer is shown, worked out from what is to be signed and never from what the server says of it. Pure.

All that is in force is checked from a root that the signer knows, as a device does; what no release and no change of
keys ever does is refused, whoever asks for it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from tuf.api.exceptions import LengthOrHashMismatchError, RepositoryError
from tuf.api.metadata import Root, Targets

from cloud_sink.releases.authority import holder_of, roll_out_alone
from edge.contract.errors import ConfigError
from edge.contract.releases import ROLL_OUT_ROLE, SETTINGS, Release, content_target, release_target

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tuf.api.metadata import Metadata

    from cloud_sink.releases.proposal import Proposal
    from edge.contract.releases import Bundle

MANY = 12
"""Files of a bundle that are listed one by one; of more, only those that differ, and so many of them."""

_ROLES = {"root", "targets", "snapshot", "timestamp"}


def walk(proposal: Proposal, known: Root | None) -> None:
    """Check that what a proposal says is in force is so.

    Args:
        proposal: as it came.
        known: the root that the signer knows; None of a signer who knows none yet.

    Raises:
        ConfigError: it is not, or is older than what the signer knows.
    """
    roots = proposal.roots
    numbers = [one.signed.version for one in roots]
    if numbers != list(range(1, len(roots) + 1)):
        raise ConfigError("its roots are not all there", _MEND)
    if known is not None and len(roots) < known.version:
        raise ConfigError(f"root {len(roots)} is older than root {known.version}, which these keys know", _MEND)
    if known is not None and roots[known.version - 1].signed != known:
        raise ConfigError(f"root {known.version} is another than the one these keys know", _MEND)
    try:
        for before, after in zip((roots[0], *roots), roots, strict=False):
            for judge in (before, after):
                judge.signed.verify_delegate(Root.type, after.signed_bytes, after.signatures)
        last, listed = roots[-1].signed, proposal.targets_before
        last.verify_delegate(Targets.type, listed.signed_bytes, listed.signatures)
    except RepositoryError as error:
        raise ConfigError(f"what it calls signed is not: {error}", _MEND) from None


_MEND = "prepare it anew, and find out who made this one"


def review(proposal: Proposal, *, every_file: bool = False) -> list[str]:
    """What a proposal changes, in lines.

    Args:
        proposal: whose past was checked, see `walk`.
        every_file: list all files, however many.

    Raises:
        ConfigError: it does what no release and no change of keys does.
    """
    lines = [f"fleet {proposal.fleet}"]
    if proposal.root is not None:
        lines += _of_root(proposal.root_before.signed, proposal.root.signed)
    if proposal.targets is not None:
        lines += _of_targets(proposal, proposal.targets, every_file=every_file)
    if proposal.root is None and proposal.targets is None:
        raise ConfigError("it holds nothing to sign", _MEND)
    return [printable(line) for line in lines]


def printable(text: str) -> str:
    """Text that tells a terminal nothing else."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _of_root(before: Root, after: Root) -> Iterator[str]:
    if after.version != before.version + 1:
        raise ConfigError(f"root {after.version} does not follow root {before.version}", _MEND)
    if set(after.roles) != _ROLES or not after.consistent_snapshot or after.unrecognized_fields:
        raise ConfigError("its root is of a shape that this fleet never has", _MEND)
    yield f"root {before.version} -> {after.version}, valid until {after.expires:%Y-%m-%d}"
    for role in ("root", "targets"):
        old, new = before.roles[role], after.roles[role]
        held = ", ".join(holder_of(after.keys[keyid]) for keyid in new.keyids)
        yield f"  {role}: {new.threshold} of {len(new.keyids)} sign ({held})"
        if new.threshold != old.threshold:
            yield f"    CHANGED: {old.threshold} had to sign"
        yield from (f"    NEW KEY: {holder_of(after.keys[one])}" for one in new.keyids if one not in old.keyids)
        yield from (f"    REMOVED: {holder_of(before.keys[one])}" for one in old.keyids if one not in new.keyids)
    for role in ("snapshot", "timestamp"):
        if before.roles[role] != after.roles[role]:
            yield f"  {role}: NEW KEY of the server"


def _of_targets(proposal: Proposal, metadata: Metadata[Targets], *, every_file: bool) -> Iterator[str]:
    before, after = proposal.targets_before.signed, metadata.signed
    if after.version <= before.version:
        raise ConfigError(f"targets {after.version} are not later than {before.version}", _MEND)
    _check_delegation(after)
    if any(after.targets.get(path) != target for path, target in before.targets.items()):
        raise ConfigError("it alters or drops what was signed before", _MEND)
    new = {path for path in after.targets if path not in before.targets}
    numbers = sorted(_number(path) for path in new if path.startswith("releases/"))
    yield f"releases valid until {after.expires:%Y-%m-%d}"
    if before.delegations != after.delegations:
        yield "  roll-out: NEW KEY of the server"
    if not numbers:
        yield "  no new release"
    last = max((_number(path) for path in before.targets if path.startswith("releases/")), default=0)
    named: set[str] = set()
    for number in numbers:
        if number <= last:
            raise ConfigError(f"release {number} is not later than {last}", _MEND)
        release = _release(proposal, number)
        named |= {release_target(number), *(content_target(file.sha256) for file in release.files)}
        yield from _of_release(proposal, release, _before(proposal, last), every_file=every_file)
    if extraneous := new - named:
        raise ConfigError(f"it signs {min(extraneous)}, which is of no release", _MEND)


def _check_delegation(targets: Targets) -> None:
    found = None if targets.delegations is None else targets.delegations.roles
    key = None if targets.delegations is None else next(iter(targets.delegations.keys.values()), None)
    if found is None or key is None or targets.delegations != roll_out_alone(key):
        raise ConfigError(f"it lets others sign more than {ROLL_OUT_ROLE}/*", _MEND)


def _of_release(proposal: Proposal, release: Release, before: Release | None, *, every_file: bool) -> Iterator[str]:
    yield f"release {release.number}, made {release.made:%Y-%m-%d %H:%M} UTC" + (
        f": {release.note}" if release.note else ""
    )
    limits = release.limits
    yield f"  limits: latency {limits.latency:g}, memory {limits.memory:g}, agreement {limits.agreement:g}"
    olds = {} if before is None else {(one.kind, one.name): one for one in before.bundles}
    said = "" if before is None else f" as in release {before.number}"
    for bundle in release.bundles:
        old = olds.pop((bundle.kind, bundle.name), None)
        told = bundle.name if bundle.kind in {"settings", "models"} else f"{bundle.kind} {bundle.name}"
        if old == bundle:
            yield f"  {told}:{said}"
            continue
        yield f"  {told}: " + ("new" if old is None else f"differs from release {before.number if before else 0}")
        if bundle.kind == "settings":
            yield from _of_settings(proposal, bundle, old)
        yield from _of_files(bundle, old, every_file=every_file)
    yield from (f"  no more: {kind} {name}, as the device itself has it" for kind, name in olds)


def _of_files(bundle: Bundle, old: Bundle | None, *, every_file: bool) -> Iterator[str]:
    had = {} if old is None else {file.path: file.sha256 for file in old.files}
    listed = [
        f"    {'/'.join(file.path)}  {file.size} bytes  {file.sha256[:16]}"
        + ("" if file.path not in had else "" if had[file.path] != file.sha256 else "  as before")
        for file in bundle.files
        if every_file or len(bundle.files) <= MANY or had.get(file.path) != file.sha256
    ]
    shown = listed if every_file else listed[:MANY]
    yield from shown
    if len(bundle.files) > len(shown):
        yield f"    … {len(bundle.files)} files, {len(listed)} of them listed with --files"
    gone = had.keys() - {file.path for file in bundle.files}
    yield from (f"    no more: {'/'.join(path)}" for path in sorted(gone)[: None if every_file else MANY])


def _of_settings(proposal: Proposal, bundle: Bundle, old: Bundle | None) -> Iterator[str]:
    new, had = _settings(proposal, bundle), {} if old is None else _settings(proposal, old)
    for key in sorted({*new, *had}):
        if key not in new:
            yield f"    {key}: as on the device (before: {_value(had[key])})"
        elif key not in had:
            yield f"    {key}: {_value(new[key])}"
        elif new[key] != had[key]:
            yield f"    {key}: {_value(new[key])} (before: {_value(had[key])})"


def _settings(proposal: Proposal, bundle: Bundle) -> dict[str, Any]:
    sha256 = next(file.sha256 for file in bundle.files if file.path == (SETTINGS,))
    try:
        content = json.loads(_text(proposal, content_target(sha256)))
        return dict(_flat(content, ()))
    except (ValueError, AttributeError):
        raise ConfigError("its settings cannot be read", _MEND) from None


def _flat(content: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    for name, value in content.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, (*path, name))
        else:
            yield ".".join((*path, name)), value


def _value(value: object) -> str:
    return "the device's default" if value is None else json.dumps(value, ensure_ascii=False)


def _release(proposal: Proposal, number: int) -> Release:
    text = _text(proposal, release_target(number))
    try:
        release = Release.model_validate_json(text)
    except ValidationError:
        raise ConfigError(f"release {number} cannot be read", "sign it with the version that prepared it") from None
    if json.loads(release.model_dump_json()) != json.loads(text):
        raise ConfigError(f"release {number} says more than can be shown", "sign it with the version that prepared it")
    if release.number != number:
        raise ConfigError(f"release {number} says that it is {release.number}", _MEND)
    assert proposal.targets is not None
    signed = {**proposal.targets_before.signed.targets, **proposal.targets.signed.targets}
    for file in release.files:
        target = signed.get(content_target(file.sha256))
        if target is None or target.length != file.size or target.hashes != {"sha256": file.sha256}:
            raise ConfigError(f"release {number}: file {file.sha256[:16]} is signed as another", _MEND)
    return release


def _before(proposal: Proposal, last: int) -> Release | None:
    """The release before, where there is one."""
    return _release(proposal, last) if last else None


def _text(proposal: Proposal, path: str) -> bytes:
    """A text of the proposal, if it is the one that is signed."""
    text = proposal.texts.get(path)
    target = None if proposal.targets is None else proposal.targets.signed.targets.get(path)
    target = target or proposal.targets_before.signed.targets.get(path)
    if text is None or target is None:
        raise ConfigError(f"{path} is not in it, so nobody can say what is signed", _MEND)
    try:
        target.verify_length_and_hashes(text.encode())
    except LengthOrHashMismatchError:
        raise ConfigError(f"{path}: what is shown is not what is signed", _MEND) from None
    return text.encode()


def _number(path: str) -> int:
    try:
        return int(path.removeprefix("releases/").removesuffix(".json"))
    except ValueError:
        raise ConfigError(f"{path} is no release", _MEND) from None
