import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.contract.errors import ImageError
from edge.recognise.datasets import read_dataset


def picture(path: Path, *, width: int = 100, height: int = 50) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((height, width, 3), 90, np.uint8))


def coco(*boxes: tuple[list[float], int, int]) -> str:
    return json.dumps(
        {
            "images": [{"id": 7, "file_name": "a.png"}],
            "annotations": [
                {"image_id": 7, "bbox": box, "category_id": kind, "iscrowd": crowd} for box, kind, crowd in boxes
            ],
            "categories": [{"id": 1, "name": "cola"}, {"id": 2, "name": "sku-not-told"}],
        }
    )


def test_the_audited_truth_is_preferred(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.png")
    (tmp_path / "annotations.json").write_text(coco())
    (tmp_path / "annotations_audited.json").write_text(coco(([10, 5, 20, 30], 1, 0), ([0, 0, 5, 5], 2, 1)))
    dataset = read_dataset(tmp_path)
    (photo,) = dataset.photos
    assert dataset.truth == "annotations_audited.json"
    np.testing.assert_array_equal(photo.boxes, [[10, 5, 30, 35], [0, 0, 5, 5]])
    assert photo.skus == ("cola", None)
    assert photo.crowd.tolist() == [False, True]
    assert photo.facings == 1


def test_a_named_truth_is_used(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    (tmp_path / "annotations_audited.json").write_text(coco())
    (tmp_path / "mine.json").write_text(coco(([1, 2, 3, 4], 1, 0)))
    assert read_dataset(tmp_path, truth=Path("mine.json")).photos[0].facings == 1


def test_a_yolo_folder(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.png")
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "a.txt").write_text("1 0.5 0.5 0.2 0.4\n\n")
    (tmp_path / "data.yaml").write_text("names: [water, cola]\n")
    (photo,) = read_dataset(tmp_path).photos
    np.testing.assert_allclose(photo.boxes, [[40, 15, 60, 35]], atol=1e-4)
    assert photo.skus == ("cola",)


@pytest.mark.parametrize("place", ["classes.txt", "labels/classes.txt"])
def test_yolo_classes_are_named_by_the_list_that_labelling_tools_write(tmp_path: Path, place: str) -> None:
    picture(tmp_path / "images" / "a.png")
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "a.txt").write_text("1 0.5 0.5 0.2 0.4\n")
    (tmp_path / place).write_text("water\ncola\n")
    (photo,) = read_dataset(tmp_path).photos
    assert photo.skus == ("cola",)


@pytest.mark.parametrize(("pictures", "labels"), [(".", "."), ("JPEGImages", "Annotations"), ("images", "labels-voc")])
def test_a_voc_folder(tmp_path: Path, pictures: str, labels: str) -> None:
    picture(tmp_path / pictures / "a.png")
    (tmp_path / labels).mkdir(exist_ok=True)
    (tmp_path / labels / "a.xml").write_text(
        "<annotation><filename>a.png</filename><object><name>cola</name><bndbox>"
        "<xmin>1</xmin><ymin>2</ymin><xmax>30</xmax><ymax>40</ymax></bndbox></object></annotation>"
    )
    (photo,) = read_dataset(tmp_path).photos
    np.testing.assert_array_equal(photo.boxes, [[1, 2, 30, 40]])
    assert photo.skus == ("cola",)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("annotations.json", "{", "is no COCO truth"),
        ("annotations.json", "[]", "is no COCO truth"),
        ("annotations.json", coco(([1, 1, 0, 5], 1, 0)), "box 1 has no area"),
        ("annotations.json", coco(([1, 1, 5, 5], 3, 0)), "is no COCO truth: KeyError 3"),
        ("labels/a.txt", "0 0.5 0.5 0.2\n", "line 1"),
        ("labels/a.txt", "0 0.5 0.5 0.2 x\n", "line 1"),
        ("a.xml", "<annotation>", "is no VOC label"),
        ("a.xml", "<annotation><filename>a.png</filename><object><name>c</name></object></annotation>", "bndbox"),
    ],
)
def test_labels_that_make_no_sense_are_named(tmp_path: Path, name: str, content: str, said: str) -> None:
    picture(tmp_path / "images" / "a.png")
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(content)
    with pytest.raises(ImageError, match=said):
        read_dataset(tmp_path)


def test_a_missing_photograph_is_named(tmp_path: Path) -> None:
    (tmp_path / "annotations.json").write_text(coco())
    with pytest.raises(ImageError, match=r"a\.png is labelled but not there"):
        read_dataset(tmp_path)


def test_a_folder_without_labels_says_what_it_needs(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="no labels found"):
        read_dataset(tmp_path)
