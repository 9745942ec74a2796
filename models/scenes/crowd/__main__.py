"""`python -m models.scenes.crowd`: count simulated crowds with exact truth."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from enum import StrEnum
from typing import Annotated

import typer

from models.scenes.crowd.noise import MEASURED, USUAL
from models.scenes.crowd.score import Setting, score


class Noise(StrEnum):
    """Whose errors are simulated."""

    usual = "usual"
    measured = "measured"


def main(  # noqa: PLR0917 - typer makes options of them
    crossings: Annotated[int, typer.Option(min=1, help="True crossings to simulate.")] = 10_000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the crowd.")] = 1,
    frames: Annotated[float, typer.Option(min=1, max=60, help="Frames a second.")] = 10.0,
    groups: Annotated[float, typer.Option(min=0.01, max=5, help="Groups of people that come in a second.")] = 0.2,
    noise: Annotated[Noise, typer.Option(help="usual: worse than our detector; measured: as its card has it.")] = (
        Noise.usual
    ),
    miss: Annotated[float | None, typer.Option(min=0, max=0.9, help="Share of the frames that miss somebody.")] = None,
    jitter: Annotated[float | None, typer.Option(min=0, max=0.5, help="Of each edge, in heights.")] = None,
    false: Annotated[float | None, typer.Option(min=0, max=10, help="False boxes a frame.")] = None,
    hidden: Annotated[
        float | None, typer.Option(min=0, max=1, help="Visible share at which half of the people are missed.")
    ] = None,
) -> None:
    """Print precision and recall of the crossings counted, as JSON.

    Example: python -m models.scenes.crowd --crossings 10000 --frames 10
    """
    given = {"miss": miss, "jitter": jitter, "false": false, "hidden": hidden}
    errors = replace(
        MEASURED if noise is Noise.measured else USUAL,
        **{name: value for name, value in given.items() if value is not None},
    )
    setting = Setting(frames=frames, groups_per_second=groups, noise=errors)
    figures = score(setting, crossings=crossings, seed=seed)
    told = {"seed": seed, "frames_per_second": frames, "groups_per_second": groups, "noise": asdict(errors)}
    typer.echo(json.dumps({**told, **figures}, indent=2))


if __name__ == "__main__":
    typer.run(main)
