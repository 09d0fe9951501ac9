import numpy as np
import pytest

from highwall.classification.cracks.surfaces import bare_surface, joints, smooth_noise

SHAPE = (96, 128)


@pytest.mark.parametrize("scale", [2.0, 8.0, 30.0])
def test_noise_has_grains_of_the_size_asked_for(scale):
    """A grain away values are alike no more; a quarter of one away they are."""
    noise = smooth_noise(np.random.default_rng(0), (300, 300), scale=(scale, scale))
    assert noise.std() == pytest.approx(1.0, abs=0.3)

    def likeness(shift):
        return np.corrcoef(noise[:, shift:].ravel(), noise[:, : noise.shape[1] - shift].ravel())[0, 1]

    assert likeness(max(round(scale / 4), 1)) > likeness(round(2 * scale)) + 0.3


def test_a_surface_has_three_colours_and_varies():
    surface = bare_surface(np.random.default_rng(1), SHAPE)
    assert surface.shape == (3, *SHAPE)
    assert np.isfinite(surface).all()
    assert surface.std() > 1.0


def test_joints_darken_what_they_cover():
    """Nearly always: a joint may be filled, and its edges are bright."""
    darker = []
    for seed in range(30):
        light, cover = joints(np.random.default_rng(seed), SHAPE)
        assert ((cover >= 0) & (cover <= 1)).all()
        if cover.max() > 0.9:
            darker.append(light[cover > 0.9].mean() < light[cover == 0].mean())
    assert np.mean(darker) > 0.8


def test_some_surfaces_have_no_joint():
    covers = [joints(np.random.default_rng(seed), SHAPE)[1].max() for seed in range(20)]
    assert 0 < sum(cover == 0 for cover in covers) < 20
