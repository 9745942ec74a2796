"""Asks a broker for an answer, step by step, so that a technician sees which one fails: address, TCP, TLS, MQTT."""

from __future__ import annotations

import socket
import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from edge.contract.errors import DeliveryError
from edge.deliver.link import tls_context

if TYPE_CHECKING:
    from paho.mqtt.properties import Properties
    from paho.mqtt.reasoncodes import ReasonCode

    from edge.deliver.settings import BrokerSettings

STEP_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Step:
    """One step towards the broker. The first that fails is the last."""

    name: str  # address, TCP, TLS, MQTT
    ok: bool
    said: str
    mend: str = ""


def probe_broker(settings: BrokerSettings, *, client_id: str, timeout: float = 10.0) -> list[Step]:
    """Connect as a device does, say goodbye at once, and tell how far it went. Nothing is published.

    Args:
        settings: of the broker.
        client_id: a broker ends the connection that has the same one: not the device's own while its agent runs.
        timeout: seconds for each of TCP, TLS and the broker's answer.
    """
    steps: list[Step] = []
    for attempt in (_find, _reach, _secure, _greet):
        step = attempt(settings, client_id, timeout)
        if step is not None:
            steps.append(step)
            if not step.ok:
                break
    return steps


def _find(settings: BrokerSettings, _client_id: str, _timeout: float) -> Step:
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)
    except OSError as error:
        return Step("address", False, f"{settings.host}: {error.strerror or error}", "check broker.host and the DNS")
    addresses = sorted({str(entry[4][0]) for entry in found})
    return Step("address", True, f"{settings.host} is {', '.join(addresses[:4])}")


def _reach(settings: BrokerSettings, _client_id: str, timeout: float) -> Step:
    began = time.monotonic()
    try:
        socket.create_connection((settings.host, settings.port), timeout).close()
    except OSError as error:
        said = f"port {settings.port}: {error.strerror or error}"
        return Step("TCP", False, said, "check broker.port, the network, and that the broker runs")
    return Step("TCP", True, f"port {settings.port} answers in {1000 * (time.monotonic() - began):.0f} ms")


def _secure(settings: BrokerSettings, _client_id: str, timeout: float) -> Step | None:
    if settings.tls is None:
        return None
    try:
        context = tls_context(settings.tls)
        with (
            socket.create_connection((settings.host, settings.port), timeout) as sock,
            context.wrap_socket(sock, server_hostname=settings.host) as secured,
        ):
            return Step("TLS", True, f"{secured.version()}, the broker's certificate is good for {settings.host}")
    except DeliveryError as error:
        return Step("TLS", False, error.what, error.mend)
    except ssl.SSLCertVerificationError as error:
        mend = "check broker.ca_file, broker.host, and this device's clock"
        return Step("TLS", False, f"the broker's certificate: {error.verify_message}", mend)
    except OSError as error:  # ssl.SSLError is one
        return Step("TLS", False, str(error), "check that the broker speaks TLS on this port")


def _greet(settings: BrokerSettings, client_id: str, timeout: float) -> Step:
    """CONNECT, and what CONNACK says; then DISCONNECT."""
    answers: list[ReasonCode] = []

    def answered(
        _client: paho.Client, _data: object, _flags: paho.ConnectFlags, reason: ReasonCode, _props: Properties | None
    ) -> None:
        answers.append(reason)

    client = paho.Client(
        CallbackAPIVersion.VERSION2, client_id=client_id, protocol=paho.MQTTv5, reconnect_on_failure=False
    )
    client.connect_timeout = timeout
    client.on_connect = answered
    if settings.username is not None:
        client.username_pw_set(settings.username, settings.password)
    deadline = time.monotonic() + timeout
    try:
        if settings.tls is not None:
            client.tls_set_context(tls_context(settings.tls))
        client.connect(settings.host, settings.port, clean_start=True)
        while not answers and time.monotonic() < deadline:
            if client.loop(STEP_SECONDS) != paho.MQTT_ERR_SUCCESS and not answers:
                # TLS 1.3 tells only now that it would not have the client's certificate.
                mend = "check the device's certificate, and that this port speaks MQTT 5"
                return Step("MQTT", False, "the broker hung up before it answered", mend)
    except (OSError, DeliveryError, ValueError) as error:
        return Step("MQTT", False, str(error) or type(error).__name__, "check that this port speaks MQTT")
    finally:
        client.disconnect()
        if (sock := client.socket()) is not None:
            sock.close()
    if not answers:
        said = f"no answer to CONNECT within {timeout:g} s"
        return Step("MQTT", False, said, "check that this port speaks MQTT 5, and that the broker is not overloaded")
    if answers[0].is_failure:
        mend = "check broker.username, its password file, and what the broker allows this device"
        return Step("MQTT", False, f"the broker refused {client_id}: {answers[0]}", mend)
    return Step("MQTT", True, f"the broker takes {client_id}")
