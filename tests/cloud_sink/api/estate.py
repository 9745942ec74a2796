"""All that a tenant can own, and every route of the application asked about it.

Routes, their parameters and their bodies are taken from the application and its description: a new one is asked by
itself. Where a path has a new part, `Estate.known` has to say which of acme's things stands there.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import product
from typing import TYPE_CHECKING, Any

from starlette.routing import Mount, Route

from cloud_sink.api.app import right_of, routes_of
from cloud_sink.fleet.stores import StoreBook
from cloud_sink.releases import bundles
from cloud_sink.releases.keys import offline
from cloud_sink.releases.publishing import prepare_release, sign_and_publish
from cloud_sink.releases.repository import repository_of
from cloud_sink.rights.accounts import invite, make_key
from cloud_sink.rights.roles import Right, Role
from cloud_sink.store import alert_rows, identities, invitation_rows, master, outgoing, tasks
from cloud_sink.store.database import writing
from cloud_sink.store.facts import RefusedBody
from cloud_sink.store.intake import take
from edge.contract.receipts import RefusalReason
from edge.contract.releases import Release
from edge.contract.topics import Address
from tests.cloud_sink.words import EPOCH, START, facing, fact, health, observed, stockout

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fastapi.routing import APIRoute
    from httpx import Response
    from starlette.routing import BaseRoute

    from tests.cloud_sink.api.served import Served

DEVICE = Address("acme", "s-acme", "dev-acme")
PHOTOGRAPH = b"\xff\xd8\xff\xe0" + b"a shelf of acme"
SHA256 = hashlib.sha256(PHOTOGRAPH).hexdigest()
PLAN = b"shelf,position,sku,facings\n1,1,confidential-sku,3\n"
CATALOGUE = b"sku,name,brand,owner\nconfidential-sku,Cola of acme,Brand of acme,Own Co.\n"
NOW = datetime(2026, 3, 20, tzinfo=UTC)

SECRETS = ("confidential", "of acme", "person-of-acme", "key-of-acme", "s-acme", "dev-acme", SHA256)
"""What stands in everything of acme that a route may tell."""

_ORDER = ("GET", "HEAD", "PUT", "POST", "PATCH", "DELETE")
"""Things are looked at before they are changed, and deleted last."""

_BODIES = {"text/csv": PLAN, "image/jpeg": PHOTOGRAPH}
_FILES = {"/api/v1/catalogue": b"sku,name,brand,owner\ncola,Cola,Lurra,Own Co.\n"}
"""Files of other columns, by what they are sent to."""

_UNSET = object()


@dataclass(frozen=True, slots=True)
class Question:
    """A route with everything it wants to be told, about something of acme."""

    route: APIRoute
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any
    takes: frozenset[str]  # the names of all its parameters

    @property
    def right(self) -> Right | None:
        return right_of(self.route)

    @property
    def uploads(self) -> bool:
        """Whether devices do it: those of this machine need no credentials."""
        return self.right in {Right.UPLOAD, Right.RELEASES}

    @property
    def named(self) -> set[str]:
        """All that it says itself: a problem may name it again."""
        return {*self.path.split("/"), *self.query.values(), *_texts(self.body)}

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def ask(self, client: Any, **query: str) -> Response:
        sent = {"content": self.body} if isinstance(self.body, bytes) else {"json": self.body}
        more = {} if self.body is _UNSET else sent
        answer: Response = client.request(
            self.method, self.path, params=self.query | query, headers=self.headers, **more
        )
        return answer


@dataclass(frozen=True, slots=True)
class Estate:
    """An application in which acme owns one of each, and what its paths and bodies are made of."""

    served: Served
    known: dict[str, str]

    def questions(self) -> list[Question]:
        """Every route with every value of its enumerations."""
        found = [one for route in routes_of(self.served.app) for one in self._about(route)]
        return sorted(found, key=lambda one: _ORDER.index(one.method))

    def _about(self, route: APIRoute) -> Iterator[Question]:
        for method in sorted(route.methods or ()):
            operation = self.served.app.openapi()["paths"].get(route.path, {}).get(method.lower(), {})
            parameters = operation.get("parameters", [])
            told = {one["name"]: one for one in parameters if one["in"] == "path"}
            names = list(route.param_convertors)
            for values in product(*(self._values(route, name, told.get(name)) for name in names)):
                yield Question(
                    route=route,
                    method=method,
                    path=route.path_format.format(**dict(zip(names, values, strict=True))),
                    query=self._query(parameters),
                    headers={one["name"]: DEVICE.source for one in parameters if one["in"] == "header"},
                    body=self._body(operation, route.path),
                    takes=frozenset(one["name"] for one in parameters),
                )

    def _values(self, route: APIRoute, name: str, told: dict[str, Any] | None) -> list[str]:
        enumerated = self._resolved((told or {}).get("schema", {})).get("enum")
        if enumerated is not None:
            return [str(value) for value in enumerated]
        assert name in self.known, f"{route.path} has a part {name!r}: say in Estate.known what of acme stands there"
        return [self.known[name]]

    def _query(self, parameters: Iterable[dict[str, Any]]) -> dict[str, str]:
        """What must be said, and the days of what is stored."""
        wanted = {one["name"] for one in parameters if one["in"] == "query" and one["required"]}
        dated = {one["name"] for one in parameters if "'format': 'date'" in str(one["schema"])} & {"since", "until"}
        return {name: self.known[name] for name in wanted} | {name: self.known[name] for name in dated}

    def _body(self, operation: dict[str, Any], path: str) -> Any:
        """The example of the description, about things of acme."""
        content = operation.get("requestBody", {}).get("content", {})
        for kind, sample in _BODIES.items():
            if kind in content:
                return _FILES.get(path, sample)
        if "application/json" not in content:
            return _UNSET
        return self._meant(self._resolved(content["application/json"]["schema"])["examples"][0])

    def _meant(self, example: Any) -> Any:
        if isinstance(example, list):
            return [self._meant(one) for one in example]
        if not isinstance(example, dict):
            return example
        theirs = {name: type(example[name])(self.known[name]) for name in _IN_BODIES & example.keys()}
        return {name: self._meant(value) for name, value in example.items()} | theirs

    def _resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        name = schema.get("$ref", "").rpartition("/")[2]
        found: dict[str, Any] = self.served.app.openapi()["components"]["schemas"][name] if name else schema
        return found


_IN_BODIES = {"store", "device", "fixture", "epoch", "seq", "facing", "version", "since"}
"""What a body may name that belongs to somebody."""


def estate(served: Served) -> Estate:
    """Give acme one of everything."""
    _tell(served)
    _upload(served)
    user, _ = invite(served.database, "acme", "person-of-acme", Role.VIEWER)
    key, _ = make_key(served.database, "acme", "key-of-acme", Role.VIEWER, by="test")
    known = {
        "store": DEVICE.store,
        "device": DEVICE.device,
        "fixture": "f1",
        "epoch": EPOCH,
        "seq": "1",
        "facing": "0",
        "sha256": SHA256,
        "user": user.id,
        "key": key.id,
        "webhook": _watch(served),
        "task": _task(served),
        "invitation": _invite(served),
        "promotion": "offer",
        "contract": "deal",
        "kind": "sales",
        "sku": "confidential-sku",
        "month": "2026-03",
        "name": "cooler-summer",
        "version": "1",
        "by": "city",
        "since": "2026-03-14",
        "until": "2026-03-15",
        "token": "no-such-token",
        "provider": "nobody",
        "path": "no-such-file",
        "tenant": DEVICE.tenant,
        "metadata": "timestamp.json",
        "folder": "releases",
        "file": _release(served),
    }
    return Estate(served, known)


def _release(served: Served) -> str:
    repository = repository_of(served.config.data, DEVICE.tenant)
    keys = served.config.data.parent / f"{served.config.data.name}-keys"
    repository.make(keys, "a long passphrase", NOW)
    settings = served.config.data / "settings.yaml"
    settings.write_text("health_every: 2m\n")
    bundle, files = bundles.settings(settings, served.config.data)
    release = Release(number=1, note="confidential release", made=NOW, bundles=(bundle,))
    proposal = prepare_release(repository, release, files, NOW)
    sign_and_publish(repository, proposal, [offline(keys, "targets", "a long passphrase")], NOW)
    return next((repository.targets / "releases").glob("*.1.json")).name


def _invite(served: Served) -> str:
    claim = invitation_rows.Invitation(
        id="0123456789abcdef",
        tenant=DEVICE.tenant,
        store=DEVICE.store,
        fixture="f1",
        device=DEVICE.device,
        replaces=False,
        secret="0" * 64,
        approval=True,
        created=NOW,
        by="person-of-acme",
        expires=NOW,
        state="pending",
        key="0" * 64,
    )
    with writing(served.database) as connection:
        invitation_rows.enter(connection, [claim])
    board = identities.Identity(
        id="0" * 32,
        tenant=DEVICE.tenant,
        device=DEVICE.device,
        store=DEVICE.store,
        fixture="f1",
        key="0" * 64,
        certificate="",
        authority="",
        made=NOW,
        expires=NOW,
        told="",
    )
    issued = identities.Issued("0", board.id, "", NOW)
    with writing(served.database) as connection:
        identities.enter(connection, board, issued, by="person-of-acme", reason="confidential reason")
    return claim.id


def _task(served: Served) -> str:
    wanted = tasks.NewTask(DEVICE.tenant, DEVICE.store, "f1", "refill", "confidential-sku")
    with writing(served.database) as connection:
        return str(tasks.make(connection, wanted, at=NOW, who="person-of-acme").id)


def every_path(routes: Iterable[BaseRoute]) -> set[tuple[str, str]]:
    """Method and path of everything that an application answers to, however it was put there."""
    found = set()
    for route in routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            found |= every_path(inner.routes)
        elif isinstance(route, Route):
            found |= {(method, route.path) for method in route.methods or ()}
        else:
            found.add((type(route).__name__, route.path if isinstance(route, Mount) else str(route)))
    return found


def _texts(body: Any) -> set[str]:
    if isinstance(body, dict):
        return _texts(list(body.values()))
    if isinstance(body, list):
        return {text for one in body for text in _texts(one)}
    return {body} if isinstance(body, str) else set()


def _tell(served: Served) -> None:
    planned = {"confidential-sku": 2, "confidential-other": 1, "lurra-cola-330": 1}
    events = [
        observed(1, [facing("confidential-sku")], planned=planned, device=DEVICE),
        stockout(2, "confidential-sku", START, device=DEVICE),
        health(3, 5, device=DEVICE),
    ]
    refused = RefusedBody(DEVICE, EPOCH, 9, RefusalReason.INVALID, "confidential detail", b"{}", b"x" * 32)
    own = {"tenant": DEVICE.tenant, "store": DEVICE.store, "since": date(2026, 3, 1), "until": date(2026, 3, 31)}
    deal = {"contract": "deal", "fixture": "f1", "side": "own", "brand": "Brand of acme", "facings": 2}
    with writing(served.database) as connection:
        master.put_contracts(connection, [own | deal | {"fee_milli": None, "currency": None}])
        offer = {"promotion": "offer", "gtin": "09520000000004", "cost_milli": None, "margin_milli": None}
        master.put_promotions(connection, [own | offer])
        facts = [fact(one, device=DEVICE) for one in events]
        take(connection, facts, [refused], stores=StoreBook(served.config.stores), received=NOW)


def _upload(served: Served) -> None:
    acme = served.by("acme")
    photograph = acme.put(f"/api/v1/evidence/{SHA256}", content=PHOTOGRAPH, headers={"X-Facings-Source": DEVICE.source})
    assert photograph.status_code == 201
    plan = acme.put(
        "/api/v1/planograms/cooler-summer",
        content=PLAN,
        params={"note": "confidential note"},
        headers={"Content-Type": "text/csv"},
    )
    assert plan.json()["stored"] is not None, plan.text
    assert acme.put("/api/v1/catalogue", content=CATALOGUE).status_code == 200
    holds = {"store": DEVICE.store, "fixture": "f1", "since": "2026-03-14", "name": "cooler-summer", "version": 1}
    assigned = acme.put("/api/v1/planogram-assignments", json={"assignments": [holds]})
    assert assigned.status_code == 200, assigned.text
    said = {"device": DEVICE.device, "epoch": EPOCH, "seq": 1, "facing": 0, "says": "sku", "sku": "confidential-other"}
    assert acme.post("/api/v1/corrections", json=said).status_code == 201


def _watch(served: Served) -> str:
    hook = outgoing.Outlet(
        id="0123456789abcdef",
        kind="webhook",
        tenant="acme",
        types=("cooler.door.v1",),
        url="https://confidential.example/",
        secret="whsec_confidential",
        created=NOW,
        by="test",
    )
    alert = {
        "rule": "empty-shelf",
        "tenant": "acme",
        "store": DEVICE.store,
        "subject": "confidential",
        "since": NOW,
        "told": NOW,
        "over": None,
        "until": None,
        "text": "confidential alert",
    }
    with writing(served.database) as connection:
        outgoing.put_outlet(connection, hook)
        alert_rows.keep(connection, [alert])
    return hook.id
