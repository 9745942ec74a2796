"""A desired configuration: a merge patch on the device's own, and what of that may be asked for from afar.

The document on `config` is a JSON merge patch (RFC 7396): what it does not name stays as the device's file says, null
takes a key back to its default. Cameras and fixtures are named by their ids; a list takes the place of all of them. A
whole configuration is a merge patch too: what it repeats changes nothing, and only what differs is judged.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError

from edge.contract.config.agent import AgentConfig
from edge.contract.config.section import Section
from edge.contract.config.sources import FolderSource, VideoSource
from edge.contract.config.traffic import TrafficCameraSection
from edge.contract.errors import ConfigError
from edge.contract.files import without_echoes
from edge.contract.receipts import MAX_FAULTS, ConfigFault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

MAX_BYTES = 256 * 1024

BY_ID = ("cameras", "fixtures", "traffic")

WHOLE = "document"
"""Stands for the key where a fault is the whole document's."""

_LONGEST = 500

CHANGEABLE = frozenset({"zone", "hours", "models", "cameras", "fixtures", "traffic", "evidence", "health_every"})
"""Sections that a desired configuration may change. A section that is not named here is the device's alone."""

_DEVICES_OWN = {
    "device": "who a device is, is set on the device",
    "data": "where a device keeps its events is set on the device",
    "broker": "whom a device trusts is set on the device",
    "collector": "where pictures go is set on the device",
    "updates": "whom a device takes releases from is set on the device",
    "at_rest": "whether a device encrypts what it keeps is set on the device",
    "outbox": "the outbox's bounds are set on the device: under lower ones events would be dropped",
}

_KEPT_PICTURES = {"never": 0, "daily": 1, "on_change": 1, "always": 2}


class DesiredRefusedError(ConfigError):
    """A desired configuration that will not be in force; nothing of it is.

    Args:
        faults: each key and the reason.
    """

    def __init__(self, faults: Iterable[ConfigFault]) -> None:
        self.faults = tuple(faults)
        first, more = self.faults[0], len(self.faults) - 1
        super().__init__(f"{first.key}: {first.reason}{f'; and {more} more' if more else ''}")


@dataclass(frozen=True, slots=True)
class Change:
    """One key whose value differs between two configurations. None: not there."""

    path: tuple[str, ...]  # with ids in place of numbers
    before: object
    after: object

    @property
    def key(self) -> str:
        """As people write it."""
        return ".".join(self.path)


def desire(filed: AgentConfig, document: bytes, *, folder: Path) -> AgentConfig:
    """The configuration that a desired one makes of the device's own.

    Args:
        filed: the device's own, its paths resolved.
        document: the desired one, as it came.
        folder: from which relative paths are taken: that of the device's file.

    Raises:
        DesiredRefusedError: with every fault.
    """
    content = merge(json.loads(filed.model_dump_json(exclude_unset=True)), _read(document))
    try:
        wanted = AgentConfig.model_validate(content).relative_to(folder)
    except ValidationError as error:
        found = without_echoes(error.errors(include_url=False, include_input=False))
        raise DesiredRefusedError(
            fault(key_in(content, one["loc"]), _said(one)) for one in found[:MAX_FAULTS]
        ) from None
    refused = [
        fault(change.key, reason)
        for change in changes(filed, wanted)
        if (reason := refusal(change, wanted)) is not None
    ]
    if refused:
        raise DesiredRefusedError(refused[:MAX_FAULTS])
    return wanted


def fault(key: str, reason: str) -> ConfigFault:
    """A key and what is wrong with it, short enough to be sent."""
    return ConfigFault(key=(key or WHOLE)[:_LONGEST], reason=reason[:_LONGEST])


def merge(content: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration with a merge patch laid on it; neither is changed.

    Raises:
        DesiredRefusedError: a camera or fixture is given another id than the one it is named by.
    """
    merged = dict(content)
    for name, value in patch.items():
        if name in BY_ID and isinstance(value, dict):
            merged[name] = _merge_items(content.get(name, []), value, of=name)
        elif value is None:
            merged.pop(name, None)
        else:
            merged[name] = _merge_value(merged.get(name), value)
    return merged


def _merge_items(items: list[Any], patch: Mapping[str, Any], *, of: str) -> list[Any]:
    merged = {item["id"]: item for item in items}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
            continue
        item = _merge_value(merged.get(name, {"id": name}), value)
        if isinstance(item, dict) and item.get("id") != name:
            raise DesiredRefusedError([fault(f"{of}.{name}.id", "the id is the key it stands under; leave it out")])
        merged[name] = item
    return list(merged.values())


def _merge_value(value: object, patch: object) -> object:
    if not isinstance(patch, dict):
        return patch
    before = value if isinstance(value, dict) else {}
    if patch.get("kind", before.get("kind")) != before.get(
        "kind"
    ):  # the keys of a USB camera are not those of a stream
        before = {}
    merged = {name: one for name, one in before.items() if patch.get(name, one) is not None}
    return merged | {name: _merge_value(merged.get(name), one) for name, one in patch.items() if one is not None}


def changes(before: Section, after: Section, *, path: tuple[str, ...] = ()) -> Iterator[Change]:
    """Every key whose value differs; items with an id are compared by it, whatever their order."""
    for name in type(after).model_fields:
        yield from _differing(getattr(before, name), getattr(after, name), (*path, name))


def _differing(old: object, new: object, path: tuple[str, ...]) -> Iterator[Change]:
    if isinstance(old, Section) and isinstance(new, Section) and type(old) is type(new):
        yield from changes(old, new, path=path)
    elif path[-1] in BY_ID and isinstance(old, tuple) and isinstance(new, tuple):
        olds, news = ({item.id: item for item in items} for items in (old, new))
        for name in [*olds, *(name for name in news if name not in olds)]:
            yield from _differing(olds.get(name), news.get(name), (*path, name))
    elif old != new:
        yield Change(path, old, new)


def refusal(change: Change, wanted: AgentConfig) -> str | None:
    """Why a key may not be changed from afar; None when it may."""
    section = change.path[0]
    if section not in CHANGEABLE:
        return _DEVICES_OWN.get(section, "is set on the device alone")
    return next((reason for forbids, reason in _RULES if forbids(change, wanted)), None)


def _names_a_file(change: Change, _wanted: AgentConfig) -> bool:
    # A camera or fixture that goes away takes its paths along; one that comes may bring none.
    sides = (change.after,) if isinstance(change.before, Section) else (change.before, change.after)
    return any(isinstance(value, Path) for side in sides for value in _parts(side))


def _shows_files(change: Change, _wanted: AgentConfig) -> bool:
    return any(isinstance(value, FolderSource | VideoSource) for value in _parts(change.after))


def _tells_what_pictures_are(change: Change, _wanted: AgentConfig) -> bool:
    return change.path[-1] in {"simulated", "times", "day", "recorded"}


def _keeps_more(change: Change, _wanted: AgentConfig) -> bool:
    if change.path != ("evidence", "keep"):
        return False
    return _KEPT_PICTURES[str(change.after)] >= _KEPT_PICTURES[str(change.before)]


def _is_of_pictures_kept(change: Change, wanted: AgentConfig) -> bool:
    if change.path[0] == "evidence":
        return change.path != ("evidence", "keep")
    return change.path[-1] == "region" and wanted.evidence.keep != "never"


def _tells_more_of_people(change: Change, _wanted: AgentConfig) -> bool:
    if change.path[0] != "traffic":
        return False
    if change.path[-1] == "min_count":
        return cast("int", change.after) < cast("int", change.before)
    return change.before is None and isinstance(change.after, TrafficCameraSection)


_RULES: tuple[tuple[Callable[[Change, AgentConfig], bool], str], ...] = (
    (_shows_files, "pictures of a folder or a file take a camera's place on the device alone"),
    (_names_a_file, "names a file of the device: files, and what points to them, come with signed bundles"),
    (_tells_what_pictures_are, "whether pictures are those of a real camera is set on the device"),
    (_keeps_more, "from afar fewer pictures can be asked for, not more or others"),
    (_tells_more_of_people, "whose numbers are told, and how small they may be, is set on the device"),
    (_is_of_pictures_kept, "decides what of pictures is kept, and is set on the device"),
)


def _parts(value: object) -> Iterator[object]:
    """A value and all that is in it."""
    yield value
    if isinstance(value, Section):
        for _, inner in value:
            yield from _parts(inner)
    elif isinstance(value, tuple):
        for inner in value:
            yield from _parts(inner)


def _read(document: bytes) -> dict[str, Any]:
    if len(document) > MAX_BYTES:
        raise DesiredRefusedError([fault(WHOLE, f"{len(document)} bytes, at most {MAX_BYTES}")])
    try:
        content = json.loads(document)
    except (ValueError, RecursionError):
        raise DesiredRefusedError([fault(WHOLE, "is not JSON")]) from None
    if not isinstance(content, dict):
        raise DesiredRefusedError([fault(WHOLE, "is no JSON object")])
    return content


def _said(detail: Any) -> str:
    match detail["type"]:
        case "extra_forbidden":
            return "unknown key"
        case "missing":
            return "is missing"
        case _:  # what was given may hold a password, and is not repeated
            return str(detail["msg"]).removeprefix("Value error, ")


def key_in(content: object, loc: tuple[int | str, ...]) -> str:
    """The key of a pydantic location: ids in place of numbers, tags of unions left out."""
    steps, place = [], content
    for number, step in enumerate(loc):
        if isinstance(place, dict) and step in place:
            place = place[step]
            steps.append(str(step))
        elif isinstance(place, list) and isinstance(step, int) and step < len(place):
            place = place[step]
            steps.append(str(place.get("id", step)) if isinstance(place, dict) else str(step))
        elif number == len(loc) - 1:
            steps.append(str(step))
    return ".".join(steps)
