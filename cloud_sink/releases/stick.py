"""The folder of an owner's keys: besides them, what they know of their fleets, so that nothing older is signed upon."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root

from cloud_sink.releases.files import write_whole
from edge.contract.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from cloud_sink.releases.proposal import Proposal


class _Known(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    root: dict[str, Any]
    targets: Annotated[int, Field(ge=0)] = 0  # version that was in force when they signed last


def known(keys: Path, fleet: str) -> tuple[Root, int] | None:
    """The root of a fleet that keys know, and the version of its targets; None of keys that know none yet.

    Raises:
        ConfigError: it cannot be read.
    """
    path = _file(keys, fleet)
    try:
        found = _Known.model_validate_json(path.read_bytes())
        root = Metadata[Any].from_dict(copy.deepcopy(found.root)).signed
    except FileNotFoundError:
        return None
    except (OSError, ValidationError, RepositoryError, ValueError, KeyError, TypeError):
        raise ConfigError(f"{path} cannot be read", "take the other copy of the keys") from None
    if not isinstance(root, Root):
        raise ConfigError(f"{path} holds no root", "take the other copy of the keys")
    return root, found.targets


def remember(keys: Path, proposal: Proposal) -> None:
    """Note what is in force while keys sign.

    Raises:
        StoreError: the disk refuses.
    """
    note(keys, proposal.fleet, proposal.root_before, proposal.targets_before.signed.version)


def note(keys: Path, fleet: str, root: Metadata[Root], targets: int) -> None:
    """Note which root of a fleet keys are to know.

    Raises:
        StoreError: the disk refuses.
    """
    write_whole(_file(keys, fleet), _Known(root=root.to_dict(), targets=targets).model_dump_json().encode())


def _file(keys: Path, fleet: str) -> Path:
    return keys / f"{fleet}.known.json"
