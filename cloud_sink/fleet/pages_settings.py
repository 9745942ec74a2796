"""What the pages load from elsewhere: nothing, unless somebody names a server of map tiles."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from cloud_sink.fleet.http_settings import LOOPBACK_NAMES
from edge.contract.config.section import Section

_NEEDED, _KNOWN = {"z", "x", "y"}, {"z", "x", "y", "r"}
_HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?|\[[0-9a-f:]+\](:[0-9]{1,5})?")


class TilesSection(Section):
    """A server of map tiles. Browsers ask it themselves: it sees their addresses, and which places they look at."""

    url: str = Field(description="such as https://tiles.example.com/{z}/{x}/{y}.png")
    attribution: str = Field("", max_length=200, description="whose map it is, as its licence wants it said; text")

    @field_validator("url")
    @classmethod
    def _a_template(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK_NAMES):
            raise ValueError("the address of tiles begins with https://")
        if not _HOST.fullmatch(parts.netloc):
            raise ValueError("the address of tiles names one host; {s} is not known: name one of its servers")
        found = set(re.findall(r"\{([^}]*)\}", url))
        if not found >= _NEEDED or not found <= _KNOWN:
            raise ValueError("the address of tiles has {z}, {x} and {y}, and {r} where it has sharper ones")
        return url

    @property
    def host(self) -> str:
        """The one origin that pictures may come from beside our own."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"


class PagesSection(Section):
    """The pages for people."""

    tiles: TilesSection | None = Field(None, description="a server of map tiles; without it stores lie on plain ground")
