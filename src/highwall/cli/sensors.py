"""Verbs on sensors: windows to train on, the watch of the server beside cracks, and groups that stand together."""

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from highwall.cli.apps import app
from highwall.cli.arguments import pairs_of, words_of
from highwall.cli.telling import telling

sensors_app = typer.Typer(help="Sensors beside cracks and in groups (needs the layer server).", no_args_is_help=True)
app.add_typer(sensors_app, name="sensors")

Places = Annotated[Path, typer.Option(help="YAML file: places, and their datastreams by channel.")]
Store = Annotated[
    str, typer.Option(envvar="HIGHWALL_STORE", help="Store of the twin: sqlite:///FILE or postgresql+psycopg://….")
]


@sensors_app.command()
def windows(
    history: Annotated[Path, typer.Argument(help="Parquet file of the twin's history, or a folder of them.")],
    places: Places,
    out: Annotated[Path, typer.Option("--out", "-o", help="File that takes the windows: .npz.")],
    hours: Annotated[int, typer.Option(min=24, max=720, help="Length of a window [h].")] = 96,
) -> None:
    """Cut history into windows for `highwall train crack-windows`."""
    from highwall.telemetry.window_options import WindowOptions
    from highwall.workflows.live.crack_history import KnownPlaces, cut_history, read_places

    with telling():
        known = read_places(places, of=KnownPlaces).places
        cut = cut_history(history, known, out, options=WindowOptions(n_hours=hours))
        typer.echo(f"{cut.n_windows} windows, {cut.n_with_crack} with a crack, {cut.n_left_out} left out: {cut.path}")


@sensors_app.command()
def judge(
    weights: Annotated[Path, typer.Argument(help="Classifier of `highwall train crack-windows`: .onnx.")],
    places: Places,
    store: Store,
    site: Annotated[str, typer.Option(help="Name of the site on the wire.")],
) -> None:
    """Judge the windows of every hour that is over and not yet judged; `highwall serve` can do it every minute."""
    import time

    from highwall.classification.crack_windows.classifier import CrackWindowClassifier
    from highwall.twin.sql.database import open_database
    from highwall.workflows.live.crack_history import read_places
    from highwall.workflows.live.cracks import WatchedPlaces, tell_cracks

    with telling():
        watched = read_places(places, of=WatchedPlaces).places
        classifier = CrackWindowClassifier.open(weights)
        database = open_database(store)
        try:
            n_hours = tell_cracks(database, classifier, watched, site=site, now_us=time.time_ns() // 1000)
        finally:
            database.close()
        typer.echo(f"{n_hours} hours of {len(watched)} places were judged.")


@sensors_app.command()
def neighbours(
    store: Store,
    group: Annotated[
        list[str], typer.Option(help="Sensors that stand together, as NAME=DATASTREAM,DATASTREAM,…; three or more.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="File that takes the groups, for serve.yaml: .json.")],
    since: Annotated[
        dt.datetime | None, typer.Option("--from", help="Learn from then on, UTC; by default from the beginning.")
    ] = None,
    until: Annotated[dt.datetime | None, typer.Option("--to", help="Learn up to then, UTC; by default all.")] = None,
    interval_min: Annotated[
        float, typer.Option("--interval", min=0.1, max=1440, help="Time between rows of a group [min].")
    ] = 15.0,
) -> None:
    """Learn from history without faults how sensors follow from one another; tell the error on runs held out."""
    from highwall.telemetry.virtual_options import VirtualOptions
    from highwall.twin.sql.database import open_database
    from highwall.workflows.live.sensor_groups import errors_of, learn_groups, write_groups

    listed = pairs_of(group, example="NAME=DATASTREAM,DATASTREAM")
    members = {name: words_of(datastreams) or () for name, datastreams in listed.items()}
    with telling():
        database = open_database(store)
        try:
            with database.read() as connection:
                options = VirtualOptions(interval_s=60.0 * interval_min)
                groups = learn_groups(connection, members, since=_utc(since), until=_utc(until), options=options)
        finally:
            database.close()
        write_groups(out, groups)
        for line in errors_of(groups):
            typer.echo(str(line))
        typer.echo(f"{len(groups)} groups: {out}")


def _utc(when: dt.datetime | None) -> dt.datetime | None:
    return None if when is None else when.replace(tzinfo=dt.UTC)
