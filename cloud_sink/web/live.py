"""What was just stored, told to the pages that are open: names of stores, by server-sent events."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from cloud_sink.store import stale
from cloud_sink.store.database import DatabaseAway, reading
from cloud_sink.web.visit import Reader  # noqa: TC001 - FastAPI reads it at run time

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from cloud_sink.store.database import Database
    from cloud_sink.store.stale import StoreDayKey

EVERY = 0.4
"""Seconds between looks, while anybody listens. A day is marked for at least two seconds before it is settled."""

HEARTBEAT = 15.0
"""Seconds of silence after which something is sent, so that no proxy takes the connection for dead."""

LONGEST = 300.0
"""Seconds after which a browser has to ask anew, and its session is looked at anew."""

_MOST_DAYS, _MOST_WAITING = 5000, 50


class Pulse:
    """Looks at what is marked as touched, for all who listen at once.

    Args:
        engine: the database. Whoever stores marks the days it touches, in this process or another.
    """

    def __init__(self, engine: Database) -> None:
        self._engine = engine
        self._listeners: dict[asyncio.Queue[list[str]], str] = {}
        self._watching: asyncio.Task[None] | None = None

    async def news(self, tenant: str) -> AsyncIterator[list[str]]:
        """The stores of a tenant of which something was stored, as it happens; an empty list now and then."""
        queue: asyncio.Queue[list[str]] = asyncio.Queue(_MOST_WAITING)
        self._listeners[queue] = tenant
        if self._watching is None or self._watching.done():
            self._watching = asyncio.create_task(self._watch())
        try:
            while True:
                try:
                    yield await asyncio.wait_for(queue.get(), HEARTBEAT)
                except TimeoutError:
                    yield []
        finally:
            del self._listeners[queue]

    async def _watch(self) -> None:
        known = await run_in_threadpool(self._marked)
        while self._listeners:
            await asyncio.sleep(EVERY)
            now = await run_in_threadpool(self._marked)
            if now is None:
                continue
            touched: dict[str, set[str]] = {}
            for key, marks in now.items():
                if (known or {}).get(key) != marks:
                    touched.setdefault(key[0], set()).add(key[1])
            known = now
            for queue, tenant in self._listeners.items():
                if tenant in touched:
                    with suppress(asyncio.QueueFull):  # one that does not read asks for all when it comes back
                        queue.put_nowait(sorted(touched[tenant]))

    def _marked(self) -> dict[StoreDayKey, int] | None:
        try:
            with reading(self._engine) as connection:
                return stale.some(connection, _MOST_DAYS)
        except DatabaseAway:
            return None


def router(pulse: Pulse) -> APIRouter:
    """The route that pages listen at."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/live")
    def listen(visit: Reader) -> StreamingResponse:
        """Names of stores; what is new of them the page asks for with its own rights."""
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(_events(pulse, visit.tenant), media_type="text/event-stream", headers=headers)

    return routes


async def _events(pulse: Pulse, tenant: str) -> AsyncIterator[str]:
    ends = time.monotonic() + LONGEST
    yield "retry: 1000\n\n"
    async for stores in pulse.news(tenant):
        yield f"event: stored\ndata: {json.dumps(stores)}\n\n" if stores else ": still here\n\n"
        if time.monotonic() > ends:
            return
