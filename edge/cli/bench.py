"""`edge bench`: how fast recognition is on this device."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from edge.recognise.catalogue_speed import CatalogueTiming
    from edge.recognise.speed import Timing


def bench(
    *,
    threads: int = typer.Option(2, min=1, max=64, help="Threads of one inference."),
    rounds: int = typer.Option(30, min=1, help="Times each model is run."),
    models: Path | None = typer.Option(None, metavar="DIR", help="Folder of models with a manifest.json."),
    enrolled: int = typer.Option(1000, "--enrol", min=0, help="SKUs that are enrolled; 0: enrolling is left out."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """Time detector and recogniser on a drawn shelf of 640 x 640 pixels with 35 facings, every precision that is here.

    Then the recogniser among 10,000 SKUs beside 200, and the enrolment of 1,000. What is compared takes turns, so the
    ratios hold on a busy device too; the milliseconds hold on an idle one.

    Example: edge bench --threads 2
    """
    from edge.recognise.catalogue_speed import measure_catalogue
    from edge.recognise.manifest import MODELS
    from edge.recognise.speed import measure_speed

    if sys.stderr.isatty():
        typer.echo(f"running every model {rounds} times", err=True)
    timings = measure_speed(folder=models or MODELS, threads=threads, rounds=rounds)
    if sys.stderr.isatty():
        typer.echo(f"naming facings among many SKUs, enrolling {enrolled}", err=True)
    large = measure_catalogue(folder=models or MODELS, threads=threads, rounds=rounds, enrolled=enrolled)
    report = {
        "threads": threads,
        "rounds": rounds,
        **machine(),
        "models": [asdict(timing) for timing in timings],
        "catalogue": asdict(large),
    }
    sys.stdout.write(json.dumps(report) + "\n" if as_json else in_words(report, timings) + catalogue_in_words(large))


def machine() -> dict[str, Any]:
    """What the figures were taken on: processor, its vector instructions, how busy it is, what this process holds."""
    import os
    import platform
    from importlib.metadata import version

    import psutil

    flags = _cpu_flags()
    return {
        "processor": flags.get("model name") or platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "instructions": [
            name for name in INSTRUCTIONS if name in flags.get("flags", flags.get("Features", "")).split()
        ],
        "load": round(os.getloadavg()[0], 2),
        "onnxruntime": version("onnxruntime"),
        "memory_mb": round(psutil.Process().memory_info().rss / 1e6, 1),
    }


INSTRUCTIONS = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8", "asimd", "asimddp", "i8mm")
"""Those that decide how fast INT8 is: dot products of bytes above all."""


def _cpu_flags() -> dict[str, str]:
    """The first processor of /proc/cpuinfo; empty where there is none."""
    path = Path("/proc/cpuinfo")
    if not path.is_file():
        return {}
    first = path.read_text(encoding="utf-8").split("\n\n")[0]
    pairs = (line.partition(":") for line in first.splitlines())
    return {key.strip(): value.strip() for key, _, value in pairs}


def in_words(report: dict[str, Any], timings: list[Timing]) -> str:
    """The figures as a technician reads them."""
    lines = [
        f"{report['processor']}, {report['cores']} cores, {' '.join(report['instructions'])}, load {report['load']}",
        f"onnxruntime {report['onnxruntime']}, {report['threads']} threads, {report['rounds']} rounds",
        f"{'640 px, 35 facings':<20}{'precision':<10}{'median':>10}{'ratio':>8}{'GMACs':>8}{'MB':>7}",
    ]
    lines += [
        f"{one.what:<20}{one.precision:<10}{one.median_ms:>7.1f} ms{one.ratio:>8.2f}{one.gmacs:>8.2f}"
        f"{one.megabytes:>7.1f}{'  used by the agent' if one.default else ''}"
        for one in timings
    ]
    return "\n".join(lines) + "\n"


def catalogue_in_words(large: CatalogueTiming) -> str:
    """What a large catalogue costs, as a technician reads it."""
    named = (
        f"{large.facings} facings among {large.large_skus:,} SKUs of {large.references} references: "
        f"{large.large_ms:.1f} ms, {large.ratio:.2f} of the time among {large.small_skus}; "
        f"{large.large_ms_a_facing:.2f} ms a facing, search alone {large.large_search_ms:.1f} ms in all\n"
    )
    if not large.enrolled:
        return named
    return named + (
        f"enrolling {large.enrolled:,} SKUs from {large.pictures} pictures each: {large.enrol_ms_a_sku:.1f} ms a SKU; "
        f"of all that, writing took {large.save_ms:.0f} ms\n"
    )
