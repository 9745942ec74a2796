"""Holders of keys: each a folder with keys of its own, and what they do by the program's own functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cloud_sink.releases.authority import KeyChange, OfferedKey
from cloud_sink.releases.keys import make_offline, signers_of
from cloud_sink.releases.proposal import sign
from cloud_sink.releases.publishing import prepare_keys, publish
from tests.releases import NOW, PASSPHRASE, Fleet

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from cloud_sink.releases.keys import OfflineRole
    from cloud_sink.releases.proposal import Proposal


@dataclass(frozen=True, slots=True)
class Holder:
    folder: Path

    def make(self, role: OfflineRole) -> OfferedKey:
        """A new key; its public half."""
        signer = make_offline(self.folder, role, PASSPHRASE)
        return OfferedKey.of(role, self.folder.name, signer.public_key)

    def sign(self, proposal: Proposal) -> Proposal:
        return sign(proposal, signers_of(self.folder, PASSPHRASE))[0]


def change(
    fleet: Fleet, wanted: KeyChange, *holders: Holder, new_server_keys: bool = False, now: datetime = NOW
) -> None:
    """Prepared, signed by each, published."""
    proposal = prepare_keys(fleet.repository, wanted, now, new_server_keys=new_server_keys)
    for one in holders:
        proposal = one.sign(proposal)
    publish(fleet.repository, proposal, now)
