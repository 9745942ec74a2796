"""The peers of a device: its broker and its collector."""

from __future__ import annotations

from typing import TYPE_CHECKING

import urllib3

from edge.contract.errors import FacingsError
from edge.deliver.probe import probe_broker
from edge.device.checks.finding import bad, bad_error, doubtful, good
from edge.device.settings import broker_settings

if TYPE_CHECKING:
    from edge.contract.config import AgentConfig, CollectorSection
    from edge.contract.findings import Finding
    from edge.deliver.delivery import DeliveryStatus

TIMEOUT = 10.0


def check_broker(config: AgentConfig, *, running: bool) -> list[Finding]:
    """Go to the broker step by step. While an agent runs another client id is used, so that it keeps its connection."""
    client_id = f"{config.device.id}-doctor" if running else config.device.id
    try:
        steps = probe_broker(broker_settings(config.broker), client_id=client_id, timeout=TIMEOUT)
    except FacingsError as error:
        return [bad_error("broker", error)]
    findings = []
    for step in steps:
        name = f"broker {step.name}"
        if step.ok:
            findings.append(good(name, step.said))
        elif running and step.name == "MQTT":
            mend = "the agent runs and was left its own name: see edge status whether events leave"
            findings.append(doubtful(name, step.said, mend))
        else:
            findings.append(bad(name, step.said, step.mend))
    return findings


def check_link(status: DeliveryStatus) -> list[Finding]:
    """What the agent's own connection is like."""
    if not status.connected:
        return [bad("broker", status.error or "not connected yet", "see edge doctor on the device")]
    if status.rejected:
        said = f"connected, {status.rejected} messages were refused: {status.rejection}"
        return [doubtful("broker", said, "let this device publish to its topics")]
    return [good("broker", f"connected, {status.stored} events receipted since the start")]


def check_collector(section: CollectorSection | None) -> list[Finding]:
    """Whether the collector that takes pictures answers."""
    if section is None:
        return []
    shown = urllib3.util.parse_url(section.url)._replace(auth=None, query=None).url
    try:
        answer = urllib3.PoolManager(
            retries=False, ca_certs=None if section.ca_file is None else str(section.ca_file)
        ).request("GET", f"{section.url.rstrip('/')}/healthz", timeout=urllib3.Timeout(total=TIMEOUT))
    except urllib3.exceptions.HTTPError as error:
        said = f"{shown}: no answer ({type(error).__name__})"
        return [bad("collector", said, "check collector.url, the network, and that the collector runs")]
    if answer.status != 200:  # noqa: PLR2004 - HTTP's OK
        return [doubtful("collector", f"{shown}: status {answer.status}", "check that this is a collector's address")]
    return [good("collector", f"{shown} answers")]
