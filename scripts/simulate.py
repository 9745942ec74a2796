"""How well analyses hold what they say, over simulated stores of which the truth is known; tables on stdout."""

from __future__ import annotations

from typing import Annotated

import simulated_demand
import simulated_promotions
import typer

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)
Seed = Annotated[int, typer.Option(help="of chance")]


@app.command(epilog="Example: ./scripts/simulate promotion --runs 1000")
def promotion(
    *, runs: Annotated[int, typer.Option(min=1, help="data sets with and without an effect")] = 300, seed: Seed = 1
) -> None:
    """How often intervals hold the effect, and how often an effect is seen where there is none."""
    for line in simulated_promotions.measure(runs, seed):
        typer.echo(line)


@app.command(epilog="Example: ./scripts/simulate replenishment --runs 1000")
def replenishment(
    *,
    runs: Annotated[int, typer.Option(min=20, help="series of sales; a twentieth as many chains")] = 200,
    seed: Seed = 1,
) -> None:
    """How often a refill is enough, and how often what is told to run out does."""
    for line in simulated_demand.measure(runs, seed):
        typer.echo(line)


if __name__ == "__main__":
    app()
