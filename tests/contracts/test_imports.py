"""The architecture as tests: what may be loaded when."""

import subprocess
import sys

import pytest

HEAVY = {
    "numpy",
    "xarray",
    "pydantic",
    "numba",
    "torch",
    "rasterio",
    "geopandas",
    "matplotlib",
    "onnxruntime",
    "fastapi",
}


def loaded_after(statement: str) -> set[str]:
    """Top-level modules in ``sys.modules`` of a fresh interpreter after ``statement``."""
    code = f"{statement}\nimport sys\nprint(' '.join({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_import_highwall_loads_nothing_heavy():
    assert not loaded_after("import highwall") & HEAVY


def test_import_of_the_command_line_loads_nothing_heavy():
    assert not loaded_after("import highwall.cli") & HEAVY


@pytest.mark.parametrize(
    "module",
    [
        "highwall.workflows.watching.monitor",
        "highwall.classification.extract",
        "highwall.workflows.config",
        "highwall.workflows.mapping.cracks",
    ],
)
def test_the_main_job_never_loads_torch(module):
    assert "torch" not in loaded_after(f"import {module}")


def test_public_names_load_their_room_when_used():
    assert "xarray" in loaded_after("import highwall; highwall.monitor")
