from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_sink.fleet.rules import NUMBERS, TEXTS, read_rule
from cloud_sink.profile.figures import NAMES

ROW: dict[str, float | str | None] = {
    "footfall": 120.0,
    "osa": 0.85,
    "purity": None,
    "stockouts": 3.0,
    "channel": "kiosk",
    "city": None,
}


def test_its_columns_are_the_figures_and_the_score() -> None:
    assert (*NAMES, "score") == NUMBERS
    assert not set(NUMBERS) & set(TEXTS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("osa < 0.9", True),
        ("osa >= 0.9", False),
        ("footfall > p75 and osa < 0.9", True),
        ("footfall > p75 * 2", False),
        ("p50 < footfall < p75", False),
        ("0.5 < osa <= 0.85", True),
        ("(footfall - 100) / 20 == 1", True),
        ("not osa < 0.9", False),
        ('channel == "kiosk" and osa < 0.9', True),
        ('channel != "kiosk"', False),
        ("-osa < 0", True),
        # what nobody observed decides nothing
        ("purity < 0.5", None),
        ("not purity < 0.5", None),
        ("purity < 0.5 and osa < 0.5", False),
        ("osa < 0.5 and purity < 0.5", False),
        ("purity < 0.5 or osa < 0.9", True),
        ("purity < 0.5 or osa < 0.5", None),
        ("not (purity < 0.5 or osa < 0.5)", None),
        ('city == "Hue"', None),
        ("stockouts / (footfall - 120) > 1", None),
        ("purity > p75", None),
    ],
)
def test_what_a_rule_says_of_a_store(text: str, *, expected: bool | None) -> None:
    rule = read_rule("some", text)
    known = {("footfall", 75): 100.0, ("footfall", 50): 60.0}
    thresholds = {one: known.get(one) for one in rule.thresholds}
    assert rule.holds(ROW, thresholds) is expected


def test_a_rule_says_which_percentiles_it_needs() -> None:
    rule = read_rule("some", "footfall > p75 and p10 > osa and footfall > p75 / 2")
    assert rule.thresholds == {("footfall", 75), ("osa", 10)}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("footfal > 3", "rule busy: no column footfal; did you mean footfall?"),
        ("turnover > 3", "rule busy: no column turnover; columns are completeness"),
        ("p75 > 3", "rule busy: p75 stands beside no column; write such as: footfall > p75"),
        ("channel > p75", "rule busy: p75 stands beside no column"),
        ("channel > 'a'", "rule busy: column channel is a text: compare it with == or !="),
        ("osa == 'high'", "rule busy: column osa is a number"),
        ("channel == 3", "rule busy: column channel is a text"),
        ("osa", "rule busy compares nothing"),
        ("osa <", "rule busy cannot be read: 'osa <'"),
        ("", "rule busy cannot be read"),
        ("__import__('os').system('true')", "rule busy: .* is not allowed"),
        ("osa.real > 1", "rule busy: 'osa.real' is not allowed"),
        ("osa ** 99999 > 1", r"rule busy: 'osa \*\* 99999' is not allowed"),
        ("[osa for osa in [1]] > 1", "is not allowed"),
        ("osa is 1", "compare with < <= > >= == !="),
        ("(osa < 1) < 2", "compare with"),
        ("osa and purity", "rule busy: 'osa' is a number, and a truth belongs there"),
        ("True", "'True' is not allowed"),
        ("osa < 1" + " " * 600 + "and osa < 2", "characters; at most 500"),
        ("(" * 250 + "osa" + ")" * 240, "cannot be read"),
    ],
)
def test_a_wrong_rule_is_told_by_its_name_and_column(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_rule("busy", text)


CELLS = st.sampled_from(["osa", "purity", "0.5", "p50"])
TERMS = st.builds("{} {} {}".format, st.sampled_from(["osa", "purity"]), st.sampled_from("<>"), CELLS)
RULES = st.recursive(
    TERMS,
    lambda part: (
        st.builds("({} {} {})".format, part, st.sampled_from(["and", "or"]), part) | part.map("(not {})".format)
    ),
    max_leaves=6,
)


@given(text=RULES, osa=st.none() | st.floats(0, 1), purity=st.none() | st.floats(0, 1))
def test_an_answer_is_the_one_that_any_value_of_the_unknown_would_give(
    text: str, osa: float | None, purity: float | None
) -> None:
    rule = read_rule("some", text)
    middle: dict[tuple[str, int], float | None] = dict.fromkeys(rule.thresholds, 0.5)
    answer = rule.holds({"osa": osa, "purity": purity}, middle)
    if answer is not None:
        guesses: list[dict[str, Any]] = [
            {"osa": guess if osa is None else osa, "purity": other if purity is None else purity}
            for guess in (0.0, 0.5, 1.0)
            for other in (0.0, 0.5, 1.0)
        ]
        assert {rule.holds(row, middle) for row in guesses} == {answer}
