"""In interpreters of their own, because an import happens once."""

import subprocess
import sys
import types

import pytest
import torch

from highwall.core.errors import ModelError
from highwall.learning import torch_shim
from highwall.learning.torch_shim import import_torchvision

FOLLOWING = """
import warnings
warnings.simplefilter("error")
from highwall.learning import torch_shim
"""


def printed(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", FOLLOWING + code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_networks_can_be_built_and_run():
    code = """
torchvision = torch_shim.import_torchvision()
import torch
from torchvision.models import mobilenet_v3_small
with torch.no_grad():
    print(tuple(mobilenet_v3_small(num_classes=3).eval()(torch.zeros(1, 3, 48, 48)).shape))
"""
    assert printed(code) == "(1, 3)"


def test_nothing_is_declared_where_torchvision_works():
    code = """
import sys, types
sys.modules["torchvision"] = types.ModuleType("torchvision")
print(torch_shim.import_torchvision() is sys.modules["torchvision"], torch_shim._declared, "torch" in sys.modules)
"""
    assert printed(code) == "True [] False"


def test_importing_twice_declares_once():
    code = """
first = torch_shim.import_torchvision()
print(torch_shim.import_torchvision() is first, len(torch_shim._declared) <= 1)
"""
    assert printed(code) == "True True"


def test_another_failure_is_not_swallowed(monkeypatch):
    def broken(name: str) -> types.ModuleType:
        raise RuntimeError("disk on fire")

    monkeypatch.setattr(torch_shim.importlib, "import_module", broken)
    with pytest.raises(RuntimeError, match="disk on fire"):
        import_torchvision()


def test_its_absence_names_the_cure(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(ModelError, match=r"\.\[train\]"):
        import_torchvision()


def test_what_needs_a_compiled_operator_fails_loudly():
    torchvision = import_torchvision()
    if torchvision.extension._has_ops():
        kept = torchvision.ops.nms(torch.zeros(1, 4), torch.zeros(1), 0.5)
        assert kept.tolist() == [0]
    else:
        with pytest.raises(RuntimeError, match="custom C\\+\\+ ops"):
            torchvision.ops.nms(torch.zeros(1, 4), torch.zeros(1), 0.5)
