"""`edge planogram`: import and check as a person uses them."""

from __future__ import annotations

from pathlib import Path

from edge.contract.planogram import read_planogram
from tests.edge.cli.test_catalogue import edge

ROOT = Path(__file__).resolve().parents[3]
CATALOGUE = ROOT / "configs" / "catalogues" / "demo"
PTS = """共通棚割情報,V1.0,IC
夏
棚台番号,棚段番号,棚位置,商品コード,フェース数,フェース面,フェース回転,積上数,陳列種別
1,1,1,9520009001927,3,1,0,1,0
2,1,1,9520009001934,2,1,0,1,0
"""


def test_what_is_imported_passes_the_check_against_the_catalogue(tmp_path: Path) -> None:
    file, to = tmp_path / "pts.csv", tmp_path / "summer.csv"
    file.write_bytes(PTS.encode("cp932"))
    done = edge("planogram", "import", file, "--to", to, "--catalogue", CATALOGUE)
    assert (done.returncode, done.stdout) == (0, f"{to}: 1 shelves, 2 SKUs, 5 facings\n")
    slots = [(slot.position, slot.sku, slot.facings) for slot in read_planogram(to).slots]
    assert slots == [(1, "kolorila-still-bottle-500", 3), (2, "kolorila-sparkling-bottle-500", 2)]
    assert edge("planogram", "check", to, "--catalogue", CATALOGUE).returncode == 0


def test_a_wrong_check_digit_ends_with_one_line_that_names_line_and_column(tmp_path: Path) -> None:
    file = tmp_path / "pts.csv"
    file.write_text(PTS.replace("9520009001934", "9520009001935"), encoding="utf-8")
    done = edge("planogram", "import", file, "--to", tmp_path / "summer.csv")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert f"{file}: line 5: column 商品コード (code): GTIN 9520009001935 has a wrong check digit" in done.stderr
    assert not (tmp_path / "summer.csv").exists()


def test_a_pts_file_is_no_planogram_of_ours_and_says_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "pts.csv"
    file.write_text(PTS, encoding="utf-8")
    done = edge("planogram", "check", file)
    assert done.returncode == 1
    assert "edge planogram import" in done.stderr


def test_a_folder_is_checked_with_all_its_planograms(tmp_path: Path) -> None:
    for name in ("slim", "kiosk"):
        (tmp_path / f"{name}.csv").write_text("shelf,position,sku,facings\n1,1,kolorila-still-bottle-500,3\n")
    index = tmp_path / "planograms.yaml"
    index.write_text("planograms:\n- file: slim.csv\n  cooler_model: slim\n- file: kiosk.csv\n")
    done = edge("planogram", "check", tmp_path, "--catalogue", CATALOGUE)
    assert (done.returncode, done.stdout.count("good")) == (0, 2)
    index.write_text("planograms:\n- file: slim.csv\n  cooler_model: slim\n- file: kiosk.csv\n  channel: kiosk\n")
    done = edge("planogram", "check", tmp_path)
    assert done.returncode == 1
    assert "slim.csv and kiosk.csv both hold" in done.stderr
