import subprocess
import sys

import pytest

import highwall


def test_public_names_load_on_first_use():
    from highwall.core.errors import HighwallError
    from highwall.core.site import Site

    assert highwall.Site is Site
    assert highwall.HighwallError is HighwallError
    assert callable(highwall.monitor)
    assert set(highwall.__all__) == set(dir(highwall))


def test_an_unknown_name_lists_the_known():
    with pytest.raises(AttributeError, match=r"no attribute 'Mine'; it has HighwallError, Site, monitor"):
        _ = highwall.Mine


def test_importing_highwall_loads_nothing_heavy():
    heavy = ("numpy", "torch", "numba", "rasterio", "fastapi")
    code = f"import highwall, sys; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
