"""The grade of a store: a perfect-store score of 0 to 100 from weighted KPIs, and what would raise it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloud_sink.profile.model import Grade, GradePart, Letter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloud_sink.fleet.settings import GradeSection
    from cloud_sink.profile.goods_model import GoodsKpis


def grade(kpis: GoodsKpis, settings: GradeSection) -> Grade:
    """Grade a store or a fixture by its KPIs; see `grade_values`."""
    return grade_values(
        {
            "osa": kpis.osa,
            "compliance": kpis.compliance.facings.value if kpis.compliance else None,
            "must_stock": kpis.must_stock.value if kpis.must_stock else None,
            "purity": kpis.purity.value if kpis.purity else None,
            "occupancy": kpis.occupancy,
        },
        settings,
    )


def grade_values(values: Mapping[str, float | None], settings: GradeSection) -> Grade:
    """Grade what was observed.

    A KPI that nobody could observe leaves the sum with its weight; where too much of the weight is left out there is no
    grade, for a store must not get an A by being dark.

    Args:
        values: by the names of the weights, 0 to 1.
        settings: weights, and the scores from which A, B and C are given.
    """
    weights = settings.weights.by_name
    known, covered = _known(values, weights)
    weighed = sum(weights[name] for name in known)
    bounds = dict(_bounds(settings))
    if not known or covered < settings.least_covered:
        return Grade(letter=None, bounds=bounds, score=None, covered=covered, to_next=None, parts=[])
    parts = [
        GradePart(
            kpi=name,
            value=value,
            weight=weights[name],
            points=100 * weights[name] * value / weighed,
            missing=100 * weights[name] * (1 - value) / weighed,
        )
        for name, value in known.items()
    ]
    score = sum(part.points for part in parts)
    return Grade(
        letter=letter_of(score, settings),
        bounds=bounds,
        score=score,
        covered=covered,
        to_next=min((least - score for least in bounds.values() if least > score), default=None),
        parts=sorted(parts, key=lambda part: (-part.missing, part.kpi)),
    )


def score_of(values: Mapping[str, float | None], settings: GradeSection) -> float | None:
    """The score alone, of thousands of stores at once; `values` may hold more than what is weighed."""
    weights = settings.weights.by_name
    known, covered = _known({name: values.get(name) for name in weights}, weights)
    if not known or covered < settings.least_covered:
        return None
    gained = sum(weights[name] * value for name, value in known.items())
    return float(100 * gained / sum(weights[name] for name in known))


def letter_of(score: float | None, settings: GradeSection) -> Letter | None:
    """The letter of a score."""
    if score is None:
        return None
    return next((letter for letter, least in _bounds(settings) if score >= least), "D")


def _bounds(settings: GradeSection) -> tuple[tuple[Letter, float], ...]:
    return ("A", settings.a), ("B", settings.b), ("C", settings.c)


def _known(values: Mapping[str, float | None], weights: Mapping[str, float]) -> tuple[dict[str, float], float]:
    """What was observed of what weighs something, and its share of the weights."""
    known = {name: value for name, value in values.items() if value is not None and weights[name] > 0}
    return known, sum(weights[name] for name in known) / sum(weights.values())
