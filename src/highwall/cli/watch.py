"""Verbs of a site: from scenes, radar and permits to patches, motion, findings and a report."""

from pathlib import Path
from typing import Annotated

import typer

from highwall.cli.apps import app
from highwall.cli.arguments import (
    Bands,
    Convert,
    Date,
    EstimateScale,
    Out,
    RunFile,
    Scale,
    date_of,
    level_of,
    pairs_of,
    words_of,
)
from highwall.cli.telling import print_scores, print_summary, telling


@app.command()
def monitor(
    site: Annotated[Path, typer.Argument(help="SITE.yaml; `highwall config site` prints one.")], out: Out,
    run: RunFile = None,
    before: Annotated[
        Path | None, typer.Option(help="Folder of an earlier run, to tell what has changed; by default SITE.yaml's.")
    ] = None,
) -> None:  # fmt: skip
    """Watch a site: the main job. Scenes, radar and permits in; patches, motion, findings and a report out."""
    from highwall.workflows.watching.monitor import monitor as work

    with telling() as say:
        summary = work(site, out, run_file=run, before=before, say=say, advance=say.advance)
    print_summary(summary, out)


@app.command()
def detect(
    scenes: Annotated[list[Path], typer.Argument(help="Scenes, product folders or folders of them.")], out: Out,
    aoi: Annotated[Path | None, typer.Option(help="Vector file of the area; by default the scene's extent.")] = None,
    level: Annotated[str | None, typer.Option(help="L1C or L2A, for files that do not say.")] = None,
    date: Date = None,
    weights: Annotated[Path | None, typer.Option(help="ONNX file; by default the shipped network.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Run it on a level that it was not made for.")] = False,
    threshold: Annotated[
        float | None, typer.Option(help="Probability from which ground is mine, as 0.8; by default the network's own.")
    ] = None,
    bands: Annotated[str | None, typer.Option(help="Band names of files that carry none, as B02,B03,B04.")] = None,
    convert: Convert = False, run: RunFile = None,
) -> None:  # fmt: skip
    """Class a scene by the chip network. Leaves two maps of probability, mine.tif, detections.gpkg and a picture."""
    from highwall.workflows.mapping.detect_verb import ToDetect, detect_alone

    given = ToDetect(tuple(scenes), aoi, level_of(level), date_of(date), words_of(bands) or (), weights, force, convert)
    with telling() as say:
        detect_alone(given, out, threshold=threshold, run_file=run, say=say, advance=say.advance)


@app.command()
def emergence(
    before: Annotated[Path, typer.Argument(help="Earlier scene, or the folder of an earlier `highwall detect`.")],
    after: Annotated[Path, typer.Argument(help="Later one, likewise.")], out: Out,
    aoi: Annotated[Path | None, typer.Option(help="Vector file of the area; by default the later scene's.")] = None,
    level: Annotated[str | None, typer.Option(help="L1C or L2A, for files that do not say.")] = None,
    weights: Annotated[Path | None, typer.Option(help="ONNX file; by default the shipped network.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Run it on a level that it was not made for.")] = False,
    threshold: Annotated[
        float | None, typer.Option(help="Emergence from which ground is new mine; by default as run.yaml says.")
    ] = None,
    bands: Annotated[str | None, typer.Option(help="Band names of files that carry none, as B02,B03,B04.")] = None,
    convert: Convert = False, run: RunFile = None,
) -> None:  # fmt: skip
    """Find mines that have come up between two dates. Leaves emergence.tif, emergence.gpkg and a picture."""
    from highwall.workflows.mapping.detect_verb import ToDetect
    from highwall.workflows.mapping.emergence_verb import ToCompare, emergence_alone

    how = ToDetect((), aoi, level_of(level), None, words_of(bands) or (), weights, force, convert)
    with telling() as say:
        emergence_alone(
            ToCompare(before, after, how), out, threshold=threshold, run_file=run, say=say, advance=say.advance
        )  # fmt: skip


@app.command()
def objects(
    image: Annotated[Path, typer.Argument(help="Any raster, such as scene.tif of `highwall detect`.")], out: Out,
    bands: Bands = None,
    scale: Scale = None, estimate_scale: EstimateScale = False,
    shape: Annotated[float | None, typer.Option(help="Weight of shape against colour, below 1.")] = None,
    compactness: Annotated[float | None, typer.Option(help="Weight of compactness against smoothness.")] = None,
    weights: Annotated[str | None, typer.Option(help="Weight of each band, as 1,1,2.")] = None,
    references: Annotated[
        Path | None, typer.Option(help="Polygons by which shape, compactness and then the scale are searched.")
    ] = None,
    memory: Annotated[int, typer.Option(min=64, help="MiB that tiles in work may take together.")] = 768,
    run: RunFile = None,
) -> None:  # fmt: skip
    """Segment an image into objects. Leaves objects.tif, their polygons and pictures."""
    from highwall.workflows.blocks import crew
    from highwall.workflows.outlining.objects import ToSegment
    from highwall.workflows.outlining.verbs import objects_alone

    changes = {"bands": words_of(bands), "scale": scale, "estimate_scale": estimate_scale or None, "shape": shape,
               "compactness": compactness, "weights": words_of(weights)}  # fmt: skip
    with telling() as say, crew(memory_mib=memory, advance=say.advance) as hands:
        objects_alone(ToSegment(image, references), out, changes=changes, run_file=run, crew=hands, say=say)


@app.command()
def refine(
    probability: Annotated[Path, typer.Argument(help="probability.tif of `highwall detect`, or its folder.")], out: Out,
    image: Annotated[
        Path | None, typer.Option(help="Image of the same place; patches follow its objects, by default pixels.")
    ] = None,
    references: Annotated[Path | None, typer.Option(help="Known mine patches, from which the cut is found.")] = None,
    cut: Annotated[float | None, typer.Option(help="Predicted share from which an object is mine, 0 to 1.")] = None,
    bands: Bands = None, scale: Scale = None, estimate_scale: EstimateScale = False,
    land_cover: Annotated[Path | None, typer.Option(help="Raster of land-cover codes.")] = None,
    land_cover_classes: Annotated[
        str | None,
        typer.Option(
            help="Its codes: worldcover (if none), dynamic_world, io_lulc, copernicus, or a YAML file, code: name."
        ),
    ] = None,
    dem: Annotated[Path | None, typer.Option(help="Heights [m], for terrain shadow; needs --sun.")] = None,
    sun: Annotated[str | None, typer.Option(help="Where the sun stood: AZIMUTH,ELEVATION [°].")] = None,
    memory: Annotated[int, typer.Option(min=64, help="MiB that work on objects may take.")] = 768,
    run: RunFile = None,
) -> None:  # fmt: skip
    """Outline mine patches. Leaves patches.gpkg and patches.parquet; with an image also every object's reason."""
    from highwall.workflows.blocks import crew
    from highwall.workflows.outlining.refine import ToRefine
    from highwall.workflows.outlining.surroundings import class_map_of
    from highwall.workflows.outlining.verbs import refine_alone, sun_of

    if land_cover_classes is not None and land_cover is None:
        raise typer.BadParameter("serves --land-cover; give that too", param_hint="--land-cover-classes")
    names = class_map_of(land_cover_classes or "worldcover")
    given = ToRefine(probability, image, references, land_cover, names, dem, sun_of(sun))
    changes = {"cut": cut, "bands": words_of(bands), "scale": scale, "estimate_scale": estimate_scale or None}
    with telling() as say, crew(memory_mib=memory, advance=say.advance) as hands:
        refine_alone(given, out, changes=changes, run_file=run, crew=hands, say=say)


@app.command()
def accuracy(
    reference: Annotated[
        Path, typer.Argument(help="Polygons of mines, or a CSV of points: lon,lat or x,y, and truth.")
    ],
    found: Annotated[Path, typer.Argument(help="Patches, the folder of their run, or a raster such as mine.tif.")],
    out: Out,
    area: Annotated[Path | None, typer.Option(help="Polygons within which both are compared.")] = None,
    causes: Annotated[Path | None, typer.Option(help="Polygons with a column cause: why a patch is hard.")] = None,
    classes: Annotated[str | None, typer.Option(help="Classes of the references that count; by default all.")] = None,
    codes: Annotated[
        str | None, typer.Option(help="Codes of the raster that are mine; by default all above 0.")
    ] = None,
    min_overlap: Annotated[
        float | None, typer.Option(help="Covered share that identifies a mine; 0.5 if none.")
    ] = None,
    points: Annotated[
        int | None, typer.Option(help="Points drawn where references are polygons; 2000 if none.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Same seed, same points.")] = None,
) -> None:
    """Hold found mines against known ones. Leaves accuracy.json, tables and a picture."""
    from highwall.workflows.judging.accuracy import ToScore
    from highwall.workflows.judging.verbs import accuracy_alone

    options = {"classes": words_of(classes), "codes": words_of(codes), "min_overlap": min_overlap, "n_points": points,
               "seed": seed}  # fmt: skip
    with telling() as say:
        accuracy_alone(ToScore(reference, found, area, causes), out, options=options, say=say)


@app.command()
def track(
    before: Annotated[Path, typer.Argument(help="patches.parquet of the earlier run, or its folder.")],
    after: Annotated[Path, typer.Argument(help="The same of the later run.")], out: Out,
) -> None:  # fmt: skip
    """Tell what became of patches between two dates. Leaves tracks.gpkg and tracks.parquet."""
    from rich.console import Console

    from highwall.workflows.console import track_table
    from highwall.workflows.outlining.verbs import track_alone

    with telling() as say:
        facts = track_alone(before, after, out, say=say)
    Console().print(track_table(facts["changes"]))


@app.command()
def deform(
    stack: Annotated[Path, typer.Argument(help="Interferograms: a folder, or one file. Or a folder of radar images.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder that takes the results; --plan needs none.")
    ] = None,
    reference: Annotated[
        str | None,
        typer.Option(help="Still place: ROW,COLUMN or lonlat:LONGITUDE,LATITUDE (lonlat:27.315,-26.142); else chosen."),
    ] = None,
    avoid: Annotated[Path | None, typer.Option(help="Polygons where the reference must not lie.")] = None,
    weighting: Annotated[str | None, typer.Option(help="none or coherence.")] = None,
    wavelength: Annotated[float | None, typer.Option(help="Radar wavelength [m], against what files say.")] = None,
    incidence: Annotated[float | None, typer.Option(help="Incidence angle [°], against what files say.")] = None,
    dem: Annotated[Path | None, typer.Option(help="Heights [m], for delay that follows height.")] = None,
    gacos: Annotated[Path | None, typer.Option(help="Folder of GACOS delays, one a date.")] = None,
    trust_phase: Annotated[bool, typer.Option("--trust-phase", help="Go on although phases look wrapped.")] = False,
    plan: Annotated[bool, typer.Option("--plan", help="Say what would be done, and what it would take.")] = False,
    dask: Annotated[str | None, typer.Option(help="Address of a Dask scheduler; by default this machine.")] = None,
    memory: Annotated[int, typer.Option(min=64, help="MiB that blocks in work may take together.")] = 768,
    run: RunFile = None,
) -> None:
    """Turn radar phases into motion. Leaves displacement.zarr, velocity.tif, pictures and what belongs to them."""
    from highwall.workflows.blocks import crew
    from highwall.workflows.radar.stack import Given
    from highwall.workflows.radar.verbs import deform_alone, deform_changes, deform_plan

    given = Given(stack, wavelength, incidence, dem, gacos, avoid, trust_phase)
    changes = deform_changes(reference=reference, weighting=weighting)
    if out is None and not plan:
        raise typer.BadParameter("give the folder of the results; only --plan needs none", param_hint="--out")
    with telling() as say, crew(dask, memory_mib=memory, advance=say.advance) as hands:
        if plan or out is None:
            deform_plan(given, changes=changes, run_file=run, crew=hands, say=say)
        else:
            deform_alone(given, out, changes=changes, run_file=run, crew=hands, say=say)


@app.command()
def cracks(
    images: Annotated[list[Path], typer.Argument(help="Photographs, or folders of them; PNG, JPEG, GeoTIFF.")],
    out: Out,
    gsd: Annotated[float | None, typer.Option(help="Size of a pixel on the ground [m], as 0.002.")] = None,
    weights: Annotated[Path | None, typer.Option(help="ONNX file; by default the shipped network.")] = None,
) -> None:  # fmt: skip
    """Find cracks in photographs and measure them. Leaves maps, lines, pictures and cracks.csv."""
    from highwall.workflows.mapping.cracks import map_cracks

    with telling() as say:
        found = map_cracks(images, out, weights=weights, gsd_m=gsd, say=say, advance=say.advance)
    typer.echo(f"{found['n_cracks']} cracks in {found['n_images']} photographs; {len(found['set_aside'])} set aside. "
               f"Table: {out / 'cracks.csv'}")  # fmt: skip


@app.command()
def validate(
    motion: Annotated[Path, typer.Argument(help="displacement.zarr of `highwall deform`.")],
    stations: Annotated[Path, typer.Argument(help="CSV: station, lon, lat, date; east, north, up or height [m].")],
    out: Out,
    reference: Annotated[str | None, typer.Option(help="Station against which both are taken.")] = None,
    incidence: Annotated[float | None, typer.Option(help="Incidence angle [°], against what MOTION says.")] = None,
    heading: Annotated[
        float | None, typer.Option(help="Of the flight [° from north], against what MOTION says; for GNSS.")
    ] = None,
) -> None:  # fmt: skip
    """Compare radar motion with levelling or GNSS. Leaves motion_check.csv, .json and .png."""
    from highwall.workflows.radar.check import motion_check
    from highwall.workflows.radar.sight import Angles

    with telling() as say:
        motion_check(motion, stations, out, reference=reference, given=Angles(incidence, heading), say=say)


@app.command()
def assess(
    patches: Annotated[Path, typer.Argument(help="patches.parquet or .gpkg of `highwall refine`, or its folder.")],
    out: Out,
    permits: Annotated[Path | None, typer.Option(help="Vector file of permits.")] = None,
    field: Annotated[list[str] | None, typer.Option(help="Our name=their column, such as valid_to=EXPIRY.")] = None,
    motion: Annotated[Path | None, typer.Option(help="displacement.zarr of `highwall deform`.")] = None,
    before: Annotated[Path | None, typer.Option(help="Folder of an earlier run, to tell what has changed.")] = None,
    register: Annotated[Path | None, typer.Option(help="File that keeps findings of all runs; else OUT's own.")] = None,
    date: Date = None, run: RunFile = None,
) -> None:  # fmt: skip
    """Hold patches against motion, an earlier look and permits. Leaves activity.gpkg, findings.gpkg, register.json."""
    from highwall.workflows.watching.verbs import assess_alone

    if field and permits is None:
        raise typer.BadParameter("names columns of --permits; give that too", param_hint="--field")
    with telling() as say:
        assess_alone(
            patches,
            out,
            permits=permits,
            fields=pairs_of(field, example="valid_to=EXPIRY"),
            motion=motion,
            before=before,
            register=register,
            date=date_of(date),
            run_file=run,
            say=say,
        )


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(help="Folder of a run; with --portfolio, of many.")],
    finding: Annotated[str | None, typer.Option(help="Write the case file of this finding: HTML, and PDF.")] = None,
    register: Annotated[Path | None, typer.Option(help="With --finding: the register, if it lies elsewhere.")] = None,
    portfolio: Annotated[bool, typer.Option("--portfolio", help="Rank and map all runs below the folder.")] = False,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="With --portfolio: else the folder itself.")] = None,
) -> None:
    """Draw a run, one finding of it, or many runs. Leaves report.html, case-ID.html or portfolio.html."""
    from highwall.workflows.watching.verbs import case_alone, portfolio_alone, report_alone

    if out is not None and not portfolio:
        raise typer.BadParameter("serves --portfolio alone; a run's pages lie in its own folder", param_hint="--out")
    if register is not None and finding is None:
        raise typer.BadParameter("serves --finding alone; give that too", param_hint="--register")
    with telling() as say:
        if portfolio:
            portfolio_alone(folder, out or folder, finding=finding, say=say)
        elif finding is not None:
            case_alone(folder, finding, register=register, say=say)
        else:
            report_alone(folder, say=say)
            typer.echo(f"Report: {folder / 'report.html'}")


@app.command()
def demo(
    out: Out = Path("demo"), seed: Annotated[int, typer.Option(min=0, help="Same seed, same site.")] = 2,
    live: Annotated[
        bool, typer.Option("--live", help="Then serve its live twin, with people, machines and sensors that talk.")
    ] = False,
    port: Annotated[
        int | None, typer.Option(min=1, max=65_535, help="With --live: where the pages are; 8080 if none.")
    ] = None,
) -> None:  # fmt: skip
    """Simulate a site and watch it. The result is held against the truth."""
    if live:
        from highwall.workflows.live.demo import live_demo

        live_demo(out, seed=seed, host="127.0.0.1", port=port or 8080, say=typer.echo)
        return
    if port is not None:
        raise typer.BadParameter("serves --live; give that too", param_hint="--port")
    from highwall.workflows.watching.demo import demo as work

    with telling() as say:
        result = work(out, seed=seed, say=say)
    print_summary(result.summary, out / "run")
    print_scores(result.scores)
