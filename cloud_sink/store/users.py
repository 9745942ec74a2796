"""Users, their sessions, and the one-time links that set their passwords."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from cloud_sink.store.moments import from_ms, to_ms
from cloud_sink.store.rights_tables import links, sessions, sign_ins, users

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from sqlalchemy import Connection, Row


@dataclass(frozen=True, slots=True)
class User:
    """A person."""

    id: str
    tenant: str
    name: str
    role: str
    password: str | None  # argon2
    issuer: str | None
    subject: str | None
    created: datetime
    disabled: bool


@dataclass(frozen=True, slots=True)
class Link:
    """A one-time link: it sets the password of `user`, or makes the first admin of `tenant` ('' to be named)."""

    tenant: str
    user: str | None


class NameTaken(Exception):  # noqa: N818 - a state, not a fault
    """The tenant has a user of that name."""


def _user(row: Row[Any]) -> User:
    return User(
        id=row.id,
        tenant=row.tenant,
        name=row.name,
        role=row.role,
        password=row.password,
        issuer=row.issuer,
        subject=row.subject,
        created=from_ms(row.created),
        disabled=row.disabled,
    )


def enter(connection: Connection, user: User) -> None:
    """Enter a new user.

    Raises:
        NameTaken: within the tenant; the transaction goes on.
    """
    values = {
        "id": user.id,
        "tenant": user.tenant,
        "name": user.name,
        "role": user.role,
        "password": user.password,
        "issuer": user.issuer,
        "subject": user.subject,
        "created": to_ms(user.created),
        "disabled": user.disabled,
    }
    try:
        with connection.begin_nested():
            connection.execute(insert(users).values(**values))
    except IntegrityError:
        raise NameTaken(user.name) from None


def find(connection: Connection, user: str) -> User | None:
    """A user by id."""
    row = connection.execute(select(users).where(users.c.id == user)).one_or_none()
    return None if row is None else _user(row)


def named(connection: Connection, tenant: str, name: str) -> User | None:
    """A user by name."""
    row = connection.execute(select(users).where(users.c.tenant == tenant, users.c.name == name)).one_or_none()
    return None if row is None else _user(row)


def known_as(connection: Connection, tenant: str, issuer: str, subject: str) -> User | None:
    """A user by what their OpenID provider calls them."""
    this = (users.c.tenant == tenant, users.c.issuer == issuer, users.c.subject == subject)
    row = connection.execute(select(users).where(*this)).one_or_none()
    return None if row is None else _user(row)


def listed(connection: Connection, tenant: str | None, *, after: str = "", limit: int = 1000) -> list[User]:
    """Users in the order of their ids, behind `after`; of one tenant or all."""
    statement = select(users).where(users.c.id > after).order_by(users.c.id).limit(limit)
    if tenant is not None:
        statement = statement.where(users.c.tenant == tenant)
    return [_user(row) for row in connection.execute(statement)]


def change(connection: Connection, user: str, **values: object) -> None:
    """Change a user's role, password or whether they are disabled; who is disabled is signed out."""
    if values:
        connection.execute(update(users).where(users.c.id == user).values(**values))
    if values.get("disabled") or "password" in values:
        connection.execute(delete(sessions).where(sessions.c.user == user))


def remove(connection: Connection, user: str) -> None:
    """Delete a user with sessions and links."""
    for table, column in ((sessions, sessions.c.user), (links, links.c.user), (users, users.c.id)):
        connection.execute(delete(table).where(column == user))


def admins(connection: Connection, tenant: str) -> int:
    """How many can administer a tenant: those who have a password, or sign in elsewhere."""
    able = or_(users.c.password.is_not(None), users.c.subject.is_not(None))
    this = (users.c.tenant == tenant, users.c.role == "admin", users.c.disabled.is_(False), able)
    return int(connection.execute(select(func.count()).select_from(users).where(*this)).scalar_one())


def tenants(connection: Connection) -> list[str]:
    """Tenants that have users."""
    return list(connection.execute(select(users.c.tenant).distinct().order_by(users.c.tenant)).scalars())


def open_session(connection: Connection, token: str, user: str, now: datetime) -> None:
    """Remember a browser by the hash of its token."""
    connection.execute(insert(sessions).values(token=token, user=user, created=to_ms(now), seen=to_ms(now)))


def session_user(
    connection: Connection, token: str, now: datetime, *, idle: timedelta, longest: timedelta
) -> tuple[User, datetime] | None:
    """Who is signed in by the hash of a token, and when they were seen last; None when it is over."""
    row = connection.execute(
        select(users, sessions.c.seen)
        .join(sessions, sessions.c.user == users.c.id)
        .where(
            sessions.c.token == token,
            sessions.c.seen > to_ms(now - idle),
            sessions.c.created > to_ms(now - longest),
            users.c.disabled.is_(False),
        )
    ).one_or_none()
    return None if row is None else (_user(row), from_ms(row.seen))


def touch_session(connection: Connection, token: str, now: datetime) -> None:
    """Note that a browser was seen."""
    connection.execute(update(sessions).where(sessions.c.token == token).values(seen=to_ms(now)))


def close_session(connection: Connection, token: str) -> None:
    """Forget a browser."""
    connection.execute(delete(sessions).where(sessions.c.token == token))


def put_link(connection: Connection, token: str, link: Link, expires: datetime) -> None:
    """Remember a one-time link by the hash of its token; an older one for the same purpose is void."""
    same = links.c.user == link.user if link.user else (links.c.user.is_(None)) & (links.c.tenant == link.tenant)
    connection.execute(delete(links).where(same))
    connection.execute(insert(links).values(token=token, tenant=link.tenant, user=link.user, expires=to_ms(expires)))


def look_at_link(connection: Connection, token: str, now: datetime) -> Link | None:
    """What a link is for; None for one that is used, void or expired."""
    row = connection.execute(select(links).where(links.c.token == token, links.c.expires > to_ms(now))).one_or_none()
    return None if row is None else Link(row.tenant, row.user)


def use_link(connection: Connection, token: str) -> bool:
    """Use a link up; False when somebody else just did."""
    return bool(connection.execute(delete(links).where(links.c.token == token)).rowcount)


def begin_sign_in(
    connection: Connection, state: str, *, provider: str, nonce: str, verifier: str, now: datetime, expires: datetime
) -> None:
    """Remember a sign-in that goes to its provider, and forget those that never came back."""
    connection.execute(delete(sign_ins).where(sign_ins.c.expires < to_ms(now)))
    connection.execute(
        insert(sign_ins).values(state=state, provider=provider, nonce=nonce, verifier=verifier, expires=to_ms(expires))
    )


def end_sign_in(connection: Connection, state: str, provider: str, now: datetime) -> tuple[str, str] | None:
    """Nonce and verifier of a sign-in that comes back; each comes back once."""
    row = connection.execute(
        delete(sign_ins)
        .where(sign_ins.c.state == state, sign_ins.c.provider == provider, sign_ins.c.expires > to_ms(now))
        .returning(sign_ins.c.nonce, sign_ins.c.verifier)
    ).one_or_none()
    return None if row is None else (row.nonce, row.verifier)


def expire(connection: Connection, now: datetime, longest: timedelta) -> None:
    """Forget sessions, links and sign-ins that are over."""
    connection.execute(delete(sessions).where(sessions.c.created < to_ms(now - longest)))
    connection.execute(delete(links).where(links.c.expires < to_ms(now)))
    connection.execute(delete(sign_ins).where(sign_ins.c.expires < to_ms(now)))
