"""The outbox of another version of the agent: one that came later and was taken back, and one that cannot be read."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from edge.contract.errors import DeliveryError
from tests.edge.deliver.goods import STAMP, draft, open_outbox, seqs_of

if TYPE_CHECKING:
    from pathlib import Path

LATER = """
CREATE TABLE later (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
INSERT INTO later VALUES ('a', 'b');
ALTER TABLE event ADD COLUMN weight INTEGER NOT NULL DEFAULT 7;
ALTER TABLE epoch ADD COLUMN made TEXT;
CREATE INDEX event_weight ON event (weight);
"""
"""What a later version may do: it adds."""


def test_what_a_later_agent_added_is_worked_with_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    with open_outbox(path) as outbox:
        outbox.append([draft(), draft()], stamp=STAMP)
    with closing(sqlite3.connect(path)) as database:
        database.executescript(LATER)
    with open_outbox(path) as outbox:
        assert outbox.set_aside is None
        assert outbox.append([draft()], stamp=STAMP) == [3]
        assert sorted(seqs_of(outbox.due())) == [1, 2, 3]
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT seq, weight FROM event ORDER BY seq").fetchall() == [(1, 7), (2, 7), (3, 7)]
        assert database.execute("SELECT * FROM later").fetchall() == [("a", "b")]


def test_what_cannot_be_read_is_refused_in_one_line_and_nothing_of_it_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    with open_outbox(path) as outbox:
        outbox.append([draft(), draft()], stamp=STAMP)
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 99")
    with pytest.raises(DeliveryError, match=r"made by a newer agent \(version 99\)"):
        open_outbox(path)
    assert [one.name for one in tmp_path.glob("*.corrupt*")] == []
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT count(*) FROM event").fetchone() == (2,)
        database.execute("PRAGMA user_version = 1")
    with open_outbox(path) as outbox:
        assert seqs_of(outbox.due()) == [1, 2]
