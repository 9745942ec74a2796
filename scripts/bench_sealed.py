"""What encryption at rest costs an outbox: appends in plain and sealed, in turns. See `./scripts/bench sealed`."""

from __future__ import annotations

import json
import os
import random
import secrets
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median

import typer
from wear import ADDRESS, BEGAN, TYPICAL, camera_memory, payload

from edge.deliver.envelope import Draft, Stamp
from edge.deliver.evidence import EvidenceSpool
from edge.deliver.outbox import Outbox
from edge.deliver.sealing import KEY_BYTES, PLAIN, AtRest, DataKey

PICTURE = b"\xff\xd8\xff" + bytes(200_000)
"""As long as a JPEG of a cooler; what is in it makes no difference."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Medians of all rounds; a ratio above 1 says that sealing takes longer."""

    append_ms: float  # in plain: one observation of 40 facings and its camera's memory, synced
    append_ratio: float
    picture_ms: float
    picture_ratio: float
    file_ratio: float  # bytes of the outbox
    load: float  # of the machine meanwhile

    @property
    def in_words(self) -> str:
        """Three lines."""
        return (
            f"an observation of {TYPICAL.facings} facings: {self.append_ms:.2f} ms in plain, "
            f"sealed {self.append_ratio:.2f} times that\n"
            f"a picture of 200 KB: {self.picture_ms:.2f} ms in plain, sealed {self.picture_ratio:.2f} times that\n"
            f"the outbox's file: sealed {self.file_ratio:.2f} times as long; load {self.load:.1f}"
        )


def sealed(
    *,
    rounds: int = typer.Option(9, min=3, help="Rounds of each, in turns."),
    appends: int = typer.Option(100, min=1, help="Observations and pictures in a round."),
    folder: Path | None = typer.Option(None, help="A folder on the disk to measure on; /dev/shm leaves the disk out."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """Take in the same observations and pictures in plain and sealed, and compare.

    Example: ./scripts/bench sealed
    """
    keys = (PLAIN, AtRest(DataKey(secrets.token_bytes(KEY_BYTES)), on=True))
    with tempfile.TemporaryDirectory(prefix="facings-sealed-", dir=folder) as scratch:
        both = [Path(scratch) / name for name in ("plain", "sealed")]
        turns = list(zip(both, keys, strict=True))
        seconds = [[_round(place, at_rest, appends) for place, at_rest in turns] for _ in range(rounds)]
        sizes = [(place / "outbox.db").stat().st_size for place in both]
    plain, other = zip(*seconds, strict=True)
    cost = Cost(
        append_ms=1000 * median(one[0] for one in plain),
        append_ratio=median(b[0] / a[0] for a, b in zip(plain, other, strict=True)),
        picture_ms=1000 * median(one[1] for one in plain),
        picture_ratio=median(b[1] / a[1] for a, b in zip(plain, other, strict=True)),
        file_ratio=sizes[1] / sizes[0],
        load=os.getloadavg()[0],
    )
    typer.echo(json.dumps(asdict(cost)) if as_json else cost.in_words)


def _round(place: Path, at_rest: AtRest, appends: int) -> tuple[float, float]:
    """Seconds of one append and of one picture."""
    rng = random.Random(1)  # noqa: S311 - the same goods in every round
    stamp = Stamp("Asia/Ho_Chi_Minh", "synced", "b" * 32, 0)
    spool = EvidenceSpool(place / "evidence", max_mb=500, at_rest=at_rest)
    with Outbox.open(place / "outbox.db", address=ADDRESS, at_rest=at_rest) as outbox:
        drafts = [Draft(BEGAN + timedelta(minutes=n), payload("captures", n, TYPICAL, rng)) for n in range(appends)]
        memory = camera_memory(rng, TYPICAL.facings)
        began = time.perf_counter()
        for draft in drafts:
            outbox.append([draft], stamp=stamp, state={"camera/cam-1": memory})
        appended = time.perf_counter()
        for number in range(appends):
            spool.remove(spool.put(PICTURE + number.to_bytes(4, "big")))
    return (appended - began) / appends, (time.perf_counter() - appended) / appends


if __name__ == "__main__":
    typer.run(sealed)
