"""What is to be signed, as one file: prepared beside the repository, signed on a machine that has none, brought back.

It holds the metadata to be signed, those in force, which the signer's own key vouches for, and the texts that they
name, so that whoever signs sees what it is. Files of a release stay with the repository: their SHA-256 is signed.
"""

from __future__ import annotations

import copy
import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root, Targets

from cloud_sink.releases.authority import holder_of
from cloud_sink.releases.files import write_whole
from edge.contract.errors import ConfigError
from edge.contract.names import Slug

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from securesystemslib.signer import Signer
    from tuf.api.metadata import VerificationResult

S = TypeVar("S", Root, Targets)

MAX_BYTES = 48 * 1024 * 1024
"""Of the file: two lists of all signed files, and what a release says of itself."""


class _Written(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    fleet: Slug
    roots: Annotated[tuple[dict[str, Any], ...], Field(min_length=1, max_length=1000)]
    targets_before: dict[str, Any]
    root: dict[str, Any] | None = None
    targets: dict[str, Any] | None = None
    texts: Annotated[dict[str, str], Field(max_length=100)] = {}


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change of what the owner signed: root, targets, or both."""

    fleet: str
    roots: tuple[Metadata[Root], ...]  # all up to the one in force, so that a signer walks from the one it knows
    targets_before: Metadata[Targets]
    root: Metadata[Root] | None  # None: as before
    targets: Metadata[Targets] | None  # None: as before
    texts: Mapping[str, str]  # what targets hold, by their paths

    @property
    def root_before(self) -> Metadata[Root]:
        """The root in force."""
        return self.roots[-1]

    @property
    def authority(self) -> Root:
        """Who may sign once it is out."""
        return (self.root or self.root_before).signed

    @property
    def digest(self) -> str:
        """What is to be signed, whoever signed it so far: SHA-256 in hexadecimal."""
        parts = [b"" if one is None else one.signed_bytes for one in (self.root, self.targets)]
        return hashlib.sha256(b"\0".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()

    def wanted(self) -> Iterator[Wanted]:
        """Whose signatures it needs, and which it has."""
        if self.root is not None:
            found = self.root.signed.get_root_verification_result(
                self.root_before.signed, self.root.signed_bytes, self.root.signatures
            )
            yield Wanted("root", found.first)
            if self.root.signed.roles["root"] != self.root_before.signed.roles["root"]:
                yield Wanted("root, by its new keys", found.second)
        if self.targets is not None:
            yield Wanted(
                "targets",
                self.authority.get_verification_result(
                    Targets.type, self.targets.signed_bytes, self.targets.signatures
                ),
            )


@dataclass(frozen=True, slots=True)
class Wanted:
    """Signatures of one role's keys."""

    role: str
    found: VerificationResult

    def __str__(self) -> str:
        had = ", ".join(holder_of(key) for key in self.found.signed.values()) or "nobody"
        told = f"{self.role}: {len(self.found.signed)} of {self.found.threshold} signed ({had})"
        if self.found.verified:
            return told
        return f"{told}; yet to sign: {' or '.join(holder_of(key) for key in self.found.unsigned.values())}"


def sign(proposal: Proposal, signers: Iterable[Signer]) -> tuple[Proposal, tuple[str, ...]]:
    """Sign all that keys may sign.

    Returns:
        The proposal with their signatures, and who signed what.
    """
    root, targets = copy.deepcopy(proposal.root), copy.deepcopy(proposal.targets)
    told = []
    for signer in signers:
        keyid = signer.public_key.keyid
        if root is not None and keyid in {*_root_keys(proposal.root_before), *_root_keys(root)}:
            root.sign(signer, append=True)
            told.append(f"root {root.signed.version}")
        if targets is not None and keyid in proposal.authority.roles[Targets.type].keyids:
            targets.sign(signer, append=True)
            told.append("targets")
    return replace(proposal, root=root, targets=targets), tuple(told)


def merged(proposals: Iterable[Proposal]) -> Proposal:
    """One proposal with the signatures of all copies of it.

    Raises:
        ConfigError: they are not of one.
    """
    first, *others = proposals
    root, targets = copy.deepcopy(first.root), copy.deepcopy(first.targets)
    for other in others:
        if (other.fleet, other.digest) != (first.fleet, first.digest):
            raise ConfigError("these files are not copies of one", "publish them one after the other")
        hold = {keyid for one in other.wanted() for keyid in one.found.signed}  # a damaged copy takes none from another
        for mine, theirs in ((root, other.root), (targets, other.targets)):
            if mine is not None and theirs is not None:
                mine.signatures.update({keyid: one for keyid, one in theirs.signatures.items() if keyid in hold})
    return replace(first, root=root, targets=targets)


def write(proposal: Proposal, path: Path) -> None:
    """Write it to a file.

    Raises:
        StoreError: the disk refuses.
    """
    write_whole(path, as_bytes(proposal))


def as_bytes(proposal: Proposal) -> bytes:
    """As it is written."""
    written = _Written(
        fleet=proposal.fleet,
        roots=tuple(one.to_dict() for one in proposal.roots),
        targets_before=proposal.targets_before.to_dict(),
        root=None if proposal.root is None else proposal.root.to_dict(),
        targets=None if proposal.targets is None else proposal.targets.to_dict(),
        texts=dict(proposal.texts),
    )
    return written.model_dump_json().encode()


def read(path: Path) -> Proposal:
    """Read it from a file.

    Raises:
        ConfigError: it is none.
    """
    mend = "give the file that --prepare wrote"
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}", mend) from None
    if len(data) > MAX_BYTES:
        raise ConfigError(f"{path}: more than {MAX_BYTES} bytes", mend)
    return from_bytes(data, name=str(path))


def from_bytes(data: bytes, *, name: str) -> Proposal:
    """Read it.

    Raises:
        ConfigError: it is none.
    """
    mend = "give the file that --prepare wrote"
    try:
        written = _Written.model_validate(json.loads(data))
        return Proposal(
            fleet=written.fleet,
            roots=tuple(_metadata(one, Root) for one in written.roots),
            targets_before=_metadata(written.targets_before, Targets),
            root=None if written.root is None else _metadata(written.root, Root),
            targets=None if written.targets is None else _metadata(written.targets, Targets),
            texts=written.texts,
        )
    except (ValidationError, RepositoryError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ConfigError(f"{name}: nothing that can be signed", mend) from None


def _metadata(content: dict[str, Any], kind: type[S]) -> Metadata[S]:
    found = Metadata[Any].from_dict(copy.deepcopy(content))
    if not isinstance(found.signed, kind):
        raise TypeError(kind.type)
    return cast("Metadata[S]", found)


def _root_keys(metadata: Metadata[Root]) -> list[str]:
    return metadata.signed.roles[Root.type].keyids
