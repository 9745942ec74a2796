"""A few steps on tiny drawn shelves keep the training alive; what it is worth is measured elsewhere."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge.contract.errors import ImageError, ModelError

torch = pytest.importorskip("torch", reason="training needs the extra `train`")

from edge.recognise.crops import CropShape  # noqa: E402 - after the skip
from edge.recognise.embedder import SkuEmbedder  # noqa: E402 - after the skip
from edge.recognise.manifest import find_model  # noqa: E402
from models.train import catalogue as catalogue_command  # noqa: E402
from models.train import embedder, embedder_ship  # noqa: E402
from models.train.embedder_data import Mixture, hold_back, read_any, read_facings  # noqa: E402
from models.train.embedder_network import SkuEmbedder as Network  # noqa: E402

COLOURS = {"red": (40, 40, 220), "green": (40, 200, 40), "blue": (220, 80, 40), "foreign": (128, 128, 128)}
SKUS = "name: drawn\nskus:\n" + "".join(
    f"- {{id: {name}, name: {name}, brand: Drawn, owner: Nobody}}\n" for name in ("red", "green", "blue")
)


@pytest.fixture(scope="module")
def shelves(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A COCO folder of ten drawn shelves, four packs each; shelves 0 and 1 are the same photograph."""
    folder = tmp_path_factory.mktemp("drawn") / "shelves"
    (folder / "images").mkdir(parents=True)
    images, marks = [], []
    for number in range(10):
        rng = np.random.default_rng(max(number, 1))
        photo = cv2.resize(rng.integers(0, 255, (6, 6, 3), np.uint8), (160, 100))
        for place, (_, colour) in enumerate(COLOURS.items()):
            photo[20:80, 10 + 36 * place : 36 + 36 * place] = colour
            marks.append({"image_id": number, "bbox": [10 + 36 * place, 20, 26, 60], "category_id": place})
        cv2.imwrite(str(folder / "images" / f"{number}.png"), photo)
        images.append({"id": number, "file_name": f"{number}.png"})
    categories = [{"id": place, "name": name} for place, name in enumerate(COLOURS)]
    truth = {"images": images, "annotations": marks, "categories": categories}
    (folder / "annotations.json").write_text(json.dumps(truth))
    return folder


def train(shelves: Path, run: Path, **more: Any) -> None:
    """Two steps of training on the drawn shelves, into the folder `run`."""
    settings: dict[str, Any] = {"data": shelves, "also": None, "epochs": 2, "steps": 1, "batch": 6, "minutes": 0}
    settings |= {"seed": 0, "threads": 2, "resume": False, "stop_after": None, "leave_out": "", "held_back": 0.3}
    settings |= {"main_share": 0.7, "rate": 1e-3, "begin_with": None, "run": run, "out": run / "sku-embedder.onnx"}
    settings |= more
    embedder.main(**settings)


@pytest.fixture(scope="module")
def trained(shelves: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run."""
    run = tmp_path_factory.mktemp("trained")
    train(shelves, run)
    return run


def test_photographs_of_the_same_cooler_are_held_back_together(shelves: Path) -> None:
    crops = read_facings(shelves)
    for seed in range(6):
        kept = hold_back(shelves, crops, share=0.3, seed=seed)
        assert ("0.png" in kept) == ("1.png" in kept)
        assert 3 <= len(kept) <= 5


def test_foreign_products_are_no_sku_but_are_learnt_from(shelves: Path) -> None:
    mixture = Mixture.of(read_facings(shelves), main="shelves")
    assert mixture.skus == ["blue", "green", "red"]
    assert (mixture.labels == 3).sum() == 10


def test_product_folders_are_read_by_their_names(tmp_path: Path) -> None:
    for name in ("milk", "juice"):
        (tmp_path / "products" / "train" / name).mkdir(parents=True)
        cv2.imwrite(str(tmp_path / "products" / "train" / name / "1.jpg"), np.zeros((64, 64, 3), np.uint8))
    assert {crop.sku for crop in read_any(tmp_path / "products")} == {"products/milk", "products/juice"}


VOC = """<annotation><filename>0.png</filename>{}</annotation>"""
MARK = (
    """<object><name>{}</name><bndbox><xmin>{}</xmin><ymin>20</ymin><xmax>{}</xmax><ymax>80</ymax></bndbox></object>"""
)


def as_voc(folder: Path) -> None:
    names = [*list(COLOURS)[:3], "sku-not-told"]
    marks = [MARK.format(name, 10 + 36 * place, 36 + 36 * place) for place, name in enumerate(names)]
    (folder / "0.xml").write_text(VOC.format("".join(marks)))


def as_yolo(folder: Path) -> None:
    rows = [f"{place} {(23 + 36 * place) / 160} 0.5 {26 / 160} 0.6" for place in range(4)]
    (folder / "images").mkdir()
    (folder / "0.png").rename(folder / "images" / "0.png")
    (folder / "labels").mkdir()
    (folder / "labels" / "0.txt").write_text("\n".join(rows))
    (folder / "data.yaml").write_text("names: [red, green, blue, sku-not-told]")


@pytest.mark.parametrize("write", [as_voc, as_yolo])
def test_facings_labelled_in_any_form_are_the_same_crops(
    write: Callable[[Path], None], shelves: Path, tmp_path: Path
) -> None:
    shutil.copy(shelves / "images" / "0.png", tmp_path)
    write(tmp_path)
    wanted = [crop for crop in read_facings(shelves) if crop.photo == "0.png" and crop.sku != "foreign"]
    found = read_any(tmp_path)
    assert [(crop.sku, crop.photo) for crop in found] == [(crop.sku, crop.photo) for crop in wanted]
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one.box, other.box, atol=1e-3)
        np.testing.assert_array_equal(one.plain(CropShape()), other.plain(CropShape()))


def test_augmented_batches_come_from_the_seed_alone(shelves: Path) -> None:
    mixture = Mixture.of(read_facings(shelves), main="shelves")
    shape = CropShape()
    first, again, other = (
        next(mixture.batches(size=8, count=1, shape=shape, rng=np.random.default_rng(seed)))[0] for seed in (1, 1, 2)
    )
    assert first.shape == (8, shape.height, shape.width, 3)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_from_photographs_to_a_catalogue(trained: Path, shelves: Path, tmp_path: Path) -> None:
    shutil.copy(trained / "sku-embedder.onnx", tmp_path)
    embedder_ship.main(data=shelves, run=trained, model=tmp_path / "sku-embedder.onnx", version="1")
    shipped = SkuEmbedder(find_model("sku-embedder", folder=tmp_path))
    (tmp_path / "skus.yaml").write_text(SKUS)
    listed = catalogue_command.read_skus(tmp_path / "skus.yaml")
    built = catalogue_command.build(read_facings(shelves), listed, shipped)
    assert list(built.references) == ["red", "green", "blue"]
    assert built.embedder == shipped.identity


def test_thresholds_need_a_held_back_facing_of_a_sku(shelves: Path, tmp_path: Path) -> None:
    (tmp_path / "split.json").write_text('{"held_back": ["3.png"], "left_out": []}')
    foreign = [crop for crop in read_facings(shelves) if crop.sku == "foreign"]
    with pytest.raises(ModelError, match="no facing of a trained SKU"):
        embedder_ship.Split.of(foreign, [], trained={"red"}, run=tmp_path)


def test_new_skus_are_enrolled_from_other_photographs_than_they_are_asked_on(shelves: Path) -> None:
    crops = [crop for crop in read_facings(shelves) if crop.sku == "red"]
    few, others = embedder_ship.draw_few(crops, np.random.default_rng(0))
    assert len(few) == embedder_ship.ENROLLED
    assert len(others) == 5
    assert not {crops[index].photo for index in few} & {crops[index].photo for index in others}


def test_the_exported_model_is_the_trained_one(trained: Path) -> None:
    import onnxruntime as ort  # noqa: PLC0415 - this test alone needs it

    state = torch.load(trained / "checkpoint.pt", weights_only=True)
    network = Network()
    network.load_state_dict(state["average"])
    crops = np.random.default_rng(0).integers(0, 255, (5, CropShape().height, CropShape().width, 3), np.uint8)
    with torch.inference_mode():
        wanted = network.eval()(torch.from_numpy(crops)).numpy()
    session = ort.InferenceSession(trained / "sku-embedder.onnx", providers=["CPUExecutionProvider"])
    (given,) = session.run(None, {"crops": crops})
    np.testing.assert_allclose(given, wanted, atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(given, axis=1), 1, atol=1e-5)


def test_a_resumed_run_ends_where_an_undisturbed_one_does(trained: Path, shelves: Path, tmp_path: Path) -> None:
    train(shelves, tmp_path, stop_after=1)
    train(shelves, tmp_path, resume=True)
    whole, broken = (torch.load(run / "checkpoint.pt", weights_only=True) for run in (trained, tmp_path))
    assert broken["step"] == whole["step"]
    for name, values in whole["average"].items():
        torch.testing.assert_close(broken["average"][name], values, msg=name)


def test_a_run_can_begin_with_the_network_of_another(trained: Path, shelves: Path, tmp_path: Path) -> None:
    first = trained / "checkpoint.pt"
    train(shelves, tmp_path, leave_out="red", begin_with=first, epochs=1, rate=1e-9)
    before, after = (
        torch.load(path, weights_only=True)["average"]["head.weight"] for path in (first, tmp_path / "checkpoint.pt")
    )
    torch.testing.assert_close(before, after, atol=1e-4, rtol=1e-3)


def test_a_run_can_begin_with_a_shipped_file(trained: Path, shelves: Path, tmp_path: Path) -> None:
    train(shelves, tmp_path, leave_out="red", begin_with=trained / "sku-embedder.onnx", epochs=1, rate=1e-9)
    crops = np.random.default_rng(0).integers(0, 255, (5, CropShape().height, CropShape().width, 3), np.uint8)
    before, after = Network(), Network()
    for network, run in ((before, trained), (after, tmp_path)):
        network.load_state_dict(torch.load(run / "checkpoint.pt", weights_only=True)["average"])
    with torch.inference_mode():
        wanted, found = (network.eval()(torch.from_numpy(crops)) for network in (before, after))
    assert float((wanted * found).sum(1).min()) > 0.99


def test_photographs_of_one_place_alone_cannot_be_held_back_and_trained_on(shelves: Path, tmp_path: Path) -> None:
    data = tmp_path / "one-place"
    (data / "images").mkdir(parents=True)
    shutil.copy(shelves / "images" / "0.png", data / "images")
    truth = json.loads((shelves / "annotations.json").read_text())
    kept = {"images": truth["images"][:1], "annotations": truth["annotations"][:4]}
    (data / "annotations.json").write_text(json.dumps(truth | kept))
    with pytest.raises(ImageError, match="one place"):
        train(data, tmp_path / "run")


def test_a_checkpoint_of_other_skus_is_refused(trained: Path, shelves: Path, tmp_path: Path) -> None:
    shutil.copy(trained / "checkpoint.pt", tmp_path)
    with pytest.raises(ModelError, match="other SKUs"):
        train(shelves, tmp_path, resume=True, leave_out="red")
