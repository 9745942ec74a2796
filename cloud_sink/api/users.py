"""Users of a tenant, for its admins."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, StrictBool

from cloud_sink.api.examples import asked, example
from cloud_sink.api.gate import Admin, one_tenant, tenant_of
from cloud_sink.api.names import Id, PersonName, Tenant
from cloud_sink.api.noted import note
from cloud_sink.api.paging import Cursor, Limit, key_of, page
from cloud_sink.api.problems import Problem, described
from cloud_sink.rights import accounts
from cloud_sink.rights.roles import Principal, Role
from cloud_sink.store import users
from cloud_sink.store.database import reading

if TYPE_CHECKING:
    from cloud_sink.api.context import Context


class NewUser(BaseModel):
    """Somebody to invite."""

    model_config = asked(name="linh@acme.example", role="merchandiser")

    name: PersonName
    role: Role


class UserChange(BaseModel):
    """What is to change."""

    model_config = asked(role="field")

    role: Role | None = None
    disabled: StrictBool | None = None


class UserLine(BaseModel):
    """A user."""

    model_config = example(
        id="0b7c1e5f2a3d4c6e",
        tenant="acme",
        name="linh",
        role="merchandiser",
        active=True,
        disabled=False,
        created="2026-03-14T01:00:00Z",
    )

    id: str
    tenant: str
    name: str
    role: Role
    active: bool = Field(description="has a password, or signs in at their company")
    disabled: bool
    created: datetime


class UserPage(BaseModel):
    """Some users."""

    users: list[UserLine]
    next: str | None


class Invited(BaseModel):
    """A user and the link that sets their password. It is shown once."""

    user: UserLine
    link: str


def router(context: Context) -> APIRouter:
    """The endpoints about users."""
    routes = APIRouter(prefix="/api/v1/users", tags=["users"])
    engine = context.engine

    def _find(who: Principal, user: str) -> users.User:
        with reading(engine) as connection:
            found = users.find(connection, user)
        if found is None or not who.sees(found.tenant):
            raise Problem(HTTPStatus.NOT_FOUND, f"no user {user}")
        return found

    @routes.get("")
    def list_users(who: Admin, tenant: Tenant = None, cursor: Cursor = None, limit: Limit = 100) -> UserPage:
        """List the users, in the order of their ids."""
        key = key_of(cursor, str)
        with reading(engine) as connection:
            found = users.listed(connection, tenant_of(who, tenant), after=str(key[0]) if key else "", limit=limit + 1)
        shown, following = page(found, limit, lambda user: (user.id,))
        return UserPage(users=[_line(user) for user in shown], next=following)

    @routes.post("", status_code=HTTPStatus.CREATED, responses=described(HTTPStatus.CONFLICT))
    def post_user(request: Request, who: Admin, new: NewUser, tenant: Tenant = None) -> Invited:
        """Make a user; the answer holds the one-time link that sets their password."""
        note(request, f"{new.name} as {new.role}")
        user, token = accounts.invite(engine, one_tenant(who, tenant), new.name, new.role)
        return Invited(user=_line(user), link=_address(request, context, token))

    @routes.patch("/{user}", responses=described(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT))
    def patch_user(request: Request, who: Admin, user: Id, change: UserChange) -> UserLine:
        """Change a user's role, or disable them: they are signed out at once."""
        found = _find(who, user)
        to = {name: value for name, value in change.model_dump(mode="json").items() if value is not None}
        note(request, f"{found.name}: {', '.join(f'{name} {value}' for name, value in to.items()) or 'nothing'}")
        return _line(accounts.change_user(engine, found, role=change.role, disabled=change.disabled))

    @routes.delete(
        "/{user}",
        status_code=HTTPStatus.NO_CONTENT,
        responses=described(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
    )
    def delete_user(request: Request, who: Admin, user: Id) -> None:
        """Delete a user; the audit log keeps the name."""
        found = _find(who, user)
        note(request, found.name)
        accounts.remove_user(engine, found)

    @routes.post(
        "/{user}/link",
        status_code=HTTPStatus.CREATED,
        responses=described(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
    )
    def post_link(request: Request, who: Admin, user: Id) -> Invited:
        """Make a new one-time link for a user; the one before is void."""
        found = _find(who, user)
        note(request, found.name)
        return Invited(user=_line(found), link=_address(request, context, accounts.new_link(engine, found)))

    return routes


def _line(user: users.User) -> UserLine:
    return UserLine(
        id=user.id,
        tenant=user.tenant,
        name=user.name,
        role=Role(user.role),
        active=user.password is not None or user.subject is not None,
        disabled=user.disabled,
        created=user.created,
    )


def _address(request: Request, context: Context, token: str) -> str:
    """Where a link leads: never by the `Host` of a request, which its sender chooses, unless this machine sent it."""
    base = context.config.http.url or str(request.base_url).rstrip("/")
    return f"{base}/welcome/{token}"
