"""The desired configuration on disk: what a collector asked for, kept beside the outbox until it asks for another.

A document that was accepted may still be one that the agent does not survive: a process that the kernel ends for its
memory, a driver that takes it along. So starts under it are counted until one of them has lasted, and after a few that
did not the document is set aside.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import structlog
from pydantic import BaseModel, ConfigDict, ValidationError

if TYPE_CHECKING:
    from pathlib import Path

log = structlog.get_logger(__name__)

NAME = "desired-config.json"
ASIDE = ".aside"

MOST_STARTS = 3
"""So many starts in a row that did not last are no accident; a power cut or two are."""


class _Content(BaseModel):
    model_config = ConfigDict(extra="ignore")

    document: str
    trial: int | None = None  # starts under it so far; None once one has lasted


class OverlayFile:
    """The file in the data folder. It is whole or not there: written beside its place, synced, renamed."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self._aside = folder / (NAME + ASIDE)

    def begin(self) -> bytes | None:
        """The document for a start of the agent, which is counted; None where nothing is desired.

        A file that cannot be read, and one that too many starts did not survive, is set aside and told in the log.
        """
        try:
            content = _Content.model_validate_json(self.path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            self._set_aside(error.strerror or "" if isinstance(error, OSError) else "it is no document of this agent")
            return None
        if content.trial is not None:
            if content.trial >= MOST_STARTS:
                self._set_aside(f"{content.trial} starts under it did not last")
                return None
            self._note(content.document, content.trial + 1)
        return content.document.encode()

    def read(self) -> bytes | None:
        """The document as it stands; None where there is none that can be read."""
        try:
            return _Content.model_validate_json(self.path.read_bytes()).document.encode()
        except (OSError, ValidationError):
            return None

    def keep(self, document: bytes) -> None:
        """Keep a document that is about to be in force; an empty one: nothing is desired any more.

        Raises:
            OSError: the disk refuses; then the one before is still there.
        """
        if document:
            self._write(_Content(document=document.decode(), trial=1))
        else:
            self.path.unlink(missing_ok=True)
            self._sync_folder()

    def was_set_aside(self, document: bytes) -> bool:
        """Whether it is the document that was set aside last: it comes again with every connection."""
        try:
            content = _Content.model_validate_json(self._aside.read_bytes())
        except (OSError, ValidationError):
            return False
        return content.document.encode() == document

    def lasted(self) -> None:
        """The agent has worked under it long enough: no later fault is taken for the document's."""
        if (document := self.read()) is not None:
            self._note(document.decode(), None)

    def _note(self, document: str, trial: int | None) -> None:
        try:
            self._write(_Content(document=document, trial=trial))
        except OSError as error:  # a full or read-only disk keeps no agent from its work
            log.warning("config.trial_not_noted", path=str(self.path), error=error.strerror)

    def _set_aside(self, reason: str) -> None:
        try:
            self.path.replace(self._aside)
        except OSError as error:
            log.warning("config.desired_unusable", path=str(self.path), reason=reason, kept=error.strerror)
            return
        log.warning("config.desired_set_aside", path=str(self._aside), reason=reason)

    def _write(self, content: _Content) -> None:
        part = self.path.with_name(NAME + ".part")
        with part.open("wb") as file:
            file.write(json.dumps(content.model_dump(), ensure_ascii=False).encode())
            file.flush()
            os.fsync(file.fileno())
        part.replace(self.path)
        self._sync_folder()

    def _sync_folder(self) -> None:
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
