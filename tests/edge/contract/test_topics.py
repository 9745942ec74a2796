"""Topics are taken apart as they are put together, and nothing else is a topic."""

from __future__ import annotations

import pytest

from edge.contract.topics import Address, Channel, every_device, parse_topic


@pytest.mark.parametrize("channel", list(Channel))
def test_a_topic_is_read_back_as_it_was_made(channel: Channel) -> None:
    address = Address("acme", "store-1", "dev-1")
    assert parse_topic(address.topic(channel)) == (address, channel)


@pytest.mark.parametrize(
    "topic",
    [
        "facings/v1/acme/store-1/dev-1",
        "facings/v2/acme/store-1/dev-1/events",
        "facings/v1/acme/store-1/dev-1/other",
        "facings/v1/Acme/store-1/dev-1/events",
        "facings/v1/acme//dev-1/events",
        "facings/v1/acme/store-1/dev-1/events/more",
        "facings/v1/acme/store-1/dev-1/events\n",
        "",
    ],
)
def test_what_is_no_topic_of_ours_is_none(topic: str) -> None:
    assert parse_topic(topic) is None


def test_a_shared_subscription_names_its_group() -> None:
    assert every_device(Channel.EVENTS, share="sinks") == "$share/sinks/facings/v1/+/+/+/events"
    assert every_device(Channel.STATE, tenant="acme") == "facings/v1/acme/+/+/state"
