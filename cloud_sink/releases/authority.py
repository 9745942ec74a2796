"""Who may sign: what a change of keys makes of root and targets. Pure."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import BaseModel, ConfigDict, ValidationError
from securesystemslib.signer import SSlibKey
from tuf.api.metadata import DelegatedRole, Delegations

from cloud_sink.releases.keys import OFFLINE
from edge.contract.errors import ConfigError
from edge.contract.names import Sha256, Slug
from edge.contract.releases import ROLL_OUT_ROLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from securesystemslib.signer import Key
    from tuf.api.metadata import Root, Targets

    from cloud_sink.releases.keys import OfflineRole, OnlineRole

HOLDER = "x-facings-holder"
"""Field of a key: who has it. It is not part of its id."""

LEAST_ID = 8
"""Characters of a key's id that name it."""


class OfferedKey(BaseModel):
    """The public half of an owner's key, as its holder hands it over."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Literal["root", "targets"]
    holder: Slug
    public: Sha256  # 32 bytes of an Ed25519 key, in hexadecimal as well

    @classmethod
    def of(cls, role: OfflineRole, holder: str, key: Key) -> OfferedKey:
        """From a key's public half."""
        return cls(role=role, holder=holder, public=key.keyval["public"])

    @classmethod
    def read(cls, text: str, *, name: str) -> OfferedKey:
        """From its file.

        Raises:
            ConfigError: it holds no public key of an owner.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError:
            raise ConfigError(f"{name}: no public key of a release", "give what sink release keys make wrote") from None

    def key(self) -> SSlibKey:
        """The key as roots name it."""
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.public))
        return named(SSlibKey.from_crypto(public), self.holder)


@dataclass(frozen=True, slots=True)
class KeyChange:
    """What is to change of who may sign."""

    add: tuple[OfferedKey, ...] = ()
    remove: tuple[tuple[OfflineRole, str], ...] = ()  # role, and holder or the beginning of the key's id
    thresholds: Mapping[OfflineRole, int] = field(default_factory=dict)
    server: Mapping[OnlineRole, Key] = field(default_factory=dict)  # new keys, of all three or none


def named(key: SSlibKey, holder: str) -> SSlibKey:
    """A key with the name of who has it."""
    key.unrecognized_fields[HOLDER] = holder
    return key


def holder_of(key: Key) -> str:
    """Who has a key, as the root says, and the beginning of its id."""
    said = key.unrecognized_fields.get(HOLDER)
    return f"{said} {key.keyid[:LEAST_ID]}" if isinstance(said, str) else key.keyid[:LEAST_ID]


def changed(root: Root, targets: Targets, change: KeyChange) -> tuple[Root, Targets | None]:
    """Root and targets after a change; their versions and their ends are yet to be set.

    Targets are None where what is signed stays valid: they are signed anew once other keys sign them, or the server's
    key for roll-outs is another.

    Raises:
        ConfigError: a key is not there or there twice, or a role would be left with fewer keys than must sign.
    """
    root = copy.deepcopy(root)
    before = copy.deepcopy(root)
    for offered in change.add:
        new = offered.key()
        if any(new.keyid in role.keyids for role in root.roles.values()):
            raise ConfigError(f"key {holder_of(new)} signs already", "a key has one role alone")
        root.add_key(new, offered.role)
    for role, name in change.remove:
        root.revoke_key(_known(before, role, name), role)
    for role, threshold in change.thresholds.items():
        root.roles[role].threshold = threshold
    _check_thresholds(root)
    _name_server(root, change)
    if root == before and not change.server:
        raise ConfigError("nothing changes", "name --add, --remove, --threshold or --new-server-keys")
    return root, _targets(before, root, targets, change)


def _check_thresholds(root: Root) -> None:
    for role in OFFLINE:
        keys, threshold = len(root.roles[role].keyids), root.roles[role].threshold
        if not 1 <= threshold <= keys:
            raise ConfigError(
                f"{role}: {threshold} of {keys} keys cannot sign", "add keys, or set --threshold along with it"
            )


def _name_server(root: Root, change: KeyChange) -> None:
    """The server's new keys in the place of its old ones."""
    for role, key in change.server.items():
        if role != "roll-out":
            for old in list(root.roles[role].keyids):
                root.revoke_key(old, role)
            root.add_key(key, role)


def _targets(before: Root, root: Root, targets: Targets, change: KeyChange) -> Targets | None:
    if before.roles["targets"] == root.roles["targets"] and not change.server:
        return None
    targets = copy.deepcopy(targets)
    if (key := change.server.get("roll-out")) is not None:
        targets.delegations = roll_out_alone(key)
    return targets


def roll_out_alone(key: Key) -> Delegations:
    """The one delegation that there is: the server's key says who runs what, and can sign nothing else."""
    role = DelegatedRole(ROLL_OUT_ROLE, [key.keyid], 1, terminating=True, paths=[f"{ROLL_OUT_ROLE}/*"])
    return Delegations({key.keyid: key}, {ROLL_OUT_ROLE: role})


def _known(root: Root, role: OfflineRole, name: str) -> str:
    """The id of a key of a role."""
    keys = [root.keys[keyid] for keyid in root.roles[role].keyids]
    found = [
        key.keyid
        for key in keys
        if key.unrecognized_fields.get(HOLDER) == name or (len(name) >= LEAST_ID and key.keyid.startswith(name))
    ]
    if len(found) == 1:
        return found[0]
    there = ", ".join(holder_of(key) for key in keys)
    why = "no key" if not found else f"{len(found)} keys"
    raise ConfigError(f"{role}={name} names {why} of this fleet", f"{role} has: {there}; name it by the key's id")
