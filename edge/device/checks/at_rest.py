"""Encryption at rest: whether it is on, its key is here, and nothing lies beside it in plain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.contract.errors import ConfigError, DeliveryError
from edge.deliver.outbox_look import look_into
from edge.device.at_rest import OUTBOX, at_rest_to_look, key_path, pictures, sealed_things, sealer_of
from edge.device.checks.finding import bad, bad_error, doubtful, good

if TYPE_CHECKING:
    from edge.contract.config import AgentConfig, AtRestSection
    from edge.contract.findings import Finding
    from edge.deliver.sealing import AtRest

CHECK = "encryption"


def check_at_rest(config: AgentConfig) -> Finding:
    """How what is kept lies on the disk."""
    section, at_rest = config.at_rest, at_rest_to_look(config)
    try:
        sealed = list(sealed_things(config.data))
    except DeliveryError as error:
        return bad_error(CHECK, error)
    foreign = next(((what, name) for what, name in sealed if not at_rest.opens(name)), None)
    if section is not None and section.credential is not None and at_rest.key is None:
        return good(CHECK, f"{_state(section)}; its key is given to the service alone, and not looked at from here")
    if foreign is not None:
        return bad_error(CHECK, at_rest.lost(*foreign))
    if section is None:
        return good(CHECK, "off: what waits lies in plain on the disk")
    if not section.on:
        mend = "start the agent, then take at_rest out of its configuration"
        return doubtful(CHECK, f"{len(sealed)} files are still sealed", mend) if sealed else good(CHECK, "off")
    return _judge_on(config, section, at_rest)


def _judge_on(config: AgentConfig, section: AtRestSection, at_rest: AtRest) -> Finding:
    if at_rest.key is None:
        if section.key is not None and not section.key.exists():
            return good(CHECK, f"on with the next start of the agent, which makes {section.key}")
        return bad(CHECK, at_rest.missing, "see at_rest in the configuration")
    look = look_into(config.data / OUTBOX)
    plain = sum(1 for path in pictures(config.data) if sealer_of(path) is None)
    if plain or (look is not None and not (look.sealed and look.swept)):
        said = f"the outbox{f' and {plain} pictures' if plain else ''} not wholly sealed yet"
        return doubtful(CHECK, said, "start the agent anew, with some room on its disk")
    try:
        path = key_path(section)
        beside = path.stat().st_dev == config.data.stat().st_dev
    except (ConfigError, OSError):
        beside = False
    where = "; the key is on the same disk: copies are protected, the device is not" if beside else ""
    return good(CHECK, f"on, key {at_rest.key.name}{where}")


def _state(section: AtRestSection) -> str:
    return "on" if section.on else "off"
