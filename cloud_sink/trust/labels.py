"""Labels to print: a page of QR codes, each a claim, with words for whoever holds it. HTML with drawings inside it."""

from __future__ import annotations

import html
import io
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

import segno

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloud_sink.trust.inviting import Invited

_STYLE = """
@page { margin: 10mm }
body { font: 9pt/1.2 system-ui, sans-serif; margin: 0; color: #000; background: #fff }
main { display: grid; grid-template-columns: repeat(auto-fill, 90mm); gap: 4mm }
article { display: flex; gap: 4mm; box-sizing: border-box; width: 90mm; height: 50mm; padding: 3mm; overflow: hidden;
  border: 0.3mm dashed #888; break-inside: avoid }
svg { width: 38mm; height: 38mm; flex: none }
h2 { font-size: 11pt; margin: 0 0 1mm; overflow-wrap: anywhere }
p { margin: 0 0 1mm; overflow-wrap: anywhere }
small { font-size: 6.5pt; line-height: 1.2; display: block }
"""

_LABEL = Template((Path(__file__).parent / "label.html").read_text(encoding="utf-8"))

_QUIET_ZONE = 4
"""Modules of white around a code, as ISO/IEC 18004 wants them: the label's frame is near."""


def qr_svg(text: str) -> str:
    """A QR code as SVG to be put into a page; error correction M, or better where it costs no size."""
    out = io.BytesIO()
    code = segno.make_qr(text, error="m", boost_error=True)
    code.save(out, kind="svg", xmldecl=False, svgns=True, border=_QUIET_ZONE, omitsize=True, title="claim")
    return out.getvalue().decode("utf-8").strip()


def label_page(invited: Sequence[Invited]) -> str:
    """A page to print, English and Chinese; each label 90 by 50 mm. It holds secrets: whoever has one can use it."""
    labels = "\n".join(_label(one) for one in invited)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Labels</title>'
        f"<style>{_STYLE}</style></head>\n<body><main>\n{labels}\n</main></body></html>\n"
    )


def _label(one: Invited) -> str:
    told = one.invitation
    words = {
        "device": told.device,
        "store": told.store,
        "fixture": told.fixture,
        "store_name": one.store_name,
        "fixture_name": one.fixture_name,
        "until": f"{told.expires:%Y-%m-%d %H:%M} UTC",
    }
    escaped = {name: html.escape(word) for name, word in words.items()}
    return _LABEL.substitute(escaped, code=qr_svg(one.claim.text))
