"""Kills a device at every line of its provisioning, and lets it go on: `python -m tests.integration.cuts FOLDER CLAIM`.

A process of its own without threads, which forks one child for each line and kills it there with SIGKILL.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge.contract.provisioning import parse_claim
from edge.device import device_key, provision, whole_file
from edge.device.settings import read_config

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

FILES = frozenset(str(one.__file__) for one in (device_key, provision, whole_file))


def killed_at(line: int, work: Callable[[], object], files: frozenset[str] = FILES) -> bool:
    """Whether a child that does the work was killed before the line of that number; False: it came to its end.

    Lines are those that run, in their order, of some files.
    """
    child = os.fork()
    if child == 0:
        seen = itertools.count(1)

        def local(_frame: FrameType, event: str, _argument: Any) -> Any:
            if event == "line" and next(seen) == line:
                os.kill(os.getpid(), signal.SIGKILL)
            return local

        sys.settrace(lambda frame, _event, _argument: local if frame.f_code.co_filename in files else None)
        try:
            work()
            os._exit(0)
        except BaseException:  # noqa: BLE001 - the parent is told
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.waitstatus_to_exitcode(status) == 0
    return os.WIFSIGNALED(status)


def let_in(folder: Path, text: str) -> None:
    """All that is done until a device is in."""
    answer = provision.ask_in(folder, parse_claim(text), provision.Wish(), waits=print)
    assert answer.granted is not None
    provision.write_files(folder, answer.granted, provision.Wish())


def keys(folder: Path) -> int:
    """Kill it at every line of making a key; the next try has a whole one."""
    for line in itertools.count(1):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        path = folder / provision.KEY
        killed = killed_at(line, lambda: device_key.device_key(path))  # noqa: B023 - called at once
        device_key.device_key(path)
        assert path.stat().st_mode & 0o777 == 0o600
        if not killed:
            return line
    raise AssertionError


def files(folder: Path, text: str) -> tuple[int, set[str]]:
    """Kill it at every line of coming in; the next try ends well. The certificates that it got."""
    certificates = set()
    for line in itertools.count(1):
        for path in folder.iterdir():
            if path.name != provision.KEY:
                path.unlink()
        killed = killed_at(line, lambda: let_in(folder, text))
        if (folder / provision.CONFIGURATION).exists():  # then it is in, and everything else is there
            config = read_config(folder / provision.CONFIGURATION)
            assert config.broker.cert_file is not None
            assert config.broker.cert_file.read_text().endswith("-----END CERTIFICATE-----\n")
        assert not killed_at(0, lambda: let_in(folder, text))
        certificates.add((folder / provision.CERTIFICATE).read_text())
        if not killed:
            return line, certificates
    raise AssertionError


if __name__ == "__main__":
    place = Path(sys.argv[1])
    made = keys(place)
    came, got = files(place, sys.argv[2])
    sys.stdout.write(json.dumps({"keys": made, "files": came, "certificates": len(got)}) + "\n")
