"""From what an aimed camera was seen to show to what is wrong with its view. Pure.

Thresholds were chosen on one set of pictures and measured on another: docs/models/aiming.md.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from edge.aim.findings import CODES, Finding
from edge.aim.framing import sides_cut
from edge.aim.view import WHOLE
from edge.capture.quality.front import among_goods, covered_by
from edge.capture.quality.look import cells_inside
from edge.shelf.boards import boards

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from edge.aim.clarity import Clarity
    from edge.aim.findings import Code
    from edge.aim.framing import Side
    from edge.aim.view import AimedView
    from edge.capture.quality.measure import Measured

DARK = 0.18
"""Mean level of the goods: darker ones lose names to noise before the gate rejects the frame."""

BRIGHT, WHITE = 0.85, 0.3
"""Mean level, and share of the goods that is white."""

GLARE = 0.1
"""Share of the goods in white patches that light or a mirrored window makes."""

BESIDE, DIM = 0.35, 0.38
"""A window beside or behind the fixture: so much of the surroundings blinds, and the goods are darker than this."""

PLAIN = 0.55
"""Share of the whole picture without detail: walls and floors about a fixture leave at most 0.3."""

VEILED = 0.1
"""Share of the goods near which nothing is crisp and nothing dark."""

HOPELESS = 1.65
"""`Measured.edges` under which a picture is out of focus, however veiled it looks."""

SHADE = 0.37
"""What is out of focus looks veiled too, but keeps its dark places darker than this; behind fog nothing is dark."""

EDGES = 2.2
"""`Measured.edges` under which labels are no longer crisp; the gate rejects from 1.85."""

LEAST_FACINGS = 3
LEAST_WIDTH = 16
"""Pixels of a facing: from here on narrower ones lose names (docs/models/aiming.md)."""

TALLEST = 0.5
"""Of the picture's height: a facing this tall stands right before the camera."""

LEVEL = 4.0
"""Degrees. By hand a camera is easily set to two; shelves are told apart up to far more."""

PERSON = 0.15
"""Of the picture, where the people's own place hides that goods stand behind."""

CELLS = (40, 40)

FEW_PLANNED, FEW_SEEN = 4, 0.25
"""Planned products from which, and seen share of them under which, it is another fixture."""

SHORT, MOST_SHELVES, LEAST_SHELVES = 0.15, 0.75, 2
"""A shelf of which such a share of its planned places is not seen, two at least, is short; something hides one end of a
fixture when so many of its shelves are. An end that a shopper emptied is on one shelf."""

CUTS: frozenset[Code] = frozenset({"cut_left", "cut_right", "near"})

WHICH_WAY = {0: "upright", 90: "counterclockwise", 180: "half", 270: "clockwise"}
"""How the camera must be turned, seen from behind it, where its picture must be turned the other way."""

SPOILS: frozenset[Code] = frozenset({"dark", "bright", "blank"})
"""What keeps products from being found at all."""


def diagnose(view: AimedView) -> tuple[Finding, ...]:
    """The whole checklist, one finding for each code, in the order in which things are best mended.

    The first that failed is the one to mend first: what stands behind it may be its doing.

    Args:
        view: of `look`.
    """
    found: dict[Code, Finding] = {}
    for finding in _findings(view, found):
        found[finding.code] = finding
    return tuple(found.get(code, Finding(code, None, {"why": "picture"})) for code in CODES)


def _findings(view: AimedView, found: dict[Code, Finding]) -> Iterator[Finding]:
    """What can be said; `found` is what was said before."""
    yield Finding("no_picture", view.picture is not None, {"trouble": view.trouble})
    if view.measured is None or view.clarity is None or view.picture is None:
        return
    yield _frozen(view)
    yield from _light(view.measured, view.clarity)
    few = len(view.facings) < LEAST_FACINGS
    blank = view.clarity.plain > PLAIN or (few and view.measured.featureless > view.rules.featureless)
    yield Finding("blank", not blank)
    yield _people(view)
    if not _failed(found, SPOILS | {"people"}):
        yield from _focus(view.measured, view.clarity)
    yield _tilted(view)
    if not _failed(found, SPOILS):
        yield Finding("turned", view.turn == 0, {"which": WHICH_WAY[view.turn]})
    if _failed(found, {"turned"}):
        return
    if few:
        if not _failed(found, SPOILS | {"people"}):
            yield Finding("no_products", False, {"count": len(view.facings)})
        for code in CODES[CODES.index("no_products") :]:
            if code not in found:
                yield Finding(code, None, {"why": "picture" if code == "no_products" else "products"})
        return
    yield Finding("no_products", True, {"count": len(view.facings)})
    yield from _framing(view)
    yield _fixture(view, unreadable=_failed(found, {*SPOILS, "fogged", "blurred", "far"}))
    wrong = _failed(found, {"wrong_fixture"})
    if not _failed(found, {"people"}):
        yield _blocked(view, whole=not wrong and not _failed(found, CUTS))
    yield Finding("shelves_unseen", None, {"why": "fixture"}) if wrong else _shelves(view)


def _failed(found: dict[Code, Finding], codes: Collection[Code]) -> bool:
    return any(code in found and found[code].passed is False for code in codes)


def _frozen(view: AimedView) -> Finding:
    if view.repeated is None:
        return Finding("frozen", None, {"why": "again"})
    return Finding("frozen", view.repeated <= view.rules.frozen)


def _light(measured: Measured, clarity: Clarity) -> Iterator[Finding]:
    bright = measured.brightness > BRIGHT or clarity.white > WHITE
    behind = clarity.beside > BESIDE and clarity.level < DIM
    dark = measured.brightness < DARK and not behind
    yield Finding("dark", not dark)
    yield Finding("bright", not bright)
    if not dark and not bright:
        mirrored = clarity.white > GLARE
        yield Finding("glare", not (behind or mirrored), {"which": "behind" if behind else "mirrored"})


def _focus(measured: Measured, clarity: Clarity) -> Iterator[Finding]:
    """Of a picture that is both veiled and soft only the one is said that explains the other."""
    veiled, soft = clarity.veiled > VEILED, measured.edges < EDGES
    if veiled and soft:
        fogged = clarity.shade > SHADE and measured.edges >= HOPELESS
        yield Finding("fogged", False if fogged else None, {"why": "picture"})
        yield Finding("blurred", None if fogged else False, {"why": "picture"})
    else:
        yield Finding("fogged", not veiled)
        yield Finding("blurred", not soft)


def _people(view: AimedView) -> Finding:
    if view.people is None:
        return Finding("people", None, {"why": "detector"})
    size = np.array([*view.size, *view.size], np.float32)
    people = np.array(view.people, np.float32).reshape(-1, 4) / size
    facings = np.array([facing.box for facing in view.facings], np.float32).reshape(-1, 4) / size
    inside = cells_inside(view.region, *CELLS)
    hidden = max(covered_by(people, among_goods(facings, inside)) / max(view.rules.people, 1e-6),
                 covered_by(people, inside) / PERSON)  # fmt: skip
    return Finding("people", hidden <= 1)


def _tilted(view: AimedView) -> Finding:
    if view.tilt is None:
        return Finding("tilted", None, {"why": "edges"})
    which = "clockwise" if view.tilt > 0 else "counterclockwise"
    return Finding("tilted", abs(view.tilt) <= LEVEL, {"degrees": round(abs(view.tilt)), "which": which})


def _framing(view: AimedView) -> Iterator[Finding]:
    boxes = np.array([facing.box for facing in view.facings])
    across = float(np.median(boxes[:, 2] - boxes[:, 0]))
    yield Finding("far", across >= LEAST_WIDTH, {"pixels": int(across), "least": LEAST_WIDTH})
    cut = sides_cut(view.facings, view.size)
    left, top, right, bottom = view.part
    beyond: dict[Side, bool] = {"left": left > 0, "right": right < 1, "top": top > 0, "bottom": bottom < 1}
    cut -= {side for side, expected in beyond.items() if expected}
    tall = float(np.median(boxes[:, 3] - boxes[:, 1])) > TALLEST * view.size[1]
    yield Finding("near", not (tall or cut >= {"left", "right"} or cut >= {"top", "bottom"}))
    codes: dict[Side, Code] = {
        "left": "cut_left", "right": "cut_right", "top": "cut_top", "bottom": "cut_bottom"
    }  # fmt: skip
    for side, code in codes.items():
        yield Finding(code, None, {"why": "part"}) if beyond[side] else Finding(code, side not in cut)


def _blocked(view: AimedView, *, whole: bool) -> Finding:
    """Something before the shelves: it breaks their edges, or takes one end of most of them out of view."""
    if view.hidden:
        return Finding("blocked", False, {"which": "before"})
    aside = whole and view.part == WHOLE and _is_short(view)
    return Finding("blocked", not aside, {"which": "aside"})


def _is_short(view: AimedView) -> bool:
    """Whether most planned shelves show fewer places, filled or empty, than are planned."""
    planned: Counter[int] = Counter()
    seen = Counter([facing.shelf for facing in view.facings] + [gap.shelf for gap in view.gaps])
    for slot in view.slots:
        planned[slot.shelf] += slot.facings
    known = [shelf for shelf in planned if planned[shelf] >= LEAST_FACINGS and seen[shelf]]
    short = [shelf for shelf in known if seen[shelf] <= planned[shelf] - max(2, SHORT * planned[shelf])]
    return len(known) >= LEAST_SHELVES and len(short) >= MOST_SHELVES * len(known)


def _shelves(view: AimedView) -> Finding:
    planned = {slot.shelf for slot in view.slots}
    if not planned:
        return Finding("shelves_unseen", None, {"why": "planogram"})
    if view.part[1] > 0 or view.part[3] < 1:
        return Finding("shelves_unseen", None, {"why": "part"})
    seen = set(boards(view.facings))
    missing = planned - seen if len(seen) < len(planned) else set()
    if not missing:
        return Finding("shelves_unseen", True, {"planned": len(planned)})
    top, bottom = max(planned) in missing, min(planned) in missing
    which = "top" if top and not bottom else "bottom" if bottom and not top else "between"
    return Finding("shelves_unseen", False, {"planned": len(planned), "missing": len(missing), "which": which})


def _fixture(view: AimedView, *, unreadable: bool) -> Finding:
    planned = {slot.sku for slot in view.slots}
    if not planned or not view.named:
        return Finding("wrong_fixture", None, {"why": "catalogue" if planned else "planogram"})
    if unreadable or len(planned) < FEW_PLANNED:
        return Finding("wrong_fixture", None, {"why": "picture" if unreadable else "planogram"})
    seen = planned & {facing.sku for facing in view.facings if facing.sku is not None}
    return Finding("wrong_fixture", len(seen) >= FEW_SEEN * len(planned), {"planned": len(planned), "seen": len(seen)})
