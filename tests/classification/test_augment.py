import pytest
import torch

from highwall.classification.augment import random_view
from highwall.classification.options import AugmentOptions

NOTHING = AugmentOptions(
    scale=(1.0, 1.0), brightness=0.0, channel_gain=0.0, saturation=0.0, contrast=0.0, haze=0.0, noise=0.0
)


def batch() -> torch.Tensor:
    return 255.0 * torch.rand(64, 3, 12, 12, generator=torch.Generator().manual_seed(0))


def view(levels, coverage, options, seed=1):
    return random_view(levels, coverage, options=options, random=torch.Generator().manual_seed(seed))


def test_turns_and_mirrors_move_every_value_and_lose_none():
    levels = batch()
    seen, _ = view(levels, torch.zeros(64, 0, 12, 12), NOTHING)
    torch.testing.assert_close(seen.flatten(2).sort().values, levels.flatten(2).sort().values, atol=1e-2, rtol=0.0)
    assert not torch.allclose(seen, levels, atol=1.0)


def test_all_eight_views_occur():
    one = batch()[:1].repeat(64, 1, 1, 1)
    seen, _ = view(one, torch.zeros(64, 0, 12, 12), NOTHING)
    assert len({tuple(x.flatten().round().int().tolist()) for x in seen}) == 8


@pytest.mark.parametrize("scale", [(1.0, 1.0), (0.8, 1.25)])
def test_labels_move_with_the_pixels(scale):
    levels = batch()
    changes = {"scale": scale, "scale_share": 1.0}
    seen, coverage = view(levels, levels[:, :1] / 255.0, NOTHING.model_copy(update=changes))
    torch.testing.assert_close(coverage, seen[:, :1] / 255.0, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_only_a_share_is_magnified(share):
    plain = torch.arange(12.0).expand(400, 3, 12, 12).contiguous()
    options = NOTHING.model_copy(update={"scale": (2.0, 2.0), "scale_share": share})
    seen, _ = view(plain, torch.zeros(400, 0, 12, 12), options)
    sharp = torch.isclose(seen.amax(dim=(1, 2, 3)), torch.tensor(11.0), atol=1e-3)
    assert 1.0 - sharp.float().mean() == pytest.approx(share, abs=0.1)  # four standard errors of 400 draws


def test_saturation_moves_away_from_grey_and_keeps_the_mean():
    seen, _ = random_view(
        torch.tensor([100.0, 120.0, 140.0]).reshape(1, 3, 1, 1).expand(32, 3, 4, 4).contiguous(),
        torch.zeros(32, 0, 4, 4),
        options=NOTHING.model_copy(update={"saturation": 0.3}),
        random=torch.Generator().manual_seed(0),
    )
    torch.testing.assert_close(seen.mean(dim=1), torch.full((32, 4, 4), 120.0))
    assert (seen[:, 2] - seen[:, 0]).std() > 1.0


def test_levels_stay_levels():
    wild = AugmentOptions(brightness=1.0, channel_gain=1.0, saturation=1.0, contrast=1.0, haze=0.9, noise=30.0)
    seen, _ = view(batch(), torch.zeros(64, 0, 12, 12), wild)
    assert seen.min() >= 0.0
    assert seen.max() <= 255.0
    assert seen.isfinite().all()
