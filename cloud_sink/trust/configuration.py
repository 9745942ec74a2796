"""What a new device is told: an agent's configuration out of the store's master data and a template."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml
from pydantic import BaseModel, RootModel, ValidationError

from cloud_sink.trust.errors import TrustError
from edge.contract.config import AgentConfig
from edge.contract.files import load_yaml

if TYPE_CHECKING:
    from pathlib import Path

    from cloud_sink.fleet.settings import StoreSection

OWN_FILES = ("ca_file", "cert_file", "key_file")
"""Keys of the broker and the collector that the device fills in: it knows where it keeps what."""

_DEFAULT: dict[str, Any] = {
    "cameras": [{"id": "cam-1", "fixture": "fixture", "source": {"kind": "usb", "device": 0}}],
    "fixtures": [{"id": "fixture"}],
    "evidence": {"keep": "on_change"},
}


class _Template(RootModel[dict[str, Any]]):
    """Some keys of an agent's configuration."""


def read_template(path: Path | None) -> dict[str, Any]:
    """The template, or what a device with one USB camera needs.

    Raises:
        TrustError: it cannot be read.
    """
    if path is None:
        return _DEFAULT
    found: BaseModel = load_yaml(path, _Template, error=TrustError)
    assert isinstance(found, _Template)
    return found.root


def agent_configuration(
    template: dict[str, Any],
    store: StoreSection,
    *,
    device: str,
    fixture: str,
    broker: tuple[str, int],
    collector: str,
) -> dict[str, Any]:
    """The configuration of one device.

    The template's first fixture becomes the one of the claim, with every camera that looks at it; what its contract
    counts as own comes from the store, unless the template says it.

    Raises:
        TrustError: it would be none that an agent can run under.
    """
    fixtures = [dict(one) for one in template.get("fixtures") or [{"id": fixture}]]
    before = fixtures[0].get("id")
    fixtures[0]["id"] = fixture
    described = next((one for one in store.fixtures if one.id == fixture), None)
    if described is not None and described.own:
        fixtures[0].setdefault("own", list(described.own))
    cameras = [
        {**one, "fixture": fixture} if one.get("fixture", before) == before else dict(one)
        for one in template.get("cameras") or []
    ]
    traffic = [
        {**one, "fixture": fixture} if one.get("fixture") == before else dict(one)
        for one in template.get("traffic") or []
    ]
    made = {
        "data": "state",
        **template,
        "device": {"tenant": store.tenant, "store": store.id, "id": device},
        "zone": store.zone,
        "hours": {name: f"{getattr(store.hours, name):%H:%M}" for name in ("opens", "closes", "day_starts")},
        "broker": {"host": broker[0], "port": broker[1]},
        "collector": {"url": collector},
        "cameras": cameras,
        "traffic": traffic,
        "fixtures": fixtures,
    }
    try:
        AgentConfig.model_validate(made)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        raise TrustError(f"the configuration of {device}: {where}: {said}", "mend trust.template") from None
    plain: dict[str, Any] = yaml.safe_load(yaml.safe_dump(made))  # what YAML read as dates, as text
    return plain
