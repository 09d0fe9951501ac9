"""Which file of a run is meant, where its folder is given instead."""

from pathlib import Path

from highwall.core.errors import MissingInputError


def file_of(place: Path, name: str, *, left_by: str) -> Path:
    """File of that name in a run's folder, or what was given itself.

    Parameters
    ----------
    left_by
        Verb that leaves the file.

    Raises
    ------
    MissingInputError
        The folder has no such file.
    """
    if (inside := place / name).exists():
        return inside
    if not (place / "stac").is_dir():  # a file, or a folder that is one: a geodatabase, a Zarr store, shapefiles
        return place
    raise MissingInputError(
        f"{place} is a run without {name}, which `highwall {left_by}` leaves; give one that has it, or a file."
    )
