"""EMQX's files: read by a reader of Erlang terms of our own, decided as EMQX's documentation says. No EMQX ran."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyhocon import ConfigFactory

from cloud_sink.store import identities
from cloud_sink.store.database import reading, writing
from cloud_sink.trust.broker_files import READS, WRITES, Broker, follow, make_files
from cloud_sink.trust.emqx_files import emqx_rules, erlang
from edge.contract.topics import Channel, every_device
from tests.cloud_sink.trust.fleets import NOW, Fleet, asked, make_fleet, new_key

if TYPE_CHECKING:
    from pathlib import Path

    from cloud_sink.store.database import Database
    from cloud_sink.store.identities import Identity

TOKEN = re.compile(r'\s*(?:%[^\n]*\n)?\s*("(?:[^"\\]|\\x\{[0-9a-f]+\}|\\["\\])*"|[{}\[\],.]|[a-z_]+|[0-9]+)')


def read(text: str) -> list[Any]:
    """The terms of a file: tuples, lists, strings as `("string", …)`, atoms and numbers as they stand."""
    tokens, at = [], 0
    text = re.sub(r"(?m)^%.*$", "", text).strip()
    while at < len(text):
        match = TOKEN.match(text, at)
        assert match is not None, text[at : at + 60]
        tokens.append(match[1])
        at = match.end()
    found, rest = [], tokens
    while rest:
        term, rest = _term(rest)
        assert rest[0] == "."
        found.append(term)
        rest = rest[1:]
    return found


def _term(tokens: list[str]) -> tuple[Any, list[str]]:
    first, rest = tokens[0], tokens[1:]
    if first not in "{[":
        if first.startswith('"'):
            plain = re.sub(r"\\x\{([0-9a-f]+)\}|\\(.)", lambda m: chr(int(m[1], 16)) if m[1] else m[2], first[1:-1])
            return ("string", plain), rest
        return first, rest
    end, held = {"{": "}", "[": "]"}[first], []
    while rest[0] != end:
        term, rest = _term(rest)
        held.append(term)
        if rest[0] == ",":
            rest = rest[1:]
    return (tuple(held) if first == "{" else held), rest[1:]


def may(rules: list[Any], name: str, act: str, topic: str, *, retain: bool = False) -> bool:
    """As EMQX decides: the first rule of this client, this act and this topic; none: no."""
    for word, who, *more in rules:
        if who not in ("all", ("username", ("string", name))):
            continue
        if not more:
            return bool(word == "allow")
        kind, plain = (more[0][0], False) if isinstance(more[0], tuple) else (more[0], True)
        if kind == act and (plain or not retain) and any(_fits(one, topic) for one in more[1]):
            return bool(word == "allow")
    return False


def _fits(one: Any, topic: str) -> bool:
    if one[0] == "eq":
        return bool(one[1] == ("string", topic))
    levels = ["[^/]+" if level == "+" else re.escape(level) for level in one[1].split("/")]
    return re.fullmatch("/".join(levels), topic) is not None or one[1] == topic


@pytest.fixture
def fleet(sqlite: Database, tmp_path: Path) -> Fleet:
    return make_fleet(sqlite, tmp_path)


def let_in(fleet: Fleet, name: str) -> Identity:
    answer, _ = fleet.registrar.provision(asked(fleet.invite(name), new_key()), NOW)
    assert answer.granted is not None
    with reading(fleet.database) as connection:
        found = identities.find(connection, answer.granted.identity)
    assert found is not None
    return found


def test_a_device_reaches_its_own_topics_and_a_revoked_one_none(fleet: Fleet, tmp_path: Path) -> None:
    first, second, folder = let_in(fleet, "unit-1"), let_in(fleet, "unit-2"), tmp_path / "emqx"
    make_files(folder, Broker(("localhost",), kind="emqx"), fleet.vault.open(), now=NOW)
    assert follow(folder, fleet.database, fleet.vault.open(), now=NOW, kind="emqx")
    assert not follow(folder, fleet.database, fleet.vault.open(), now=NOW, kind="emqx")
    rules = read((folder / "acl.conf").read_text())
    assert json.loads((folder / "acl.json").read_text())["rules"] == (folder / "acl.conf").read_text()
    for channel in Channel:
        own, other = (f"facings/v1/acme/s1/{one.device}/{channel}" for one in (first, second))
        assert may(rules, first.id, "publish", own) == (channel in WRITES)
        assert may(rules, first.id, "subscribe", own) == (channel in READS)
        for topic in (other, f"facings/v1/rival/s1/unit-1/{channel}", every_device(channel), "facings/v1/#", "#"):
            assert not may(rules, first.id, "publish", topic)
            assert not may(rules, first.id, "subscribe", topic)
        assert may(rules, "collector-1", "publish", own) == (channel in READS)
        assert may(rules, "collector-1", "subscribe", every_device(channel)) == (channel in {*WRITES, Channel.CONFIG})
        assert not may(rules, "collector-2", "publish", own)
    kept = {one for one in WRITES if may(rules, first.id, "publish", f"facings/v1/acme/s1/unit-1/{one}", retain=True)}
    assert kept == {Channel.STATE, Channel.CONFIG_REPORTED}
    assert rules[-1] == ("deny", "all")
    with writing(fleet.database) as connection:
        identities.revoke(connection, first.id, NOW)
    assert follow(folder, fleet.database, fleet.vault.open(), now=NOW, kind="emqx")
    assert first.id not in (folder / "acl.conf").read_text()
    assert second.id in (folder / "acl.conf").read_text()


def test_nobody_connects_to_it_without_a_certificate(fleet: Fleet, tmp_path: Path) -> None:
    make_files(tmp_path, Broker(("localhost",), kind="emqx"), fleet.vault.open(), now=NOW)
    told: Any = ConfigFactory.parse_file(tmp_path / "emqx.conf")
    assert [told[f"listeners.{kind}.default.enable"] for kind in ("tcp", "ws", "wss")] == [False] * 3
    tls = told["listeners.ssl.default.ssl_options"]
    assert (tls["verify"], tls["fail_if_no_peer_cert"], tls["versions"]) == (
        "verify_peer",
        True,
        ["tlsv1.3", "tlsv1.2"],
    )
    assert tls["cacertfile"].endswith("/clients.pem")
    assert (told["mqtt.peer_cert_as_username"], told["authorization.no_match"]) == ("cn", "deny")
    assert told["authorization.sources"][0]["path"].endswith("/acl.conf")


@given(st.text())
def test_whatever_a_string_holds_it_stays_one(text: str) -> None:
    assert read(f"{erlang(text)}.") == [("string", text)]


odd = st.text() | st.sampled_from(
    ["+", "#", "a/b", '"}, all}.\n{allow, all}.', "${username}", "a\n{allow, all}.", "unit-1"]
)


@given(tenant=odd, store=odd, device=odd, name=odd)
def test_no_name_opens_more_than_its_own_topics(tenant: str, store: str, device: str, name: str) -> None:
    one = replace(BLANK, id=name, tenant=tenant, store=store, device=device)
    rules = read(emqx_rules([one], [], writes=WRITES, reads=READS, moving={}))
    assert rules[-1] == ("deny", "all")
    for word, who, act, topics in rules[:-1]:
        assert (word, who) == ("allow", ("username", ("string", name)))
        assert act in ("publish", "subscribe") or act[0] == "publish"
        for kind, (_, topic) in topics:
            assert kind == "eq"
            assert topic.startswith(f"facings/v1/{tenant}/{store}/{device}/")
            assert not set('+#\n"$') & set(topic)


BLANK = identities.Identity("", "", "", "", "", "", "", "", NOW, NOW, "")
