"""What a device finds when it looks itself over: printed by `edge doctor`, and the answer to the command `doctor`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Line = Annotated[str, StringConstraints(max_length=500)]


class Finding(BaseModel):
    """One check: how it went, what was found, and what a person can do about it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    check: Line
    status: Literal["ok", "warning", "failed"]
    what: Line
    mend: Line = ""


class DoctorResult(BaseModel):
    """The answer to `doctor`: every check. Some did not go well where `failed` is above 0."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    findings: Annotated[list[Finding], Field(max_length=256)]
    warnings: int = 0
    failed: int = 0

    @classmethod
    def of(cls, findings: list[Finding]) -> DoctorResult:
        """Count what was found."""
        warnings, failed = (sum(one.status == status for one in findings) for status in ("warning", "failed"))
        return cls(findings=findings, warnings=warnings, failed=failed)
