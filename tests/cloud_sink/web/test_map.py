"""A server of map tiles: asked only where it is configured, and then exactly it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from cloud_sink.fleet.pages_settings import PagesSection, TilesSection
from tests.cloud_sink.api.served import serve, store

if TYPE_CHECKING:
    from pathlib import Path

    from cloud_sink.store.database import Database

HTML = {"Accept": "text/html"}
TILES = "https://tiles.example.com/{z}/{x}/{y}.png"


def test_pictures_come_from_our_own_host_and_the_one_of_the_tiles(sqlite: Database, tmp_path: Path) -> None:
    plain = serve(sqlite, tmp_path, store("acme")).by("acme").get("/stores?view=map&q=first", headers=HTML)
    assert "img-src 'self' data: blob:;" in plain.headers["content-security-policy"]
    assert "data-tiles" not in plain.text
    pages = PagesSection(tiles=TilesSection(url=TILES, attribution="© the <map>"))
    tiled = serve(sqlite, tmp_path, store("acme"), pages=pages).by("acme").get("/stores?view=map&q=first", headers=HTML)
    assert "img-src 'self' https://tiles.example.com data: blob:;" in tiled.headers["content-security-policy"]
    assert f'data-tiles="{TILES}" data-attribution="© the &lt;map&gt;"' in tiled.text


@pytest.mark.parametrize(
    "url",
    [
        "http://tiles.example.com/{z}/{x}/{y}.png",
        "https://{s}.tiles.example.com/{z}/{x}/{y}.png",
        "https://tiles.example.com/{z}/{x}.png",
        "https://tiles.example.com; script-src *//{z}/{x}/{y}.png",
        "https://*/{z}/{x}/{y}.png",
        "https://tiles.example.com/{z}/{x}/{y}.png?{key}",
    ],
)
def test_an_address_that_names_no_one_host_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        TilesSection(url=url)
