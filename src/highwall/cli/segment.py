"""Verbs that map the land cover of mines, and what changed in it."""

from pathlib import Path
from typing import Annotated

import typer

from highwall.cli.apps import app
from highwall.cli.arguments import Date, Out, RunFile, date_of, level_of, words_of
from highwall.cli.telling import telling


@app.command()
def segment(
    scenes: Annotated[list[Path], typer.Argument(help="Scenes, product folders or folders of them.")], out: Out,
    model: Annotated[
        list[Path] | None, typer.Option("--model", "-m", help="ONNX file of a network; by default the shipped one.")
    ] = None,
    bundle: Annotated[
        list[Path] | None, typer.Option(help="Several of them, or a folder of them, into one product; repeat it.")
    ] = None,
    aoi: Annotated[
        Path | None, typer.Option(help="Vector file of the area, whose box is mapped; by default all.")
    ] = None,
    radar: Annotated[Path | None, typer.Option(help="Radar image of the place, for networks that read it.")] = None,
    level: Annotated[str | None, typer.Option(help="L1C or L2A, for files that do not say.")] = None,
    date: Date = None,
    bands: Annotated[str | None, typer.Option(help="Band names of files that carry none, as B02,B03,B04.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Another level, other pixels, or weights that saw only simulation.")
    ] = False,
    threshold: Annotated[
        float | None, typer.Option(help="Probability from which a class is said; by default the network's own.")
    ] = None,
    min_area: Annotated[float | None, typer.Option(help="Least area of a polygon [m²]; by default 1000.")] = None,
    simplify: Annotated[
        float | None, typer.Option(help="How far corners are left out of polygons [m]; by default a pixel; 0: none.")
    ] = None,
    blending: Annotated[str | None, typer.Option(help="How windows are blended: cosine or gaussian.")] = None,
    window: Annotated[int | None, typer.Option(help="Side of a window [px]; by default the network's.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads of the network; by default 2.")] = None,
    rules: Annotated[
        str | None, typer.Option(help="Rules after the prediction, as dam,slope; or all.")
    ] = None,
    land_cover: Annotated[
        Path | None, typer.Option(help="Map in WorldCover's codes, for the rule land_cover.")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Dask cluster that takes many scenes, as tcp://host:8786.")
    ] = None,
    run: RunFile = None,
) -> None:  # fmt: skip
    """Map the land cover of mines. Leaves probabilities, classes, polygons with shared edges, areas and a picture."""
    from highwall.segmentation.segmenter import SHIPPED_MODEL
    from highwall.workflows.mapping.segment_verb import ToSegment, segment_alone

    models = (*(model or ()), *(bundle or ())) or (SHIPPED_MODEL,)
    given = ToSegment(
        tuple(scenes), models, aoi, radar, level_of(level), date_of(date), words_of(bands) or (), force, land_cover
    )
    changes = {
        "threshold": threshold, "min_area_m2": min_area, "simplify_m": simplify, "blending": blending,
        "window_px": window, "threads": threads, "rules": words_of(rules),
    }  # fmt: skip
    with telling() as say:
        made = segment_alone(
            given, out, changes=changes, run_file=run, scheduler=scheduler, say=say, advance=say.advance
        )
    for name, reason in made.set_aside:
        typer.echo(f"set aside: {name} {reason}", err=True)


@app.command()
def change(
    before: Annotated[Path, typer.Argument(help="Earlier `highwall segment` folder, or a raster of labels.")],
    after: Annotated[Path, typer.Argument(help="Later one, likewise.")], out: Out,
    sites: Annotated[
        Path | None, typer.Option(help="Polygons with a column site: a matrix for each; by default one for all.")
    ] = None,
    date_before: Annotated[str | None, typer.Option(help="Date of the earlier map, if it does not say.")] = None,
    date_after: Annotated[str | None, typer.Option(help="Date of the later map, likewise.")] = None,
    min_area: Annotated[float | None, typer.Option(help="Least area of a polygon [m²]; by default 5000.")] = None,
    simplify: Annotated[
        float | None, typer.Option(help="How far corners are left out of polygons [m]; by default a pixel; 0: none.")
    ] = None,
    run: RunFile = None,
) -> None:  # fmt: skip
    """Compare two maps of land cover. Leaves from-to matrices, maps, polygons of what changed and a picture."""
    from highwall.workflows.mapping.change import ToCompare
    from highwall.workflows.mapping.change import change as work

    given = ToCompare(before, after, sites, date_of(date_before), date_of(date_after))
    changes = {"min_area_m2": min_area, "simplify_m": simplify}
    with telling() as say:
        work(given, out, changes=changes, run_file=run, say=say, advance=say.advance)
