"""What pages load: own files and those from npm, each under a name that changes with its content."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from cloud_sink.api.gate import everybody
from cloud_sink.api.problems import Problem
from edge.contract.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

HERE = Path(__file__).resolve().parent
OWN, VENDOR = HERE / "static", HERE / "vendor"

_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent."""

    address: str
    media_type: str
    content: bytes
    packed: bytes  # by gzip


class Assets:
    """All files of some folders, in memory: they are few and small.

    Args:
        folders: where they lie; a file's name is its path there.

    Raises:
        ConfigError: what comes from npm is not there.
    """

    def __init__(self, folders: Iterable[Path] = (OWN, VENDOR)) -> None:
        if not (VENDOR / ".installed").is_file():
            raise ConfigError(f"{VENDOR} is empty: pages would load nothing", "run ./scripts/setup, or install a wheel")
        self._by_name = {
            path.relative_to(folder).as_posix(): _read(path, path.relative_to(folder))
            for folder in folders
            for path in sorted(folder.rglob("*"))
            if path.suffix in _TYPES
        }
        self._by_address = {asset.address: asset for asset in self._by_name.values()}

    def __getitem__(self, name: str) -> str:
        """The address of a file, such as `/assets/app.1a2b3c4d5e6f.css` of `app.css`.

        Raises:
            KeyError: there is none of that name.
        """
        return self._by_name[name].address

    def at(self, address: str) -> Asset | None:
        """The file with an address."""
        return self._by_address.get(address)


def router(assets: Assets) -> APIRouter:
    """The route that gives files out. Nothing of anybody is in them."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/assets/{path:path}", dependencies=[everybody()])
    def get_asset(request: Request, path: str) -> Response:
        asset = assets.at(f"/assets/{path}")
        if asset is None:
            raise Problem(HTTPStatus.NOT_FOUND, "no such file; reload the page")
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(asset.packed, media_type=asset.media_type, headers={**_FOREVER, "Content-Encoding": "gzip"})
        return Response(asset.content, media_type=asset.media_type, headers=_FOREVER)

    return routes


def _read(path: Path, name: Path) -> Asset:
    content = path.read_bytes()
    tag = hashlib.sha256(content).hexdigest()[:12]
    return Asset(
        address=f"/assets/{name.with_suffix('').as_posix()}.{tag}{name.suffix}",
        media_type=_TYPES[name.suffix],
        content=content,
        packed=gzip.compress(content, 9, mtime=0),
    )
