"""API keys of a tenant, for its admins."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from cloud_sink.api.examples import asked, example
from cloud_sink.api.gate import Admin, one_tenant, tenant_of
from cloud_sink.api.names import Id, Number, PersonName, Tenant
from cloud_sink.api.noted import note
from cloud_sink.api.paging import Cursor, Limit, key_of, page
from cloud_sink.api.problems import Problem, described
from cloud_sink.rights.accounts import make_key
from cloud_sink.rights.roles import Role
from cloud_sink.store import keys
from cloud_sink.store.database import reading, writing

if TYPE_CHECKING:
    from cloud_sink.api.context import Context


class NewKey(BaseModel):
    """A key to make."""

    model_config = asked(name="warehouse", role="merchandiser", days=365)

    name: PersonName = Field(description="what it is for")
    role: Role
    days: Annotated[int, Field(ge=1, le=3650), Number] | None = Field(None, description="days it holds; null: for good")


class KeyLine(BaseModel):
    """A key, without its secret."""

    model_config = example(
        id="0b7c1e5f2a3d4c6e",
        tenant="acme",
        name="warehouse",
        role="merchandiser",
        created="2026-03-14T01:00:00Z",
        by="user mai",
        expires="2027-03-14T01:00:00Z",
        used=None,
    )

    id: str
    tenant: str
    name: str
    role: Role
    created: datetime
    by: str
    expires: datetime | None
    used: datetime | None = Field(description="last, to within some minutes")


class KeyPage(BaseModel):
    """Some keys."""

    keys: list[KeyLine]
    next: str | None


class MadeKey(BaseModel):
    """A key with its text, which is shown once and stored nowhere."""

    key: KeyLine
    text: str = Field(description="to be sent as `Authorization: Bearer TEXT`")


def router(context: Context) -> APIRouter:
    """The endpoints about keys."""
    routes = APIRouter(prefix="/api/v1/keys", tags=["users"])
    engine = context.engine

    @routes.get("")
    def list_keys(who: Admin, tenant: Tenant = None, cursor: Cursor = None, limit: Limit = 100) -> KeyPage:
        """List the keys, in the order of their ids."""
        key = key_of(cursor, str)
        with reading(engine) as connection:
            found = keys.listed(connection, tenant_of(who, tenant), after=str(key[0]) if key else "", limit=limit + 1)
        shown, following = page(found, limit, lambda one: (one.id,))
        return KeyPage(keys=[_line(one) for one in shown], next=following)

    @routes.post("", status_code=HTTPStatus.CREATED)
    def post_key(request: Request, who: Admin, new: NewKey, tenant: Tenant = None) -> MadeKey:
        """Make a key."""
        key, text = make_key(engine, one_tenant(who, tenant), new.name, new.role, by=who.label, days=new.days)
        note(request, f"{key.name} as {key.role}: {key.id}")
        return MadeKey(key=_line(key), text=text)

    @routes.delete("/{key}", status_code=HTTPStatus.NO_CONTENT, responses=described(HTTPStatus.NOT_FOUND))
    def delete_key(request: Request, who: Admin, key: Id) -> None:
        """Revoke a key at once."""
        with writing(engine) as connection:
            found = keys.find(connection, key)
            if found is None or not who.sees(found.tenant):
                raise Problem(HTTPStatus.NOT_FOUND, f"no key {key}")
            keys.revoke(connection, key)
        note(request, found.name)

    return routes


def _line(key: keys.ApiKey) -> KeyLine:
    return KeyLine(
        id=key.id,
        tenant=key.tenant,
        name=key.name,
        role=Role(key.role),
        created=key.created,
        by=key.by,
        expires=key.expires,
        used=key.used,
    )
