"""The pages as one: found by their modules, with what all of them share."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

from cloud_sink.web import assets, live, pages
from cloud_sink.web.known import Known
from cloud_sink.web.shell import Shell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastapi import APIRouter

    from cloud_sink.api.context import Context
    from cloud_sink.web.page import Page


class PageModule(Protocol):
    """A module of `cloud_sink.web.pages`. One that the navigation does not lead to has None as its `PAGE`."""

    PAGE: Page | None

    def router(self, context: Context, shell: Shell) -> APIRouter:
        """The page's routes."""


@dataclass(frozen=True, slots=True)
class Site:
    """All pages over one context."""

    shell: Shell
    known: Known
    routers: Sequence[APIRouter]


def make_site(context: Context) -> Site:
    """The pages of a sink.

    Raises:
        ConfigError: what they load is not there, or words are missing.
    """
    files, modules = assets.Assets(), page_modules()
    tiles = context.config.pages.tiles
    shell = Shell(files, [one.PAGE for one in modules if one.PAGE is not None], [tiles.host] if tiles else [])
    routers = [
        assets.router(files),
        live.router(live.Pulse(context.engine)),
        *(one.router(context, shell) for one in modules),
    ]
    return Site(shell, Known(context.engine, context.stores), routers)


def page_modules() -> list[PageModule]:
    """Every module of `cloud_sink.web.pages`, by name."""
    names = sorted(found.name for found in pkgutil.iter_modules(pages.__path__))
    return [cast("PageModule", importlib.import_module(f"{pages.__name__}.{name}")) for name in names]
