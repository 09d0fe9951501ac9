"""Small checks whose messages name the argument, what was found and the cure."""

import difflib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from highwall.core.errors import InputError

if TYPE_CHECKING:
    import xarray as xr


def check_dims(array: "xr.DataArray", dims: tuple[str, ...], *, name: str) -> None:
    """Refuse an array whose dims are not ``dims``, in this order.

    Raises
    ------
    InputError
        The dims differ.
    """
    if tuple(array.dims) != dims:
        raise InputError(f"{name} has dims {tuple(array.dims)}; expected {dims}. Rename or transpose it.")


def nearest_name(name: str, known: Iterable[str]) -> str:
    """``"; did you mean 'x'?"`` for the nearest known name, or an empty string when none is near."""
    match = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {match[0]!r}?" if match else ""
