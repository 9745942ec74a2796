"""`sink import`, `sink rank` and the analyses, as a user meets them."""

from __future__ import annotations

import hashlib
import json
import zipfile
from datetime import date
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from cloud_sink.cli.app import app
from cloud_sink.fleet.stores import StoreBook
from cloud_sink.store.database import open_database, upgrade
from edge.contract.errors import FacingsError
from tests.cloud_sink.analyses.shops import days_from, described, tell

if TYPE_CHECKING:
    from pathlib import Path

COLA = "9520000000004"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    engine = open_database(f"sqlite:///{tmp_path / 'sink.db'}")
    upgrade(engine)
    engine.dispose()
    return tmp_path


@pytest.fixture
def observed(folder: Path) -> Path:
    """Two stores over six days in March, of which one never shows lime."""
    engine = open_database(f"sqlite:///{folder / 'sink.db'}")
    book = StoreBook(described({"s1": "Hue", "s2": "Hue"}).stores)
    days = days_from(date(2026, 3, 1), 6)
    tell(engine, book, ["s1", "s2"], days, lambda store, _: {"cola": 2} | ({"lime": 1} if store == "s1" else {}))
    engine.dispose()
    return folder


def run(*arguments: str | Path) -> str:
    done = CliRunner().invoke(app, [*map(str, arguments)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def test_a_file_is_imported_once_and_what_matches_nothing_is_shown(folder: Path) -> None:
    sales = folder / "march.csv"
    sales.write_text(f"store,date,gtin,units\ns1,2026-03-14,{COLA},3\n")
    told = ("import", "sales", sales, "--tenant", "acme", "--data", folder)
    assert "1 lines would be imported" in run(*told, "--dry-run")
    shown = run(*told)
    assert "1 lines imported" in shown
    assert f"unmatched: no catalogue has GTIN 0{COLA}: 1 lines, the first is line 2" in shown
    assert "unmatched: nobody described store s1" in shown
    assert "imported before" in run(*told)
    assert json.loads(run(*told, "--json"))["repeated"] is True


def test_a_wrong_line_is_named_with_its_column_and_the_mend(folder: Path) -> None:
    sales = folder / "march.csv"
    sales.write_text(f"store,date,gtin,units\ns1,2026-03-14,{COLA},3\ns1,2026-03-15,{COLA},some\ns1,,{COLA},1\n")
    with pytest.raises(FacingsError, match=r"march.csv: line 3: column units: 'some'.*; and 1 more") as caught:
        run("import", "sales", sales, "--tenant", "acme", "--data", folder)
    assert "nothing was imported; mend the file" in str(caught.value)


def test_without_a_tenant_somebody_has_to_be_named(folder: Path) -> None:
    sales = folder / "march.csv"
    sales.write_text("x")
    with pytest.raises(FacingsError, match=r"there is no tenant yet.*name one with --tenant"):
        run("import", "sales", sales, "--data", folder)


def test_stores_are_ranked_by_a_figure(observed: Path) -> None:
    asked = ("rank", "--day", "2026-03-06", "--days", "6", "--data", observed)
    found = json.loads(run(*asked, "--by", "completeness", "--json"))
    assert (found["total"], found["waiting"]) == (2, 0)
    shown = run(*asked, "--by", "purity")
    assert [line.split()[1] for line in shown.splitlines()] == ["store", "s1", "s2"]
    with pytest.raises(FacingsError, match=r"--by beauty: no such figure.*figures are completeness, "):
        run(*asked, "--by", "beauty")


def test_analyses_are_json_and_a_settlement_a_file(observed: Path) -> None:
    contracts = observed / "contracts.csv"
    contracts.write_text("contract,store,side,brand,facings,since,until\nc1,s1,own,Kol,2,2026-03-01,2026-03-31\n")
    run("import", "contracts", contracts, "--tenant", "acme", "--data", observed)
    found = json.loads(run("analyse", "settlement", "c1", "2026-03", "--data", observed))
    assert found["lines"][0]["too_little"] == "no catalogue has a brand or owner Kol"  # this sink has no catalogue
    file = observed / "settled.zip"
    told = json.loads(run("analyse", "settlement", "c1", "2026-03", "--file", file, "--data", observed))
    with zipfile.ZipFile(file) as made:
        assert told["sha256"] == found["sha256"] == hashlib.sha256(made.read("SHA256SUMS")).hexdigest()
    assert (told["final"], told["photographs"]) == (True, 0)
    assert {path.name for path in observed.glob("settled*")} == {"settled.zip"}
    with pytest.raises(FacingsError, match=r"nowhere/x.zip cannot be written: No such file"):
        run("analyse", "settlement", "c1", "2026-03", "--file", observed / "nowhere" / "x.zip", "--data", observed)
    ahead = json.loads(run("analyse", "replenishment", "s1", "--data", observed))
    assert ahead["store"] == "s1"
    with pytest.raises(FacingsError, match="no promotion nothing"):
        run("analyse", "promotion", "nothing", "--data", observed)
