"""Logs go to stderr: readable where a person watches, JSON where a service does, and never a secret."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from typing import Literal, TextIO, cast

import structlog

from edge.contract.errors import one_line

Form = Literal["auto", "json", "text"]

_log = structlog.get_logger()


def set_up_logs(form: Form = "auto") -> None:
    """Set up the logs of the process, those of its libraries with them."""
    for_people = form == "text" or (form == "auto" and sys.stderr.isatty())
    # Without the values of variables, which the console's own form would show: passwords are among them.
    console = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([] if for_people else [structlog.processors.format_exc_info]),
            console if for_people else structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _Patient(sys.stderr))),
    )
    logging.root.handlers = [_Libraries(logging.WARNING)]
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # its warnings tell paths, and paths hold tokens


class _Patient:
    """A stream whose losses are borne: a log on a full disk must not stop what it tells of."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, or let it be."""
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush, or let it be."""
        with suppress(OSError):
            self._stream.flush()


class _Libraries(logging.Handler):
    """What libraries say, as lines like our own."""

    def emit(self, record: logging.LogRecord) -> None:
        """Pass one on."""
        try:
            text = one_line(record.getMessage())
            _log.log(record.levelno, "library.says", library=record.name, text=text, exc_info=record.exc_info)
        except Exception:  # noqa: BLE001 - as the standard's own handlers do
            self.handleError(record)
