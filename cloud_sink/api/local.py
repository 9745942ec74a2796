"""Addresses that lead back to a page of ours."""

from __future__ import annotations

import re

_LOCAL = re.compile(r"^/(?![/\\])[^\x00-\x20\\]*$")


def is_local(address: str) -> bool:
    """Whether an address leads to a page of ours, and to no other host."""
    return bool(_LOCAL.match(address))
