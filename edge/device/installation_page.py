"""The page that a technician leaves with: what passed, what did not, and what to do, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import yaml

if TYPE_CHECKING:
    from edge.contract.provisioning import InstallStep
    from edge.device.installation import Result

StepWords = Mapping[str, Any]
"""What a step is called, by language; `mend`, `reasons` and `signs`, by language too, where there are any: what to do,
what to do for a reason that is a word of ours, and what to do where a machine's own words have something in them."""

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")

_WORDS = Path(__file__).parent / "words" / "installation.yaml"


@cache
def words() -> dict[str, Any]:
    """The words of the page, by what they say and language."""
    found: dict[str, Any] = yaml.safe_load(_WORDS.read_text(encoding="utf-8"))
    return found


def page(result: Result, language: Language, also: Mapping[str, StepWords] | None = None) -> str:
    """The page as text, for a terminal and a file; at most some thirty lines.

    Args:
        result: how it went.
        language: of the page.
        also: words of steps that stand in no file, by the step.
    """
    said, config, record = words(), result.config, result.record
    fixtures = ", ".join(fixture.id for fixture in config.fixtures)
    values = {
        "device": config.device.id,
        "store": config.device.store,
        "fixture": fixtures,
        "by": record.by,
        "at": f"{record.at:%Y-%m-%d %H:%M} UTC",
        "seconds": f"{record.seconds:.0f}",
        "host": config.broker.host,
        "port": str(config.broker.port),
        "why": result.recorded,
    }
    head = [said["title"], said["passed" if record.passed else "failed"]]
    lines = [one[language].format(**values) for one in head]
    lines += ["", *(line for step in record.steps for line in step_lines(step, language, values, also)), ""]
    foot = [said["where"], said["who"], *([said["took"]] if record.passed else [])]
    lines += [one[language].format(**values) for one in foot]
    if result.recorded:
        lines.append(said["not_recorded"][language].format(**values))
    return "\n".join(lines) + "\n"


def step_lines(
    step: InstallStep, language: Language, values: Mapping[str, str], also: Mapping[str, StepWords] | None = None
) -> list[str]:
    """One step: whether it passed, and what to do where it did not."""
    said = words()["steps"].get(step.name) or (also or {})[step.name]
    mark = "[ok]" if step.passed else "[--]"
    line = f"{mark} {said[language]}"
    if step.passed:
        tried = words()["tried"][language].format(tries=step.tries)
        return [f"{line} ({tried})" if step.tries > 1 else line]
    mend = mend_of(step, said)
    lines = [line]
    if step.said and step.said not in said.get("reasons", {}):
        lines.append(f"     {step.said}")
    if mend is not None:
        lines.append(f"     -> {mend[language].format(**values)}")
    return lines


def mend_of(step: InstallStep, said: StepWords) -> Mapping[str, str] | None:
    """What to do about a step that failed, by language, values not yet in it; None where nothing is known.

    Args:
        step: that failed.
        said: its words.
    """
    reasons, signs = said.get("reasons", {}), said.get("signs", {})
    found: Mapping[str, str] | None = (
        reasons.get(step.said)
        or next((mend for sign, mend in signs.items() if sign in step.said), None)
        or said.get("mend")
    )
    return found
