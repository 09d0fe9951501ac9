import copy

import pytest
import torch
from torch import nn

from highwall.segmentation.depthwise import keep_depthwise_single


class Strided(nn.Conv2d):
    """A subclass, as encoders have for their own padding."""


@pytest.fixture
def light():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 1), Strided(8, 8, 3, stride=2, padding=1, groups=8), nn.Conv2d(8, 8, 3, groups=4),
        nn.Conv2d(8, 4, 1),
    )  # fmt: skip


def test_only_depthwise_convolutions_leave_autocast(light):
    seen = {}
    for number, layer in enumerate(light):
        layer.register_forward_hook(lambda _, __, out, number=number: seen.update({number: out.dtype}))
    assert keep_depthwise_single(light) == 1
    with torch.autocast("cpu", dtype=torch.bfloat16):
        light(torch.rand(1, 3, 8, 8))
    assert seen == {0: torch.bfloat16, 1: torch.float32, 2: torch.bfloat16, 3: torch.bfloat16}


def test_without_autocast_nothing_changes(light):
    images = torch.rand(2, 3, 8, 8)
    before, names = light(images), list(light.state_dict())
    keep_depthwise_single(light)
    assert torch.equal(light(images), before)
    assert list(light.state_dict()) == names
    assert isinstance(light[1], Strided)


def test_a_copy_has_weights_of_its_own(light):
    keep_depthwise_single(light)
    other = copy.deepcopy(light)
    nn.init.zeros_(other[1].weight)
    nn.init.zeros_(other[1].bias)
    images = torch.rand(1, 8, 8, 8)
    assert not other[1](images).any()
    assert light[1](images).any()
