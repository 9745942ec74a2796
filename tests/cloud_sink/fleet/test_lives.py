"""What two boards with one identity look like, and what only looks alike."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_sink.fleet.lives import EPOCHS_WITHIN, MOST, Life, Mark, Trail, hear, proof

SECOND = 1000


def heard(*words: tuple[str, str], every: int = 5 * SECOND) -> Trail:
    """The trail of words (boot, epoch), each said when it is heard."""
    trail: Trail = ()
    for number, (boot, epoch) in enumerate(words):
        trail = hear(trail, Life(boot, epoch, said=number * every, heard=number * every))
    return trail


A, B, C = ("boot-a", "epoch-a"), ("boot-b", "epoch-b"), ("boot-c", "epoch-c")
IN_CONTAINERS = ("host", "epoch-a"), ("host", "epoch-b")  # of one kernel

CASES: list[tuple[str, tuple[tuple[str, str], ...], Mark | None]] = [
    ("two boards that throw each other off", (A, B, A, B), "boot"),
    ("three", (A, B, C, A, B), "boot"),
    ("two copies in containers of one machine", (*IN_CONTAINERS, *IN_CONTAINERS), "epoch"),
    ("copies that have not fallen out over a number yet", (("a", "e"), ("b", "e"), ("a", "e"), ("b", "e")), "boot"),
    ("a connection that breaks again and again", (A, A, A, A, A, A), None),
    ("a restart storm", tuple((f"boot-{number}", "epoch") for number in range(40)), None),
    ("an outbox lost with every restart", tuple((f"boot-{number}", f"epoch-{number}") for number in range(40)), None),
    ("an outbox set back once", (A, ("boot-a", "epoch-2"), ("boot-b", "epoch-a"), ("boot-b", "epoch-3")), None),
    (
        "a disk that forgets everything with each start",
        tuple((f"boot-{number // 2}", "image" if number % 2 == 0 else f"epoch-{number}") for number in range(12)),
        None,
    ),
    ("a board that came back once, and no more", (A, B, A), None),
    ("a new board under the old name", (A, B, B, B), None),
    ("a new board that restarts after two that were copies", (A, B, A, B, C), None),
]


@pytest.mark.parametrize(("words", "found"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_two_lives_that_both_come_back_are_two_devices(words: tuple[tuple[str, str], ...], found: Mark | None) -> None:
    assert proof(heard(*words)) == found


def test_epochs_that_come_back_by_hand_over_days_prove_nothing() -> None:
    assert proof(heard(*IN_CONTAINERS, *IN_CONTAINERS, every=EPOCHS_WITHIN)) is None
    assert proof(heard(A, B, A, B, every=EPOCHS_WITHIN)) == "boot"


def test_an_old_word_that_a_lagging_collector_heard_is_no_sign_of_life() -> None:
    trail = heard(A, A, A, B)
    assert hear(trail, Life(*A, said=5 * SECOND, heard=60 * SECOND)) == trail
    assert hear(trail, Life(*A, said=11 * SECOND, heard=60 * SECOND)) != trail


def test_what_was_heard_before_the_board_was_let_in_does_not_count() -> None:
    trail = heard(A, B, A, B)
    assert proof(trail, since=trail[1].heard) is None
    assert proof(trail, since=trail[0].heard) == "boot"


@given(st.lists(st.sampled_from(["restart", "restore", "lose", "reconnect"]), max_size=60))
def test_nothing_that_one_device_goes_through_is_taken_for_two(fates: list[str]) -> None:
    """A device restarts, is set back to its first outbox, loses it, reconnects: in any order, as often as it likes."""
    boot = epoch = 0
    trail: Trail = ()
    for number, fate in enumerate(fates, 1):
        boot = number if fate in {"restart", "restore"} else boot
        epoch = {"restore": 0, "lose": number}.get(fate, epoch)
        trail = hear(trail, Life(f"b{boot}", f"e{epoch}", said=2 * number, heard=2 * number))
        assert proof(trail) is None
        if fate == "restore":  # the first number that was used before makes it begin a new epoch
            epoch = number
            trail = hear(trail, Life(f"b{boot}", f"e{epoch}", said=2 * number + 1, heard=2 * number + 1))
    assert len(trail) <= MOST
