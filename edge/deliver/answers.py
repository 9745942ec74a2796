"""Replies to commands, kept in the outbox's database so that a command is answered once, restarts or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.deliver.outbox_rows import ANSWER_REPLY, write_answer
from edge.deliver.troubles import DiskError

if TYPE_CHECKING:
    from edge.deliver.journal import Journal

_REPLY = f"SELECT {ANSWER_REPLY} FROM answer WHERE id = ?"  # noqa: S608 - constants


class AnswerBook:
    """The replies given lately, by the id of their command. While the disk refuses they are kept in memory."""

    def __init__(self, journal: Journal, *, keep_hours: float) -> None:
        self._journal = journal
        self._keep_seconds = keep_hours * 3600
        self._unwritten: dict[str, str] = {}

    def get(self, command: str) -> str | None:
        """The reply that was given to a command."""
        if command in self._unwritten:
            return self._unwritten[command]
        with self._journal.reading() as database:
            found = database.execute(_REPLY, (command,)).fetchone()
        return None if found is None or found[0] is None else str(found[0])

    def keep(self, command: str, reply: str) -> str:
        """Keep a reply; returns the one that holds, which is the first."""
        try:
            held = self._write(command, self._unwritten.get(command, reply))
        except DiskError:
            return self._unwritten.setdefault(command, reply)
        self._unwritten.pop(command, None)
        return held

    def tend(self) -> None:
        """Write down what the disk refused.

        Raises:
            DiskError: it still does.
        """
        for command, reply in list(self._unwritten.items()):
            self._write(command, reply)
            self._unwritten.pop(command, None)

    def _write(self, command: str, reply: str) -> str:
        with self._journal.writing() as database:
            age = self._journal.age
            database.execute("DELETE FROM answer WHERE born < ?", (age - self._keep_seconds,))
            write_answer(database, command, age, reply)
            held = database.execute(_REPLY, (command,)).fetchone()[0]
        return reply if held is None else str(held)
