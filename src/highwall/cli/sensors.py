"""Verbs on sensors beside cracks: windows to train on, and the watch of the server."""

from pathlib import Path
from typing import Annotated

import typer

from highwall.cli.apps import app
from highwall.cli.telling import telling

sensors_app = typer.Typer(help="Sensors beside cracks (needs the layer server).", no_args_is_help=True)
app.add_typer(sensors_app, name="sensors")

Places = Annotated[Path, typer.Option(help="YAML file: places, and their datastreams by channel.")]


@sensors_app.command()
def windows(
    history: Annotated[Path, typer.Argument(help="Parquet file of the twin's history, or a folder of them.")],
    places: Places,
    out: Annotated[Path, typer.Option("--out", "-o", help="File that takes the windows: .npz.")],
    hours: Annotated[int, typer.Option(min=24, max=720, help="Length of a window [h].")] = 96,
) -> None:
    """Cut history into windows for `highwall train crack-windows`."""
    from highwall.telemetry.window_options import WindowOptions
    from highwall.workflows.crack_history import KnownPlaces, cut_history, read_places

    with telling():
        known = read_places(places, of=KnownPlaces).places
        cut = cut_history(history, known, out, options=WindowOptions(n_hours=hours))
        typer.echo(f"{cut.n_windows} windows, {cut.n_with_crack} with a crack, {cut.n_left_out} left out: {cut.path}")


@sensors_app.command()
def judge(
    weights: Annotated[Path, typer.Argument(help="Classifier of `highwall train crack-windows`: .onnx.")],
    places: Places,
    store: Annotated[
        str, typer.Option(envvar="HIGHWALL_STORE", help="Store of the twin: sqlite:///FILE or postgresql+psycopg://….")
    ],
    site: Annotated[str, typer.Option(help="Name of the site on the wire.")],
) -> None:
    """Judge the windows of every hour that is over and not yet judged; `highwall serve` can do it every minute."""
    import time

    from highwall.classification.crack_windows.classifier import CrackWindowClassifier
    from highwall.twin.sql.database import open_database
    from highwall.workflows.crack_history import read_places
    from highwall.workflows.live_cracks import WatchedPlaces, tell_cracks

    with telling():
        watched = read_places(places, of=WatchedPlaces).places
        classifier = CrackWindowClassifier.open(weights)
        database = open_database(store)
        try:
            n_hours = tell_cracks(database, classifier, watched, site=site, now_us=time.time_ns() // 1000)
        finally:
            database.close()
        typer.echo(f"{n_hours} hours of {len(watched)} places were judged.")
