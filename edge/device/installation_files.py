"""What an installation leaves beside the configuration: how it went, for the next try and for whoever reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from edge.contract.provisioning import InstallationRecord
from edge.device.installation_page import LANGUAGES, page
from edge.device.whole_file import write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from edge.contract.provisioning import InstallStep
    from edge.device.installation import Result
    from edge.device.installation_page import StepWords

LAST = "installation.json"
"""In the folder: how the tries before went, so that the record says what failed first."""


def steps_before(folder: Path) -> Sequence[InstallStep]:
    """The steps of the last try; none where that passed, where it was the first, or where a power cut ended it."""
    try:
        last = InstallationRecord.model_validate_json((folder / LAST).read_bytes())
    except (OSError, ValidationError):
        return ()
    return () if last.passed else last.steps


def keep_result(result: Result, folder: Path, also: Mapping[str, StepWords] | None = None) -> None:
    """Keep how it went: the record, and its page in each language.

    Args:
        result: how it went.
        folder: of the device's configuration.
        also: words of steps that the page itself does not know.

    Raises:
        ConfigError: the folder cannot be written.
    """
    write_whole(folder / LAST, result.record.model_dump_json(indent=2) + "\n", mode=0o600)
    for language in LANGUAGES:
        write_whole(folder / f"installation.{language}.txt", page(result, language, also))
