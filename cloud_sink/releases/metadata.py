"""The metadata of a repository on disk: all versions of what roles signed, and which of them counts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar, cast

from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root, Snapshot, Targets, Timestamp

from cloud_sink.releases.files import read_whole, write_whole
from edge.contract.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

S = TypeVar("S", Root, Timestamp, Snapshot, Targets)


class MetadataFolder:
    """The folder that devices read first.

    Args:
        path: of it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def exists(self) -> bool:
        """Whether a repository was made here."""
        return (self.path / "timestamp.json").is_file()

    def newest(self, role: str) -> int:
        """The version of a role that counts; 0 before the first. What the timestamp does not name yet was cut short."""
        found = (name.name.split(".")[0] for name in self.path.glob(f"*.{role}.json"))
        return max((int(one) for one in found if one.isdigit()), default=0)

    def file(self, role: str) -> Path:
        """The file of a role that counts."""
        return self.path / (f"{role}.json" if role == Timestamp.type else f"{self.newest(role)}.{role}.json")

    def load(self, role: str, kind: type[S]) -> Metadata[S]:
        """What a role signed last.

        Raises:
            StoreError: it cannot be read, or is something else.
        """
        found = self.parsed(role)
        if not isinstance(found.signed, kind):
            raise StoreError(f"{self.path}: {role} holds something else", "bring the folder back from a backup")
        return cast("Metadata[S]", found)

    def parsed(self, role: str) -> Metadata[Any]:
        """What a role signed last, whatever it is.

        Raises:
            StoreError: it cannot be read.
        """
        path = self.file(role)
        try:
            return Metadata[Any].from_bytes(read_whole(path))
        except RepositoryError as error:
            raise StoreError(f"{path}: {error}", "bring the folder back from a backup") from None

    def root_as_signed(self) -> Metadata[Root]:
        """The newest root with its signatures."""
        return self.load(Root.type, Root)

    def root(self) -> Root:
        """Who may sign, by the newest root."""
        return self.root_as_signed().signed

    def top(self) -> Targets:
        """What the owner signed."""
        return self.load(Targets.type, Targets).signed

    def expires(self, role: str) -> datetime:
        """When what a role signed expires, UTC."""
        until: datetime = self.parsed(role).signed.expires
        return until.replace(tzinfo=UTC)

    def put(self, role: str, metadata: Metadata[S]) -> None:
        """Write what a role signed, whole.

        Raises:
            StoreError: the disk refuses.
        """
        stem = role if role == Timestamp.type else f"{metadata.signed.version}.{role}"
        write_whole(self.path / f"{stem}.json", metadata.to_bytes())


def version(before: int, now: datetime) -> int:
    """The next version of what is signed, roots apart: the seconds since 1970, and always more than before.

    By the time, so that a repository that was brought back from a backup goes on above all that devices have seen.
    """
    return max(before + 1, int(now.timestamp()))
