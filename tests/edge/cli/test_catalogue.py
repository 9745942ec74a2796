"""`edge catalogue` as a person uses it: pictures drawn here, the shipped embedder, exit codes and one-line errors."""

import io
import json
import shutil
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.cli.app import main

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, slots=True)
class Done:
    """What a command left behind."""

    returncode: int
    stdout: str
    stderr: str


def edge(*arguments: object) -> Done:
    """Run the command in this process: the models load once."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with redirect_stdout(out), redirect_stderr(err), pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["edge", *map(str, arguments)])
        patch.chdir(ROOT)
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
    return Done(code, out.getvalue(), err.getvalue())


def pack(colour: tuple[int, int, int], *, seed: int) -> NDArray[np.uint8]:
    """A drawn can: a label in a colour with a round mark, photographed a little differently each time."""
    rng = np.random.default_rng(seed)
    image = np.full((190, 100, 3), 180, np.uint8)
    cv2.rectangle(image, (4, 20), (96, 180), colour, -1)
    cv2.circle(image, (50, 95), 30, (240, 240, 240), -1)
    cv2.putText(image, "POP" if colour[2] > 128 else "ICE", (28, 103), 0, 0.7, colour, 2)
    shade = np.linspace(0.75, 1.1, 100)[None, :, None] * rng.uniform(0.85, 1.1)
    return (image * shade + rng.normal(0, 4, image.shape)).clip(0, 255).astype(np.uint8)


RED, BLUE = (40, 40, 210), (200, 90, 30)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with drawn pictures and a catalogue of two SKUs enrolled from three each."""
    folder = tmp_path_factory.mktemp("shop")
    for name, colour in (("red", RED), ("blue", BLUE)):
        for number in range(4):
            cv2.imwrite(str(folder / f"{name}{number}.png"), pack(colour, seed=number))
    more = ("--name", "Pop 330", "--brand", "Pop", "--owner", "Pop Ltd", "--package", "can", "--gtin", "9521234543213")
    pictures = [folder / f"red{number}.png" for number in range(3)]
    first = edge("catalogue", "enrol", "--catalogue", folder / "cat", "--sku", "pop", *more, *pictures)
    assert first.returncode == 0, first.stderr
    pictures = [folder / f"blue{number}.png" for number in range(3)]
    second = edge("catalogue", "enrol", "--catalogue", folder / "cat", "--sku", "ice", *pictures)
    assert second.returncode == 0, second.stderr
    return folder


def test_an_enrolled_pack_is_identified_on_a_new_picture(shop: Path) -> None:
    done = edge("catalogue", "identify", "--catalogue", shop / "cat", shop / "red3.png", shop / "blue3.png", "--json")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["sku"] for row in rows] == ["pop", "ice"]
    assert [row["image"] for row in rows] == [str(shop / "red3.png"), str(shop / "blue3.png")]
    assert set(rows[0]) == {"image", "sku", "score", "status"}
    assert all(0 <= row["score"] <= 1 and row["status"] in {"recognised", "unknown", "unsure"} for row in rows)


def test_the_list_says_what_was_given(shop: Path) -> None:
    done = edge("catalogue", "list", "--catalogue", shop / "cat", "--json")
    pop, ice = (json.loads(line) for line in done.stdout.splitlines())
    assert (pop["name"], pop["gtin"], pop["package"], pop["embeddings"]) == (
        "Pop 330",
        "9521234543213",
        "can",
        6,
    )  # each sharp picture twice
    assert (ice["name"], ice["owner"], ice["life_cycle"]) == ("ice", "unknown", "active")


def test_enrolling_again_adds_and_keeps(shop: Path, tmp_path: Path) -> None:
    shutil.copytree(shop / "cat", tmp_path / "cat")
    edge("catalogue", "enrol", "--catalogue", tmp_path / "cat", "--sku", "pop", "--category", "soda", shop / "red3.png")
    pop = json.loads(edge("catalogue", "list", "--catalogue", tmp_path / "cat", "--json").stdout.splitlines()[0])
    assert (pop["brand"], pop["category"], pop["embeddings"]) == ("Pop", "soda", 8)


def test_check_is_content_with_a_good_catalogue(shop: Path) -> None:
    done = edge("catalogue", "check", "--catalogue", shop / "cat")
    assert done.returncode == 0
    assert "2 SKUs" in done.stdout


@pytest.mark.parametrize(("name", "skus"), [("cooler-vn", 29), ("demo", 19)])
def test_a_shipped_catalogue_fits_the_shipped_embedder(name: str, skus: int) -> None:
    done = edge("catalogue", "check", "--catalogue", f"configs/catalogues/{name}")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{skus} SKUs" in done.stdout


def test_a_catalogue_holds_no_photograph(shop: Path) -> None:
    assert sorted(path.name for path in (shop / "cat").iterdir()) == ["catalogue.yaml", "embeddings.npz"]


def test_a_catalogue_of_another_embedder_is_one_line_and_exit_code_1(shop: Path, tmp_path: Path) -> None:
    shutil.copytree(shop / "cat", tmp_path / "cat")
    with np.load(tmp_path / "cat" / "embeddings.npz") as arrays:
        content = dict(arrays) | {"embedder": np.array(["other", "9", "f" * 64])}
    np.savez(tmp_path / "cat" / "embeddings.npz", **content)
    done = edge("catalogue", "identify", "--catalogue", tmp_path / "cat", shop / "red3.png")
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert "other 9" in done.stderr
    assert "enrol its SKUs again" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--sku", "pop", "missing.png"), "missing.png"),
        (("--sku", "pop", "pyproject.toml"), "pyproject.toml"),
    ],
)
def test_a_picture_that_is_none_is_one_line_and_exit_code_1(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = edge("catalogue", "enrol", "--catalogue", tmp_path / "cat", *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert said in done.stderr
    assert not (tmp_path / "cat").exists()


@pytest.mark.parametrize(
    "given",
    [("--gtin", "9521234543214"), ("--package", "barrel"), ("--sku", "a b"), ("--colour", "red")],
)
def test_a_wrong_option_is_exit_code_2_and_nothing_is_written(
    shop: Path, tmp_path: Path, given: tuple[str, str]
) -> None:
    sku = () if given[0] == "--sku" else ("--sku", "pop")
    done = edge("catalogue", "enrol", "--catalogue", tmp_path / "cat", *sku, *given, shop / "red0.png")
    assert (done.returncode, done.stdout) == (2, "")
    assert given[0] in done.stderr
    assert not (tmp_path / "cat").exists()


def test_a_folder_of_other_things_is_not_made_a_catalogue(shop: Path, tmp_path: Path) -> None:
    (tmp_path / "holiday.txt").write_text("sea")
    done = edge("catalogue", "enrol", "--catalogue", tmp_path, "--sku", "pop", shop / "red0.png")
    assert done.returncode == 1
    assert "is there, and no catalogue" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["holiday.txt"]
