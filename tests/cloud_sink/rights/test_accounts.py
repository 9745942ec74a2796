from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, text

from cloud_sink.rights import accounts
from cloud_sink.rights.accounts import AccountError, Accounts, NoSuchLink, first_links, invite, make_key, new_link
from cloud_sink.rights.roles import LEAST, Principal, Right, Role
from cloud_sink.rights.secrets import digest
from cloud_sink.store import users
from cloud_sink.store.database import reading, writing
from cloud_sink.store.rights_tables import api_keys, links, sessions
from cloud_sink.store.rights_tables import users as user_rows

if TYPE_CHECKING:
    from cloud_sink.store.database import Database

PASSWORD = "correct horse battery"


def kept_in(database: Database) -> Accounts:
    return Accounts(database, idle=timedelta(hours=1), longest=timedelta(days=1))


def admin(database: Database, kept: Accounts, tenant: str = "acme", name: str = "mai") -> users.User:
    token = first_links(database, {tenant})[tenant]
    return kept.follow_link(token, PASSWORD, name=name).user


def test_the_first_link_makes_an_admin_and_no_second_one(database: Database) -> None:
    kept = kept_in(database)
    token = first_links(database, {"acme"})["acme"]
    signed_in = kept.follow_link(token, PASSWORD, name="mai")
    assert (signed_in.user.tenant, signed_in.user.role) == ("acme", "admin")
    with pytest.raises(NoSuchLink):
        kept.follow_link(token, PASSWORD, name="eve")
    assert first_links(database, {"acme"}) == {}
    assert set(first_links(database, {"acme", "rival"})) == {"rival"}


def test_a_first_link_of_an_earlier_start_is_void(sqlite: Database) -> None:
    kept = kept_in(sqlite)
    old, new = (first_links(sqlite, {"acme"})["acme"] for _ in range(2))
    with pytest.raises(NoSuchLink):
        kept.follow_link(old, PASSWORD, name="mai")
    kept.follow_link(new, PASSWORD, name="mai")


def test_without_any_tenant_the_first_admin_names_it(sqlite: Database) -> None:
    kept = kept_in(sqlite)
    token = first_links(sqlite, set())[""]
    with pytest.raises(AccountError, match="tenant"):
        kept.follow_link(token, PASSWORD, name="mai")
    assert kept.follow_link(token, PASSWORD, name="mai", tenant="acme").user.tenant == "acme"
    assert first_links(sqlite, set()) == {}


def test_a_short_password_uses_no_link_up(sqlite: Database) -> None:
    kept = kept_in(sqlite)
    _, token = invite(sqlite, "acme", "mai", Role.VIEWER)
    with pytest.raises(AccountError, match="12"):
        kept.follow_link(token, "short")
    assert kept.follow_link(token, PASSWORD).user.name == "mai"


def test_passwords_open_only_their_own_tenant_and_name(sqlite: Database) -> None:
    kept = kept_in(sqlite)
    admin(sqlite, kept)
    assert kept.sign_in("acme", "mai", PASSWORD) is not None
    for tenant, name, password in (
        ("acme", "mai", "another password"),
        ("rival", "mai", PASSWORD),
        ("acme", "eve", PASSWORD),
        ("acme", "mai", ""),
    ):
        assert kept.sign_in(tenant, name, password) is None


def test_an_invited_user_without_a_password_cannot_sign_in(sqlite: Database) -> None:
    kept = kept_in(sqlite)
    invite(sqlite, "acme", "mai", Role.VIEWER)
    assert kept.sign_in("acme", "mai", "the password of nobody") is None


def test_a_session_ends_when_it_is_closed_unused_or_old(database: Database) -> None:
    kept = kept_in(database)
    user = admin(database, kept)
    token = kept.open(user).token
    assert kept.by_session(token) == Principal("user", user.id, "mai", "acme", Role.ADMIN)
    for idle, longest in ((0, 3600), (3600, 0)):
        brief = Accounts(database, idle=timedelta(seconds=idle), longest=timedelta(seconds=longest))
        assert brief.by_session(token) is None
    kept.close(token)
    assert kept.by_session(token) is None


def test_a_new_password_and_being_disabled_end_every_session(sqlite: Database) -> None:
    kept = kept_in(sqlite)
    admin(sqlite, kept)
    user, token = invite(sqlite, "acme", "linh", Role.VIEWER)
    first = kept.follow_link(token, PASSWORD)
    second = kept.follow_link(new_link(sqlite, user), PASSWORD + "!")
    assert kept.by_session(first.token) is None
    assert kept.by_session(second.token) is not None
    accounts.change_user(sqlite, user, role=None, disabled=True)
    assert kept.by_session(second.token) is None
    assert kept.sign_in("acme", "linh", PASSWORD + "!") is None


def test_the_last_admin_stays(sqlite: Database) -> None:
    kept = kept_in(sqlite)
    user = admin(sqlite, kept)
    with pytest.raises(AccountError, match="last admin"):
        accounts.change_user(sqlite, user, role=Role.VIEWER, disabled=None)
    with pytest.raises(AccountError, match="last admin"):
        accounts.change_user(sqlite, user, role=None, disabled=True)
    with pytest.raises(AccountError, match="last admin"):
        accounts.remove_user(sqlite, user)
    other, token = invite(sqlite, "acme", "linh", Role.ADMIN)
    with pytest.raises(AccountError, match="last admin"):  # who has no password yet administers nothing
        accounts.remove_user(sqlite, user)
    kept.follow_link(token, PASSWORD)
    accounts.remove_user(sqlite, user)
    with reading(sqlite) as connection:
        assert users.listed(connection, "acme") == [users.find(connection, other.id)]


def test_names_are_unique_within_a_tenant_only(database: Database) -> None:
    invite(database, "acme", "mai", Role.VIEWER)
    invite(database, "rival", "mai", Role.VIEWER)
    with pytest.raises(AccountError, match="acme has a user mai"):
        invite(database, "acme", "mai", Role.ADMIN)


def test_a_key_opens_until_it_is_revoked_or_expires(database: Database) -> None:
    kept = kept_in(database)
    key, sent = make_key(database, "acme", "till", Role.MERCHANDISER, by="mai", days=1)
    assert kept.by_key(sent) == Principal("key", key.id, "till", "acme", Role.MERCHANDISER)
    for wrong in (sent[:-1], sent + "0", sent.replace(key.id, "0" * 16), "", "fck__", "x"):
        assert kept.by_key(wrong) is None
    with writing(database) as connection:
        connection.execute(api_keys.update().values(expires=int(datetime.now(UTC).timestamp() * 1000) - 1))
    assert kept.by_key(sent) is None


def test_the_database_holds_no_secret(sqlite: Database) -> None:
    kept = kept_in(sqlite)
    token = first_links(sqlite, {"acme"})["acme"]
    session = kept.follow_link(token, PASSWORD, name="mai").token
    again = first_links(sqlite, {"rival"})["rival"]
    _, key = make_key(sqlite, "acme", "till", Role.VIEWER, by="mai")
    with reading(sqlite) as connection:
        held = str([connection.execute(select(table)).all() for table in (user_rows, api_keys, sessions, links)])
        assert digest(session) in held
        assert digest(again) in held
    for secret in (token, session, again, key.split("_")[2], PASSWORD):
        assert secret not in held


def test_what_is_over_is_forgotten(database: Database) -> None:
    kept = kept_in(database)
    admin(database, kept)
    first_links(database, {"rival"})
    with writing(database) as connection:
        users.expire(connection, datetime.now(UTC) + timedelta(days=3), timedelta(days=1))
        assert connection.execute(text("SELECT count(*) FROM sessions")).scalar_one() == 0
        assert connection.execute(text("SELECT count(*) FROM links")).scalar_one() == 0


def test_each_role_may_all_that_the_one_before_may() -> None:
    held = [{right for right in Right if Principal("key", "", "", "acme", role).may(right)} for role in Role]
    assert all(less < more for less, more in pairwise(held))
    assert held[-1] == set(Right) == set(LEAST)


def test_who_signs_in_at_their_company_gets_no_password_here(sqlite: Database) -> None:
    made = users.User("u1", "acme", "mai", "admin", None, "https://id.example", "17", datetime.now(UTC), disabled=False)
    with writing(sqlite) as connection:
        users.enter(connection, made)
    with pytest.raises(AccountError, match=r"https://id\.example"):
        new_link(sqlite, made)


def test_who_is_disabled_follows_no_link(sqlite: Database) -> None:
    kept = kept_in(sqlite)
    user, token = invite(sqlite, "acme", "mai", Role.VIEWER)
    accounts.change_user(sqlite, user, role=None, disabled=True)
    with pytest.raises(AccountError, match="disabled"):
        kept.follow_link(token, PASSWORD)
    accounts.change_user(sqlite, user, role=None, disabled=False)
    assert kept.follow_link(token, PASSWORD).user.name == "mai"
