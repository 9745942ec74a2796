"""The sink as one process: broker child, collector thread, HTTP server."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import structlog
import uvicorn

from cloud_sink.api.app import make_app
from cloud_sink.api.context import Context
from cloud_sink.collect.broker import HOST, EmbeddedBroker
from cloud_sink.collect.collector import Collector
from cloud_sink.collect.link import Link
from cloud_sink.collect.login import embedded_login, external_login
from cloud_sink.data_folder import owned
from cloud_sink.fleet.products import load_products
from cloud_sink.fleet.settings import EmbeddedBroker as EmbeddedSettings
from cloud_sink.fleet.stores import StoreBook
from cloud_sink.store.database import open_database, upgrade
from edge.contract.errors import ConfigError, DeliveryError, FacingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import FrameType

    from cloud_sink.fleet.settings import SinkConfig
    from cloud_sink.store.database import Database

_BOOT_SECONDS = 30.0
_LAST_REQUESTS = 3
"""Seconds that requests may take to end once the service is told to."""

_log = structlog.get_logger()


class CollectorThread:
    """The receive loop in its thread; `check` passes on what ended it."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector
        self._stop = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="collector")

    @property
    def ready(self) -> bool:
        """Whether events are received now."""
        return self._thread.is_alive() and self._collector.ready

    @property
    def failed(self) -> bool:
        """Whether it ended by itself."""
        return self._failure is not None

    def check(self) -> None:
        """Raise what ended the loop, if something did."""
        if self._failure is not None:
            raise self._failure

    def start(self) -> None:
        """Begin to collect."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the batch in hand and end."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            self._collector.run(self._stop)
        except FacingsError as error:
            self._failure = error
        except Exception as error:  # noqa: BLE001 - the main thread ends the process with it
            _log.exception("collector.failed")
            self._failure = error


def serve(config: SinkConfig, *, ready_file: Path | None = None, say: Callable[[str], None]) -> None:
    """Run everything until SIGTERM or SIGINT.

    Raises:
        FacingsError: another service owns the data folder, a port is taken, the database or broker cannot be used.
    """
    with ExitStack() as stack:
        stop = stack.enter_context(stop_signals())
        stack.enter_context(owned(config.data))
        products = load_products(config.catalogues)
        listener = stack.enter_context(_listen(config.http.port))
        engine = _open(config, stack)
        thread, broker_address = _start_collector(config, engine, stack)
        app = make_app(
            Context(
                engine=engine,
                config=config,
                stores=StoreBook(config.stores),
                products=products,
                ready=lambda: thread.ready,
            )
        )
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                log_level="warning",
                lifespan="off",
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=_LAST_REQUESTS,
            )
        )
        web = threading.Thread(target=server.run, args=([listener],), name="http")
        web.start()
        stack.callback(_end_web, server, web)
        _await(lambda: thread.ready and server.started, thread, stop)
        url = f"http://{HOST}:{listener.getsockname()[1]}"
        if not stop.is_set():
            host, port = broker_address
            say(f"sink: {url} broker: mqtt://{host}:{port}")
            if ready_file is not None:
                _write_whole(ready_file, {"http": url, "broker_host": host, "broker_port": port})
        while not stop.wait(0.2) and not thread.failed and web.is_alive():
            pass
        thread.check()


def collect(config: SinkConfig, *, say: Callable[[str], None]) -> None:
    """Collect from a broker that is there, until SIGTERM or SIGINT.

    Raises:
        FacingsError: the database or broker cannot be used.
    """
    if isinstance(config.broker, EmbeddedSettings):
        raise ConfigError("sink collect needs a broker that is there", "set broker.kind: external, or use sink serve")
    with ExitStack() as stack:
        stop = stack.enter_context(stop_signals())
        engine = _open(config, stack)
        thread, (host, port) = _start_collector(config, engine, stack)
        _await(lambda: thread.ready, thread, stop, patience=float("inf"))
        if not stop.is_set():
            say(f"sink: collecting from mqtt://{host}:{port}")
        while not stop.wait(0.2) and not thread.failed:
            pass
        thread.check()


@contextmanager
def stop_signals() -> Iterator[threading.Event]:
    """An event that SIGTERM and SIGINT set. A second signal ends the process at once."""
    stop = threading.Event()

    def _stop(number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()

    before = {number: signal.signal(number, _stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _open(config: SinkConfig, stack: ExitStack) -> Database:
    engine = open_database(config.database_url)
    stack.callback(engine.dispose)
    upgrade(engine)
    return engine


def _start_collector(config: SinkConfig, engine: Database, stack: ExitStack) -> tuple[CollectorThread, tuple[str, int]]:
    broker = None
    if isinstance(config.broker, EmbeddedSettings):
        broker = EmbeddedBroker(folder=config.data, port=config.broker.port)
        stack.callback(broker.stop)
        broker.start()
        login = embedded_login(broker.port)
    else:
        login = external_login(config.broker)
    collector = Collector(
        link=Link(login), engine=engine, stores=StoreBook(config.stores), intake=config.intake, broker=broker
    )
    thread = CollectorThread(collector)
    stack.callback(thread.stop)
    thread.start()
    return thread, (login.host, login.port)


@contextmanager
def _listen(port: int) -> Iterator[socket.socket]:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise DeliveryError(
            f"HTTP port {port} on {HOST} cannot be used: {error.strerror}",
            "choose another with --http-port; 0 takes a free one",
        ) from None
    with listener:
        yield listener


def _await(
    done: Callable[[], bool], thread: CollectorThread, stop: threading.Event, *, patience: float = _BOOT_SECONDS
) -> None:
    deadline = time.monotonic() + patience
    while not done() and not stop.is_set():
        thread.check()
        if time.monotonic() > deadline:
            raise DeliveryError("the broker does not answer", "check broker.host and broker.port")
        time.sleep(0.02)


def _end_web(server: uvicorn.Server, web: threading.Thread) -> None:
    server.should_exit = True
    web.join()


def _write_whole(path: Path, content: dict[str, object]) -> None:
    """Write a file that is either whole or not there.

    Raises:
        ConfigError: its folder cannot be written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(json.dumps(content), encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise ConfigError(
            f"--ready-file {path} cannot be written: {error.strerror}", "name a file in a folder that is there"
        ) from None
