"""Verbs of the radar archive."""

from pathlib import Path
from typing import Annotated

import typer

from highwall.cli.apps import radar_app
from highwall.cli.arguments import Out, RunFile
from highwall.cli.telling import telling


@radar_app.command("search")
def radar_search(
    aoi: Annotated[Path, typer.Argument(help="Vector file of the area.")], out: Out,
    start: Annotated[str, typer.Option(help="First date, as 2020-01-01.")],
    end: Annotated[str, typer.Option(help="Last date.")],
    track: Annotated[int | None, typer.Option(help="Relative orbit; by default the one with most dates.")] = None,
    direction: Annotated[str | None, typer.Option(help="ASCENDING or DESCENDING.")] = None,
    granule: Annotated[str, typer.Option(help="slc (whole slices) or burst.")] = "slc",
    run: RunFile = None,
) -> None:  # fmt: skip
    """Search Sentinel-1 over an area and plan a stack. Leaves plan.json and plan.txt."""
    from highwall.workflows.radar.verbs import radar_search as work

    asked = {"start": start, "end": end, "track": track, "direction": direction, "granule": granule}
    with telling() as say:
        work(aoi, out, asked=asked, run_file=run, say=say)


@radar_app.command("order")
def radar_order(
    plan: Annotated[Path, typer.Argument(help="plan.json of `highwall radar search`.")], out: Out,
    until: Annotated[str, typer.Option(help="prepared (send nothing), submitted (spends credits), downloaded.")] = (
        "prepared"
    ),
) -> None:  # fmt: skip
    """Order a plan's interferograms from HyP3. Run it again to go on; orders.json remembers."""
    from highwall.workflows.radar.verbs import radar_order as work

    with telling() as say:
        work(plan, out, until=until, say=say)


@radar_app.command("recipe")
def radar_recipe(
    plan: Annotated[Path, typer.Argument(help="plan.json of `highwall radar search`.")],
    processor: Annotated[str, typer.Argument(help="isce2, snap, gamma or pygmtsar.")],
) -> None:
    """Print how a plan is made with another processor."""
    from highwall.workflows.radar.verbs import radar_recipe as work

    typer.echo(work(plan, processor), nl=False)
