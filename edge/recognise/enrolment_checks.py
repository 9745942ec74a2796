"""What is doubtful about an enrolment: SKUs too alike; pictures that disagree, are blurred or tiny. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log
from typing import TYPE_CHECKING, Literal

import numpy as np

from edge.recognise.sharpness import BLURRED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edge.recognise.crops import CropShape
    from edge.recognise.identity import Doubt, Index

Kind = Literal["too close", "nearer to another", "unlike the others", "blurred", "tiny"]

MOST_NAMED = 3
"""Known SKUs named as too close to a new one: a fourth would tell a person nothing more."""


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A picture of a SKU and what the embedder makes of it."""

    name: str  # of the file
    width: int  # pixels of the pack, trimmed
    height: int
    sharpness: float  # see `sharpness`
    embeddings: NDArray[np.float32]  # (v, d) of length 1, one for each view, v >= 1


@dataclass(frozen=True, slots=True)
class Judgement:
    """One doubt about an enrolment. The enrolment holds; a person may want to mend it."""

    kind: Kind
    sku: str
    picture: str | None  # file it is about; None: about the SKU
    other: str | None  # the SKU it is confused with
    said: str
    mend: str

    def __str__(self) -> str:
        return f"{self.said} ({self.mend})"


def closest_told_apart(doubt: Doubt) -> float:
    """The cosine of two SKUs above which a facing of the one is never `recognised`, the other being known.

    Take the best facing there can be: it looks exactly like a reference of its SKU, cosine 1, so that its cosine to the
    other SKU is that of the two, c. With scale s and the cosine n of "none", its score is
    1 / (1 + e^s(c-1) + e^s(n-1)), and that reaches the score r of `recognised` as long as
    c <= 1 + ln(1/r - 1 - e^s(n-1)) / s. Real facings do worse: of SKUs a little below the limit some are unsure, of
    those above it all.

    Returns:
        The cosine; -1 where "none" alone keeps every facing from being recognised.
    """
    room = 1 / doubt.recognised - 1 - exp(doubt.scale * (doubt.none_cosine - 1))
    return max(-1.0, 1 + log(room) / doubt.scale) if room > 0 else -1.0


def judge(
    sku: str,
    pictures: Sequence[Shown],
    *,
    known: Index | None,
    held: NDArray[np.float32] | None,
    doubt: Doubt,
    shape: CropShape,
) -> list[Judgement]:
    """All doubts about enrolling `sku` from these pictures.

    Args:
        sku: its id; where `known` holds it already, it is not compared with itself.
        pictures: of one design, at least one.
        known: the catalogue; None while it knows no SKU.
        held: (m, d) what the design was known by before; None when it is new.
        doubt: of the embedder.
        shape: of the crops that the embedder sees.
    """
    own = [_nearest_own(place, pictures, held) for place in range(len(pictures))]
    found = [judgement for picture in pictures for judgement in _judge_pixels(sku, picture, shape)]
    cosines, names = _to_others(sku, pictures, known)
    limit = closest_told_apart(doubt)
    agreeing = []
    for picture, own_cosine, row in zip(pictures, own, cosines, strict=True):
        nearest = int(row.argmax()) if len(row) else None
        if own_cosine is None:
            agreeing.append(row)
        elif nearest is not None and row[nearest] > own_cosine and own_cosine < limit:
            # At the limit or above, the picture agrees with its own SKU: then it is the SKUs that are alike.
            found.append(
                Judgement(
                    "nearer to another",
                    sku,
                    picture.name,
                    names[nearest],
                    f"{picture.name}: looks more like {names[nearest]} (cosine {row[nearest]:.2f}) than like the other "
                    f"pictures of {sku} ({own_cosine:.2f})",
                    "look whether it shows another product or side",
                )
            )
        else:
            agreeing.append(row)
            # Below the cosine of "none", a facing that looks like this picture would be no product of the catalogue,
            # were the SKU known by its other pictures.
            if own_cosine < doubt.none_cosine:
                found.append(
                    Judgement(
                        "unlike the others",
                        sku,
                        picture.name,
                        None,
                        f"{picture.name}: unlike the other pictures of {sku} (cosine {own_cosine:.2f} to the nearest, "
                        f"below {doubt.none_cosine:.2f})",
                        "another look of the pack is enrolled with --design of its own; else leave the picture out",
                    )
                )
    # A picture of another product is no reason to call the two SKUs alike, as long as others show the SKU.
    return found + _too_close(sku, np.array(agreeing or cosines), names, limit)


def pairs_once(judgements: Sequence[Judgement]) -> list[Judgement]:
    """The judgements without those that say of a pair of SKUs what was said the other way round."""
    told: set[frozenset[str]] = set()
    kept = []
    for judgement in judgements:
        if judgement.kind == "too close" and judgement.other is not None:
            pair = frozenset((judgement.sku, judgement.other))
            if pair in told:
                continue
            told.add(pair)
        kept.append(judgement)
    return kept


def _judge_pixels(sku: str, picture: Shown, shape: CropShape) -> list[Judgement]:
    found: list[Judgement] = []
    if picture.width * picture.height < shape.width * shape.height:
        found.append(
            Judgement(
                "tiny",
                sku,
                picture.name,
                None,
                f"{picture.name}: {picture.width} x {picture.height} pixels of the pack, fewer than the "
                f"{shape.width} x {shape.height} that are looked at",
                "take it from nearer, or with more pixels",
            )
        )
    if picture.sharpness < BLURRED:
        found.append(
            Judgement(
                "blurred",
                sku,
                picture.name,
                None,
                f"{picture.name}: is blurred (sharpness {picture.sharpness:.1f}, below {BLURRED:.1f})",
                "take it again with a still hand",
            )
        )
    return found


def _too_close(sku: str, cosines: NDArray[np.float32], names: Sequence[str], limit: float) -> list[Judgement]:
    if not names:
        return []
    nearest = cosines.max(0)
    close = [int(place) for place in np.argsort(-nearest, kind="stable")[:MOST_NAMED] if nearest[place] > limit]
    return [
        Judgement(
            "too close",
            sku,
            None,
            names[place],
            f"{sku}: too close to {names[place]} (cosine {nearest[place]:.2f}, above {limit:.2f}): facings of the two "
            "will be unsure",
            "add pictures that show what differs, or make them one SKU",
        )
        for place in close
    ]


def _nearest_own(place: int, pictures: Sequence[Shown], held: NDArray[np.float32] | None) -> float | None:
    """The cosine of a picture to the nearest other one of its SKU; None where there is no other."""
    others = [picture.embeddings for other, picture in enumerate(pictures) if other != place]
    if held is not None:
        others.append(held)
    return float((pictures[place].embeddings @ np.concatenate(others).T).max()) if others else None


def _to_others(
    sku: str, pictures: Sequence[Shown], known: Index | None
) -> tuple[list[NDArray[np.float32]], tuple[str, ...]]:
    """Of each picture its (k,) cosines to the known SKUs other than its own, and their names."""
    if known is None:
        return [np.zeros(0, np.float32) for _ in pictures], ()
    others = np.array([name != sku for name in known.skus])
    cosines = known.cosines(np.concatenate([picture.embeddings for picture in pictures]))[:, others]
    parts = np.split(cosines, np.cumsum([len(picture.embeddings) for picture in pictures])[:-1])
    return [part.max(0) for part in parts], tuple(name for name in known.skus if name != sku)
