"""Verbs of simulation: a mine as scenes and radar see it, and a pit whose sensors talk."""

from pathlib import Path
from typing import Annotated

import typer

from highwall.cli.apps import app
from highwall.cli.arguments import Out
from highwall.cli.telling import telling

simulate_app = typer.Typer(help="Write a simulated site, or the telemetry of a simulated pit.")
app.add_typer(simulate_app, name="simulate")
Seed = Annotated[int, typer.Option(min=0, help="Same seed, same site.")]


@simulate_app.callback(invoke_without_command=True)
def site(
    context: typer.Context,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder that takes the results.")] = None,
    seed: Seed = 2,
) -> None:
    """Write a simulated site. It holds everything that `highwall monitor` reads, and the truth."""
    if context.invoked_subcommand is not None:
        for name in ("out", "seed"):
            if (source := context.get_parameter_source(name)) is not None and source.name == "COMMANDLINE":
                raise typer.BadParameter(f"stands behind {context.invoked_subcommand}", param_hint=f"--{name}")
        return
    if out is None:
        raise typer.BadParameter("give the folder that takes the site", param_hint="--out")
    from highwall.workflows.watching.simulate import simulate as work

    with telling() as say:
        path = work(out, seed=seed, progress=say)
    typer.echo(f"Now run: highwall monitor {path} --out {out / 'run'}")


@simulate_app.command()
def telemetry(
    out: Out,
    hours: Annotated[float, typer.Option(min=0.01, max=8784.0, help="Duration [h].")] = 1.0,
    seed: Seed = 1,
    scenario: Annotated[
        list[str] | None, typer.Option(help="crack, fall, cut-link, flood or all; may be given several times.")
    ] = None,
    lon: Annotated[float | None, typer.Option(min=-180.0, max=180.0, help="Longitude of the pit's centre [°].")] = None,
    lat: Annotated[float | None, typer.Option(min=-85.0, max=85.0, help="Latitude of the pit's centre [°].")] = None,
    people: Annotated[int, typer.Option(min=0, max=500, help="People with a tag.")] = 8,
    machines: Annotated[int, typer.Option(min=0, max=200, help="Machines with a unit.")] = 4,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="Readings as JSON lines; by default Parquet.")] = False,
) -> None:
    """Write what the tags and sensors of a simulated pit say: readings, events, the truth and a picture."""
    from highwall.twin.simulator import SimulationOptions
    from highwall.workflows.live.simulate import scenarios_of, simulate_telemetry

    given = {"lon": lon, "lat": lat}
    options = SimulationOptions(
        seed=seed, hours=hours, scenarios=scenarios_of(scenario or []), n_people=people, n_machines=machines,
        **{name: value for name, value in given.items() if value is not None},
    )  # fmt: skip
    with telling() as say:
        written = simulate_telemetry(out, options=options, form="jsonl" if jsonl else "parquet", advance=say.advance)
    typer.echo(f"{written.n_readings} readings: {written.readings}\nTruth: {written.truth}\nPicture: {written.picture}")
