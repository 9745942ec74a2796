"""A device to be killed: the real outbox and the real delivery, fed from the story of a day.

    python -m tests.faults.unit OUTBOX PORT --steps 300 --pace 0.03

It goes on where the outbox says it was, and ends once everything is told and receipted.
"""

from __future__ import annotations

import argparse
import gc
import signal
import sys
import time
from pathlib import Path

from edge.deliver.delivery import Delivery
from edge.deliver.outbox import Outbox
from edge.deliver.schedule import Schedule, Timing
from edge.deliver.sealing import PLAIN, AtRest, DataKey
from edge.deliver.settings import BrokerSettings, LinkTimes
from tests.faults.story import ADDRESS, BOOT, drafts, stamp

TIMES = LinkTimes(connect=3, connack=3, suback=1, keepalive=5, backoff_first=0.1, backoff_longest=0.5, farewell=1)
TIMING = Timing(first=0.7, longest=2.0)
"""A minute without a receipt is a long time in a test: everything happens about a hundred times as fast."""

SEALED = AtRest(DataKey(bytes(32)), on=True)


def main() -> None:
    """Tell the story from where the outbox left it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("outbox", type=Path)
    parser.add_argument("port", type=int)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--pace", type=float, default=0.0)
    parser.add_argument("--variant", type=int, default=0)
    parser.add_argument("--username")
    parser.add_argument("--census", type=Path, help="where to note the blocks of memory in use")
    parser.add_argument("--every", type=int, default=1000, metavar="STEPS", help="how often to note them")
    parser.add_argument("--linger", action="store_true", help="stay until SIGTERM, to answer the collector")
    parser.add_argument("--sealed", action="store_true", help="encrypt the outbox, also one that was begun in plain")
    given = parser.parse_args()
    at_rest = SEALED if given.sealed else PLAIN
    outbox = Outbox.open(given.outbox, address=ADDRESS, schedule=Schedule(timing=TIMING), at_rest=at_rest)
    broker = BrokerSettings("127.0.0.1", given.port, username=given.username, password=given.username)
    delivery = Delivery(outbox, broker=broker, boot=BOOT, times=TIMES)
    asked_to_end = []
    signal.signal(signal.SIGTERM, lambda *_: asked_to_end.append(True))
    delivery.start()
    while (step := int(outbox.get_state("step") or 0)) < given.steps and not asked_to_end:
        counting = given.census is not None and (step + 1) % given.every == 0
        if counting:  # the step to come takes along what the receipts so far left to be written
            rest(outbox)
        outbox.append(drafts(step, variant=given.variant), stamp=stamp(step), state={"step": str(step + 1)})
        delivery.wake()
        time.sleep(given.pace)
        if counting:
            rest(outbox)
            count(given.census)
    while (given.linger or outbox.figures().depth) and not asked_to_end:
        time.sleep(0.05)
    delivery.stop(1.0)
    outbox.close()
    sys.exit(0)


def rest(outbox: Outbox) -> None:
    """Wait until everything is told and receipted: events that wait for a receipt are held, not leaked."""
    while outbox.depth:
        time.sleep(0.01)
    time.sleep(0.2)  # the last receipt is on its way through the threads


def count(into: Path) -> None:
    """Note how many blocks of memory are in use."""
    gc.collect()
    with into.open("a") as notes:
        notes.write(f"{sys.getallocatedblocks()}\n")


if __name__ == "__main__":
    main()
