"""Verbs of experiments: simulated sites to learn on, the search for good options, the tables of a paper."""

from pathlib import Path
from typing import Annotated

import typer

from highwall.cli.apps import app
from highwall.cli.arguments import Out
from highwall.cli.labels import dataset_app
from highwall.cli.telling import telling


@dataset_app.command("simulate")
def dataset_simulate(
    out: Out,
    sites: Annotated[int | None, typer.Option(min=3, help="Number of places; 24 if none is given.")] = None,
    side: Annotated[
        int | None, typer.Option(help="Side of a scene [px of 10 m], a multiple of 6; 384 if none.")
    ] = None,
    years: Annotated[str | None, typer.Option(help="First and last year of the series; 2016-2022 if none.")] = None,
    without_mine: Annotated[
        float | None, typer.Option(help="Share of places that only look like mines; 0.15 if none.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Same seed, same sites; 0 if none.")] = None,
    config: Annotated[
        Path | None, typer.Option(help="YAML of all options, weather among them; the others here go before it.")
    ] = None,
) -> None:
    """Simulate many mines and look-alikes, year by year. Leaves scenes, labels and sites.csv for `dataset build`."""
    from highwall.workflows.datasets.simulate import options_of, simulate_dataset

    changes = {"n_sites": sites, "side_px": side, "without_mine": without_mine, "first_seed": seed}
    with telling() as say:
        written = simulate_dataset(out, options=options_of(config, changes, years=years), advance=say.advance)
    typer.echo(
        f"{written.n_scenes} simulated scenes. Now run: highwall dataset build {written.scenes} {written.labels} "
        f"--sites {written.sites} --out {out / 'dataset'}"
    )


@app.command()
def tune(
    config: Annotated[Path, typer.Argument(help="YAML of the search; examples/minecam/tune.yaml is one.")], out: Out,
    trials: Annotated[int | None, typer.Option(min=1, help="Trials in all; by default as the YAML says.")] = None,
    storage: Annotated[
        str | None, typer.Option(help="Database shared by several workers: sqlite:///FILE, postgresql://USER@HOST/NAME.")
    ] = None,
    study: Annotated[str, typer.Option(help="Name of the study in it.")] = "highwall",
    test: Annotated[bool, typer.Option(help="Judge the choice on the test split, once, after the trials.")] = True,
) -> None:  # fmt: skip
    """Search for the best training options by validation scores. Stopped, or started twice, it goes on."""
    from rich.console import Console

    from highwall.workflows.training.console import tuned_table
    from highwall.workflows.training.tune import tune as work

    with telling() as say:
        found = work(
            config, out, n_trials=trials, storage=storage, name=study, with_test=test, say=say, advance=say.advance
        )
    Console().print(tuned_table(found))
    typer.echo(f"Trials: {out / 'trials.csv'}, pictures: {out / 'history.png'}, {out / 'importance.png'}")


@app.command()
def tables(
    config: Annotated[Path, typer.Argument(help="YAML of one table; examples/minecam/ holds all.")], out: Out,
) -> None:  # fmt: skip
    """Make a table of the MineCam paper anew: 3, 4, 5, 6, 7 or 8. Stopped, it goes on; trainings are kept in runs/."""
    from rich.console import Console

    from highwall.workflows.training.console import paper_table
    from highwall.workflows.training.tables import make_table

    with telling() as say:
        table = make_table(config, out, say=say, advance=say.advance)
    Console().print(paper_table(table))
    typer.echo(f"Table: {out / f'table{table.number}.md'}")
