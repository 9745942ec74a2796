from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from edge.update.state import MOST_STARTS, Progress, StateFiles, UpdateState, health_of

if TYPE_CHECKING:
    from pathlib import Path

NOBODY: frozenset[str] = frozenset()


def test_a_release_is_on_probation_until_it_lasted() -> None:
    state = UpdateState().switched(1, blind=NOBODY)
    assert state.probation is not None
    assert state.lasted() == UpdateState(running=1)


def test_back_is_to_the_last_that_lasted() -> None:
    state = UpdateState().switched(1, blind=NOBODY).lasted().switched(2, blind=NOBODY).switched(3, blind=NOBODY)
    assert state.rolled_back("blind").running == 1


def test_a_release_that_was_taken_back_is_not_taken_again() -> None:
    state = UpdateState().switched(1, blind=NOBODY).rolled_back("blind")
    assert state.running is None
    assert state.set_aside == {1: "blind"}
    assert not state.takes(1)
    assert state.takes(2)


def test_a_lower_number_is_never_taken() -> None:
    assert not UpdateState(running=5).takes(4)


def test_too_many_starts_take_a_release_back() -> None:
    state = UpdateState(running=1).switched(2, blind=NOBODY)
    for _ in range(MOST_STARTS):
        state = state.started()
        assert state.running == 2
    assert state.started().running == 1


def test_starts_of_what_lasted_are_not_counted() -> None:
    assert UpdateState(running=1).started() == UpdateState(running=1)


def test_a_state_that_cannot_be_read_is_what_the_device_came_with(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_bytes(b"\0" * 100)
    assert StateFiles(tmp_path).state() == UpdateState()


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    state = UpdateState(running=1).switched(2, blind=frozenset({"cam-1"})).aside(3, "too slow")
    StateFiles(tmp_path).keep(state)
    assert StateFiles(tmp_path).state() == state


def test_probation_is_told_before_what_was_done_last() -> None:
    state = UpdateState().switched(1, blind=NOBODY)
    assert health_of(state, Progress(stage="waiting", wanted=1)).stage == "probation"
    assert health_of(state.lasted(), Progress(wanted=1)).stage == "current"


def back(state: UpdateState) -> UpdateState:
    return state.rolled_back("bad")


@given(st.lists(st.sampled_from(["switch", "start", "last", "back"]), max_size=40))
def test_whatever_happens_what_is_set_aside_does_not_run(happened: list[str]) -> None:
    state, number = UpdateState(), 0
    for one in happened:
        if one == "switch":
            number += 1
            state = state.switched(number, blind=NOBODY)
        else:
            state = {"start": UpdateState.started, "last": UpdateState.lasted, "back": back}[one](state)
        assert state.running not in state.set_aside
        assert state.before not in state.set_aside
