"""From the configuration to a login at the broker."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from cloud_sink.collect.broker import HOST
from cloud_sink.collect.wire import Login
from edge.contract.errors import ConfigError

if TYPE_CHECKING:
    from cloud_sink.fleet.settings import ExternalBroker

EMBEDDED_CLIENT = "collector"
"""The one collector of an embedded broker: its session outlives a broken connection."""

SESSION_SECONDS = 3600
"""How long the broker keeps what comes while its one collector is away; outboxes send the rest again."""

_MOST_UNDER_WAY = 65_535
"""What MQTT can ask for."""


def window(batch: int) -> int:
    """Messages that an external broker may have under way: while a batch is written, some of the next come in.

    Not all of them: while the database is away they are held in memory, and may be arrays of 256 KB.
    """
    return min(batch + batch // 2, _MOST_UNDER_WAY)


def embedded_login(port: int) -> Login:
    """The login at our own broker."""
    return Login(host=HOST, port=port, client_id=EMBEDDED_CLIENT, session_seconds=SESSION_SECONDS)


def external_login(broker: ExternalBroker, *, batch: int) -> Login:
    """The login at a broker that is there already; a collector without a client id gets one for its life.

    Args:
        broker: how it is configured.
        batch: messages a transaction.

    Raises:
        ConfigError: the password file cannot be read.
    """
    password = None
    if broker.password_file is not None:
        try:
            password = broker.password_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"broker.password_file: {broker.password_file}: {error}", "give a file that this user can read"
            ) from None
    return Login(
        host=broker.host,
        port=broker.port,
        client_id=broker.client_id or f"collector-{secrets.token_hex(6)}",
        username=broker.username,
        password=password,
        ca_file=broker.ca_file,
        cert_file=broker.cert_file,
        key_file=broker.key_file,
        share=broker.share,
        receive_maximum=window(batch),
        # A session that nobody comes back to, or one of a group, would take events that another collector could
        # have stored, and keep them.
        session_seconds=SESSION_SECONDS if broker.client_id is not None and not broker.share else 0,
    )
