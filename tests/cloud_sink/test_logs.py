"""What the log looks like, as a service writes it: in a process of its own, with stderr a file."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

PROGRAM = """
import logging, structlog
from cloud_sink.cli.logs import set_up_logs
from cloud_sink.store.database import open_database, writing
from sqlalchemy import text
set_up_logs({form!r})
def fails():
    password = "correct horse battery"
    with writing(open_database("sqlite://")) as connection:
        connection.execute(text("SELECT :secret FROM"), {{"secret": "whsec_abc"}})
try:
    fails()
except Exception:
    structlog.get_logger().exception("it.failed", outlet="hook-1")
logging.getLogger("uvicorn.error").warning("Invalid HTTP\\nrequest %s", "received.")
logging.getLogger("urllib3").warning("retrying /services/T0/B0/token")
"""


def said(form: str) -> str:
    done = subprocess.run([sys.executable, "-c", PROGRAM.format(form=form)], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    return done.stderr


@pytest.mark.parametrize("form", ["auto", "json", "text"])
def test_no_log_shows_what_variables_or_statements_held(form: str) -> None:
    told = said(form)
    assert "it.failed" in told
    assert "Traceback" in told
    for secret in ("correct horse", "whsec_abc", "T0/B0"):
        assert secret not in told


def test_json_is_a_line_for_each_event_those_of_libraries_too() -> None:
    lines: list[dict[str, Any]] = [json.loads(line) for line in said("json").splitlines()]
    assert [(one["event"], one["level"]) for one in lines] == [("it.failed", "error"), ("library.says", "warning")]
    assert (lines[1]["library"], lines[1]["text"]) == ("uvicorn.error", "Invalid HTTP request received.")
