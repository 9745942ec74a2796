"""Stock-out episodes: one letter a capture, ten minutes apart, for one SKU.

`A` seen, `.` not seen, `?` an unsure facing that could be it, `!` one at its place that probably is, `~` its places
hidden, `-` a rejected capture. Under a vote: `>` seen, not believed yet; `<` not seen, still believed.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.shelf.stockout_state import tracker_from_dict, tracker_to_dict
from edge.shelf.stockouts import (
    MAX_PROOF,
    Closed,
    Opened,
    OutOfOrderError,
    StockoutRules,
    StockoutTracker,
    observe,
    shift_times,
)

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
RULES = StockoutRules(captures=3, minutes=20, close_captures=2)
SKUS = ("a", "b")


def step(
    state: StockoutTracker, number: int, marks: dict[str, str], rules: StockoutRules = RULES
) -> tuple[StockoutTracker, list[Opened | Closed]]:
    return observe(
        state,
        at=START + timedelta(minutes=10 * number),
        capture=f"c{number}",
        planned=dict.fromkeys(marks, 2),
        seen={sku: 1 for sku, mark in marks.items() if mark in "A<"},
        unsure={sku: 1 for sku, mark in marks.items() if mark in "?!"},
        chance={sku: 0.9 for sku, mark in marks.items() if mark in "!>A"},
        appearing={sku for sku, mark in marks.items() if mark == ">"},
        lapsing={sku for sku, mark in marks.items() if mark == "<"},
        hidden={sku for sku, mark in marks.items() if mark == "~"},
        rules=rules,
    )


def run(story: str, rules: StockoutRules = RULES) -> list[str]:
    """What happens in a story, as `capture: opened since` and `capture: closed since-until`."""
    state, told = StockoutTracker(), []
    for number, mark in enumerate(story):
        if mark == "-":
            continue
        state, events = step(state, number, {"a": mark}, rules)
        for event in events:
            if isinstance(event, Opened):
                told.append(f"{number}: opened {event.captures[0]}")
                assert event.since == START + timedelta(minutes=10 * int(event.captures[0][1:]))
            else:
                told.append(f"{number}: closed {event.captures[0]}")
                assert event.until == START + timedelta(minutes=10 * int(event.captures[0][1:]))
    return told


@pytest.mark.parametrize(
    ("story", "told"),
    [
        ("AAAA", []),
        ("A...", ["3: opened c1"]),
        ("A....", ["3: opened c1"]),
        ("A..A..A", []),
        ("A...AA", ["3: opened c1", "5: closed c4"]),
        ("A...A.AA", ["3: opened c1", "7: closed c6"]),
        ("A...A.", ["3: opened c1"]),
        ("......", []),
        ("..A...", ["5: opened c3"]),
        ("A..?...", ["6: opened c4"]),
        ("A...???", ["3: opened c1"]),
        ("A...A?A", ["3: opened c1", "6: closed c4"]),
        ("A.~~..", ["5: opened c1"]),
        ("A.--..", ["5: opened c1"]),
        ("A-----", []),
        ("A...AA...AA", ["3: opened c1", "5: closed c4", "8: opened c6", "10: closed c9"]),
    ],
    ids=[
        "always there",
        "opens at the third capture without it",
        "opens once",
        "two captures without it are too few",
        "closes at the second capture with it, since the first",
        "one capture with it closes nothing",
        "and is forgotten when it is gone again",
        "never seen is void",
        "void until it was seen once",
        "it may have been there",
        "an unsure facing closes nothing",
        "nor does it break a return",
        "hidden is no evidence",
        "nor is a rejected capture",
        "nor are many",
        "again",
    ],
)
def test_episodes(story: str, told: list[str]) -> None:
    assert run(story) == told


@pytest.mark.parametrize(
    ("rules", "opened"),
    [
        (StockoutRules(captures=1, minutes=0, close_captures=1), "1: opened c1"),
        (StockoutRules(captures=1, minutes=30), "4: opened c1"),
        (StockoutRules(captures=5, minutes=0), "5: opened c1"),
    ],
    ids=["at once", "time decides", "captures decide"],
)
def test_both_captures_and_minutes_are_needed(rules: StockoutRules, opened: str) -> None:
    assert run("A......", rules)[0] == opened


@pytest.mark.parametrize(
    ("story", "told"),
    [
        ("A...!!", ["3: opened c1", "5: closed c4"]),
        ("A...!.!", ["3: opened c1"]),
        ("A...!A", ["3: opened c1", "5: closed c4"]),
        ("A...!~!", ["3: opened c1", "6: closed c4"]),
        ("A...???????", ["3: opened c1"]),
        ("!!...", ["4: opened c2"]),
        ("!...", []),
        ("A..!..", []),
    ],
    ids=[
        "two captures with hardly a doubt are a return since the first",
        "not with a capture without it between them",
        "what is recognised strengthens a guess",
        "hidden places break no return",
        "what is hardly likely is never proven by repeating it",
        "what was never recognised is known to have been there",
        "one doubt does not show it was there",
        "a doubt ends a run of captures without it",
    ],
)
def test_unsure_facings_that_leave_hardly_a_doubt_are_a_return(story: str, told: list[str]) -> None:
    rules = StockoutRules(captures=3, minutes=20, close_captures=2, unsure_captures=2, doubt=0.02)
    assert run(story, rules) == told


@pytest.mark.parametrize(
    ("rules", "closed"),
    [
        (StockoutRules(1, 0, 5, unsure_captures=0, doubt=1.0), []),
        (StockoutRules(1, 0, 5, unsure_captures=4, doubt=0.5), ["5: closed c2"]),
        (StockoutRules(1, 0, 5, unsure_captures=1, doubt=0.0005), ["5: closed c2"]),
    ],
    ids=["never", "captures decide", "doubt decides"],
)
def test_how_much_doubt_is_left_is_a_setting(rules: StockoutRules, closed: list[str]) -> None:
    assert run("A.!!!!!!", rules)[1:] == closed


@pytest.mark.parametrize(
    ("story", "told"),
    [
        ("A<..", ["3: opened c1"]),
        ("A..<A", []),
        ("A..<.", ["4: opened c1"]),
        ("A...>AA", ["3: opened c1", "5: closed c4"]),
        ("A...>.A", ["3: opened c1"]),
        ("A..>.", ["4: opened c1"]),
    ],
    ids=[
        "an episode has the time of the first capture without it",
        "the vote opens nothing that it does not believe",
        "and when it does",
        "and ends at the first capture with it",
        "what was seen once is forgotten",
        "and keeps no stock-out from being told",
    ],
)
def test_a_vote_over_captures_dates_no_episode_late(story: str, told: list[str]) -> None:
    rules = StockoutRules(captures=3, minutes=20, close_captures=2, unsure_captures=2, doubt=0.02)
    assert run(story, rules) == told


def test_only_opening_time_counts() -> None:
    state, _ = step(StockoutTracker(), 0, {"a": "A"})
    told = []
    for number in range(1, 8):
        state, events = observe(
            state,
            at=START + timedelta(hours=number),
            capture=f"c{number}",
            planned={"a": 1},
            seen={},
            unsure={},
            rules=RULES,
            opening_seconds=0 if number < 5 else 600,
        )
        told += [(number, event.since) for event in events]
    assert told == [(6, START + timedelta(hours=1))]


def test_what_is_planned_no_more_is_no_stock_out() -> None:
    state = StockoutTracker()
    for number, mark in enumerate("A..."):
        state, _ = step(state, number, {"a": mark, "b": "A"})
    state, events = step(state, 4, {"b": "A"})
    assert [(e.sku, e.reason, e.until) for e in events if isinstance(e, Closed)] == [
        ("a", "unplanned", START + timedelta(minutes=40))
    ]
    assert state.episodes == {}
    assert state.ever_seen == {"b"}


def test_planned_again_it_is_void_until_it_is_seen() -> None:
    state = StockoutTracker()
    for number, mark in enumerate("AA"):
        state, _ = step(state, number, {"a": mark})
    state, _ = step(state, 2, {"b": "A"})
    for number in range(3, 9):
        state, events = step(state, number, {"a": "."})
        assert events == []


def test_proof_is_bounded_and_keeps_the_first_capture() -> None:
    state, _ = step(StockoutTracker(), 0, {"a": "A"})
    rules = StockoutRules(captures=200, minutes=0)
    for number in range(1, 201):
        state, events = step(state, number, {"a": "."}, rules)
    assert len(events[0].captures) == MAX_PROOF
    assert (events[0].captures[0], events[0].captures[-1]) == ("c1", "c200")


def test_the_same_captures_give_the_same_episode_and_others_another() -> None:
    def ids(story: str) -> list[str]:
        state, found = StockoutTracker(), []
        for number, mark in enumerate(story):
            state, events = step(state, number, {"a": mark, "b": mark})
            found += [event.episode for event in events]
        return found

    assert ids("A...") == ids("A...")
    assert len(set(ids("A...AA..."))) == 4
    assert ids("A...") == ["c3-1", "c3-2"]


def test_times_out_of_order_are_refused() -> None:
    state, _ = step(StockoutTracker(), 5, {"a": "A"})
    with pytest.raises(OutOfOrderError, match=r"c4 .* is older than c5"):
        step(state, 4, {"a": "A"})
    with pytest.raises(OutOfOrderError, match="c5 was observed already"):
        step(state, 5, {"a": "A"})


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        observe(
            StockoutTracker(),
            at=START.replace(tzinfo=None),
            capture="c",
            planned={},
            seen={},
            unsure={},
            rules=RULES,
        )


def test_episodes_go_on_when_the_clock_is_set_back() -> None:
    state = StockoutTracker()
    for number, mark in enumerate("A.."):
        state, _ = step(state, number + 100, {"a": mark})
    state = shift_times(state, timedelta(minutes=-1000))
    state, events = step(state, 3, {"a": "."})
    assert [event.since for event in events] == [START + timedelta(minutes=10)]


@pytest.mark.parametrize(
    "values",
    [
        {"captures": 0},
        {"close_captures": 0},
        {"unsure_captures": -1},
        {"minutes": -1.0},
        {"minutes": float("nan")},
        {"doubt": 1.5},
        {"doubt": float("nan")},
    ],
)
def test_rules_that_make_no_sense_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"at least|from 0 to 1"):
        StockoutRules(**values)  # type: ignore[arg-type]


MARKS = st.fixed_dictionaries({sku: st.sampled_from("AAA...?!~<>") for sku in SKUS})
STORIES = st.lists(MARKS, max_size=40)


@given(STORIES)
def test_a_restart_after_any_capture_changes_nothing(story: list[dict[str, str]]) -> None:
    straight = restarted = StockoutTracker()
    for number, marks in enumerate(story):
        straight, events = step(straight, number, marks)
        kept = json.dumps(tracker_to_dict(restarted))
        restarted, events_restarted = step(tracker_from_dict(json.loads(kept)), number, marks)
        assert events_restarted == events
        assert restarted == straight


@given(STORIES)
def test_episodes_of_a_sku_alternate_and_do_not_overlap(story: list[dict[str, str]]) -> None:
    state, last = StockoutTracker(), dict.fromkeys(SKUS, START - timedelta(days=1))
    is_open = dict.fromkeys(SKUS, False)
    for number, marks in enumerate(story):
        state, events = step(state, number, marks)
        for event in events:
            assert is_open[event.sku] != isinstance(event, Opened)
            is_open[event.sku] = isinstance(event, Opened)
            edge = event.since if isinstance(event, Opened) else event.until
            assert edge > last[event.sku]
            last[event.sku] = edge
    assert set(state.episodes) == {sku for sku in SKUS if is_open[sku]}


@given(STORIES, st.integers(1, 100), st.sampled_from(SKUS))
def test_one_bad_frame_opens_and_closes_nothing(story: list[dict[str, str]], at: int, sku: str) -> None:
    steady = [{**marks, sku: "A"} for marks in story]
    if steady:
        steady[at % len(steady)][sku] = "."
    state = StockoutTracker()
    for number, marks in enumerate(steady):
        state, events = step(state, number, marks)
        assert sku not in {event.sku for event in events}


@pytest.mark.parametrize(
    "data",
    [{}, {"version": 2}, {"version": 1, "at": None, "capture": "", "watches": {"a": {}}}, {"version": 1, "at": "noon"}],
)
def test_values_that_are_no_state_are_refused(data: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"state|isoformat"):
        tracker_from_dict(data)


def test_a_state_kept_before_doubts_were_weighed_is_read() -> None:
    state = StockoutTracker()
    for number, mark in enumerate("A...A"):
        state, _ = step(state, number, {"a": mark})
    kept = tracker_to_dict(state)
    for name in ("sure", "doubt"):
        del kept["watches"]["a"]["back"][name]
    _, (closed,) = step(tracker_from_dict(kept), 5, {"a": "A"})
    assert isinstance(closed, Closed)
