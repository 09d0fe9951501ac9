"""Every error that Highwall raises on purpose, in one tree.

::

    HighwallError
    ├── InputError (ValueError)          what was given cannot be used
    │   ├── QueryError                   an option of a query that cannot be read, or is not offered
    │   ├── ConfigError                  SITE.yaml, run.yaml: unknown key, value out of bounds
    │   ├── GridError                    CRS missing or geographic, grids that differ, an AOI without area
    │   ├── SceneError                   optical or radar scene: missing band, corrupt file, refused for quality
    │   │   └── TransferError            an archive broke off or did not answer; another run goes on
    │   ├── StackError                   interferograms: nothing readable, foreign grid, missing metadata
    │   │   └── NetworkError             no pair of the network is usable
    │   ├── VectorError                  permits and other polygons: unreadable, missing field, no dates
    │   ├── ModelError                   weights: unknown, corrupt, made for other bands or radiometry
    │   └── ConflictError                what is asked contradicts what holds
    ├── AccessError (PermissionError)           who asks is unknown, or may not
    │   └── LoginError                   nobody is logged in, or the login was refused
    ├── MissingInputError (FileNotFoundError)   a path that does not exist
    └── OutputError (OSError)                   a result that could not be written; nothing half-written is left

A message names what was found and the cure. Rooms raise; only the shells (``cli``, ``workflows``) catch. One bad input
among many is not an error: it is set aside and reported as :class:`SetAside`.
"""

from typing import NamedTuple


class SetAside(NamedTuple):
    """One input that was left out of the work, and why."""

    name: str
    """File, pair, scene or record."""
    reason: str
    """What was found, and the cure."""


class HighwallError(Exception):
    """Root of the tree: catch this to catch everything that Highwall raises on purpose."""


class InputError(HighwallError, ValueError):
    """What was given cannot be used."""


class QueryError(InputError):
    """An option of a query that cannot be read, or is not offered."""


class ConfigError(InputError):
    """A configuration file holds an unknown key or a value out of bounds."""


class GridError(InputError):
    """A CRS is missing or unfit, two grids differ, or an AOI has no area."""


class SceneError(InputError):
    """A scene misses a band, cannot be read, lies elsewhere or was refused for its quality."""


class TransferError(SceneError):
    """An archive broke off or did not answer: what came is kept, and another run goes on."""


class StackError(InputError):
    """An interferogram stack is empty, misses metadata or mixes grids."""


class NetworkError(StackError):
    """No pair of the network is usable."""


class VectorError(InputError):
    """A vector file cannot be read or misses a field."""


class ModelError(InputError):
    """Weights are unknown, corrupt, or made for other bands or another radiometry."""


class ConflictError(InputError):
    """What is asked contradicts what holds: a name that is taken, a decision that was made."""


class AccessError(HighwallError, PermissionError):
    """Who asks may not do or see this."""


class LoginError(AccessError):
    """Nobody is logged in, or the login was refused."""


class MissingInputError(HighwallError, FileNotFoundError):
    """A path does not exist."""


class OutputError(HighwallError, OSError):
    """A result could not be written; nothing half-written is left under its name."""
