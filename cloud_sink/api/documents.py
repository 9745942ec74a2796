"""The API's description as a file: `python -m cloud_sink.api.documents docs/contract/openapi.json` writes it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from cloud_sink.api.app import make_app
from cloud_sink.api.context import Context
from cloud_sink.evidence.opening import open_room
from cloud_sink.fleet.products import ProductBook
from cloud_sink.fleet.settings import SinkConfig
from cloud_sink.fleet.stores import StoreBook
from cloud_sink.store.database import open_database


def openapi() -> str:
    """The description, as it is committed."""
    engine = open_database("sqlite://")  # never connected to: the description needs no data
    config = SinkConfig()
    context = Context(
        engine=engine,
        config=config,
        stores=StoreBook(),
        products=ProductBook(),
        photographs=open_room(engine, config),
        ready=lambda: False,
    )
    return json.dumps(make_app(context).openapi(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1] if len(sys.argv) > 1 else "docs/contract/openapi.json").write_text(openapi(), encoding="utf-8")
