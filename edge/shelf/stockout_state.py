"""The state of the stock-out tracker as plain values, for whoever keeps it over a restart."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from edge.shelf.stockouts import Episode, Run, StockoutTracker, Watch

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION = 1


def tracker_to_dict(state: StockoutTracker) -> dict[str, Any]:
    """The state as values that JSON can hold."""
    return {
        "version": VERSION,
        "at": state.at.isoformat() if state.at else None,
        "capture": state.capture,
        "watches": {
            sku: {
                "ever_seen": watch.ever_seen,
                "absent": _run_to_dict(watch.absent),
                "episode": {"id": watch.episode.id, "since": watch.episode.since.isoformat()}
                if watch.episode
                else None,
                "back": _run_to_dict(watch.back),
            }
            for sku, watch in state.watches.items()
        },
    }


def tracker_from_dict(data: Mapping[str, Any]) -> StockoutTracker:
    """The state from what `tracker_to_dict` made, before or after a way through JSON.

    Raises:
        ValueError: the values are of another version, or are no state.
    """
    try:
        version = data["version"]
        if version != VERSION:
            raise ValueError(f"the stock-out state has version {version!r}, not {VERSION}")
        return StockoutTracker(
            at=_time(data["at"]) if data["at"] else None,
            capture=str(data["capture"]),
            watches={str(sku): _watch(watch) for sku, watch in data["watches"].items()},
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"the values are no stock-out state: {error!r}") from None


def _watch(data: Mapping[str, Any]) -> Watch:
    episode = data["episode"]
    return Watch(
        ever_seen=bool(data["ever_seen"]),
        absent=_run(data["absent"]),
        episode=Episode(str(episode["id"]), _time(episode["since"])) if episode else None,
        back=_run(data["back"]),
    )


def _run_to_dict(run: Run | None) -> dict[str, Any] | None:
    if run is None:
        return None
    return {
        "since": run.since.isoformat(),
        "opening_seconds": run.opening_seconds,
        "count": run.count,
        "captures": list(run.captures),
        "sure": run.sure,
        "doubt": run.doubt,
    }


def _run(data: Mapping[str, Any] | None) -> Run | None:
    if data is None:
        return None
    captures = tuple(str(capture) for capture in data["captures"])
    count = int(data["count"])
    # A run kept before unsure facings were weighed holds captures that recognised the SKU, or none that did.
    return Run(
        _time(data["since"]),
        float(data["opening_seconds"]),
        count,
        captures,
        sure=int(data.get("sure", count)),
        doubt=float(data.get("doubt", 1.0)),
    )


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(f"the time {text} of a stock-out state has no time zone")
    return time
