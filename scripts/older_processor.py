"""`./scripts/bench older`: the same bench as on a processor that lacks instructions. Runs inside gdb.

ONNX Runtime chooses its kernels by asking the processor (CPUID) when it is loaded; no variable or option of its own
turns an instruction set off. Here each answer to its library passes through a debugger, which clears the bits of what
LACKS names: `amx`, `vnni`, `avx512`, commas between. Needs gdb, objdump and an x86-64 processor.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import gdb  # type: ignore[import-untyped]

_LIBRARY = "onnxruntime_pybind11_state"
_LENGTH = 2  # bytes of the instruction
_BITS = {  # leaf, subleaf, register, bits: Intel 64 and IA-32 Software Developer's Manual, volume 2A, CPUID
    "amx": [(7, 0, "rdx", (22, 24, 25)), (7, 1, "rax", (21,))],
    "vnni": [(7, 0, "rcx", (11,)), (7, 1, "rax", (4,)), (7, 1, "rdx", (4, 10))],
    "avx512": [(7, 0, "rbx", (16, 17, 21, 26, 27, 28, 30, 31)), (7, 0, "rcx", (1, 6, 11, 12, 14)), (7, 1, "rax", (5,))],
}


def _register(name: str) -> int:
    return int(gdb.parse_and_eval(f"${name}")) & 0xFFFFFFFF


class Question(gdb.Breakpoint):  # type: ignore[misc]  # gdb is untyped
    """Before a CPUID instruction: what each thread asks, as leaf and subleaf."""

    asked: dict[tuple[int, int, int], tuple[int, int]] = {}  # noqa: RUF012 - one record for all of its kind

    def stop(self) -> bool:
        """Note it; the program goes on."""
        self.asked[gdb.selected_thread().ptid] = (_register("rax"), _register("rcx"))
        return False


class Answer(gdb.Breakpoint):  # type: ignore[misc]
    """After it: what is lacking is cleared from the answer."""

    changed = 0

    def stop(self) -> bool:
        """Clear the bits; the program goes on."""
        question = Question.asked.pop(gdb.selected_thread().ptid, None)
        for name in os.environ["LACKS"].split(","):
            for leaf, subleaf, register, bits in _BITS[name]:
                if question == (leaf, subleaf):
                    gdb.execute(f"set ${register} = {_register(register) & ~sum(1 << bit for bit in bits)}")
                    Answer.changed += 1
        return False


def watch(event: gdb.NewObjFileEvent) -> None:
    """Stand before and after each CPUID instruction of the library once it is mapped, before it runs."""
    path = event.new_objfile.filename
    if _LIBRARY not in path:
        return
    maps = Path(f"/proc/{gdb.selected_inferior().pid}/maps").read_text(encoding="utf-8")
    start = next(int(line.split("-")[0], 16) for line in maps.splitlines() if line.endswith(path))
    command = ["objdump", "-d", "--no-show-raw-insn", path]
    listing = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - a file that is loaded
    for line in listing.stdout.splitlines():
        place, _, instruction = line.partition(":")
        if instruction.strip() == "cpuid":
            Question(f"*{start + int(place, 16)}", internal=True)
            Answer(f"*{start + int(place, 16) + _LENGTH}", internal=True)


if __name__ == "__main__":
    gdb.execute("set print thread-events off")
    gdb.events.new_objfile.connect(watch)
    gdb.execute("run")
    sys.stdout.write(f"lacking {os.environ['LACKS']}: {Answer.changed} answers changed\n")
