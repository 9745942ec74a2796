"""What a device is in the midst of: a move or its own end, beside its configuration, so that a power cut ends neither.

One small file, replaced in one step. Whoever starts next goes on where it says.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import structlog
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from edge.contract.names import Instant, Slug
from edge.contract.orders import Outcome
from edge.device.whole_file import write_whole

if TYPE_CHECKING:
    from edge.contract.topics import Address

log = structlog.get_logger(__name__)


class _Step(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Moving(_Step):
    """It goes to another place with its next start."""

    kind: Literal["move"] = "move"
    order: str | None  # None: somebody showed it the claim of a place, and the collector knows
    tenant: Slug
    store: Slug  # where it was
    device: Slug
    text: str = Field(repr=False)  # of the configuration to be

    @property
    def source(self) -> str:
        """The source of what it observed until now."""
        return f"/{self.tenant}/{self.store}/{self.device}"

    @classmethod
    def away_from(cls, address: Address, text: str, *, order: str | None) -> Moving:
        """A move from where a device is."""
        return cls(order=order, tenant=address.tenant, store=address.store, device=address.device, text=text)


class Telling(_Step):
    """It did what it was told, and has to say so."""

    kind: Literal["tell"] = "tell"
    outcome: Outcome


Stage = Literal["deliver", "wipe", "tell", "clear"]


class Retiring(_Step):
    """It is to be no device any more."""

    kind: Literal["retire"] = "retire"
    order: str | None  # None: somebody told it on the spot
    stage: Stage = "deliver"
    patience: float  # seconds to deliver what there is
    identity: str  # the common name of the certificate that goes: a new one has another
    url: str
    authorities: Path | None
    certificate: Path
    key: Path
    data: Path
    secrets: tuple[Path, ...]  # what opens or makes readable what lies in `data`, and goes first
    others: tuple[Path, ...]  # what goes last


class Retired(_Step):
    """It was one, and has said so or could not."""

    kind: Literal["retired"] = "retired"
    at: Instant
    told: bool


Step = Annotated[Moving | Telling | Retiring | Retired, Field(discriminator="kind")]
_STEP: TypeAdapter[Moving | Telling | Retiring | Retired] = TypeAdapter(Step)


class OrderFile:
    """The file of an agent's configuration file.

    Args:
        config: the configuration file.
    """

    def __init__(self, config: Path) -> None:
        self.path = config.with_name(f"{config.stem}.order.json")

    def read(self) -> Moving | Telling | Retiring | Retired | None:
        """What it is in the midst of; None: of nothing."""
        try:
            return _STEP.validate_json(self.path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            log.warning("order.unreadable", path=str(self.path), error=type(error).__name__)
            return None

    @property
    def interrupts(self) -> bool:
        """Whether an agent at work has to end for it."""
        return self.path.exists() and isinstance(self.read(), Moving | Retiring)

    def keep(self, step: Moving | Telling | Retiring | Retired) -> None:
        """Be in the midst of something from now on.

        Raises:
            ConfigError: the disk refuses.
        """
        write_whole(self.path, step.model_dump_json(), mode=0o600)

    def forget(self) -> None:
        """Be in the midst of nothing."""
        self.path.unlink(missing_ok=True)
