"""The codec against another's: what paho packs is read, what is packed here a broker understands."""

from __future__ import annotations

import struct
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from cloud_sink.collect import mqtt5

NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
PUBLISHES = st.builds(
    mqtt5.Publish,
    topic=NAMES.filter(bool),
    payload=st.binary(max_size=400),
    qos=st.just(1),
    mid=st.integers(1, 65_535),
    properties=st.just(b""),
    cut=st.just(0),
)


@given(
    publishes=st.lists(PUBLISHES, max_size=5),
    cuts=st.lists(st.integers(0, 4000), max_size=20),
)
def test_a_stream_is_read_however_it_is_cut(publishes: list[mqtt5.Publish], cuts: list[int]) -> None:
    stream = b"".join(mqtt5.publish(one.mid, one.topic, one.payload) + mqtt5.puback(one.mid) for one in publishes)
    reader = mqtt5.Reader()
    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    read = [packet for start, end in pairwise(places) for packet in reader.feed(stream[start:end])]
    assert [packet for packet in read if isinstance(packet, mqtt5.Publish)] == publishes
    assert [packet.mid for packet in read if isinstance(packet, mqtt5.Puback)] == [one.mid for one in publishes]


@given(size=st.integers(mqtt5.KEPT - 20, mqtt5.KEPT * 3), pieces=st.integers(1, 5), behind=st.integers(0, 3))
@settings(max_examples=20, deadline=None)
def test_of_a_message_that_is_too_long_the_beginning_is_kept_and_what_follows_is_read(
    size: int, pieces: int, behind: int
) -> None:
    long = mqtt5.publish(7, "topic", b"x" * size, named=[("seq", "1")])
    stream = long + mqtt5.puback(8) * behind
    step = -(-len(stream) // pieces)
    reader = mqtt5.Reader()
    first, *others = [packet for at in range(0, len(stream), step) for packet in reader.feed(stream[at : at + step])]
    assert isinstance(first, mqtt5.Publish)
    assert (first.topic, first.mid, mqtt5.user_properties(first.properties)) == ("topic", 7, {"seq": "1"})
    assert len(first.payload) + first.cut == size
    assert len(first.payload) <= mqtt5.KEPT
    assert others == [mqtt5.Puback(8, 0)] * behind
    assert len(reader._buffer) == 0


@given(named=st.dictionaries(NAMES, NAMES, max_size=4))
def test_user_properties_are_found_among_all_others(named: dict[str, str]) -> None:
    packed = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho types it not
    packed.PayloadFormatIndicator = 1
    packed.MessageExpiryInterval = 60
    packed.ContentType = "application/json"
    packed.ResponseTopic = "answers"
    packed.CorrelationData = b"\x00\x01"
    packed.TopicAlias = 3
    packed.SubscriptionIdentifier = 300
    if named:
        packed.UserProperty = list(named.items())
    data: bytes = packed.pack()  # type: ignore[no-untyped-call]  # as above
    length, start = mqtt5._whole(mqtt5._length(data, 0))
    assert mqtt5.user_properties(data[start : start + length]) == named


@given(named=st.lists(st.tuples(NAMES, NAMES), max_size=4, unique_by=lambda pair: pair[0]))
def test_user_properties_are_packed_as_they_are_read(named: list[tuple[str, str]]) -> None:
    packet = mqtt5.publish(7, "a/b", b"body", retain=True, named=named)
    assert packet[0] == 0x33
    (read,) = mqtt5.Reader().feed(packet)
    assert isinstance(read, mqtt5.Publish)
    assert (read.topic, read.payload, read.mid) == ("a/b", b"body", 7)
    packed = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # as above
    if named:
        packed.UserProperty = named
    assert packed.pack().endswith(read.properties)  # type: ignore[no-untyped-call]  # as above
    assert mqtt5.user_properties(read.properties) == dict(named)


@given(data=st.binary(max_size=60))
def test_no_bytes_raise_anything_but_a_protocol_error(data: bytes) -> None:
    try:
        packets = list(mqtt5.Reader().feed(data))
        for packet in packets:
            if isinstance(packet, mqtt5.Publish):
                mqtt5.user_properties(packet.properties)
    except mqtt5.ProtocolError:
        pass


def test_what_the_broker_says_of_the_connection_is_read() -> None:
    properties = struct.pack(">BHBH", 0x21, 20, 0x13, 60) + b"\x12\x00\x04auto"
    body = b"\x01\x00" + bytes((len(properties),)) + properties
    read = list(mqtt5.Reader().feed(b"\x20" + bytes((len(body),)) + body))
    assert read == [mqtt5.Connack(0, session_present=True, receive_maximum=20, keep_alive=60)]


@pytest.mark.parametrize(
    "broken",
    [
        b"\x34\x05\x00\x01t\x00\x01",  # QoS 2
        b"\x10\x00",  # a CONNECT comes from no broker
        b"\x32\xff\xff\xff\xff\x01",  # a length of five bytes
        b"\x32\x06\x00\x01t\x00\x01\x09",  # properties longer than the packet
        b"\x32\x03\x00\x09t",  # a topic longer than the packet
        b"\x20\x06\x00\x00\x03\x21\x00\x00",  # no message may be sent at all
    ],
)
def test_what_is_no_packet_of_a_broker_is_refused(broken: bytes) -> None:
    with pytest.raises(mqtt5.ProtocolError):
        list(mqtt5.Reader().feed(broken))


def test_a_packet_longer_than_mqtt_allows_is_not_made() -> None:
    with pytest.raises(ValueError, match="more than a packet may have"):
        mqtt5._varint(mqtt5.LONGEST + 1)
