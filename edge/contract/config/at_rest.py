"""Whether what a device keeps is encrypted on its disk, and where the key for that is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from edge.contract.config.section import Section

CREDENTIAL = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"
"""What systemd takes for the name of a credential, and no way out of its folder."""


class AtRestSection(Section):
    """Events and pictures encrypted in the data folder. Whoever has the key reads them: it may be on another disk."""

    key: Path | None = Field(
        None, description="a file with the key, for its owner alone; it is made where there is none and nothing sealed"
    )
    credential: Annotated[str, Field(pattern=CREDENTIAL)] | None = Field(
        None, description="in place of key: the name of a systemd credential, which a TPM may keep"
    )
    on: bool = Field(True, description="false: with the next start everything is written in plain again")

    @model_validator(mode="after")
    def _one_key(self) -> AtRestSection:
        if (self.key is None) == (self.credential is None):
            raise ValueError("give one of key and credential")
        return self
