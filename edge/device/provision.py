"""From a boxed device to one that is in: its key, the claim, and files from which it can be begun again at any line."""

from __future__ import annotations

import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import ValidationError

from edge.contract.config import AgentConfig
from edge.contract.errors import ConfigError, DeliveryError
from edge.contract.provisioning import ProvisionAnswer, ProvisionRequest
from edge.contract.topics import Address
from edge.device.carry_on import move_now
from edge.device.collector import PinnedCollector, RefusedError
from edge.device.device_key import device_key, key_name, request_for
from edge.device.health import agent_version
from edge.device.moving import moved_configuration
from edge.device.order_file import Moving
from edge.device.settings import read_config
from edge.device.whole_file import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edge.contract.provisioning import Claim, Granted

KEY, CERTIFICATE, AUTHORITIES, COLLECTOR_AUTHORITIES = "device.key", "device.pem", "ca.pem", "collector-ca.pem"
CONFIGURATION = "agent.yaml"
PATH = "/api/v1/provisioning"
POLL_SECONDS = 5.0

_HEAD = (
    "# Written by edge provision. Paths are relative to this file. Every key and its default: edge config show FILE\n"
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What whoever installs says beside the claim."""

    store: str | None = None  # where they believe to be
    camera: str | None = None  # in place of the template's first: a device, an address, or a folder of pictures


def ask_in(
    folder: Path, claim: Claim, wish: Wish, *, waits: Callable[[str], None], patience: float = 3600.0
) -> ProvisionAnswer:
    """Show the claim to the collector until it lets this device in.

    The key is made and on disk before; asked again with it, the collector gives the same answer for as long as the
    claim lives.

    Args:
        folder: of the device's files.
        claim: off the label.
        wish: what whoever installs says.
        waits: is told the key's name when a person has to approve.
        patience: seconds to wait for that person.

    Raises:
        FacingsError: the collector cannot be reached, is another one, or says no; or the folder cannot be used.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ConfigError(f"{folder}: {error.strerror}", "name a folder that can be written") from None
    key = device_key(folder / KEY)
    asked = ProvisionRequest(claim=claim.token, csr=request_for(key), store=wish.store, agent=agent_version())
    collector, deadline, told = PinnedCollector(claim), time.monotonic() + patience, False
    while True:
        answer = _asked(collector, asked)
        if answer is not None and answer.granted is not None:
            return answer
        if time.monotonic() > deadline:
            raise DeliveryError("nobody has approved this device yet", "give the same command again later")
        if answer is not None and not told:
            waits(key_name(key))
            told = True
        time.sleep(POLL_SECONDS)


def write_files(folder: Path, granted: Granted, wish: Wish) -> Path:
    """Write who this device is, the configuration last: where it stands, the device is in. Its path.

    A configuration that is there for the same device stays: somebody may have aimed a camera in it. With the claim of
    another place it moves there.

    Raises:
        ConfigError: another device's configuration is there, or the folder cannot be written.
        DeliveryError: what the collector sent is no configuration, or an agent at work does not make room.
    """
    path = folder / CONFIGURATION
    made = configuration(granted, wish)
    text = yaml.safe_dump(made, sort_keys=False, allow_unicode=True)
    if path.exists() and not _is_of(path, granted):
        raise ConfigError(
            f"{path} is of another device", "give another --folder, or move it away with its key and state"
        )
    write_whole(folder / CERTIFICATE, granted.certificate)
    write_whole(folder / AUTHORITIES, granted.authorities)
    if granted.collector_authorities is not None:
        write_whole(folder / COLLECTOR_AUTHORITIES, granted.collector_authorities)
    if not path.exists():
        write_whole(path, _HEAD + text, mode=0o600)  # addresses of cameras may hold passwords
    elif not _is_at(path, granted):
        text = moved_configuration(path, made, own_cameras=wish.camera is None)
        device = read_config(path).device
        move_now(path, Moving.away_from(Address(device.tenant, device.store, device.id), text, order=None))
    return path


def configuration(granted: Granted, wish: Wish) -> dict[str, Any]:
    """What the collector says, with the files beside it and the camera that whoever installs names.

    Raises:
        DeliveryError: it is no configuration.
    """
    own = {"cert_file": CERTIFICATE, "key_file": KEY}
    made = {**granted.configuration}
    made["broker"] = {**made.get("broker", {}), "ca_file": AUTHORITIES, **own}
    believed = {"ca_file": COLLECTOR_AUTHORITIES} if granted.collector_authorities is not None else {}
    made["collector"] = {**made.get("collector", {}), **believed, **own}
    if wish.camera is not None and made.get("cameras"):
        first, *others = made["cameras"]
        made["cameras"] = [{**first, "source": source_of(wish.camera)}, *others]
    try:
        AgentConfig.model_validate(made)
    except ValidationError as error:
        one = error.errors(include_url=False)[0]
        where = ".".join(str(step) for step in one["loc"])
        mend = "mend trust.template at the collector, or --camera"
        raise DeliveryError(f"the configuration for this device: {where}: {one['msg']}", mend) from None
    return made


def source_of(text: str) -> dict[str, Any]:
    """A camera out of one word: a number or device file, an address, or a folder of pictures."""
    if text.startswith(("rtsp://", "rtsps://")):
        return {"kind": "rtsp", "url": text}
    if text.startswith(("http://", "https://")):
        return {"kind": "snapshot", "url": text}
    if text.isdigit():
        return {"kind": "usb", "device": int(text)}
    if text.startswith("/dev/"):
        return {"kind": "usb", "device": text}
    return {"kind": "folder", "path": text}


def _asked(collector: PinnedCollector, asked: ProvisionRequest) -> ProvisionAnswer | None:
    """What the collector says; None where it wants to be asked later: many devices may share a shop's address."""
    try:
        told = collector.post(PATH, asked.model_dump(mode="json"))
    except RefusedError as error:
        if error.status == HTTPStatus.TOO_MANY_REQUESTS:
            return None
        raise DeliveryError(f"the collector says: {error.what}") from None
    try:
        return ProvisionAnswer.model_validate(told)
    except ValidationError:
        raise DeliveryError("the collector's answer cannot be read", "update the agent or the collector") from None


def _is_of(path: Path, granted: Granted) -> bool:
    device = read_config(path).device
    return (device.tenant, device.id) == (granted.tenant, granted.device)


def _is_at(path: Path, granted: Granted) -> bool:
    config = read_config(path)
    return config.device.store == granted.store and granted.fixture in {one.id for one in config.fixtures}
