"""Highwall watches surface mines: from space, by radar, against their permits.

Nothing heavy is imported here; a public name loads its room when it is first used (PEP 562).
"""

from importlib import import_module
from importlib.metadata import version as _version
from typing import Any

__version__ = _version("highwall")

_PUBLIC = {
    "HighwallError": "highwall.core.errors",
    "Site": "highwall.core.site",
    "monitor": "highwall.workflows.watching.monitor",
}

__all__ = ["HighwallError", "Site", "__version__", "monitor"]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'highwall' has no attribute {name!r}; it has {', '.join(sorted(_PUBLIC))}")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
