"""People and programs: made, signed in, and recognised again by what they send along."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from cloud_sink.rights.passwords import LEAST, MOST, hash_password, is_password
from cloud_sink.rights.roles import Principal, Role
from cloud_sink.rights.secrets import digest, is_same, new_id, new_key, new_token, parse_key
from cloud_sink.store import keys, moments, users
from cloud_sink.store.database import reading, writing
from edge.contract.errors import FacingsError

if TYPE_CHECKING:
    from cloud_sink.store.database import Database, Transaction

LINK_LIVES = timedelta(hours=48)
"""How long a one-time link can be followed."""

SEEN = timedelta(minutes=5)
"""How exactly the last use of a session or key is kept: not every request is a write."""


class AccountError(FacingsError):
    """Users or keys that cannot be made, found or changed as asked."""


class NoSuchLink(AccountError):  # noqa: N818 - what the person sees
    """A one-time link that is used, void, expired, or none."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session: the token goes into the cookie, and is stored nowhere."""

    token: str
    user: users.User


class Accounts:
    """The users, keys and sessions of every tenant.

    Args:
        engine: the database.
        idle: when an unused session ends.
        longest: when every session ends.
    """

    def __init__(self, engine: Database, *, idle: timedelta, longest: timedelta) -> None:
        self._engine = engine
        self._idle = idle
        self._longest = longest

    def by_key(self, text: str) -> Principal | None:
        """Who a key belongs to; None for a wrong, revoked or expired one."""
        parts, now = parse_key(text), moments.now()
        if parts is None:
            return None
        with reading(self._engine) as connection:
            key = keys.find(connection, parts.id)
        if key is None or not is_same(parts.secret, key.secret) or (key.expires is not None and key.expires <= now):
            return None
        if key.used is None or now - key.used > SEEN:
            with writing(self._engine) as connection:
                keys.touch(connection, key.id, now)
        return Principal("key", key.id, key.name, key.tenant, Role(key.role))

    def by_session(self, token: str) -> Principal | None:
        """Who a browser is signed in as; None when the session is over."""
        hashed, now = digest(token), moments.now()
        with reading(self._engine) as connection:
            found = users.session_user(connection, hashed, now, idle=self._idle, longest=self._longest)
        if found is None:
            return None
        user, seen = found
        if now - seen > SEEN:
            with writing(self._engine) as connection:
                users.touch_session(connection, hashed, now)
        return principal_of(user)

    def sign_in(self, tenant: str, name: str, password: str) -> SignedIn | None:
        """Sign in by password; None for a wrong tenant, name or password, and nobody learns which."""
        with reading(self._engine) as connection:
            user = users.named(connection, tenant, name)
        if not is_password(password, user.password if user else None) or user is None or user.disabled:
            return None
        return self.open(user)

    def open(self, user: users.User) -> SignedIn:
        """Begin a session."""
        token = new_token()
        with writing(self._engine) as connection:
            users.open_session(connection, digest(token), user.id, moments.now())
        return SignedIn(token, user)

    def close(self, token: str) -> None:
        """End a session."""
        with writing(self._engine) as connection:
            users.close_session(connection, digest(token))

    def look_at_link(self, token: str) -> tuple[users.Link, users.User | None]:
        """What a link is for.

        Raises:
            NoSuchLink: nothing any more.
        """
        with reading(self._engine) as connection:
            link = users.look_at_link(connection, digest(token), moments.now())
            user = users.find(connection, link.user) if link and link.user else None
        if link is None or (link.user and user is None):
            raise NoSuchLink("this link was used, is older than 48 hours, or never was one", "ask for a new one")
        return link, user

    def follow_link(self, token: str, password: str, *, name: str = "", tenant: str = "") -> SignedIn:
        """Set the password that a link is for, make its first admin, and sign in.

        Raises:
            NoSuchLink: nothing any more.
            AccountError: the password is too short; the user is disabled; a first admin is given no name, or no tenant.
        """
        _check_password(password)
        link, user = self.look_at_link(token)
        hashed = hash_password(password)
        with writing(self._engine) as connection:
            if not users.use_link(connection, digest(token)):
                raise NoSuchLink("this link was just used", "ask for a new one")
            if user is None:
                owner = link.tenant or tenant
                if not name or not owner:
                    raise AccountError("a first admin needs a name and a tenant", "give both")
                if users.admins(connection, owner):
                    raise AccountError(f"{owner} has an admin", "ask them for a link")
                user = _new_user(owner, name, Role.ADMIN, password=hashed)
                _enter(connection, user)
            elif user.disabled:
                raise AccountError(f"{user.name} is disabled", "ask an admin")
            else:
                users.change(connection, user.id, password=hashed)
        return self.open(user)


def principal_of(user: users.User) -> Principal:
    """A user as one who asks."""
    return Principal("user", user.id, user.name, user.tenant, Role(user.role))


def first_links(engine: Database, known: set[str]) -> dict[str, str]:
    """Make links for the first admin of each tenant that has none; with no tenant known, one for whoever names it.

    Args:
        engine: the database.
        known: tenants with stores or devices.

    Returns:
        Tokens by tenant, '' for the one that names it.
    """
    made = {}
    with writing(engine) as connection:
        without = [tenant for tenant in sorted(known) if not users.admins(connection, tenant)]
        if not known and not users.tenants(connection):
            without = [""]
        for tenant in without:
            made[tenant] = new_token()
            expires = moments.now() + LINK_LIVES
            users.put_link(connection, digest(made[tenant]), users.Link(tenant, None), expires)
    return made


def invite(engine: Database, tenant: str, name: str, role: Role) -> tuple[users.User, str]:
    """Make a user and the one-time link that sets their password.

    Raises:
        AccountError: the tenant has a user of that name.
    """
    user, token = _new_user(tenant, name, role), new_token()
    with writing(engine) as connection:
        _enter(connection, user)
        users.put_link(connection, digest(token), users.Link(tenant, user.id), moments.now() + LINK_LIVES)
    return user, token


def new_link(engine: Database, user: users.User) -> str:
    """A one-time link for a user who lost the password; the old password holds until it is followed.

    Raises:
        AccountError: they have none here, but at their company, which must be able to shut them out.
    """
    if user.subject is not None:
        raise AccountError(f"{user.name} signs in at {user.issuer}", "their company sets the password")
    token = new_token()
    with writing(engine) as connection:
        users.put_link(connection, digest(token), users.Link(user.tenant, user.id), moments.now() + LINK_LIVES)
    return token


def make_key(
    engine: Database, tenant: str, name: str, role: Role, *, by: str, days: int | None = None
) -> tuple[keys.ApiKey, str]:
    """Make an API key; its text is shown once and stored nowhere."""
    parts, made = new_key(), moments.now()
    key = keys.ApiKey(
        id=parts.id,
        tenant=tenant,
        name=name,
        role=role,
        secret=digest(parts.secret),
        created=made,
        by=by,
        expires=None if days is None else made + timedelta(days=days),
    )
    with writing(engine) as connection:
        keys.enter(connection, key)
    return key, str(parts)


def change_user(engine: Database, user: users.User, *, role: Role | None, disabled: bool | None) -> users.User:
    """Change a user, unless their tenant had nobody to administer it then.

    Raises:
        AccountError: it is the last admin.
    """
    values: dict[str, object] = {}
    values |= {} if role is None else {"role": role.value}
    values |= {} if disabled is None else {"disabled": disabled}
    with writing(engine) as connection:
        users.change(connection, user.id, **values)
        _still_administered(connection, user)
        changed = users.find(connection, user.id)
    assert changed is not None
    return changed


def remove_user(engine: Database, user: users.User) -> None:
    """Delete a user.

    Raises:
        AccountError: it is the last admin.
    """
    with writing(engine) as connection:
        users.remove(connection, user.id)
        _still_administered(connection, user)


def _still_administered(connection: Transaction, user: users.User) -> None:
    if user.role == Role.ADMIN and not user.disabled and not users.admins(connection, user.tenant):
        raise AccountError(f"{user.name} is the last admin of {user.tenant}", "make another one first")


def _new_user(tenant: str, name: str, role: Role, *, password: str | None = None) -> users.User:
    return users.User(
        id=new_id(),
        tenant=tenant,
        name=name,
        role=role,
        password=password,
        issuer=None,
        subject=None,
        created=moments.now(),
        disabled=False,
    )


def _enter(connection: Transaction, user: users.User) -> None:
    try:
        users.enter(connection, user)
    except users.NameTaken:
        raise AccountError(f"{user.tenant} has a user {user.name}", "choose another name") from None


def _check_password(password: str) -> None:
    if not LEAST <= len(password) <= MOST:
        raise AccountError(f"a password has {LEAST} to {MOST} characters", "a sentence is easy to remember")
