"""What a device is to be beside what it is, from its folder alone: agent, models, catalogues, planograms, settings."""

from __future__ import annotations

import json
from datetime import UTC
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import ValidationError

from edge.contract.receipts import ConfigReport
from edge.contract.releases import MODELS, Release
from edge.device.remote_config import REPORT
from edge.update.folder import RELEASE, UpdateFolder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from edge.contract.config import AgentConfig

Part = dict[str, Any]
"""`kind`, `name`, `desired` and `reported` (None: nothing is desired, or nothing is known), `said`."""


def parts_of(config: AgentConfig, versions: Mapping[str, str], release: Mapping[str, Any] | None) -> list[Part]:
    """Desired against reported.

    Args:
        config: the device's own.
        versions: as the last health event told them.
        release: how it stands to its release; None where it takes none.
    """
    number = None if release is None else release["wanted"]
    place = None if number is None else UpdateFolder(config.data).place(number)
    agent, models, catalogues, planograms = _desired(place)
    found = [_part("agent", "", agent, versions.get("agent"))]
    for name, version in sorted(versions.items()):
        kind, _, which = name.partition("/")
        if kind == "models":
            known = models.get(which, [])
            found.append(_part(kind, which, version if version in known else " / ".join(known) or None, version))
        elif kind == "catalogue":
            called = version.rpartition(" ")[0]
            found.append(
                _part(kind, which, f"{called} {catalogues[called]}" if called in catalogues else None, version)
            )
        elif kind == "planogram":
            found.append(_part(kind, which, f"release {number}" if planograms else None, version))
    return [*found, *_configuration(config.data), *_certificate(config)]


def in_words(part: Part) -> str:
    """One part in a line for a person."""
    name = f"{part['kind']} {part['name']}".strip()
    said = f" ({part['said']})" if part["said"] else ""
    reported = part["reported"] or "not told"
    return (
        f"{name}: {reported}{said}"
        if part["desired"] is None
        else f"{name}: desired {part['desired']}, {reported}{said}"
    )


def _part(kind: str, name: str, desired: str | None, reported: str | None, said: str = "") -> Part:
    return {"kind": kind, "name": name, "desired": desired, "reported": reported, "said": said}


def _desired(place: Path | None) -> tuple[str | None, dict[str, list[str]], dict[str, int], bool]:
    """What a release that was fetched holds; nothing of one that was not."""
    try:
        release = None if place is None else Release.model_validate_json((place / RELEASE).read_bytes())
    except (OSError, ValidationError):
        release = None
    if release is None or place is None:
        return None, {}, {}, False
    agent = next((one.agent.version for one in release.bundles if one.agent is not None), None)
    kinds = {one.kind for one in release.bundles}
    return agent, _models(place), _catalogues(place), "planogram" in kinds


def _models(place: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    try:
        for one in json.loads((place / MODELS / "manifest.json").read_bytes())["models"]:
            plain = one.get("precision", "float32") == "float32"
            found.setdefault(one["name"], []).append(
                one["version"] if plain else f"{one['version']}+{one['precision']}"
            )
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return found


def _catalogues(place: Path) -> dict[str, int]:
    found = {}
    for path in place.glob("catalogues/*/catalogue.yaml"):
        try:
            content = yaml.safe_load(path.read_bytes())
            found[str(content["name"])] = int(content.get("version", 1))
        except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError):
            continue
    return found


def _configuration(data: Path) -> list[Part]:
    try:
        report = ConfigReport.model_validate_json((data / REPORT).read_bytes())
    except (OSError, ValidationError):
        return []
    own = report.sha256 == report.configuration
    wanted = None if own else report.sha256[:8]
    said = "; ".join(f"{fault.key}: {fault.reason}" for fault in report.errors) or report.error
    if report.in_force:
        return [_part("configuration", "", wanted, "the device's own" if own else f"{wanted} in force", said)]
    return [_part("configuration", "", wanted, "refused", said)]


def _certificate(config: AgentConfig) -> list[Part]:
    from cryptography import x509

    path = None if config.collector is None else config.collector.cert_file
    if path is None:
        return []
    try:
        one = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError):
        return [_part("certificate", "", None, None, f"{path} cannot be read")]
    begins, ends = one.not_valid_before_utc, one.not_valid_after_utc
    return [_part("certificate", "", f"exchanged from {_day(ends - (ends - begins) / 3)}", f"holds until {_day(ends)}")]


def _day(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d}"
