import numpy as np
import pytest

from highwall.report.maps import finding_chip, patch_map

from . import content as made


def drawn(**parts) -> np.ndarray:
    scene = made.scene()
    dark = np.full_like(scene.picture, 20)
    return made.opened(patch_map(dark, scene.grid, **({"patches": made.patches()} | parts)))


def test_patches_are_outlined_in_the_colour_of_their_class():
    both, none = drawn(), drawn(patches=made.patches().iloc[:0])
    for colour in ("#ffb000", "#3ddbd9"):
        assert made.coloured(both, colour) > 100
        assert made.coloured(none, colour) == 0


def test_findings_are_marked_and_permits_drawn_in_any_crs():
    bare, full = drawn(), drawn(findings=made.findings().to_crs("EPSG:4326"), permits=made.permits())
    assert made.coloured(full, "#ff2d6f") > made.coloured(bare, "#ff2d6f") + 100
    assert np.abs(full.astype(int) - bare.astype(int)).max() > 100


def test_ground_drawn_by_eye_is_outlined_too():
    def with_eye(patches):
        return made.coloured(drawn(patches=made.patches().iloc[:0], drawn=patches), "#7dfdfe")

    assert with_eye(made.patches()) > with_eye(made.patches().iloc[:0]) + 100  # the legend has a sample of the colour


def test_patches_in_another_crs_lie_in_the_same_place():
    near, far = drawn(), drawn(patches=made.patches().to_crs("EPSG:32634"))
    assert made.coloured(far, "#ffb000") == pytest.approx(made.coloured(near, "#ffb000"), rel=0.2)


def test_the_chip_of_a_finding_shows_the_pixels_of_its_ground():
    place = made.grid(400, 3000)  # wider than a backdrop is drawn: a shrunk one would lose the checks
    checks = np.indices(place.shape).sum(axis=0) % 2
    picture = np.repeat((40 + 160 * checks)[..., None], 3, axis=-1).astype("u1")
    chip = made.opened(finding_chip(picture, place, made.square(2000, 2000, 50), None))
    centre = chip[150:320, 150:320, :3]
    assert centre.std() > 30
    assert made.coloured(chip, "#ff2d6f") > 50


def test_a_finding_beyond_the_scene_is_drawn_on_white():
    scene = made.scene()
    chip = made.opened(finding_chip(scene.picture, scene.grid, made.square(50_000, 0, 100), made.permits()))
    assert made.coloured(chip, "#ff2d6f") > 50


@pytest.mark.parametrize("shape", [(20, 300), (300, 20)])
def test_long_scenes_are_drawn(shape: tuple[int, int]):
    scene = made.scene(made.grid(*shape))
    assert made.opened(patch_map(scene.picture, scene.grid, patches=made.patches())).size > 0
