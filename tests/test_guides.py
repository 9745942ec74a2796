"""Commands in the guides: every option that they name is one that the command has."""

from __future__ import annotations

import importlib
import re
import shlex
from pathlib import Path

import pytest
import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from cloud_sink.cli.app import app as sink
from edge.cli.app import app as edge

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "guides"
GUIDES = (
    "your-own-products.md",
    "run-a-collector.md",
    "read-a-profile.md",
    "use-the-api.md",
    "install-a-device.md",
    "update-a-fleet.md",
    "judge-and-report.md",
    "read-the-pages.md",
)


def commands() -> list[str]:
    """Each command of the guides on one line."""
    texts = [(FOLDER / name).read_text(encoding="utf-8") for name in GUIDES]
    blocks = [block for text in texts for block in re.findall(r"^```\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)]
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [line for line in lines if line.startswith(("edge ", "sink ", "python -m models.train."))]


def resolve(words: list[str]) -> tuple[TyperCommand, list[str]]:
    """The command that words name, and the words after its name."""
    if words[0] == "python":
        pytest.importorskip("torch", reason="training needs the extra `train`")
        module = importlib.import_module(words[2])
        single = getattr(module, "app", None)
        if single is None:
            single = typer.Typer()
            single.command()(getattr(module, "main", None) or module.train)
        command, rest = get_command(single), words[3:]
    else:
        command, rest = get_command({"edge": edge, "sink": sink}[words[0]]), words[1:]
    while isinstance(command, TyperGroup):
        command, rest = command.commands[rest[0]], rest[1:]
    assert isinstance(command, TyperCommand)
    return command, rest


@pytest.mark.parametrize("line", commands())
def test_a_command_of_the_guide_is_understood(line: str) -> None:
    command, words = resolve(shlex.split(line, comments=True))
    context = command.make_context("guide", list(words), resilient_parsing=False)
    assert not context.args
