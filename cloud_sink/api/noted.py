"""What an endpoint tells the audit log beside path and status: what was made of a body that nobody keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import Request


@dataclass(frozen=True, slots=True)
class Noted:
    """What was changed, or who was tried; of whose tenant, where nobody is known to have asked."""

    what: str = ""
    tenant: str = ""


def note(request: Request, what: str, *, tenant: str = "") -> None:
    """Have the audit log say what a request is about; never a secret."""
    request.state.noted = Noted(what, tenant)
