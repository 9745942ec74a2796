"""Findings, in few words."""

from __future__ import annotations

from edge.contract.errors import FacingsError, one_line
from edge.contract.findings import Finding

_LONGEST = 500


def good(check: str, what: str) -> Finding:
    """All is well."""
    return Finding(check=check, status="ok", what=one_line(what)[:_LONGEST])


def doubtful(check: str, what: str, mend: str) -> Finding:
    """It works, and somebody should look at it."""
    return Finding(check=check, status="warning", what=one_line(what)[:_LONGEST], mend=one_line(mend)[:_LONGEST])


def bad(check: str, what: str, mend: str) -> Finding:
    """It does not work."""
    return Finding(check=check, status="failed", what=one_line(what)[:_LONGEST], mend=one_line(mend)[:_LONGEST])


def bad_error(check: str, error: FacingsError) -> Finding:
    """It does not work, and the error says why."""
    return bad(check, error.what, error.mend)
