"""README and docs: every link leads somewhere, and nothing speaks of one machine."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGES += sorted((ROOT / "models" / "cards").glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_page_names_a_path_of_one_machine(page: Path) -> None:
    assert not re.search(r"(?<![\w.])/(?:work|home|root|tmp)/", page.read_text(encoding="utf-8"))


def test_the_readme_names_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for command in re.findall(r"^(\./scripts/\w+)", text, flags=re.MULTILINE):
        assert (ROOT / command).is_file()
    assert "./scripts/demo" in text
    assert "./scripts/test" in text


def test_what_security_md_names_is_there() -> None:
    said = set(re.findall(r"`((?:tests?[/_])[^`]+)`", (ROOT / "docs" / "security.md").read_text()))
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    written = "\n".join(path.read_text(encoding="utf-8") for path in files)
    for name in said:
        if name.startswith("tests"):
            assert (ROOT / name).exists(), name
        else:
            assert name in {path.name for path in files} or f"def {name.rstrip('…')}" in written, name
