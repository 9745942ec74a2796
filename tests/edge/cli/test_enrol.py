"""`edge catalogue enrol` and `enrol-folder`: dated designs, doubts told, many SKUs at once; real models."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from edge.recognise.catalogue import Catalogue
from edge.recognise.catalogue_speed import drawn_packs
from tests.edge.cli.test_catalogue import edge

if TYPE_CHECKING:
    from pathlib import Path

SUMMER = ("--design", "summer", "--from", "2026-06-01", "--until", "2026-08-31")


def draw(folder: Path, number: int) -> list[Path]:
    """The pictures of one drawn pack, written into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{number}-{place}.png" for place in range(4)]
    for path, picture in zip(paths, drawn_packs(number), strict=True):
        cv2.imwrite(str(path), picture)
    return paths


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a catalogue `cat` that knows the drawn pack 1 as `one`, and pictures of three packs."""
    folder = tmp_path_factory.mktemp("shop")
    for number in (2, 3):
        draw(folder, number)
    done = edge("catalogue", "enrol", "--catalogue", folder / "cat", "--sku", "one", *draw(folder, 1))
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def cat(shop: Path, tmp_path: Path) -> Path:
    """A copy of the catalogue to change."""
    return shutil.copytree(shop / "cat", tmp_path / "cat")


def enrol(cat: Path, sku: str, *more: object) -> list[str]:
    """Enrol, which must go well, and give what was said on stderr but for the last line."""
    done = edge("catalogue", "enrol", "--catalogue", cat, "--sku", sku, *more)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    *said, last = done.stderr.splitlines()
    assert f"{sku} enrolled from" in last
    return said


def test_a_dated_design_stands_in_the_catalogue_beside_the_first(shop: Path, cat: Path) -> None:
    enrol(cat, "one", *SUMMER, shop / "2-0.png")
    known = Catalogue.load(cat)
    (design,) = known.skus["one"].designs
    assert (design.id, str(design.since), str(design.until)) == ("summer", "2026-06-01", "2026-08-31")
    assert list(known.references["one"]) == ["first", "summer"]


def test_the_end_of_a_known_design_is_given_later(shop: Path, cat: Path) -> None:
    enrol(cat, "one", "--design", "summer", "--from", "2026-06-01", shop / "2-0.png")
    enrol(cat, "one", "--design", "summer", "--until", "2026-08-31", shop / "2-1.png")
    (design,) = Catalogue.load(cat).skus["one"].designs
    assert (str(design.since), str(design.until)) == ("2026-06-01", "2026-08-31")


@pytest.mark.parametrize(
    ("given", "option", "said"),
    [
        (("--design", "summer", "--from", "1.6.2026"), "--from", "YYYY-MM-DD"),
        (("--design", "summer", "--until", "2026-02-30"), "--until", "YYYY-MM-DD"),
        (("--design", "s", "--from", "2026-06-01", "--until", "2026-05-01"), "--until", "before it begins"),
        (("--until", "2026-05-01"), "--until", "needs --design"),
        (("--from", "2026-05-01"), "--from", "needs --design"),
        (("--design", "so mmer"), "--design", "pattern"),
    ],
)
def test_days_that_make_no_sense_name_the_option_and_change_nothing(
    shop: Path, cat: Path, given: tuple[str, ...], option: str, said: str
) -> None:
    before = (cat / "catalogue.yaml").read_bytes()
    done = edge("catalogue", "enrol", "--catalogue", cat, "--sku", "one", *given, shop / "2-0.png")
    assert (done.returncode, done.stdout) == (2, "")
    assert option in done.stderr.splitlines()[-1]
    assert said in done.stderr.splitlines()[-1]
    assert (cat / "catalogue.yaml").read_bytes() == before


def test_identify_and_check_go_by_the_day(shop: Path, cat: Path) -> None:
    enrol(cat, "two", *SUMMER, shop / "2-0.png")
    asked = ("catalogue", "identify", "--catalogue", cat, shop / "2-0.png")
    assert ": two (" in edge(*asked).stdout
    assert ": two (" in edge(*asked, "--day", "2026-07-01").stdout
    assert ": one (" in edge(*asked, "--day", "2027-07-01").stdout
    done = edge("catalogue", "check", "--catalogue", cat, "--day", "2027-07-01")
    assert done.returncode == 0
    assert [line for line in done.stderr.splitlines() if "two has no pack design in use on 2027-07-01" in line]


def test_a_new_sku_that_looks_like_a_known_one_is_told(shop: Path, cat: Path) -> None:
    (said,) = enrol(cat, "twin", *(shop / f"1-{place}.png" for place in range(4)))
    assert said.startswith("warning: twin: too close to one")
    assert "twin" in Catalogue.load(cat).references


def test_a_picture_of_another_sku_is_told(shop: Path, cat: Path) -> None:
    said = enrol(cat, "two", shop / "2-0.png", shop / "2-1.png", shop / "1-0.png")
    assert [line for line in said if "1-0.png: looks more like one" in line]


def test_a_blurred_and_a_tiny_picture_are_told(shop: Path, cat: Path, tmp_path: Path) -> None:
    picture = cv2.imread(str(shop / "2-0.png"))
    cv2.imwrite(str(tmp_path / "soft.png"), cv2.GaussianBlur(picture, (0, 0), 12))
    cv2.imwrite(str(tmp_path / "tiny.png"), cv2.resize(picture, (30, 60), interpolation=cv2.INTER_AREA))
    said = enrol(cat, "two", tmp_path / "soft.png", tmp_path / "tiny.png")
    assert [line for line in said if "soft.png: is blurred" in line]
    assert [line for line in said if "tiny.png: 30 x 60 pixels" in line]
    assert not [line for line in said if "tiny.png: is blurred" in line]


def test_a_pack_on_white_is_known_as_the_pack_alone(tmp_path: Path) -> None:
    picture = drawn_packs(2)[0]
    picture[[0, -1]], picture[:, [0, -1]] = 30, 30  # an edge that is surely not white
    white = cv2.copyMakeBorder(picture, 90, 60, 80, 80, cv2.BORDER_CONSTANT, None, (255, 255, 255))
    cv2.imwrite(str(tmp_path / "alone.png"), picture)
    cv2.imwrite(str(tmp_path / "white.png"), white)
    for name in ("alone", "white"):
        enrol(tmp_path / name, "two", tmp_path / f"{name}.png")
    alone, white = (Catalogue.load(tmp_path / name).references["two"]["first"] for name in ("alone", "white"))
    np.testing.assert_allclose(white, alone, atol=1e-5)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Two SKU folders."""
    draw(tmp_path / "tree" / "two", 2)
    draw(tmp_path / "tree" / "three", 3)
    return tmp_path / "tree"


def test_a_tree_of_folders_is_enrolled_at_once(cat: Path, tree: Path, tmp_path: Path) -> None:
    (tmp_path / "skus.csv").write_text("sku,name,gtin\ntwo,Two 330,9521234543213\nthree,Three,\nfour,Four,\n")
    done = edge("catalogue", "enrol-folder", tree, "--catalogue", cat, "--skus", tmp_path / "skus.csv")
    assert (done.returncode, done.stdout) == (0, "")
    assert "1 SKUs have no folder: four" in done.stderr
    assert done.stderr.splitlines()[-1].endswith("2 of 2 SKUs enrolled")
    known = Catalogue.load(cat)
    assert list(known.skus) == ["one", "three", "two"]
    assert (known.skus["two"].name, known.skus["two"].gtin) == ("Two 330", "9521234543213")
    identified = edge("catalogue", "identify", "--catalogue", cat, tree / "two" / "2-1.png", tree / "three" / "3-1.png")
    assert [line.split()[1] for line in identified.stdout.splitlines()] == ["two", "three"]


def test_a_tree_enrolled_twice_is_enrolled_once(cat: Path, tree: Path) -> None:
    for _ in range(2):
        assert edge("catalogue", "enrol-folder", tree, "--catalogue", cat).returncode == 0
    listed = edge("catalogue", "list", "--catalogue", cat).stdout.splitlines()
    assert [line.split()[4] for line in listed] == ["8", "8", "8"]


def test_a_picture_that_cannot_be_read_is_told_and_the_rest_enrolled(cat: Path, tree: Path) -> None:
    (tree / "two" / "2-0.png").write_bytes(b"no picture")
    for path in (tree / "three").iterdir():
        path.write_bytes(b"none either")
    done = edge("catalogue", "enrol-folder", tree, "--catalogue", cat)
    assert done.returncode == 1
    assert len([line for line in done.stderr.splitlines() if line.startswith("error: ")]) == 5
    assert done.stderr.splitlines()[-1].endswith("1 of 2 SKUs enrolled")
    assert list(Catalogue.load(cat).skus) == ["one", "two"]


@pytest.mark.parametrize(
    ("csv", "said"),
    [
        ("sku,gtin\ntwo,123\nthree,\n", "line 2: gtin"),
        ("sku,gtin\ntwo,9521234543213\nthree,9521234543213\n", "have the same GTIN"),
    ],
)
def test_a_csv_that_makes_no_sense_is_one_line_and_changes_nothing(
    cat: Path, tree: Path, tmp_path: Path, csv: str, said: str
) -> None:
    before = {path.name: path.read_bytes() for path in cat.iterdir()}
    (tmp_path / "skus.csv").write_text(csv)
    done = edge("catalogue", "enrol-folder", tree, "--catalogue", cat, "--skus", tmp_path / "skus.csv")
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert said in done.stderr
    assert {path.name: path.read_bytes() for path in cat.iterdir()} == before
