"""The agreement as documents: a JSON Schema per event type and message, and an AsyncAPI 3 description.

`python -m edge.contract.documents docs/contract` writes them; a test checks that those in `docs/` are current.
"""

from __future__ import annotations

import inspect
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge.contract.config import AgentConfig
from edge.contract.events import EVENT_TYPES, MAX_EVENT_BYTES
from edge.contract.findings import DoctorResult
from edge.contract.receipts import Command, ConfigReport, DeviceState, Receipt, Reply, ResendArguments, ResendResult
from edge.contract.topics import ROOT, Channel

if TYPE_CHECKING:
    from pydantic import BaseModel

MESSAGES: dict[str, type[BaseModel]] = {
    "receipt": Receipt,
    "command": Command,
    "reply": Reply,
    "state": DeviceState,
    "config": AgentConfig,
    "config-reported": ConfigReport,
    "resend-arguments": ResendArguments,
    "resend-result": ResendResult,
    "doctor-result": DoctorResult,
}

_PARAMETERS = {
    "tenant": "the company that owns the fleet",
    "store": "the store where the device is now",
    "device": "the device; also its MQTT client id",
}

_CHANNELS: dict[Channel, tuple[str, tuple[str, ...], str]] = {
    # channel: what travels there, its messages, who sends from the collector's point of view
    Channel.EVENTS: (
        (
            "What the device observed. QoS 1. One event, or a JSON array of a backlog of at most "
            f"{MAX_EVENT_BYTES} bytes. `epoch`, `seq` and `replayed` also travel as user properties."
        ),
        tuple(EVENT_TYPES),
        "receive",
    ),
    Channel.STATE: (
        "Retained: born, offline, or lost (last will, after 30 s). A `lost` of an older connection changes nothing.",
        ("state",),
        "receive",
    ),
    Channel.RECEIPTS: (
        "What is stored for good. QoS 1, not retained, published only after the database commit.",
        ("receipt",),
        "send",
    ),
    Channel.COMMANDS: ("Requests, re-sent until answered or expired. QoS 1.", ("command",), "send"),
    Channel.REPLIES: ("One answer to each command. QoS 1.", ("reply",), "receive"),
    Channel.CONFIG: (
        (
            "Retained: the configuration that is desired, a JSON merge patch (RFC 7396) on the device's own file. "
            "Cameras and fixtures are objects by id, or lists that take the place of all of them; a whole "
            "configuration is a merge patch too. An empty object takes back what was desired."
        ),
        ("config",),
        "send",
    ),
    Channel.CONFIG_REPORTED: ("Retained: what became of the desired one.", ("config-reported",), "receive"),
}


_RETAINED = (Channel.STATE, Channel.CONFIG, Channel.CONFIG_REPORTED)


def schemas() -> dict[str, dict[str, Any]]:
    """A JSON Schema (2020-12) for each event type and message, by file stem."""
    documents: dict[str, dict[str, Any]] = {}
    models: dict[str, type[BaseModel]] = {**EVENT_TYPES, **MESSAGES}
    for name, model in models.items():
        schema = model.model_json_schema(mode="validation")
        documents[name] = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": name, **schema}
    return documents


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3 document, from the collector's point of view."""
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    for channel, (text, messages, action) in _CHANNELS.items():
        key = channel.value.replace("/", "-")
        channels[key] = {
            "address": f"{ROOT}/{{tenant}}/{{store}}/{{device}}/{channel}",
            "description": text,
            "parameters": {name: {"description": meaning} for name, meaning in _PARAMETERS.items()},
            "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        }
        operations[f"{action}-{key}"] = {
            "action": action,
            "channel": {"$ref": f"#/channels/{key}"},
            "messages": [{"$ref": f"#/channels/{key}/messages/{name}"} for name in messages],
            "bindings": {"mqtt": {"qos": 1, "retain": channel in _RETAINED}},
        }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "facings",
            "version": "1.0.0",
            "description": "What edge agents and collectors say to each other. Events are CloudEvents 1.0 in JSON.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {
            "messages": {
                name: {
                    "name": name,
                    "contentType": ("application/cloudevents+json" if name in EVENT_TYPES else "application/json"),
                    "summary": _summary(name),
                    "payload": {
                        "schemaFormat": "application/schema+json;version=draft-2020-12",
                        "schema": {"$ref": f"./schemas/{name}.json"},
                    },
                }
                for _, names, _ in _CHANNELS.values()
                for name in names
            }
        },
    }


def _summary(name: str) -> str:
    payload: object = EVENT_TYPES[name].model_fields["data"].annotation if name in EVENT_TYPES else MESSAGES[name]
    return inspect.cleandoc(getattr(payload, "__doc__", None) or name).split("\n")[0]


def documents() -> dict[str, str]:
    """Every generated file by its path under the output folder."""
    files = {f"schemas/{name}.json": schema for name, schema in schemas().items()}
    files["asyncapi.json"] = asyncapi()
    return {path: json.dumps(content, indent=2, ensure_ascii=False) + "\n" for path, content in files.items()}


def main(folder: Path) -> None:
    """Write every document below `folder`."""
    for path, text in documents().items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/contract"))
