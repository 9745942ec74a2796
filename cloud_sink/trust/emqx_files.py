"""Files of an EMQX that lets in our devices and collectors alone: the same rules as Mosquitto's, as Erlang terms.

Written by EMQX's documentation and source (5.8): there was no EMQX to try them at. What a device may reach is written
as `{eq, "…"}`, which EMQX compares word by word: no wildcard and no `${…}` counts in it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from edge.contract.topics import Address, Channel, every_device, parse_topic

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cloud_sink.store.identities import Identity

RULES, UPLOAD = "acl.conf", "acl.json"
"""The rules; and the body of `PUT /api/v5/authorization/sources/file` with them: EMQX does not read a file again."""

CONFIGURATION = "emqx.conf"

KEPT = frozenset({Channel.STATE, Channel.CONFIG_REPORTED, Channel.CONFIG})
"""Channels whose last message is retained. Any other that were retained would be heard again by whoever subscribes."""

_PRINTABLE = range(0x20, 0x7F)


def emqx_rules(
    devices: Iterable[Identity],
    collectors: Sequence[str],
    *,
    writes: Sequence[Channel],
    reads: Sequence[Channel],
    moving: Mapping[str, str],
) -> str:
    """The ACL file: rules a device with its own topics, rules a collector, and at the end nothing for anybody else.

    A device whose names would make other topics than its own (no database of ours holds one) gets none.

    Args:
        devices: who may come in.
        collectors: the names of their certificates.
        writes: channels that devices write.
        reads: channels that they read.
        moving: stores where devices (by identity) are ordered to.
    """
    lines = ["%% Written by sink broker-files; changes here do not last."]
    for one in devices:
        stores = dict.fromkeys((one.store, moving.get(one.id, one.store)))
        addresses = [Address(one.tenant, store, one.device) for store in stores]
        if not all(parse_topic(address.topic(Channel.EVENTS)) for address in addresses):
            continue
        lines += ["", f"%% {one.tenant}/{one.store}/{one.device}"]
        topics = {channel: [exactly(address.topic(channel)) for address in addresses] for channel in Channel}
        lines += _allowed(one.id, topics, writes, reads)
    for name in collectors:
        lines.append("")
        heard = (*writes, Channel.CONFIG)  # what devices are to be is shown beside what they say
        lines += _allowed(name, {channel: [erlang(every_device(channel))] for channel in Channel}, reads, heard)
    return "\n".join([*lines, "", "{deny, all}.", ""])


def emqx_upload(rules: str) -> str:
    """The rules as EMQX's API takes them."""
    return json.dumps({"type": "file", "enable": True, "rules": rules})


def emqx_configuration(folder: str, port: int, *, authorities: str) -> str:
    """What goes into EMQX's `etc/emqx.conf`: one listener, TLS 1.2 or newer, nobody without a certificate.

    Args:
        folder: where the files are.
        port: where it listens.
        authorities: the file with those of devices and collectors.
    """
    return f"""\
# Written by sink broker-files.
listeners.tcp.default.enable = false
listeners.ws.default.enable = false
listeners.wss.default.enable = false
listeners.ssl.default {{
  bind = "0.0.0.0:{port}"
  enable_authn = quick_deny_anonymous
  ssl_options {{
    cacertfile = {json.dumps(f"{folder}/{authorities}")}
    certfile = {json.dumps(f"{folder}/broker.pem")}
    keyfile = {json.dumps(f"{folder}/broker.key")}
    verify = verify_peer
    fail_if_no_peer_cert = true
    versions = ["tlsv1.3", "tlsv1.2"]
  }}
}}
mqtt {{
  peer_cert_as_username = cn
  # Two tenants may call their devices alike: a client goes by its certificate, and none throws another out.
  use_username_as_clientid = true
  max_packet_size = "1MB"
  max_topic_levels = 9
}}
authorization {{
  no_match = deny
  deny_action = ignore
  cache {{ enable = true, max_size = 32, ttl = "10s" }}  # so long a revoked device that is connected may go on
  sources = [{{ type = file, enable = true, path = {json.dumps(f"{folder}/{RULES}")} }}]
}}
"""


def erlang(text: str) -> str:
    """A string as an Erlang term; whatever it holds, it stays one."""
    parts = []
    for sign in text:
        if sign in '"\\':
            parts.append(f"\\{sign}")
        else:
            parts.append(sign if ord(sign) in _PRINTABLE else f"\\x{{{ord(sign):x}}}")
    return f'"{"".join(parts)}"'


def exactly(topic: str) -> str:
    """A topic in which no wildcard counts."""
    return f"{{eq, {erlang(topic)}}}"


def _allowed(
    name: str, topics: Mapping[Channel, Sequence[str]], says: Sequence[Channel], hears: Sequence[Channel]
) -> list[str]:
    who = f"{{username, {erlang(name)}}}"
    passing = [topic for channel in says if channel not in KEPT for topic in topics[channel]]
    kept = [topic for channel in says if channel in KEPT for topic in topics[channel]]
    heard = [topic for channel in hears for topic in topics[channel]]
    return [
        f"{{allow, {who}, {{publish, [{{qos, [0, 1]}}, {{retain, false}}]}}, [{', '.join(passing)}]}}.",
        f"{{allow, {who}, publish, [{', '.join(kept)}]}}.",
        f"{{allow, {who}, subscribe, [{', '.join(heard)}]}}.",
    ]
