"""Verbs on areas that one can defend."""

from pathlib import Path
from typing import Annotated

import typer

from highwall.cli.apps import area_app
from highwall.cli.arguments import Out, pairs_of
from highwall.cli.telling import telling


@area_app.command()
def design(
    classes: Annotated[Path, typer.Argument(help="Raster of codes, such as mine.tif or a label map.")], out: Out,
    name: Annotated[list[str] | None, typer.Option(help="Code=class, such as 1=mine; else codes stay numbers.")] = None,
    points: Annotated[int | None, typer.Option(min=4, help="Points in all; 500, or what --overall-std takes.")] = None,
    least: Annotated[int, typer.Option(min=2, help="Points of every class, at least.")] = 50,
    overall_std: Annotated[
        float | None, typer.Option(min=0.001, max=0.2, help="Standard error wanted of the overall accuracy.")
    ] = None,
    expected: Annotated[
        float | None, typer.Option(min=0, max=1, help="Accuracy expected of each class, for that; 0.8 if none.")
    ] = None,
    image: Annotated[Path | None, typer.Option(help="Scene for a page on which the points are judged.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same points.")] = 0,
) -> None:  # fmt: skip
    """Draw points from a map of classes for people to judge. Leaves points.csv, strata.json and labeller.html."""
    from highwall.workflows.judging.area import design as work
    from highwall.workflows.judging.area_points import Design
    from highwall.workflows.judging.verbs import codes_of

    how = Design(points, least, overall_std, expected, seed)
    with telling() as say:
        work(classes, out, names=codes_of(pairs_of(name, example="1=mine")), how=how, image=image, say=say)


@area_app.command()
def estimate(
    points: Annotated[Path, typer.Argument(help="points.csv of `highwall area design`, judged.")], out: Out,
    reference: Annotated[Path | None, typer.Option(help="reference.csv that the page saved.")] = None,
    coverage: Annotated[float, typer.Option(min=0.5, max=0.999, help="Of the intervals.")] = 0.95,
) -> None:  # fmt: skip
    """Estimate the area of each class from judged points. Leaves area.csv, area.json and area.png."""
    from rich.console import Console

    from highwall.workflows.console import area_table
    from highwall.workflows.judging.area import estimate as work

    with telling() as say:
        found = work(points, out, reference=reference, coverage=coverage, say=say)
    Console().print(area_table(found.classes, coverage=coverage))
