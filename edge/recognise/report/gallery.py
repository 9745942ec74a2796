"""The mistakes on the page: grouped by kind, each with its picture and what is to be known about it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge.recognise.report.words import amount, safe, share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge.recognise.mistakes import Kind, Mistake

_FLAT = 100  # more mistakes of one kind than this are folded into groups: nobody scrolls through 500 pictures
_HALF = 0.5  # IoU from which a box counts as lying on a facing


@dataclass(frozen=True, slots=True)
class KindText:
    """How a kind of mistake is called, and what it means for who reads the shelf's figures."""

    kind: Kind
    one: str
    many: str
    meaning: str
    needs_catalogue: bool


KINDS = (
    KindText(
        "wrong",
        "wrong SKU",
        "wrong SKUs",
        "Recognised, with certainty, as another product of the catalogue. The worst kind: the shelf report then says "
        "something untrue.",
        needs_catalogue=True,
    ),
    KindText(
        "unlisted",
        "unlisted product taken for a SKU",
        "unlisted products taken for a SKU",
        "The catalogue does not hold this product, yet it was recognised as one that it holds.",
        needs_catalogue=True,
    ),
    KindText(
        "false",
        "false facing",
        "false facings",
        "Counted as a facing where the labels have none. Look whether the label is missing before blaming the model.",
        needs_catalogue=False,
    ),
    KindText(
        "missed",
        "missed facing",
        "missed facings",
        "Labelled as a facing, but not counted.",
        needs_catalogue=False,
    ),
)


@dataclass(frozen=True, slots=True)
class Picture:
    """The picture of a mistake as it lies in the report's folder."""

    address: str  # relative to the page
    width: int
    height: int


def gallery(mistakes: Sequence[Mistake], pictures: Sequence[Picture], *, shown_from: float, catalogue: bool) -> str:
    """Every mistake with its picture, the worst kind first.

    Args:
        mistakes: all of them.
        pictures: one for each.
        shown_from: the detector's score from which a box is counted.
        catalogue: SKUs were told, so kinds that need them have a section even if it is empty.
    """
    pairs = list(zip(mistakes, pictures, strict=True))
    sections = []
    for text in KINDS:
        if text.needs_catalogue and not catalogue:
            continue
        own = [pair for pair in pairs if pair[0].kind == text.kind]
        head = f"<h3>{amount(len(own))} {text.one if len(own) == 1 else text.many}</h3>"
        if not own:
            sections.append(f'<div class="card" id="{text.kind}"><p>{head}</p><p class="soft">{text.meaning}</p></div>')
            continue
        # The worst kinds stand open; pictures of closed ones are not even loaded.
        opened = " open" if text.needs_catalogue else ""
        sections.append(
            f'<details class="card" id="{text.kind}"{opened}><summary>{head}</summary>'
            f'<p class="soft">{text.meaning}</p>{_grouped(own, shown_from)}</details>'
        )
    return "".join(sections)


def _grouped(own: list[tuple[Mistake, Picture]], shown_from: float) -> str:
    groups: defaultdict[str, list[tuple[Mistake, Picture]]] = defaultdict(list)
    for pair in own:
        groups[_group(pair[0])].append(pair)
    ordered = sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))
    shown = [(name, "".join(_mistake(*pair, shown_from) for pair in pairs), len(pairs)) for name, pairs in ordered]
    if len(own) <= _FLAT:
        return f'<div class="grid-of">{"".join(figures for _, figures, _ in shown)}</div>'
    return "".join(
        f'<details><summary>{safe(name)}: {amount(count)}</summary><div class="grid-of">{figures}</div></details>'
        for name, figures, count in shown
    )


def _group(mistake: Mistake) -> str:
    """What mistakes of a kind have in common that is worth one look: the two SKUs, else the photograph."""
    if mistake.kind in ("wrong", "unlisted") and mistake.said is not None:
        return f"{mistake.truth} taken for {mistake.said.sku}"
    return mistake.photo.name


def _mistake(mistake: Mistake, picture: Picture, shown_from: float) -> str:
    said, true = (f'<span class="swatch {mark}"></span>' for mark in ("said", "true"))
    rows = [(f"{said}Said", _said(mistake)), (f"{true}True", _true(mistake)), ("Photo", safe(mistake.photo.name))]
    if mistake.kind != "missed":
        rows.insert(1, ("Box", f"a facing with {share(mistake.score)}"))
    listed = "".join(f"<dt>{label}</dt><dd>{words}</dd>" for label, words in rows)
    note = _note(mistake, shown_from)
    return (
        f'<figure class="mistake"><img src="{picture.address}" width="{picture.width}" height="{picture.height}" '
        f'loading="lazy" decoding="async" alt="{_seen(mistake)}">'
        f"<figcaption><dl>{listed}</dl>{note}</figcaption></figure>"
    )


def _said(mistake: Mistake) -> str:
    if mistake.kind == "missed":
        return "nothing"
    if mistake.said is None:
        return "a facing"
    if mistake.said.status == "unknown":
        return "unknown product"
    name, score = safe(mistake.said.sku), share(mistake.said.score)
    second = f", or else {safe(mistake.said.runner_up)}" if mistake.said.runner_up else ""
    if mistake.said.status == "unsure":
        return f"unsure: perhaps {name} ({score}){second}"
    return f"<b>{name}</b> ({score}){second}"


def _true(mistake: Mistake) -> str:
    if mistake.kind == "false":
        return "no facing labelled here" if mistake.true_box is None else f"none here; beside it {_sku(mistake)}"
    return f"<b>{_sku(mistake)}</b>" + (" (not in the catalogue)" if mistake.kind == "unlisted" else "")


def _sku(mistake: Mistake) -> str:
    return safe(mistake.truth) if mistake.truth is not None else "a product, SKU not told"


def _note(mistake: Mistake, shown_from: float) -> str:
    """Why it may have happened, where the boxes tell."""
    note = ""
    if mistake.kind == "missed" and mistake.said_box is not None and mistake.score is not None:
        note = f"The nearest counted box overlaps it by {share(mistake.overlap)}; half is needed."
        if mistake.overlap >= _HALF:
            note = "One box was counted for two facings."
        if not mistake.shown:
            faint = mistake.score < shown_from
            why = f"counted only from {share(shown_from)}" if faint else "taken to stand behind the front row"
            note = f"Seen with {share(mistake.score)}, but {why}."
    elif mistake.kind == "false" and mistake.true_box is not None:
        note = f"Overlaps a labelled facing by {share(mistake.overlap)}; half is needed."
        if mistake.overlap >= _HALF:
            note = "A second box on a facing that has one already."
    return f'<p class="soft">{note}</p>' if note else ""


def _seen(mistake: Mistake) -> str:
    """What the picture shows, for who cannot see it."""
    where = f"in {safe(mistake.photo.name)}"
    if mistake.kind == "false":
        return f"A place {where} that was counted as a facing, where the labels have none"
    if mistake.kind == "missed" or mistake.said is None:
        return f"A facing {where} that was not counted: {_sku(mistake)}"
    return f"A facing of {_sku(mistake)} {where} that was recognised as {safe(mistake.said.sku)}"
