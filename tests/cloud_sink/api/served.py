"""An application over a database, asked by whoever a test needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi.testclient import TestClient

from cloud_sink.api.app import make_app
from cloud_sink.api.context import Context
from cloud_sink.evidence.opening import open_room
from cloud_sink.fleet.evidence_settings import EvidenceSection
from cloud_sink.fleet.http_settings import HttpSection
from cloud_sink.fleet.pages_settings import PagesSection
from cloud_sink.fleet.products import ProductBook
from cloud_sink.fleet.settings import SinkConfig, StoreSection
from cloud_sink.fleet.stores import StoreBook
from cloud_sink.rights.accounts import make_key
from cloud_sink.rights.audit import AuditLog
from cloud_sink.rights.roles import Role

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from fastapi import FastAPI

    from cloud_sink.store.database import Database
    from edge.contract.catalogue import Sku

BASE = "http://127.0.0.1:8080"


def store(tenant: str, name: str = "s1", **more: object) -> StoreSection:
    fixtures = [{"id": "f1", "name": f"Cooler of {tenant}", "own": ["Own Co."]}]
    known = {"tenant": tenant, "id": name, "name": f"First of {tenant}", "zone": "Asia/Ho_Chi_Minh"}
    return StoreSection.model_validate(known | {"fixtures": fixtures} | more)


@dataclass(slots=True)
class Served:
    """An application and its keys."""

    app: FastAPI
    database: Database
    log: AuditLog
    config: SinkConfig

    def anonymous(self, address: str = "testclient") -> TestClient:
        return TestClient(
            self.app, base_url=BASE, raise_server_exceptions=False, follow_redirects=False, client=(address, 50000)
        )

    def by(self, tenant: str, role: Role = Role.ADMIN) -> TestClient:
        _, key = make_key(self.database, tenant, f"{tenant} {role}", role, by="test")
        client = self.anonymous()
        client.headers["Authorization"] = f"Bearer {key}"
        return client


def serve(
    database: Database,
    folder: Path,
    *stores: StoreSection,
    evidence: EvidenceSection = EvidenceSection(),  # noqa: B008 - frozen
    pages: PagesSection = PagesSection(),  # noqa: B008 - frozen
    products: Mapping[str, Sku] | None = None,
    **http: object,
) -> Served:
    settings = HttpSection.model_validate({"access": "users", "url": BASE} | http)
    config = SinkConfig(data=folder, evidence=evidence, http=settings, pages=pages, stores=stores)
    context = Context(
        engine=database,
        config=config,
        stores=StoreBook(config.stores),
        products=ProductBook(products),
        photographs=open_room(database, config),
        ready=lambda: True,
    )
    log = AuditLog(database)
    return Served(make_app(context, log), database, log, config)
