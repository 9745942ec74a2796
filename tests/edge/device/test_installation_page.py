"""What a technician reads: every step and every reason in both languages, and what failed first."""

from __future__ import annotations

from typing import get_args

import pytest

from edge.contract.payloads import RejectionReason
from edge.contract.provisioning import InstallationRecord, InstallStep
from edge.device.installation import Steps
from edge.device.installation_page import LANGUAGES, step_lines, words

VALUES = {"host": "mqtt.example.com", "port": "8883"}


def texts(part: object) -> list[dict[str, str]]:
    """Every text of the words, by language."""
    if not isinstance(part, dict):
        return []
    if set(part) >= set(LANGUAGES):
        return [part] + [one for key, inner in part.items() if key not in LANGUAGES for one in texts(inner)]
    return [one for inner in part.values() for one in texts(inner)]


def test_everything_is_said_in_both_languages_with_the_same_values() -> None:
    found = texts(words())
    assert len(found) > 25
    for one in found:
        english, chinese = one["en"], one["zh"]
        assert {part.partition("}")[0] for part in english.split("{")[1:]} == {
            part.partition("}")[0] for part in chinese.split("{")[1:]
        }
        assert any("\u4e00" <= sign <= "\u9fff" for sign in chinese)


@pytest.mark.parametrize("reason", get_args(RejectionReason))
def test_every_reason_why_a_picture_is_not_used_has_a_mend(reason: str) -> None:
    for language in LANGUAGES:
        lines = step_lines(InstallStep(name="picture", passed=False, said=reason), language, VALUES)
        assert len(lines) == 2
        assert lines[1].startswith("     -> ")
        assert reason not in lines[1].split()


@pytest.mark.parametrize("said", ["certificate is not yet valid", "certificate has expired"])
def test_a_broker_whose_certificate_has_the_wrong_dates_is_a_matter_of_the_clock(said: str) -> None:
    failed = InstallStep(name="broker", passed=False, said=f"certificate verify failed: {said} (_ssl.c:1006)")
    _, told, mend = step_lines(failed, "en", VALUES)
    assert said in told
    assert "clock" in mend
    assert "8883" in step_lines(failed.model_copy(update={"said": "timed out"}), "en", VALUES)[2]


def test_what_failed_before_is_told_with_its_tries() -> None:
    first = Steps(lambda _: None)
    first.add("camera")
    first.add("picture", error="dark")
    second = Steps(lambda _: None, first.done)
    second.add("camera")
    second.add("picture", error="dark")
    third = Steps(lambda _: None, second.done)
    third.add("camera")
    third.add("picture")
    record = InstallationRecord.model_validate(
        {"by": "mai", "at": "2026-03-14T01:30:00Z", "steps": third.done, "seconds": 3}
    )
    assert (record.passed, record.failed_first) == (True, "picture")
    assert [(step.name, step.tries, step.said) for step in record.steps] == [("camera", 1, ""), ("picture", 3, "dark")]
