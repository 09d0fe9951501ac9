"""History: months of readings as Parquet files, which leave the store and can be asked, or come back, without it."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

import duckdb
import numpy as np
from sqlalchemy import Connection

from highwall.core.errors import InputError, MissingInputError, OutputError
from highwall.twin.sql import datastreams, observations
from highwall.twin.sql.observations import Row

_CHUNK: Final = 20_000
_WHOLE: Final = ("phenomenon_us", "stream_id", "number", "flag", "result_us")
_TABLE: Final = (
    "CREATE TABLE readings (datastream VARCHAR, phenomenon_time TIMESTAMPTZ, stream_id INTEGER, number BIGINT,"
    " value DOUBLE, text VARCHAR, flag SMALLINT, result_time TIMESTAMPTZ)"
)
_FILL: Final = (
    "INSERT INTO readings SELECT datastream, make_timestamptz(phenomenon_us), stream_id, number,"
    " CASE WHEN has_value THEN value END, text, flag, make_timestamptz(result_us) FROM chunk"
)
_READ: Final = (
    "SELECT datastream, epoch_us(phenomenon_time), stream_id, number, value, text, flag, epoch_us(result_time)"
    " FROM read_parquet($1)"
)


class Past(NamedTuple):
    """One reading of a history file."""

    datastream: str
    phenomenon_us: int
    stream_id: int
    number: int
    value: float | None
    text: str | None
    flag: int
    result_us: int


def export_month(connection: Connection, month: str, *, folder: Path) -> Path:
    """Write a month's readings to a Parquet file, whole or not at all, and check that all are there.

    The file is ``readings_<month>.parquet``, or ``readings_<month>_2.parquet`` and so on where the month left before
    and readings of it came late: no file is written over.

    Raises
    ------
    InputError
        The store has no such month.
    OutputError
        The file cannot be written.
    """
    if month not in observations.months(connection):
        raise InputError(
            f"the store holds no readings of {month!r}; it has {', '.join(observations.months(connection))}."
        )
    path = _free_name(folder, month)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write_whole(connection, month, path)
    except (OSError, duckdb.IOException) as error:
        raise OutputError(f"history cannot be written to {path}: {error}.") from error
    return path


def archive_before(connection: Connection, before_us: int, *, folder: Path) -> list[Path]:
    """Export every month that ended before then, and drop it from the store when its file is written.

    A reading that comes late meanwhile waits until this transaction ends, and then begins the month anew.
    """
    ended = observations.hold_before(connection, before_us)
    paths = [export_month(connection, month, folder=folder) for month in ended]
    observations.drop(connection, ended)
    return paths


def import_file(connection: Connection, path: Path) -> int:
    """Put the readings of a history file back into the store, each once, and count those in the file."""
    n_rows = 0
    readings = read(path)
    while chunk := list(islice(readings, _CHUNK)):
        ids = datastreams.datastream_ids(connection, {past.datastream for past in chunk})
        observations.insert_readings(connection, [Row(ids[past.datastream], *past[1:]) for past in chunk])
        n_rows += len(chunk)
    return n_rows


def read(
    path: Path, *, datastream: str | None = None, from_us: int | None = None, to_us: int | None = None
) -> Iterator[Past]:
    """Readings of a history file, or of every one in a folder, in order of datastream and time.

    Raises
    ------
    MissingInputError
        There is no such file, or none in the folder.
    """
    files = sorted(path.glob("readings_*.parquet")) if path.is_dir() else [path]
    if not files or not files[0].exists():
        raise MissingInputError(f"no history at {path}; export a month first.")
    query, given = _READ, [[str(file) for file in files], datastream, from_us, to_us]
    query += (
        " WHERE ($2 IS NULL OR datastream = $2) AND ($3 IS NULL OR phenomenon_time >= make_timestamptz($3::BIGINT))"
    )
    query += " AND ($4 IS NULL OR phenomenon_time < make_timestamptz($4::BIGINT))"
    with duckdb.connect() as connection:
        result = connection.execute(f"{query} ORDER BY 1, 2, 3, 4", given)
        while rows := result.fetchmany(_CHUNK):
            yield from map(Past._make, rows)


def _free_name(folder: Path, month: str) -> Path:
    path, number = folder / f"readings_{month}.parquet", 1
    while path.exists():
        number += 1
        path = folder / f"readings_{month}_{number}.parquet"
    return path


def _write_whole(connection: Connection, month: str, path: Path) -> None:
    part = path.with_suffix(".part")
    try:
        n_rows = _write(connection, month, part)
        n_there = duckdb.execute("SELECT count(*) FROM read_parquet($1)", [str(part)]).fetchall()[0][0]
        if n_there != n_rows:
            raise OSError(f"{n_there} of {n_rows} readings are there; free some disk space and export again")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _write(connection: Connection, month: str, path: Path) -> int:
    names: dict[int, str] = {}
    n_rows = 0
    rows = observations.rows_of_month(connection, month)
    with duckdb.connect() as target:
        target.execute(_TABLE)
        while chunk := list(islice(rows, _CHUNK)):
            _learn_names(connection, names, chunk)
            _fill(target, chunk, names)
            n_rows += len(chunk)
        target.execute(f"COPY readings TO '{_quoted(path)}' (FORMAT parquet, COMPRESSION zstd)")
    return n_rows


def _learn_names(connection: Connection, names: dict[int, str], rows: list[Row]) -> None:
    for one in {row.datastream_id for row in rows} - names.keys():
        found = datastreams.datastream(connection, one)
        names[one] = found.name if found else f"unknown/{one}"


def _fill(target: duckdb.DuckDBPyConnection, rows: list[Row], names: dict[int, str]) -> None:
    columns = dict(zip(Row._fields, zip(*rows, strict=True), strict=True))
    has_value = np.array([value is not None for value in columns["value"]])
    chunk: dict[str, Any] = {
        "datastream": np.array([names[one] for one in columns["datastream_id"]], dtype=object),
        "value": np.where(has_value, np.array(columns["value"], dtype=np.float64), 0.0),
        "has_value": has_value,
        "text": np.array(columns["text"], dtype=object),
        **{name: np.array(columns[name], dtype=np.int64) for name in _WHOLE},
    }
    target.register("chunk", chunk)
    target.execute(_FILL)
    target.unregister("chunk")


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
