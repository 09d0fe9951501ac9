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
radar_app = typer.Typer(help="Radar from the archive (needs the extra archive).", no_args_is_help=True)
train_app = typer.Typer(help="Train the networks (needs the train layer: torch).", no_args_is_help=True)
app.add_typer(config_app, name="config")
app.add_typer(radar_app, name="radar")
app.add_typer(train_app, name="train")

Out = Annotated[Path, typer.Option("--out", "-o", help="Folder that takes the results.")]
RunFile = Annotated[Path | None, typer.Option("--run", help="run.yaml: bounds that differ from the defaults.")]
Bands = Annotated[str | None, typer.Option(help="Bands to segment, as B04,B03,B02; by default as run.yaml says.")]
Scale = Annotated[float | None, typer.Option(help="Scale of the segmentation; by default as run.yaml says.")]
EstimateScale = Annotated[bool, typer.Option("--estimate-scale", help="Take the scale from the image (ESP2).")]
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
    run: RunFile = None,
) -> None:  # fmt: skip
    """Class a scene by the chip network. Leaves scene.tif, quality.tif and probability.tif."""
    from highwall.workflows.verbs import detect_alone

    with _telling() as say:
        detect_alone(
            scenes, out, aoi=aoi, level=level, date=_date(date), weights=weights, force=force, run_file=run, say=say
        )


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
    land_cover: Annotated[Path | None, typer.Option(help="Raster with the codes of ESA WorldCover.")] = None,
    dem: Annotated[Path | None, typer.Option(help="Heights [m], for terrain shadow; needs --sun.")] = None,
    sun: Annotated[str | None, typer.Option(help="Where the sun stood: AZIMUTH,ELEVATION [°].")] = None,
    run: RunFile = None,
) -> None:  # fmt: skip
    """Outline mine patches. Leaves patches.gpkg and patches.parquet; with an image also every object's reason."""
    from highwall.workflows.blocks import crew
    from highwall.workflows.refine import ToRefine
    from highwall.workflows.verbs import refine_alone, sun_of

    given = ToRefine(probability, image, references, land_cover, dem, sun_of(sun))
    changes = {"cut": cut, "bands": _words(bands), "scale": scale, "estimate_scale": estimate_scale or None}
    with _telling() as say, crew(advance=say.advance) as hands:
        refine_alone(given, out, changes=changes, run_file=run, crew=hands, say=say)


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
    data: Annotated[Path, typer.Argument(help="Folder with mine-chips, mine-classes and tailings-ponds.")], out: Out
) -> None:
    """Train the chip network, cross-validated by family and place, and export it."""
    from highwall.workflows.train import train_chips as work

    with _telling() as say:

        def tell(what: str, step: int, n_steps: int, loss: float) -> None:
            if step % 100 == 0 or step == n_steps:
                say(f"{what}: step {step} of {n_steps}, loss {loss:.3f}")

        work(data, out, progress=tell)


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
