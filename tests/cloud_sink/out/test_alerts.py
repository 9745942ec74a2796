"""Alerts: one when it begins, one when it ends, and none twice; to a real receiver."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from cloud_sink.fleet.alert_settings import AlertSection, QuietSection, WebhookSection
from cloud_sink.fleet.products import ProductBook
from cloud_sink.fleet.settings import SinkConfig
from cloud_sink.out.channels import Channels
from cloud_sink.out.conditions import World
from cloud_sink.out.episode import Alert, Manner, step
from cloud_sink.out.sender import Sender
from cloud_sink.out.watch import Watch, is_quiet
from cloud_sink.profile.measure import Yardstick
from cloud_sink.store import clones
from cloud_sink.store.database import Database, writing
from cloud_sink.store.intake import take
from edge.contract.errors import ConfigError
from edge.contract.receipts import DeviceState
from tests.cloud_sink.out.receiver import Receiver, receiving
from tests.cloud_sink.words import DEVICE, EPOCH, START, envelope, facing, fact, observed, rejected, stockout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cloud_sink.fleet.stores import StoreBook

MINUTE = timedelta(minutes=1)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as kept:
        yield kept


class House:
    """A sender with rules; each turn may be that of a service that just started."""

    def __init__(self, database: Database, stores: StoreBook, receiver: Receiver, *also: Receiver, **rule: Any) -> None:
        channel = {"urls": [f"json://127.0.0.1:{one.port}/alert" for one in (receiver, *also)]}
        given = {"id": "rule", "tenant": "acme", "channels": ["ops"], "over_after": "0s"} | rule
        self.section = AlertSection.model_validate({"channels": {"ops": channel}, "rules": [given]})
        self.database, self.stores, self.receiver = database, stores, receiver
        self.start(START)

    def start(self, now: datetime) -> None:
        world = World(self.stores, ProductBook(), Yardstick.of(SinkConfig()), "en")
        self.channels = Channels(self.section.channels)
        self.watch = Watch(self.database, self.section, world, self.channels)
        self.watch.ask_for_events(now)

    def turn(self, now: datetime, *, restart: bool = False) -> list[str]:
        """What is said at `now`."""
        if restart:
            self.start(now)
        before = len(self.receiver.taken)
        Sender(self.database, WebhookSection(), self.channels, self.watch).turn(now)
        return [json.loads(body)["message"] for _, body in self.receiver.taken[before:]]

    def come(self, *events: dict[str, Any], at: datetime = START) -> None:
        with writing(self.database) as connection:
            take(connection, [fact(one) for one in events], [], stores=self.stores, received=at)


def test_a_copied_device_is_said_until_somebody_settles_it(
    database: Database, stores: StoreBook, receiver: Receiver
) -> None:
    house = House(database, stores, receiver, when={"kind": "clone"})
    house.come(rejected(1))
    for number in range(4):
        at = START + number * timedelta(seconds=5)
        word = DeviceState(state="born", connection=f"c{number}", epoch=EPOCH, boot="ab"[number % 2] * 8, at=at)
        assert house.turn(at) == []
        with writing(database) as connection:
            clones.note_lives(connection, [(DEVICE, word)], at)
    said = house.turn(START + MINUTE)
    assert said == ["First: Two devices are called d1: its key was copied; revoke it, since 2026-03-14 08:00"]
    with writing(database) as connection:
        clones.clear(connection, "acme", "d1", by="mai", now=START + 2 * MINUTE)
    (over,) = house.turn(START + 3 * MINUTE)
    assert over.startswith("First: over: Two devices are called d1")


def test_a_stockout_is_said_once_and_its_end_once(database: Database, stores: StoreBook, receiver: Receiver) -> None:
    house = House(database, stores, receiver, when={"kind": "stockout"})
    house.come(stockout(1, "cola", START))
    assert house.turn(START + MINUTE) == ["First: Out of stock: cola on f1, since 2026-03-14 08:00"]
    for minutes in range(2, 6):
        assert house.turn(START + minutes * MINUTE, restart=True) == []
    house.come(stockout(2, "cola", START, START + 6 * MINUTE))
    said = house.turn(START + 7 * MINUTE, restart=True)
    assert said == ["First: over: Out of stock: cola on f1, since 2026-03-14 08:00, until 2026-03-14 08:07"]
    assert house.turn(START + 20 * MINUTE) == []


def test_a_short_one_is_not_said(sqlite: Database, stores: StoreBook, receiver: Receiver) -> None:
    house = House(sqlite, stores, receiver, when={"kind": "stockout"}, after="10m")
    house.come(stockout(1, "cola", START))
    assert house.turn(START + 9 * MINUTE) == []
    house.come(stockout(2, "cola", START, START + 9 * MINUTE))
    assert house.turn(START + 12 * MINUTE) == []


def test_two_stores_or_skus_are_two_alerts_and_others_are_none(
    sqlite: Database, stores: StoreBook, receiver: Receiver
) -> None:
    house = House(sqlite, stores, receiver, when={"kind": "stockout", "skus": ["cola", "tea"]})
    house.come(*[stockout(n, sku, START, episode=f"e{n}") for n, sku in enumerate(["cola", "tea", "milk"], start=1)])
    assert len(house.turn(START + MINUTE)) == 2


def test_a_receiver_that_is_away_hears_it_later_and_once(
    sqlite: Database, stores: StoreBook, receiver: Receiver
) -> None:
    house = House(sqlite, stores, receiver, when={"kind": "stockout"})
    house.come(stockout(1, "cola", START))
    receiver.status = 503
    house.turn(START + MINUTE)
    receiver.status = 200
    assert len(house.turn(START + 2 * MINUTE, restart=True)) == 1
    assert house.turn(START + 9 * MINUTE) == []


def test_of_two_addresses_one_that_fails_has_nothing_said_twice_at_the_other(
    sqlite: Database, stores: StoreBook, receiver: Receiver
) -> None:
    with receiving() as other:
        house = House(sqlite, stores, receiver, other, when={"kind": "stockout"})
        house.come(stockout(1, "cola", START))
        other.status = 503
        for minutes in range(1, 20, 3):
            house.turn(START + minutes * MINUTE)
        house.come(stockout(2, "cola", START, START + 20 * MINUTE))
        house.turn(START + 21 * MINUTE)
        other.status, before = 200, len(other.taken)
        house.turn(START + 40 * MINUTE)
        heard = [json.loads(body)["message"] for _, body in other.taken[before:]]
    assert len(receiver.taken) == 2
    assert ["over" in one for one in heard] == [False, True]  # in their order


def test_in_quiet_hours_nothing_is_said_and_what_still_holds_is_said_after(
    sqlite: Database, stores: StoreBook, receiver: Receiver
) -> None:
    quiet = {"since": "22:00", "until": "07:00"}
    house = House(sqlite, stores, receiver, when={"kind": "stockout"}, quiet=quiet)
    night = datetime(2026, 3, 14, 16, 0, tzinfo=UTC)  # 23:00 in Ho Chi Minh City
    house.come(stockout(1, "cola", night), stockout(2, "tea", night, episode="e2"), at=night)
    assert house.turn(night + MINUTE) == []
    house.come(stockout(3, "tea", night, night + 60 * MINUTE, episode="e2"), at=night)
    assert house.turn(night + 7 * 60 * MINUTE) == []  # 06:00
    (said,) = house.turn(night + 8 * 60 * MINUTE)  # 07:00
    assert "cola" in said


def status(seq: int, minutes: int, **data: Any) -> dict[str, Any]:
    return envelope(seq, "cooler.status.v1", {"fixture": "f1", **data}, at=START + minutes * MINUTE)


def test_an_event_holds_until_one_that_does_not_fit(database: Database, stores: StoreBook, receiver: Receiver) -> None:
    when = {"kind": "event", "type": "cooler.status.v1", "above": {"cabinet_celsius": 8}, "lasts": "2h"}
    house = House(database, stores, receiver, when=when)
    house.come(status(1, 0, cabinet_celsius=4.0), status(2, 10, cabinet_celsius=9.5), at=START + 10 * MINUTE)
    assert house.turn(START + 10 * MINUTE) == [
        "First: cooler.status.v1: f1 (cabinet_celsius 9.5), since 2026-03-14 08:10"
    ]
    house.come(status(3, 20, cabinet_celsius=11.0), at=START + 20 * MINUTE)
    assert house.turn(START + 20 * MINUTE, restart=True) == []
    house.come(status(4, 30, cabinet_celsius=5.0), at=START + 30 * MINUTE)
    assert len(house.turn(START + 31 * MINUTE)) == 1
    assert house.turn(START + 40 * MINUTE) == []


def test_an_event_without_the_field_that_a_rule_names_does_not_fit(
    sqlite: Database, stores: StoreBook, receiver: Receiver
) -> None:
    house = House(
        sqlite, stores, receiver, when={"kind": "event", "type": "cooler.status.v1", "equal": {"power": False}}
    )
    house.come(status(1, 0, cabinet_celsius=4.0))
    assert house.turn(START + MINUTE) == []
    house.come(status(2, 2, power=False), at=START + 2 * MINUTE)
    assert len(house.turn(START + 3 * MINUTE)) == 1


def test_a_backlog_out_of_order_says_what_is_true_now(sqlite: Database, stores: StoreBook, receiver: Receiver) -> None:
    house = House(
        sqlite, stores, receiver, when={"kind": "event", "type": "cooler.status.v1", "equal": {"power": False}}
    )
    house.come(status(2, 50, power=True), status(1, 40, power=False), at=START + 55 * MINUTE)
    house.come(status(4, 60, power=False), status(3, 58, power=True), at=START + 60 * MINUTE)
    assert len(house.turn(START + 60 * MINUTE)) == 1
    assert len(house.turn(START + 121 * MINUTE)) == 1  # nothing more was heard: it is over
    house.come(status(5, 30, power=False), at=START + 130 * MINUTE)  # long ago
    assert house.turn(START + 130 * MINUTE) == []


def test_a_device_that_is_not_heard_of(sqlite: Database, stores: StoreBook, receiver: Receiver) -> None:
    house = House(sqlite, stores, receiver, when={"kind": "silence", "longer": "30m"})
    house.come(status(1, 0))
    assert house.turn(START + 29 * MINUTE) == []
    (said,) = house.turn(START + 31 * MINUTE)
    assert "d1 is not heard of" in said
    house.come(status(2, 40), at=START + 40 * MINUTE)
    assert len(house.turn(START + 41 * MINUTE)) == 1


def test_figures_of_the_day(sqlite: Database, stores: StoreBook, receiver: Receiver) -> None:
    house = House(sqlite, stores, receiver, when={"kind": "figures", "rule": "purity < 0.6"})
    house.come(observed(1, [facing("a"), facing("b")], own=1))
    (said,) = house.turn(START + MINUTE)
    assert said.startswith("First: purity < 0.6 (purity 0.5), since")
    house.come(*[observed(seq, [facing("a")]) for seq in range(2, 9)])
    assert house.turn(START + 2 * MINUTE) == []  # looked at every five minutes
    assert len(house.turn(START + 6 * MINUTE)) == 1


def test_a_rule_that_is_no_more_leaves_no_alert(sqlite: Database, stores: StoreBook, receiver: Receiver) -> None:
    house = House(sqlite, stores, receiver, when={"kind": "stockout"})
    house.come(stockout(1, "cola", START))
    house.turn(START + MINUTE)
    other = House(sqlite, stores, receiver, id="other", when={"kind": "silence"})
    assert other.turn(START + 2 * MINUTE) == []


NOW = datetime(2026, 3, 14, 1, 0, tzinfo=UTC)
MANNER = Manner(after=timedelta(0), over_after=5 * MINUTE)
ALERT = Alert("rule", "acme", "s1", "f1", NOW, "text")


def test_what_flaps_is_one_alert() -> None:
    alert: Alert | None = ALERT
    said: list[str | None] = []
    for minute, holds in enumerate([True, False, True, False, False, True, False, *[False] * 5]):
        assert alert is not None
        done = step(alert, NOW + minute * MINUTE, MANNER, holds=holds, quiet=False)
        alert, said = done.alert, [*said, done.say]
    assert [one for one in said if one] == ["begins", "ends"]


@pytest.mark.parametrize(
    ("clock", "quiet"), [("21:59", False), ("22:00", True), ("03:00", True), ("06:59", True), ("07:00", False)]
)
def test_quiet_hours_go_over_midnight_on_the_stores_clock(clock: str, *, quiet: bool) -> None:
    hours = QuietSection(since=time(22), until=time(7))
    zone = ZoneInfo("Asia/Ho_Chi_Minh")
    now = datetime.combine(NOW.date(), time.fromisoformat(clock), zone).astimezone(UTC)
    assert is_quiet(hours, now, zone) is quiet


def test_an_address_that_is_none_is_told_without_its_secret() -> None:
    section = AlertSection.model_validate({"channels": {"ops": {"urls": ["nonsense://secret-token"]}}})
    with pytest.raises(ConfigError) as caught:
        Channels(section.channels)
    assert "secret-token" not in str(caught.value)
    assert "ops" in str(caught.value)
