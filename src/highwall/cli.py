"""The command line: one line per workflow. Heavy imports stand inside the verbs, so that ``--help`` is quick."""

import datetime as dt
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from highwall import __version__
from highwall.core.errors import HighwallError

app = typer.Typer(
    name="highwall", help="Watches surface mines: from space, by radar, against their permits.", no_args_is_help=True,
    add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False,
)  # fmt: skip
config_app = typer.Typer(help="Print samples and schemas of files.", no_args_is_help=True)
edge_app = typer.Typer(help="On a gateway beside the camera (needs the base layer alone).", no_args_is_help=True)
radar_app = typer.Typer(help="Radar from the archive (needs the extra archive).", no_args_is_help=True)
evaluate_app = typer.Typer(help="Score a network on data of your own.", no_args_is_help=True)
train_app = typer.Typer(help="Train the networks (needs the train layer: torch).", no_args_is_help=True)
app.add_typer(config_app, name="config")
app.add_typer(edge_app, name="edge")
app.add_typer(radar_app, name="radar")
app.add_typer(train_app, name="train")
app.add_typer(evaluate_app, name="evaluate")

Out = Annotated[Path, typer.Option("--out", "-o", help="Folder that takes the results.")]
RunFile = Annotated[Path | None, typer.Option("--run", help="run.yaml: bounds that differ from the defaults.")]
Bands = Annotated[str | None, typer.Option(help="Bands to segment, as B04,B03,B02; by default as run.yaml says.")]
Scale = Annotated[float | None, typer.Option(help="Scale of the segmentation; by default as run.yaml says.")]
EstimateScale = Annotated[bool, typer.Option("--estimate-scale", help="Take the scale from the image (ESP2).")]
Convert = Annotated[bool, typer.Option("--convert", help="Put L2A scenes back to L1C, through a clear sky.")]
Date = Annotated[str | None, typer.Option("--date", help="Date of the data, as 2024-06-30.")]


@app.command()
def monitor(site: Annotated[Path, typer.Argument(help="SITE.yaml; `highwall config site` prints one.")], out: Out,
            run: RunFile = None) -> None:  # fmt: skip
    """Watch a site: the main job. Scenes, radar and permits in; patches, motion, findings and a report out."""
    from highwall.workflows.monitor import monitor as work

    with _telling() as say:
        summary = work(site, out, run_file=run, say=say, advance=say.advance)
    _print_summary(summary, out)


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
    from highwall.workflows.detect_verb import ToDetect, detect_alone

    given = ToDetect(tuple(scenes), aoi, level, _date(date), _words(bands) or (), weights, force, convert)
    with _telling() as say:
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
    from highwall.workflows.detect_verb import ToDetect
    from highwall.workflows.emergence_verb import ToCompare, emergence_alone

    how = ToDetect((), aoi, level, None, _words(bands) or (), weights, force, convert)
    with _telling() as say:
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
    from highwall.workflows.objects import ToSegment
    from highwall.workflows.verbs import objects_alone

    changes = {"bands": _words(bands), "scale": scale, "estimate_scale": estimate_scale or None, "shape": shape,
               "compactness": compactness, "weights": _words(weights)}  # fmt: skip
    with _telling() as say, crew(memory_mib=memory, advance=say.advance) as hands:
        objects_alone(ToSegment(image, references), out, changes=changes, run_file=run, crew=hands, say=say)


@app.command()
def refine(
    probability: Annotated[Path, typer.Argument(help="probability.tif of `highwall detect`.")], out: Out,
    image: Annotated[
        Path | None, typer.Option(help="Image of the same place; patches follow its objects, by default pixels.")
    ] = None,
    references: Annotated[Path | None, typer.Option(help="Known mine patches, from which the cut is found.")] = None,
    cut: Annotated[float | None, typer.Option(help="Predicted share from which an object is mine, 0 to 1.")] = None,
    bands: Bands = None, scale: Scale = None, estimate_scale: EstimateScale = False,
    land_cover: Annotated[Path | None, typer.Option(help="Raster of land-cover codes.")] = None,
    land_cover_classes: Annotated[
        str, typer.Option(help="Its codes: worldcover, dynamic_world, io_lulc, copernicus, or a YAML file, code: name.")
    ] = "worldcover",
    dem: Annotated[Path | None, typer.Option(help="Heights [m], for terrain shadow; needs --sun.")] = None,
    sun: Annotated[str | None, typer.Option(help="Where the sun stood: AZIMUTH,ELEVATION [°].")] = None,
    memory: Annotated[int, typer.Option(min=64, help="MiB that work on objects may take.")] = 768,
    run: RunFile = None,
) -> None:  # fmt: skip
    """Outline mine patches. Leaves patches.gpkg and patches.parquet; with an image also every object's reason."""
    from highwall.workflows.blocks import crew
    from highwall.workflows.refine import ToRefine
    from highwall.workflows.surroundings import class_map_of
    from highwall.workflows.verbs import refine_alone, sun_of

    names = class_map_of(land_cover_classes)
    given = ToRefine(probability, image, references, land_cover, names, dem, sun_of(sun))
    changes = {"cut": cut, "bands": _words(bands), "scale": scale, "estimate_scale": estimate_scale or None}
    with _telling() as say, crew(memory_mib=memory, advance=say.advance) as hands:
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
    from highwall.workflows.accuracy import ToScore
    from highwall.workflows.verbs import accuracy_alone

    options = {"classes": _words(classes), "codes": _words(codes), "min_overlap": min_overlap, "n_points": points,
               "seed": seed}  # fmt: skip
    with _telling() as say:
        accuracy_alone(ToScore(reference, found, area, causes), out, options=options, say=say)


@app.command()
def track(
    before: Annotated[Path, typer.Argument(help="patches.parquet of the earlier run, or its folder.")],
    after: Annotated[Path, typer.Argument(help="The same of the later run.")], out: Out,
) -> None:  # fmt: skip
    """Tell what became of patches between two dates. Leaves tracks.gpkg and tracks.parquet."""
    from rich.console import Console

    from highwall.workflows.console import track_table
    from highwall.workflows.verbs import track_alone

    with _telling() as say:
        facts = track_alone(before, after, out, say=say)
    Console().print(track_table(facts["changes"]))


@app.command()
def deform(
    stack: Annotated[Path, typer.Argument(help="Interferograms: a folder, or one file. Or a folder of radar images.")],
    out: Out,
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
    from highwall.workflows.radar import Given
    from highwall.workflows.verbs import deform_alone, deform_changes, deform_plan

    given = Given(stack, wavelength, incidence, dem, gacos, avoid, trust_phase)
    changes = deform_changes(reference=reference, weighting=weighting)
    with _telling() as say, crew(dask, memory_mib=memory, advance=say.advance) as hands:
        work = deform_plan if plan else deform_alone
        work(given, out, changes=changes, run_file=run, crew=hands, say=say)


@app.command()
def cracks(
    images: Annotated[list[Path], typer.Argument(help="Photographs, or folders of them; PNG, JPEG, GeoTIFF.")],
    out: Out,
    gsd: Annotated[float | None, typer.Option(help="Size of a pixel on the ground [m], as 0.002.")] = None,
    weights: Annotated[Path | None, typer.Option(help="ONNX file; by default the shipped network.")] = None,
) -> None:  # fmt: skip
    """Find cracks in photographs and measure them. Leaves maps, lines, pictures and cracks.csv."""
    from highwall.workflows.cracks import map_cracks

    with _telling() as say:
        found = map_cracks(images, out, weights=weights, gsd_m=gsd, say=say, advance=say.advance)
    typer.echo(f"{found['n_cracks']} cracks in {found['n_images']} photographs; {len(found['set_aside'])} set aside. "
               f"Table: {out / 'cracks.csv'}")  # fmt: skip


@app.command()
def assess(
    patches: Annotated[Path, typer.Argument(help="patches.parquet or .gpkg of `highwall refine`.")], out: Out,
    permits: Annotated[Path | None, typer.Option(help="Vector file of permits.")] = None,
    field: Annotated[list[str] | None, typer.Option(help="Our name=their column, such as valid_to=EXPIRY.")] = None,
    motion: Annotated[Path | None, typer.Option(help="displacement.zarr of `highwall deform`.")] = None,
    date: Date = None, run: RunFile = None,
) -> None:  # fmt: skip
    """Hold patches against motion and permits. Leaves findings.gpkg and findings.parquet."""
    from highwall.workflows.verbs import assess_alone

    with _telling() as say:
        assess_alone(
            patches, out, permits=permits, fields=_pairs(field), motion=motion, date=_date(date), run_file=run, say=say
        )


@app.command()
def report(folder: Annotated[Path, typer.Argument(help="Folder of a run.")]) -> None:
    """Draw a run. Leaves report.html and summary.json."""
    from highwall.workflows.verbs import report_alone

    with _telling() as say:
        report_alone(folder, say=say)


@app.command()
def simulate(out: Out, seed: Annotated[int, typer.Option(min=0, help="Same seed, same site.")] = 2) -> None:
    """Write a simulated site. It holds everything that `highwall monitor` reads, and the truth."""
    from highwall.workflows.simulate import simulate as work

    with _telling() as say:
        path = work(out, seed=seed, progress=say)
    typer.echo(f"Now run: highwall monitor {path} --out {out / 'run'}")


@app.command()
def demo(out: Out = Path("demo"), seed: Annotated[int, typer.Option(min=0, help="Same seed, same site.")] = 2) -> None:
    """Simulate a site and watch it. The result is held against the truth."""
    from highwall.workflows.demo import demo as work

    with _telling() as say:
        result = work(out, seed=seed, say=say)
    _print_summary(result.summary, out / "run")
    _print_scores(result.scores)


@edge_app.command("infer")
def edge_infer(
    folder: Annotated[Path, typer.Argument(help="Folder of images: PNG, JPEG, or .npy of (band, y, x).")],
    out: Annotated[Path, typer.Option("--out", "-o", help="File of results, one JSON line an image; it grows.")],
    weights: Annotated[Path | None, typer.Option(help="ONNX file; by default the shipped network.")] = None,
    threshold: Annotated[
        float | None, typer.Option(min=0.001, max=0.999, help="Probability of a find; by default the network's own.")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, max=256, help="CPU threads of the network.")] = 1,
) -> None:
    """Judge images where they are taken. Appends class, probability and evidence; what is done is passed over."""
    from highwall.edge.options import InferOptions
    from highwall.workflows.infer import infer_folder

    options = InferOptions(threshold=threshold, n_threads=threads)
    with _telling() as say:
        done = infer_folder(folder, out, weights=weights, options=options, say=say, advance=say.advance)
        for name, reason in done.set_aside:
            say(f"set aside: {name} {reason}")
    typer.echo(f"{done.n_done} images judged, {done.n_finds} with finds; {done.n_before} done before; "
               f"{len(done.set_aside)} set aside. Results: {out}")  # fmt: skip


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
    from highwall.workflows.verbs import radar_search as work

    asked = {"start": start, "end": end, "track": track, "direction": direction, "granule": granule}
    with _telling() as say:
        work(aoi, out, asked=asked, run_file=run, say=say)


@radar_app.command("order")
def radar_order(
    plan: Annotated[Path, typer.Argument(help="plan.json of `highwall radar search`.")], out: Out,
    until: Annotated[str, typer.Option(help="prepared (send nothing), submitted (spends credits), downloaded.")] = (
        "prepared"
    ),
) -> None:  # fmt: skip
    """Order a plan's interferograms from HyP3. Run it again to go on; orders.json remembers."""
    from highwall.workflows.verbs import radar_order as work

    with _telling() as say:
        work(plan, out, until=until, say=say)


@radar_app.command("recipe")
def radar_recipe(
    plan: Annotated[Path, typer.Argument(help="plan.json of `highwall radar search`.")],
    processor: Annotated[str, typer.Argument(help="isce2, snap, gamma or pygmtsar.")],
) -> None:
    """Print how a plan is made with another processor."""
    from highwall.workflows.verbs import radar_recipe as work

    typer.echo(work(plan, processor), nl=False)


@train_app.command("chips")
def train_chips(
    data: Annotated[Path, typer.Argument(help="Folder with mine-chips, mine-classes and tailings-ponds.")], out: Out,
    steps: Annotated[int | None, typer.Option(min=1, help="Optimiser steps in one cycle, for a quick try.")] = None,
    fold_steps: Annotated[int | None, typer.Option(min=1, help="The same of each fold; else as the final.")] = None,
    optimiser: Annotated[str | None, typer.Option(help="adamw, adam, rmsprop or sgd.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of weights, draws and views.")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Runs of the cross-validation, each with the next seed.")] = 1,
    split: Annotated[str, typer.Option(help="grouped (whole families), or 8:2 (flatters; to compare).")] = "grouped",
    cross_validate: Annotated[bool, typer.Option(help="Train and judge folds too; else only the network.")] = True,
    bfloat16: Annotated[bool, typer.Option("--bfloat16", help="Faster on CPUs that can, slower on others.")] = False,
) -> None:  # fmt: skip
    """Train the chip network, cross-validated by family and place, and export it. Goes on where it was stopped."""
    from highwall.workflows.train import options_of
    from highwall.workflows.train import train_chips as work

    options, protocol = options_of(
        train={
            "n_steps": steps, "n_cycles": steps and 1, "optimiser": optimiser, "seed": seed,
            "mixed_precision": bfloat16,
        },
        protocol={
            "n_seeds": seeds, "split": split, "cross_validate": cross_validate, "fold_steps": fold_steps,
        },
    )  # fmt: skip
    with _telling() as say:

        def tell(what: str, step: int, n_steps: int, loss: float) -> None:
            if step % 100 == 0 or step == n_steps:
                say(f"{what}: step {step} of {n_steps}, loss {loss:.3f}")

        work(data, out, options=options, protocol=protocol, progress=tell)


@app.command()
def export(
    out: Out,
    source: Annotated[
        Path | None, typer.Argument(help="ONNX file, or a training run's .ckpt; by default the shipped network.")
    ] = None,
    chips: Annotated[
        Path | None, typer.Option(help="Folder of mosaics (PNG) like what will be classed; without it no int8.")
    ] = None,
    facts: Annotated[
        Path | None, typer.Option(help="For a .ckpt: ONNX file whose facts it shares; by default the one beside it.")
    ] = None,
    licence: Annotated[str | None, typer.Option(help="SPDX identifier of your own weights, for the record.")] = None,
) -> None:
    """Write a network for others to run: ONNX in float32 and int8, checked against each other, and a STAC record."""
    from rich.console import Console

    from highwall.workflows.console import export_table
    from highwall.workflows.export import export_model

    with _telling() as say:
        exported = export_model(out, source=source, chips=chips, facts=facts, licence=licence, say=say)
    Console().print(export_table(exported))


@train_app.command("cracks")
def train_cracks(
    data: Annotated[Path | None, typer.Argument(help="Photographs and masks; by default simulated ones.")] = None,
    out: Out = Path("cracks"),
    judge: Annotated[Path | None, typer.Option(help="Other photographs and masks, to judge the result on.")] = None,
) -> None:
    """Train a crack network, cross-validated by place, and export it."""
    from highwall.workflows.train_cracks import train_cracks as work

    with _telling() as say:
        work(data, out, judge=judge, progress=_steps(say))


@train_app.command("crack-windows")
def train_crack_windows(
    data: Annotated[Path | None, typer.Argument(help="NPZ of sensor windows; by default simulated ones.")] = None,
    out: Out = Path("crack-windows"),
) -> None:
    """Train boosting and a 1-D network to tell cracks from windows of sensors, judged by site."""
    from highwall.workflows.crack_windows import train_crack_windows as work

    with _telling() as say:
        work(data, out, say=say)


@evaluate_app.command("chips")
def evaluate_chips(
    folder: Annotated[Path, typer.Argument(help="Mosaics FAMILY_S2L1C_*.png of chips of 48×48 px.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="JSON file that takes the scores.")] = Path("scores.json"),
    weights: Annotated[Path | None, typer.Option(help="ONNX file; by default the shipped network.")] = None,
    score: Annotated[
        str | None, typer.Option(help="Class that is judged, or mine for any; by default artisanal_mine.")
    ] = None,
    positives: Annotated[
        str | None, typer.Option(help="Families that hold mines: a pattern sought in the name; else the name says it.")
    ] = None,
    negatives: Annotated[str | None, typer.Option(help="Families that hold none, likewise.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Score chips of a level that it was not made for.")] = False,
) -> None:  # fmt: skip
    """Score a network on labelled chips, by family and overall. Leaves a JSON file and two pictures beside it."""
    from rich.console import Console

    from highwall.classification.families import LabelRule
    from highwall.workflows.console import chip_score_table
    from highwall.workflows.evaluate import evaluate_chips as work

    rule = LabelRule(positives, negatives)
    with _telling() as say:
        scores = work(
            folder, out, weights=weights, score=score, rule=rule, force=force, say=say, advance=say.advance
        )  # fmt: skip
    Console().print(chip_score_table(scores))
    typer.echo(f"Scores: {out}")


@evaluate_app.command("cracks")
def evaluate_cracks(
    data: Annotated[Path, typer.Argument(help="Folder of photographs and masks, as *_img beside *_lab.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="JSON file that takes the scores.")] = Path("cracks.json"),
    weights: Annotated[Path | None, typer.Option(help="ONNX file; by default the shipped network.")] = None,
) -> None:
    """Score a crack network on labelled photographs, on pixels and chips, with planking apart."""
    from highwall.classification.cracks.card import score_table
    from highwall.workflows.train_cracks import evaluate_cracks as work

    found = work(data, out, weights=weights)
    typer.echo(score_table(found["scores"]))
    for each in found["set_aside"]:
        typer.echo(f"set aside: {each['name']} {each['reason']}", err=True)


@config_app.command("site")
def config_site() -> None:
    """Print a commented SITE.yaml."""
    from highwall.workflows.sample import sample

    typer.echo(sample("site"), nl=False)


@config_app.command("run")
def config_run() -> None:
    """Print a commented run.yaml with every default."""
    from highwall.workflows.sample import sample

    typer.echo(sample("run"), nl=False)


@config_app.command("summary-schema")
def config_summary_schema() -> None:
    """Print the JSON Schema of summary.json."""
    import json

    from highwall.workflows.summary import schema

    typer.echo(json.dumps(schema(), indent=2))


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


def main() -> None:
    """Run the command line; an error that Highwall raises on purpose is one message and exit code 1."""
    try:
        app()
    except HighwallError as error:
        typer.secho(f"highwall: {error}", err=True, fg=typer.colors.RED)
        sys.exit(1)
    except ModuleNotFoundError as error:
        layer = "train" if (error.name or "") in {"torch", "onnx"} else "space"
        typer.secho(
            f"highwall: {error}; install it with pip install 'highwall[{layer}]'", err=True, fg=typer.colors.RED
        )
        sys.exit(1)


class _Teller:
    """Tells what happens: a line for each step, and on a terminal a bar under them."""

    def __init__(self, console: Any, progress: Any) -> None:
        self._console, self._progress = console, progress
        self._task = progress.add_task("starting", total=None)
        self._tenth = 0

    def __call__(self, message: str) -> None:
        self._console.print(f"· {message}", style="dim", markup=False, soft_wrap=True)
        self._progress.reset(self._task, description=message, total=None)
        self._tenth = 0

    def advance(self, what: str, done: int, total: int) -> None:
        """Move the bar; where there is none, print a line each tenth of the way."""
        self._progress.update(self._task, description=what, completed=done, total=total)
        tenth = 10 * done // max(total, 1)
        if not self._console.is_terminal and tenth > self._tenth:
            self._console.print(f"·   {what}: {done} of {total}", style="dim", markup=False)
        self._tenth = tenth


@contextmanager
def _telling() -> Iterator[_Teller]:
    """Give one who tells what happens on the terminal, or line by line in a log."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True, highlight=False)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        try:
            yield _Teller(console, progress)
        except KeyboardInterrupt:
            console.print("highwall: stopped; the same command goes on with what is not done", style="yellow")
            raise


def _steps(say: "_Teller") -> Any:
    """Give what tells every hundredth step of a training."""

    def tell(what: str, step: int, n_steps: int, loss: float) -> None:
        if step % 100 == 0 or step == n_steps:
            say(f"{what}: step {step} of {n_steps}, loss {loss:.3f}")

    return tell


def _date(text: str | None) -> dt.date | None:
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not a date; write it as 2024-06-30") from error


def _words(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(part.strip() for part in text.split(","))


def _pairs(texts: list[str] | None) -> dict[str, str]:
    pairs = [text.partition("=") for text in texts or []]
    for name, equals, _ in pairs:
        if not equals:
            raise typer.BadParameter(f"{name!r} is no pair; write it as valid_to=EXPIRY")
    return {name: column for name, _, column in pairs}


def _print_summary(summary: dict[str, Any], out: Path) -> None:
    from rich.console import Console

    from highwall.workflows.console import summary_table

    Console().print(summary_table(summary))
    typer.echo(f"Report: {out / 'report.html'}")


def _print_scores(scores: dict[str, Any]) -> None:
    from rich.console import Console

    from highwall.workflows.console import score_table

    Console().print(score_table(scores))
