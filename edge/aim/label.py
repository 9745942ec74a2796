"""What a technician scans: the page's address with the PIN behind `#`, as a code for the label and for a terminal."""

from __future__ import annotations

import html
import io
from pathlib import Path
from string import Template

import segno

_LABEL = Template((Path(__file__).parent / "label.html").read_text(encoding="utf-8"))

_QUIET_ZONE = 4
"""Modules of white around a code, as ISO/IEC 18004 wants them."""


def address(host: str, port: int, *, secure: bool) -> str:
    """Where the page is."""
    scheme, usual = ("https", 443) if secure else ("http", 80)
    named = f"[{host}]" if ":" in host else host
    return f"{scheme}://{named}{'' if port == usual else f':{port}'}/"


def label(where: str, pin: str, fingerprint: str) -> str:
    """A label to print, 90 by 50 mm, HTML with the code drawn in it. It holds the PIN: keep it like a key."""
    out = io.BytesIO()
    code = segno.make_qr(f"{where}#{pin}", error="m", boost_error=True)
    code.save(out, kind="svg", xmldecl=False, svgns=True, border=_QUIET_ZONE, omitsize=True, title="aim")
    words = {"address": where, "pin": f"{pin[:4]} {pin[4:]}", "fingerprint": fingerprint}
    escaped = {name: html.escape(word) for name, word in words.items()}
    return _LABEL.substitute(escaped, code=out.getvalue().decode("utf-8").strip())


def in_terminal(where: str, pin: str) -> str:
    """The code in half blocks, as a terminal shows it: dark on light, whatever its colours are."""
    out = io.StringIO()
    segno.make_qr(f"{where}#{pin}", error="l").terminal(out, compact=True)
    return out.getvalue()
