from __future__ import annotations

import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from edge.contract.receipts import Reply
from edge.contract.topics import Channel
from edge.deliver.delivery import Delivery
from edge.deliver.schedule import Timing
from tests.brokers import Mosquitto, embedded
from tests.edge.deliver.goods import ADDRESS, BOOT, SOON, STAMP, draft, open_outbox, padded
from tests.edge.deliver.station import PATIENCE, QUICK, Heard, Station, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from edge.deliver.outbox import Outbox


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "broker") as running:
        yield running


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    with open_outbox(tmp_path / "outbox.db", timing=SOON) as opened:
        yield opened


@contextmanager
def delivering(outbox: Outbox, broker: Mosquitto, *, username: str | None = None) -> Iterator[Delivery]:
    delivery = Delivery(outbox, broker=broker.broker(username=username), boot=BOOT, times=QUICK)
    delivery.start()
    try:
        yield delivery
    finally:
        delivery.stop(0.2)


def append(outbox: Outbox, delivery: Delivery, number: int = 1) -> None:
    for _ in range(number):
        outbox.append([draft("shelf.observed.v1")], stamp=STAMP)
        delivery.wake()


def command(name: str, *, ident: str = "c-1", seconds: float = 60, **arguments: Any) -> dict[str, Any]:
    expires = datetime.now(UTC) + timedelta(seconds=seconds)
    return {"id": ident, "name": name, "arguments": arguments, "expires": expires.isoformat()}


def replies(station: Station) -> list[dict[str, Any]]:
    return [one.content for one in station.on(Channel.REPLIES)]


def test_a_live_event_goes_alone_and_is_done_with_its_receipt(outbox: Outbox, broker: Mosquitto) -> None:
    with Station(broker.port, answer=Station.receipt) as station, delivering(outbox, broker) as delivery:
        wait_for(lambda: delivery.status.connected)
        append(outbox, delivery, 3)
        wait_for(lambda: outbox.count()["receipted"] == 3)
        messages = station.on(Channel.EVENTS)
        assert [one.content["seq"] for one in messages] == [1, 2, 3]
        assert [one.properties for one in messages] == [
            {"epoch": outbox.epoch, "seq": str(seq), "replayed": "false"} for seq in (1, 2, 3)
        ]


def test_a_backlog_goes_as_an_array(broker: Mosquitto, tmp_path: Path) -> None:
    with open_outbox(tmp_path / "o.db") as outbox:
        outbox.append([draft("shelf.observed.v1") for _ in range(150)], stamp=STAMP)
    with (
        open_outbox(tmp_path / "o.db") as outbox,
        Station(broker.port, answer=Station.receipt) as station,
        delivering(outbox, broker),
    ):
        wait_for(lambda: outbox.count()["receipted"] == 150)
        messages = station.on(Channel.EVENTS)
        assert [len(one.events) for one in messages] == [100, 50]
        assert {one.properties["replayed"] for one in messages} == {"true"}


def test_a_puback_is_no_receipt(outbox: Outbox, broker: Mosquitto) -> None:
    with Station(broker.port) as station, delivering(outbox, broker) as delivery:
        append(outbox, delivery)
        wait_for(lambda: len(station.events) >= 3)  # acknowledged by the broker each time, and sent again
        assert outbox.count()["waiting"] == 1
        station.answer = Station.receipt
        wait_for(lambda: outbox.count()["receipted"] == 1)


def test_lost_receipts_cost_repeats_and_nothing_else(outbox: Outbox, broker: Mosquitto) -> None:
    def every_third(station: Station, heard: Heard) -> None:
        if len(station.on(Channel.EVENTS)) % 3 == 0:
            station.receipt(heard)

    with Station(broker.port, answer=every_third) as station, delivering(outbox, broker) as delivery:
        append(outbox, delivery, 20)
        wait_for(lambda: outbox.count()["receipted"] == 20)
        assert {event["seq"] for event in station.events} == set(range(1, 21))
        assert len(station.events) > 20


def test_events_of_a_time_without_a_broker_arrive_when_it_is_back(outbox: Outbox, broker: Mosquitto) -> None:
    broker.kill()
    with delivering(outbox, broker) as delivery:
        append(outbox, delivery, 5)
        wait_for(lambda: delivery.status.error)
        broker.start()
        with Station(broker.port, answer=Station.receipt):
            wait_for(lambda: outbox.count()["receipted"] == 5)
        assert delivery.status.error == ""


def test_what_nobody_heard_comes_again_soon_however_long_a_receipt_is_waited_for(
    tmp_path: Path, broker: Mosquitto
) -> None:
    patient = Timing(first=600, unheard=0.3)
    with open_outbox(tmp_path / "outbox.db", timing=patient) as outbox, delivering(outbox, broker) as delivery:
        append(outbox, delivery, 3)
        wait_for(lambda: outbox._schedule.under_way == 3)
        time.sleep(0.2)  # the broker took them, and told that nobody subscribes
        with Station(broker.port, answer=Station.receipt):
            wait_for(lambda: outbox.count()["receipted"] == 3)


def test_a_refusing_acl_is_told_and_the_event_stays(tmp_path: Path) -> None:
    rules = f"user dev\ntopic readwrite {ADDRESS.topic(Channel.STATE)}\ntopic read facings/#\n"
    with (
        Mosquitto(tmp_path / "broker", users={"dev": "secret"}, acl=rules) as broker,
        open_outbox(tmp_path / "outbox.db") as outbox,
        delivering(outbox, broker, username="dev") as delivery,
    ):
        append(outbox, delivery)
        wait_for(lambda: delivery.status.rejected)
        assert delivery.status.rejection == "Not authorized"
        assert outbox.count()["waiting"] == 1


def test_what_has_no_receipt_in_company_comes_alone_in_the_end(broker: Mosquitto, tmp_path: Path) -> None:
    # A collector that cannot read one event of an array cannot say which: alone each names its number.
    def only_alone(station: Station, heard: Heard) -> None:
        if "seq" in heard.properties:
            station.receipt(heard)

    with open_outbox(tmp_path / "o.db") as outbox:
        outbox.append([draft() for _ in range(5)], stamp=STAMP)
    with (
        open_outbox(tmp_path / "o.db", timing=Timing(first=0.2, longest=0.4)) as outbox,
        Station(broker.port, answer=only_alone) as station,
        delivering(outbox, broker),
    ):
        wait_for(lambda: outbox.count()["receipted"] == 5)
        assert [len(one.events) for one in station.on(Channel.EVENTS)][:2] == [5, 5]


def test_rubbish_instead_of_a_receipt_changes_nothing(outbox: Outbox, broker: Mosquitto) -> None:
    with Station(broker.port) as station, delivering(outbox, broker) as delivery:
        append(outbox, delivery)
        wait_for(lambda: station.events)
        station._client.publish(ADDRESS.topic(Channel.RECEIPTS), b"\xff[[[", 1)
        station.say(Channel.RECEIPTS, {"epoch": outbox.epoch, "ranges": [[9, 1]]})
        station.say(Channel.RECEIPTS, {"epoch": outbox.epoch, "ranges": [[1, 1]]})
        wait_for(lambda: outbox.count()["receipted"] == 1)
        assert delivery.status.running


def test_a_conflict_is_issued_anew_and_the_new_epoch_announced(outbox: Outbox, broker: Mosquitto) -> None:
    old = outbox.epoch

    def conflict(station: Station, heard: Heard) -> None:
        if heard.events[0]["epoch"] == old:
            station.say(Channel.RECEIPTS, {"epoch": old, "conflicts": [event["seq"] for event in heard.events]})
        else:
            station.receipt(heard)

    with Station(broker.port, answer=conflict) as station, delivering(outbox, broker) as delivery:
        append(outbox, delivery)
        wait_for(lambda: outbox.count()["receipted"] == 1)
        assert outbox.epoch != old
        wait_for(lambda: [one.content["epoch"] for one in station.on(Channel.STATE)] == [old, outbox.epoch])


def test_stop_waits_for_receipts_and_says_what_is_left(outbox: Outbox, broker: Mosquitto) -> None:
    with Station(broker.port, answer=Station.receipt) as station:
        delivery = Delivery(outbox, broker=broker.broker(), boot=BOOT, times=QUICK)
        delivery.start()
        append(outbox, delivery, 10)
        assert delivery.stop(PATIENCE)
        assert outbox.count()["waiting"] == 0
        wait_for(lambda: station.on(Channel.STATE)[-1].content["state"] == "offline")
        assert not delivery.status.running
        outbox.append([draft()], stamp=STAMP)
    again = Delivery(outbox, broker=broker.broker(), boot=BOOT, times=QUICK)
    again.start()
    assert not again.stop(0.3)


def test_an_unasked_wake_is_not_needed(outbox: Outbox, broker: Mosquitto) -> None:
    with Station(broker.port, answer=Station.receipt), delivering(outbox, broker):
        outbox.append([draft()], stamp=STAMP)
        wait_for(lambda: outbox.count()["receipted"] == 1)


def test_resend_is_answered_with_what_goes_out_again(outbox: Outbox, broker: Mosquitto) -> None:
    with Station(broker.port, answer=Station.receipt) as station, delivering(outbox, broker) as delivery:
        append(outbox, delivery, 4)
        wait_for(lambda: outbox.count()["receipted"] == 4)
        before = len(station.events)
        station.say(Channel.COMMANDS, command("resend", epoch=outbox.epoch, ranges=[[2, 3], [7, 9]]))
        wait_for(lambda: replies(station))
        assert replies(station)[0]["result"] == {"sent": [[2, 3]], "dropped": []}
        wait_for(lambda: outbox.count()["receipted"] == 4)
        assert [event["seq"] for event in station.events[before:]] == [2, 3]


@pytest.mark.parametrize("arguments", [{}, {"epoch": "x", "ranges": [[1, 2]]}, {"epoch": "f" * 32, "ranges": [[3, 2]]}])
def test_a_resend_that_makes_no_sense_is_answered_with_why(
    outbox: Outbox, broker: Mosquitto, arguments: dict[str, Any]
) -> None:
    with Station(broker.port) as station, delivering(outbox, broker) as delivery:
        wait_for(lambda: delivery.status.connected)
        station.say(Channel.COMMANDS, command("resend", **arguments))
        wait_for(lambda: replies(station))
        assert replies(station)[0]["ok"] is False
        assert replies(station)[0]["error"]


def test_a_command_reaches_the_agent_once_and_is_answered_once(outbox: Outbox, broker: Mosquitto) -> None:
    with Station(broker.port) as station, delivering(outbox, broker) as delivery:
        wait_for(lambda: delivery.status.connected)
        for _ in range(3):  # the collector asks again until it is answered
            station.say(Channel.COMMANDS, command("capture"))
        assert delivery.commands.get(timeout=PATIENCE).id == "c-1"
        delivery.reply(Reply(id="c-1", ok=True, result={"capture": "x"}))
        delivery.reply(Reply(id="c-1", ok=False, error="too late"))
        station.say(Channel.COMMANDS, command("capture"))
        wait_for(lambda: len(replies(station)) >= 3)
        assert {str(reply["result"]) for reply in replies(station)} == {"{'capture': 'x'}"}
        assert delivery.commands.empty()


def test_an_answered_command_is_not_carried_out_again_after_a_restart(broker: Mosquitto, tmp_path: Path) -> None:
    with Station(broker.port) as station:
        for life in (1, 2):
            with open_outbox(tmp_path / "o.db") as outbox, delivering(outbox, broker) as delivery:
                wait_for(lambda: delivery.status.connected)
                station.say(Channel.COMMANDS, command("reload"))
                if life == 1:
                    delivery.commands.get(timeout=PATIENCE)
                    delivery.reply(Reply(id="c-1", ok=True))
                wait_for(lambda: len(replies(station)) == life)  # noqa: B023
                assert delivery.commands.empty()


def test_an_expired_command_is_not_carried_out(outbox: Outbox, broker: Mosquitto) -> None:
    with Station(broker.port) as station, delivering(outbox, broker) as delivery:
        wait_for(lambda: delivery.status.connected)
        station.say(Channel.COMMANDS, command("capture", ident="late", seconds=-1))
        station.say(Channel.COMMANDS, {"name": "capture"})
        station.say(Channel.COMMANDS, command("capture", ident="in-time"))
        assert delivery.commands.get(timeout=PATIENCE).id == "in-time"
        assert delivery.commands.empty()
        assert replies(station) == []


def test_a_command_that_is_not_known_is_answered_once_with_why(outbox: Outbox, broker: Mosquitto) -> None:
    with Station(broker.port) as station, delivering(outbox, broker) as delivery:
        wait_for(lambda: delivery.status.connected)
        for _ in range(2):
            station.say(Channel.COMMANDS, command("format-disk"))
        wait_for(lambda: len(replies(station)) == 2)
        assert replies(station)[0] == replies(station)[1]
        assert (replies(station)[0]["ok"], replies(station)[0]["error"][:6]) == (False, "name: ")
        assert delivery.commands.empty()


def test_the_config_is_desired_and_reported_after_every_reconnect(outbox: Outbox, broker: Mosquitto) -> None:
    with delivering(outbox, broker) as delivery:
        delivery.report_config(b'{"in": "force"}')
        with Station(broker.port) as station:
            wait_for(lambda: station.on(Channel.CONFIG_REPORTED))
            station.say(Channel.CONFIG, {"do": "this"})
            wait_for(lambda: delivery.desired_config == b'{"do": "this"}')
        broker.kill()
        broker.start()
        with Station(broker.port) as station:
            wait_for(lambda: [one.body for one in station.on(Channel.CONFIG_REPORTED)] == [b'{"in": "force"}'])


def test_the_sinks_embedded_broker_carries_the_longest_messages(tmp_path: Path) -> None:
    # As it comes this broker caps payloads at 20 KB; the sink configures it otherwise.
    with open_outbox(tmp_path / "o.db") as outbox:
        outbox.append([draft("shelf.observed.v1") for _ in range(400)], stamp=STAMP)
    with (
        embedded(tmp_path / "broker") as settings,
        open_outbox(tmp_path / "o.db", timing=SOON) as outbox,
        Station(settings.port, answer=Station.receipt) as station,
    ):
        delivery = Delivery(outbox, broker=settings, boot=BOOT, times=QUICK)
        delivery.start()
        outbox.append([padded("shelf.observed.v1", 240_000)], stamp=STAMP)
        delivery.wake()
        wait_for(lambda: outbox.count()["receipted"] == 401)
        delivery.stop(1.0)
        assert max(len(one.body) for one in station.on(Channel.EVENTS)) > 200_000
        wait_for(lambda: "offline" in {one.content["state"] for one in station.on(Channel.STATE)})
