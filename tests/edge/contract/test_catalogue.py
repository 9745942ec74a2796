import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from edge.contract.catalogue import CatalogueFile, PackDesign, Sku, gtin_check_digit


def sku(**given: object) -> Sku:
    return Sku.model_validate({"id": "cola", "name": "Cola", "brand": "Cola", "owner": "Cola Ltd", **given})


@pytest.mark.parametrize(
    ("gtin", "why"),
    [
        ("96385074", "GTIN-8 of the GS1 specifications"),
        ("614141000036", "GTIN-12"),
        ("9521234543213", "GTIN-13 with the demonstration prefix 952"),
        ("00614141000036", "the same product as GTIN-14"),
    ],
)
def test_true_gtins_are_taken(gtin: str, why: str) -> None:
    assert sku(gtin=gtin).gtin == gtin, why


@pytest.mark.parametrize("gtin", ["9521234543214", "952123454321", "12345", "9521234543aa3", "", "٩٦٣٨٥٠٧٤"])
def test_other_gtins_are_refused(gtin: str) -> None:
    with pytest.raises(ValidationError, match="GTIN"):
        sku(gtin=gtin)


@given(st.text("0123456789", min_size=12, max_size=12), st.integers(0, 12), st.integers(1, 9))
def test_the_check_digit_finds_every_single_wrong_digit(body: str, place: int, change: int) -> None:
    whole = body + str(gtin_check_digit(body))
    digit = str((int(whole[place]) + change) % 10)
    wrong = whole[:place] + digit + whole[place + 1 :]
    assert int(wrong[-1]) != gtin_check_digit(wrong[:-1])


def test_the_same_gtin_in_two_lengths_is_one_product() -> None:
    with pytest.raises(ValidationError, match="same GTIN"):
        CatalogueFile(name="shop", skus=(sku(gtin="614141000036"), sku(id="other", gtin="00614141000036")))


def test_a_sku_stands_once() -> None:
    with pytest.raises(ValidationError, match="cola stands twice"):
        CatalogueFile(name="shop", skus=(sku(), sku()))


def test_a_design_ends_after_it_begins() -> None:
    with pytest.raises(ValidationError, match="before it begins"):
        PackDesign.model_validate({"id": "summer", "since": "2026-06-01", "until": "2026-05-01"})


def test_unknown_keys_are_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        sku(colour="red")
