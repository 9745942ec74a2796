"""The sink as one process: broker child, collector thread, HTTP server."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog

from cloud_sink.api.app import make_app
from cloud_sink.api.context import Context
from cloud_sink.api.probe import start_probe
from cloud_sink.api.serving import WebServer
from cloud_sink.collect.broker import EmbeddedBroker
from cloud_sink.collect.collector import Collector
from cloud_sink.collect.link import Link
from cloud_sink.collect.login import embedded_login, external_login
from cloud_sink.data_folder import owned
from cloud_sink.evidence.opening import open_place, open_room
from cloud_sink.fleet.master import MasterData
from cloud_sink.fleet.products import ProductData, load_products
from cloud_sink.fleet.settings import EmbeddedBroker as EmbeddedSettings
from cloud_sink.housekeeping import Housekeeper
from cloud_sink.out.channels import Channels
from cloud_sink.out.conditions import World
from cloud_sink.out.sender import Sender
from cloud_sink.out.watch import Watch
from cloud_sink.profile.ask import known_stores
from cloud_sink.profile.board import Ways, keep_board
from cloud_sink.profile.measure import Yardstick
from cloud_sink.releases.roller import Roller
from cloud_sink.rights.accounts import first_links
from cloud_sink.rights.audit import AuditLog
from cloud_sink.settler import ROUND, Settler
from cloud_sink.store.database import open_database, reading, upgrade
from cloud_sink.tasks.verifier import Verifier
from cloud_sink.trust.keeper import BrokerKeeper
from cloud_sink.trust.keyring import Vault, believed_authorities
from edge.contract.errors import ConfigError, DeliveryError, FacingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path
    from types import FrameType

    from cloud_sink.evidence.place import EvidencePlace
    from cloud_sink.fleet.products import ProductBook
    from cloud_sink.fleet.settings import SinkConfig
    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.store.database import Database
    from edge.contract.catalogue import Sku

_BOOT_SECONDS = 30.0
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
        catalogues = load_products(config.catalogues)
        web = WebServer(config.http)
        stack.callback(web.stop)
        engine = _open(config, stack)
        photographs = open_room(engine, config)
        threading.Thread(target=photographs.try_out, name="evidence", daemon=True).start()
        stores, products = _settle(config, engine, catalogues, stack)
        thread, broker_address = _start_collector(config, engine, stores, stack)
        _keep_house(config, engine, photographs.place, stack)
        _keep_broker_files(config, engine, stack)
        roller = Roller(engine, config.data)
        stack.callback(roller.stop)
        roller.start()
        log = AuditLog(engine)
        stack.callback(log.stop)
        log.start()
        sender = _sender(config, engine, stores, products)
        stack.callback(sender.stop)
        sender.start()
        context = Context(
            engine=engine,
            config=config,
            stores=stores,
            products=products,
            photographs=photographs,
            ready=lambda: thread.ready,
        )
        stack.callback(web.stop)  # before what its requests need
        web.start(make_app(context, log), lambda: believed_authorities(engine))
        _await(lambda: thread.ready and web.started, thread, stop)
        if not stop.is_set():
            _welcome(config, engine, stores, url=web.url, broker=broker_address, say=say)
            if ready_file is not None:
                host, port = broker_address
                _write_whole(ready_file, {"http": web.url, "broker_host": host, "broker_port": port})
        while not stop.wait(0.2) and not thread.failed and web.is_alive:
            pass
        thread.check()


def _sender(config: SinkConfig, engine: Database, stores: StoreBook, products: ProductBook) -> Sender:
    """What sends webhooks and says alerts."""
    world = World(stores, products, Yardstick.of(config), config.alerts.language)
    channels = Channels(config.alerts.channels)
    watch = Watch(engine, config.alerts, world, channels)
    watch.ask_for_events(datetime.now(UTC))
    return Sender(engine, config.webhooks, channels, watch)


def _welcome(
    config: SinkConfig,
    engine: Database,
    stores: StoreBook,
    *,
    url: str,
    broker: tuple[str, int],
    say: Callable[[str], None],
) -> None:
    """Say where everything is, and how a tenant without an admin gets one."""
    say(f"sink: {url} broker: mqtt://{broker[0]}:{broker[1]}")
    if config.http.behind_proxy and config.http.client_cert_header is None:
        say("sink: the proxy in front hands on no certificates: devices are known by their signatures alone")
    if config.http.access != "users":
        say(f"sink: the pages, in a browser on this machine: {url}/")
        return
    say(f"sink: the pages, to sign in to: {url}/")
    with reading(engine) as connection:
        tenants = {tenant for tenant, _ in known_stores(connection, stores)}
    for tenant, token in first_links(engine, tenants).items():
        say(f"sink: the first admin{f' of {tenant}' if tenant else ''}, within 48 hours: {url}/welcome/{token}")


def collect(config: SinkConfig, *, probe: tuple[str, int] | None = None, say: Callable[[str], None]) -> None:
    """Collect from a broker that is there, until SIGTERM or SIGINT.

    Args:
        config: the sink's.
        probe: address and port at which health and counts are told.
        say: prints a line.

    Raises:
        FacingsError: the database or broker cannot be used, or the port is taken.
    """
    if isinstance(config.broker, EmbeddedSettings):
        raise ConfigError("sink collect needs a broker that is there", "set broker.kind: external, or use sink serve")
    with ExitStack() as stack:
        stop = stack.enter_context(stop_signals())
        engine = _open(config, stack)
        stores, products = _settle(config, engine, load_products(config.catalogues), stack)
        thread, (host, port) = _start_collector(config, engine, stores, stack)
        _keep_house(config, engine, open_place(config), stack)
        _keep_broker_files(config, engine, stack)
        if probe is not None:
            watched = Context(engine, config, stores, products, open_room(engine, config), ready=lambda: thread.ready)
            web = start_probe(watched, *probe)
            stack.callback(web.stop)
            say(f"sink: health at {web.url}/readyz")
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


def _settle(
    config: SinkConfig, engine: Database, catalogues: Mapping[str, Sku], stack: ExitStack
) -> tuple[StoreBook, ProductBook]:
    """Settle days, note what is to do and verify tasks beside all else; the books returned follow the database."""
    master, products = MasterData(engine, config.stores), ProductData(engine, catalogues)
    for data in (master, products):
        data.refresh()
    ways = Ways(master.book, products.book, config.grade)
    settler = Settler(
        engine,
        master,
        products=products,
        afterwards=lambda: keep_board(engine, ways, datetime.now(UTC), limit=ROUND),
    )
    stack.callback(settler.stop)
    settler.start()
    verifier = Verifier(engine)
    stack.callback(verifier.stop)
    verifier.start()
    return master.book, products.book


def _start_collector(
    config: SinkConfig, engine: Database, stores: StoreBook, stack: ExitStack
) -> tuple[CollectorThread, tuple[str, int]]:
    broker = None
    if isinstance(config.broker, EmbeddedSettings):
        broker = EmbeddedBroker(folder=config.data, port=config.broker.port)
        stack.callback(broker.stop)
        broker.start()
        login = embedded_login(broker.port)
    else:
        login = external_login(config.broker, batch=config.intake.batch)
    collector = Collector(link=Link(login), engine=engine, stores=stores, intake=config.intake, broker=broker)
    thread = CollectorThread(collector)
    stack.callback(thread.stop)
    thread.start()
    return thread, (login.host, login.port)


def _keep_broker_files(config: SinkConfig, engine: Database, stack: ExitStack) -> None:
    """Have a broker on this machine know who is in the fleet."""
    if config.trust.broker_files is not None:
        keeper = BrokerKeeper(engine, Vault(engine, config.trust.passphrase_file), config.trust.broker_files)
        stack.callback(keeper.stop)
        keeper.start()


def _keep_house(config: SinkConfig, engine: Database, place: EvidencePlace, stack: ExitStack) -> None:
    housekeeper = Housekeeper(engine, config, place)
    stack.callback(housekeeper.stop)
    housekeeper.start()


def _await(
    done: Callable[[], bool], thread: CollectorThread, stop: threading.Event, *, patience: float = _BOOT_SECONDS
) -> None:
    deadline = time.monotonic() + patience
    while not done() and not stop.is_set():
        thread.check()
        if time.monotonic() > deadline:
            raise DeliveryError("the broker does not answer", "check broker.host and broker.port")
        time.sleep(0.02)


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
