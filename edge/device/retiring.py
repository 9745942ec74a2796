"""A device that is to be none: it delivers what it can, wipes itself, says so, and loses its key.

Overwriting means little on flash, whose controller writes elsewhere: files are deleted, and where the data folder is
encrypted its key goes first, which is the wipe. Killed between any two lines, the next start goes on.
"""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog
from cryptography import x509
from cryptography.x509.oid import NameOID

from edge.contract.errors import ConfigError, FacingsError
from edge.contract.orders import Outcome
from edge.contract.topics import Address
from edge.deliver.capacity import OutboxLimits
from edge.deliver.delivery import Delivery
from edge.deliver.evidence import EvidenceSpool
from edge.deliver.outbox import Outbox
from edge.deliver.outbox_file import take_lock
from edge.device.at_rest import at_rest_of
from edge.device.clock import Clock, installed_at
from edge.device.collector import RefusedError
from edge.device.installation_page import LANGUAGES
from edge.device.moving import before, leave
from edge.device.order_file import OrderFile, Retired, Retiring
from edge.device.orders import post
from edge.device.settings import broker_settings, read_config
from edge.device.uploading import uploader_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edge.contract.config import AgentConfig

log = structlog.get_logger(__name__)

PATIENCE = 600.0
"""Seconds to deliver what waits, where nobody said another time."""

TELL_SECONDS = 60.0
"""To say that it is wiped. A network that brought the order is there; without one the key goes all the same."""

BETWEEN = 2.0
STEP = 0.2
FAREWELL = 5.0
LAST = ("updates", "environments")
"""Of the data folder what goes last: this agent may run from there."""


def retirement(path: Path, *, order: str | None, patience: float) -> Retiring:
    """All that is needed to go on with it when the configuration is gone.

    Raises:
        ConfigError: this device was not provisioned.
    """
    config = read_config(path)
    section, broker = config.collector, config.broker
    if section is None or section.cert_file is None or section.key_file is None:
        raise ConfigError("this device was not provisioned", "delete its folders by hand")
    passwords = [one.password_file for one in (broker, config.sensors) if one is not None]
    at_rest = config.at_rest.key if config.at_rest is not None else None
    path = path.resolve()
    folder = path.parent
    return Retiring(
        order=order,
        patience=patience,
        identity=identity_of(section.cert_file),
        url=section.url,
        authorities=section.ca_file,
        certificate=section.cert_file,
        key=section.key_file,
        data=config.data,
        secrets=tuple(one for one in (at_rest, *passwords) if one is not None),
        others=(
            *(folder / f"installation.{language}.txt" for language in LANGUAGES),
            folder / "installation.json",
            before(path),
            *(one for one in (broker.ca_file, section.ca_file) if one is not None),
            path,
        ),
    )


def identity_of(certificate: Path) -> str:
    """The name that a certificate gives this device; empty where there is none."""
    try:
        found = x509.load_pem_x509_certificate(certificate.read_bytes())
    except (OSError, ValueError):
        return ""
    return str(found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def retire(path: Path, step: Retiring, *, alive: Callable[[], None]) -> bool:
    """Go on with the end of a device from where it is; whether it is one no more.

    False where another device was made of this board since: what was to end is not here any more.

    Args:
        path: the configuration file, which may be gone.
        step: how far it is.
        alive: is called every fraction of a second.

    Raises:
        FacingsError: another agent is at work, or the disk refuses.
    """
    file = OrderFile(path)
    if identity_of(step.certificate) not in {"", step.identity}:
        file.forget()
        return False
    if step.stage == "deliver":
        _deliver(path, step, alive)
        step = _on(file, step, "wipe")
    if step.stage == "wipe":
        with take_lock(step.data / "outbox.db"):  # nobody writes meanwhile
            for one in step.secrets:
                one.unlink(missing_ok=True)
            still = {step.key, step.certificate, *step.others, file.path.resolve()}
            but = {*still, *(step.data / one for one in (*LAST, "outbox.db.lock"))}
            _empty(step.data, but=but)
            _check_empty(step.data, but=but)
        step = _on(file, step, "tell")
    told = False
    if step.stage == "tell":
        told = _tell(step, alive)
        step = _on(file, step, "clear")
    for one in (step.key, step.certificate, *step.others):
        if one != path:
            one.unlink(missing_ok=True)
    _empty(step.data, but={path, file.path.resolve()})
    path.unlink(missing_ok=True)
    file.keep(Retired(at=datetime.now(UTC), told=told))
    log.info("device.retired", told=told)
    return True


def _on(file: OrderFile, step: Retiring, stage: str) -> Retiring:
    after = step.model_copy(update={"stage": stage})
    file.keep(after)
    return after


def _deliver(path: Path, step: Retiring, alive: Callable[[], None]) -> None:
    """Send what waits, as long as there is patience. A configuration that cannot be used keeps nothing from its end."""
    try:
        config = read_config(path)
        address = Address(config.device.tenant, config.device.store, config.device.id)
        leave(config, address)
    except FacingsError as error:
        with take_lock(step.data / "outbox.db"):  # where another agent is at work it is asked again later
            log.warning("retire.not_delivered", why=str(error))
        return
    if step.patience > 0:
        _send(config, address, time.monotonic() + step.patience, alive)


def _send(config: AgentConfig, address: Address, until: float, alive: Callable[[], None]) -> None:
    at_rest, clock = at_rest_of(config), Clock(latest_provable=installed_at())
    spool = EvidenceSpool(config.data / "evidence", max_mb=config.evidence.max_mb, at_rest=at_rest)
    limits = OutboxLimits(max_mb=config.outbox.max_mb, max_hours=config.outbox.max_hours)
    with Outbox.open(
        config.data / "outbox.db", address=address, limits=limits, evidence=spool, at_rest=at_rest
    ) as outbox:
        delivery = Delivery(outbox, broker=broker_settings(config.broker), boot=clock.boot, now=clock.now)
        uploader = uploader_of(config, spool, address)
        delivery.start()
        if uploader is not None:
            uploader.start()
        while time.monotonic() < until and (outbox.depth or (uploader is not None and spool.waiting())):
            alive()
            time.sleep(STEP)
        if uploader is not None:
            uploader.stop()
        delivery.stop(timeout=FAREWELL if delivery.status.connected else 0.0)
        log.info("retire.delivered", left=outbox.depth, pictures=len(spool.waiting()))


def _tell(step: Retiring, alive: Callable[[], None]) -> bool:
    """Say that it is wiped, while there is a key to sign it with; whether the collector has heard."""
    outcome = Outcome(order=step.order, outcome="retired")
    until = time.monotonic() + TELL_SECONDS
    said = False
    while step.key.exists() and step.certificate.exists():
        alive()
        try:
            post(step.url, step.authorities, step.certificate, step.key, outcome)
        except RefusedError as error:
            if error.status in {401, 403}:
                return True  # shut out already: an answer before this one was lost
        except FacingsError as error:
            if not said:
                log.warning("retire.untold", why=str(error))
            said = True
        else:
            return True
        if time.monotonic() > until:
            break
        time.sleep(BETWEEN)
    return False


def _empty(folder: Path, *, but: set[Path]) -> None:
    """Delete what is in a folder; links are removed, and not followed."""
    for one in list(folder.iterdir()) if folder.is_dir() else []:
        if any(one == kept or one in kept.parents for kept in but):
            continue
        if one.is_dir() and not one.is_symlink():
            shutil.rmtree(one, ignore_errors=True)
        with suppress(OSError):
            one.unlink()


def _check_empty(folder: Path, *, but: set[Path]) -> None:
    """Nobody is told that a device is wiped which is not.

    Raises:
        ConfigError: a file is still there.
    """
    for one in folder.rglob("*"):
        if (one.is_symlink() or not one.is_dir()) and not any(one == kept or kept in one.parents for kept in but):
            raise ConfigError(f"{one} cannot be deleted", "give the agent's user the right, or change the disk")
