"""Whatever the page, the device and the collector's page say of an aim, they say in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from edge.aim.aiming import STEP
from edge.aim.findings import CODES, LANGUAGES
from edge.aim.page import words
from edge.contract.provisioning import InstallStep

ROOT = Path(__file__).resolve().parents[3]
STATIC = ROOT / "edge" / "aim" / "static"


def test_everything_is_said_in_both_languages_with_the_same_values() -> None:
    for name, said in words().items():
        assert set(said) == set(LANGUAGES), name
        assert re.findall(r"\{\w+\}", said["en"]) == re.findall(r"\{\w+\}", said["zh"]), name


def test_the_page_asks_for_no_words_that_are_not_there() -> None:
    html, scripts = (
        (STATIC / "index.html").read_text(),
        (STATIC / "show.js").read_text() + (STATIC / "aim.js").read_text(),
    )
    asked = set(re.findall(r'data-(?:say|label|alt)="(\w+)"', html)) | set(re.findall(r'say\("(\w+)"', scripts))
    assert asked - set(words()) == set()
    assert {f"trouble_{about}" for about in ("claim", "collector", "files", "cameras", "reference", "proof")} <= set(
        words()
    )


@pytest.mark.parametrize("code", CODES)
def test_every_finding_can_be_a_step_of_the_record_and_has_a_name_on_the_collector_s_page(code: str) -> None:
    assert InstallStep(name=STEP + code, passed=True).name == f"view_{code}"
    steps = yaml.safe_load((ROOT / "cloud_sink" / "web" / "words" / "invitations.yaml").read_text())["steps"]
    assert set(steps[STEP + code]) == {"en", "zh-CN"}


def test_the_page_loads_nothing_of_others_and_runs_nothing_inline() -> None:
    for path in STATIC.iterdir():
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "://" not in text, path
    html = (STATIC / "index.html").read_text()
    assert not re.search(r"<style|style=|\son\w+=|<script(?! type=\"module\" src=)", html)
