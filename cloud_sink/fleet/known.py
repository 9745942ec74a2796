"""What is known of the devices of a fleet beside their health, gathered once for many of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from pydantic import ValidationError

from cloud_sink.fleet.abreast import Desired, parts
from cloud_sink.releases.contents import contents_of
from cloud_sink.releases.repository import plan_of, plans
from cloud_sink.store import certified, clones, configured
from edge.contract.payloads import DeviceHealth

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime
    from pathlib import Path

    from cloud_sink.fleet.abreast import Part
    from cloud_sink.fleet.settings import SinkConfig
    from cloud_sink.releases.contents import Contents
    from cloud_sink.store.certified import Certified
    from cloud_sink.store.clones import Clone, Doubt, Named
    from cloud_sink.store.configured import Configured
    from cloud_sink.store.database import Transaction
    from cloud_sink.store.listing import StoredDevice
    from edge.contract.releases import RollOutPlan


@dataclass(frozen=True, slots=True)
class Known:
    """By tenant and device what is known of the fleet."""

    data: Path
    lasts: timedelta  # of a certificate
    plans: Mapping[str, RollOutPlan]
    configured: Mapping[Named, Configured]
    certified: Mapping[Named, Certified]
    authority: str
    clones: Mapping[Named, Clone]
    doubts: Mapping[Named, Doubt]
    _releases: dict[tuple[str, int], Contents | None] = field(default_factory=dict)  # that were looked up

    def parts(self, one: StoredDevice, health: DeviceHealth | None, now: datetime) -> tuple[Part, ...]:
        """Desired against reported of one device."""
        plan = self.plans.get(one.tenant)
        number = None if plan is None else plan.wanted(store=one.store, device=one.device)
        if number is None and plan is None and health is not None and health.release is not None:
            number = health.release.wanted
        named = one.tenant, one.device
        desired = Desired(
            wanted=None if number is None else self._contents(one.tenant, number),
            number=number,
            configured=self.configured.get(named),
            certified=self.certified.get(named),
            authority=self.authority,
            lasts=self.lasts,
        )
        return parts(health, desired, now)

    def _contents(self, tenant: str, number: int) -> Contents | None:
        key = tenant, number
        if key not in self._releases:
            self._releases[key] = contents_of(self.data, tenant, number)
        return self._releases[key]

    def clone(self, one: StoredDevice) -> Clone | None:
        """The other one that speaks under its name, where that is proven."""
        return self.clones.get((one.tenant, one.device))

    def doubt(self, one: StoredDevice) -> Doubt | None:
        """Numbers of its that came twice."""
        return self.doubts.get((one.tenant, one.device))


def known_of(
    connection: Transaction,
    config: SinkConfig,
    tenant: str | None,
    now: datetime,
    *,
    devices: Collection[str] | None = None,
) -> Known:
    """Gather what is known of a tenant's devices, of some of them, or of all."""
    plan = None if tenant is None else plan_of(config.data, tenant)
    return Known(
        data=config.data,
        lasts=timedelta(days=config.trust.certificate_days),
        plans=plans(config.data) if tenant is None else {} if plan is None else {tenant: plan},
        configured=configured.of_devices(connection, tenant, devices),
        certified=certified.of_devices(connection, tenant, devices),
        authority=certified.issuing(connection),
        clones=clones.standing(connection, tenant, only=devices),
        doubts=clones.doubts(connection, tenant, now, only=devices),
    )


def health_of(text: str | None) -> DeviceHealth | None:
    """A health report as it is stored; None where there is none that can be understood."""
    try:
        return None if text is None else DeviceHealth.model_validate_json(text)
    except ValidationError:
        return None
