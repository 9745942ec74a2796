"""What is wrong with a claim, a request for a certificate, or the authority."""

from __future__ import annotations

from edge.contract.errors import FacingsError


class TrustError(FacingsError):
    """The fleet's authority, an invitation or an identity cannot be used so."""


class RequestRefusedError(FacingsError):
    """A request for a certificate that is none, or asks with a key that no device of ours would make."""
