"""`python -m models.scenes`: render the demo's day, its pack shots, or random shelves to train on."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from edge.contract.errors import FacingsError

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)
Out = Annotated[Path, typer.Option("--out", help="Folder to write into; made when absent.")]


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{done}/{total}" + ("\n" if done == total else ""))
        sys.stderr.flush()


@app.command()
def demo(out: Out) -> None:
    """Render the demo's day.

    Example: python -m models.scenes demo --out configs/demo
    """
    from models.scenes.writing import write_demo  # noqa: PLC0415 - OpenCV waits until the command runs

    write_demo(out, _progress)


@app.command()
def packshots(
    out: Out,
    count: Annotated[int, typer.Option(min=1, help="Pictures of each product.")] = 8,
    size: Annotated[int, typer.Option(min=32, help="Longer side in pixels.")] = 320,
) -> None:
    """Render pack shots of the demo's catalogue.

    Example: python -m models.scenes packshots --out runs/packshots
    """
    from models.scenes.demo import catalogue_products  # noqa: PLC0415 - OpenCV waits until the command runs
    from models.scenes.writing import write_pack_shots  # noqa: PLC0415 - the same

    write_pack_shots(out, catalogue_products(), count=count, size=size, report=_progress)


@app.command()
def catalogue(
    out: Out,
    count: Annotated[int, typer.Option(min=1, help="Pack shots of each product.")] = 8,
) -> None:
    """Enrol the demo's products from rendered pack shots and photographs of the cooler on the day it was filled.

    Again whenever the embedder changes.

    Example: python -m models.scenes catalogue --out configs/catalogues/demo
    """
    from models.scenes.demo import catalogue_products, installation  # noqa: PLC0415 - OpenCV waits until it runs
    from models.scenes.enrolment import enrol_products  # noqa: PLC0415 - the same

    enrol_products(catalogue_products(), installation(), name=out.name, shots=count).save(out)


@app.command()
def shelves(
    out: Out,
    count: Annotated[int, typer.Option(min=1, help="Pictures to render.")] = 100,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the series.")] = 1,
    gondolas: Annotated[float, typer.Option(min=0, max=1, help="Share of close-ups of supermarket shelves.")] = 0.35,
) -> None:
    """Render random shelves of training products as a COCO data set.

    Example: python -m models.scenes shelves --out runs/shelves --count 500 --seed 1
    """
    from models.scenes.writing import write_shelves  # noqa: PLC0415 - OpenCV waits until the command runs

    write_shelves(out, count=count, seed=seed, gondolas=gondolas, report=_progress)


@app.command()
def physical(
    out: Out,
    count: Annotated[int, typer.Option(min=1, help="Pictures to render.")] = 10,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the series.")] = 1,
    samples: Annotated[int, typer.Option(min=4, help="Paths of light a pixel, traced in four parts.")] = 16,
    gondolas: Annotated[float, typer.Option(min=0, max=1, help="Share of close-ups of supermarket shelves.")] = 0.35,
) -> None:
    """Render the scenes of `shelves` with a path tracer (needs the extra `render`): slower, more like photographs.

    Example: python -m models.scenes physical --out runs/physical --count 10 --seed 1
    """
    from models.scenes.writing import write_physical_shelves  # noqa: PLC0415 - OpenCV waits until the command runs

    write_physical_shelves(out, count=count, seed=seed, gondolas=gondolas, samples=samples, report=_progress)


def main() -> None:
    """Run, and turn an error of the project into one line and exit code 1."""
    try:
        app()
    except FacingsError as error:
        typer.echo(f"error: {error}", err=True)
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
