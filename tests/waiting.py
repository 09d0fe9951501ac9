"""Waiting for what other threads and programs do."""

import time
from collections.abc import Callable
from typing import TypeVar

import pytest

T = TypeVar("T")

PATIENCE_S = 120.0
"""How long a test waits for something that must happen; long, for machines are busy [s]."""


def until(found: Callable[[], T], *, seconds: float = PATIENCE_S) -> T:
    """Give what a condition gives, as soon as it gives something."""
    end = time.monotonic() + seconds
    while not (value := found()):
        if time.monotonic() > end:
            pytest.fail(f"what was waited for did not happen in {seconds:g} s")
        time.sleep(0.01)
    return value
