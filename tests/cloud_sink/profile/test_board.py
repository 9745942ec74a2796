from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from cloud_sink.fleet.products import ProductBook
from cloud_sink.fleet.settings import GradeSection
from cloud_sink.fleet.stores import StoreBook
from cloud_sink.profile.ask import ask_profile
from cloud_sink.profile.board import Ways, ask_board, keep_board
from cloud_sink.profile.settle import settle_all
from cloud_sink.store import todo_rows
from cloud_sink.store.database import reading, writing
from cloud_sink.store.intake import take
from tests.cloud_sink.api.served import store
from tests.cloud_sink.words import START, facing, fact, observed, stockout

if TYPE_CHECKING:
    from typing import Any

    from cloud_sink.store.database import Database

NOON = START + timedelta(hours=4)
WAYS = Ways(StoreBook([store("acme")]), ProductBook(), GradeSection())


def tell(database: Database, *events: dict[str, Any]) -> None:
    with writing(database) as connection:
        take(connection, [fact(event) for event in events], [], stores=WAYS.stores, received=NOON)


def stored(database: Database) -> list[todo_rows.TodoRow]:
    with reading(database) as connection:
        return todo_rows.ranked(connection, "acme")


def test_what_is_new_is_told_before_it_is_written_down_and_the_same_after(database: Database) -> None:
    tell(database, observed(1, [facing("cola")], planned={"cola": 1, "lime": 1}), stockout(2, "lime", START))
    before = ask_board(database, WAYS, "acme", NOON)
    assert [(row.kind, row.sku) for row in before.rows] == [("refill", "lime")]
    assert stored(database) == []
    settle_all(database, WAYS.stores)
    assert keep_board(database, WAYS, NOON, limit=10) == 1
    assert stored(database) == before.rows
    assert keep_board(database, WAYS, NOON, limit=10) == 0
    assert ask_board(database, WAYS, "acme", NOON) == before


def test_it_is_what_the_stores_own_profile_says_and_goes_when_it_is_done(database: Database) -> None:
    tell(database, observed(1, [facing("cola")], planned={"cola": 1, "lime": 1}), stockout(2, "lime", START))
    settle_all(database, WAYS.stores)
    keep_board(database, WAYS, NOON, limit=10)
    profile = ask_profile(database, WAYS.stores, {}, store="s1", tenant="acme", now=NOON)
    assert [(row.kind, row.sku, row.event) for row in stored(database)] == [
        (one.kind, one.sku, one.event) for one in profile.todo
    ]
    tell(database, stockout(3, "lime", START, START + timedelta(hours=1)))
    assert ask_board(database, WAYS, "acme", NOON).rows == []
    settle_all(database, WAYS.stores)
    keep_board(database, WAYS, NOON, limit=10)
    assert stored(database) == []


def test_a_store_that_is_marked_while_it_is_written_down_waits_on(database: Database) -> None:
    tell(database, stockout(1, "lime", START))
    settle_all(database, WAYS.stores)
    with writing(database) as connection:
        ((tenant, name), marks) = next(iter(todo_rows.some_due(connection, 1).items()))
        todo_rows.due(connection, tenant, name)
        todo_rows.write(connection, tenant, name, marks, [])
    with reading(database) as connection:
        assert todo_rows.count_due(connection, "acme") == 1


def test_nothing_of_another_tenant_is_told(database: Database) -> None:
    tell(database, stockout(1, "lime", START))
    assert ask_board(database, WAYS, "rival", NOON).rows == []
