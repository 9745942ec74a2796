"""What a device's signature on a request speaks of (RFC 9421): both sides must mean the same."""

from __future__ import annotations

TAG = "facings-device"
"""The signature's purpose: one made for anything else is none here."""

COVERED = ("@method", "@authority", "@path", "content-digest")
"""What every signature covers. Not the scheme, which a proxy in front may change, and no query: signed requests have
none."""

SOURCE = "x-facings-source"
"""The header that an upload's signature covers, too: whose photograph it is."""

MAX_AGE_SECONDS = 300
"""How old a signature may be; a device that learns from the answer that its clock is off signs by the collector's."""
