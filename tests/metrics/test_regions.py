import pytest
import torch

from temporal_colorize.metrics.regions import region_spread, uniform_regions


def objects() -> torch.Tensor:
    """A grey picture, (2, 80, 100), with two red and blue squares that touch, one too small and one too grey."""
    ab = torch.zeros(2, 80, 100)
    ab[:, 10:40, 10:40] = torch.tensor([50.0, 30.0])[:, None, None]
    ab[:, 10:40, 40:70] = torch.tensor([10.0, -40.0])[:, None, None]
    ab[:, 60:65, 10:15] = torch.tensor([-40.0, 40.0])[:, None, None]
    ab[:, 50:75, 50:75] = torch.tensor([5.0, 5.0])[:, None, None]
    return ab


def test_objects_are_found_apart_without_the_grey_and_the_small() -> None:
    labels = uniform_regions(objects())
    assert labels.shape == (80, 100) and sorted(labels.unique().tolist()) == [0, 1, 2]
    red, blue = labels[25, 25], labels[25, 55]
    assert {int(red), int(blue)} == {1, 2}
    inside = torch.zeros(80, 100, dtype=torch.bool)
    inside[11:39, 11:39] = True  # without the rim, whose 3x3 surroundings hold another colour
    assert not ((labels == red) & ~inside).any()
    assert (labels == red).sum() >= 28 * 28 - 4  # the median may round the corners off


def test_noise_does_not_hide_an_object() -> None:
    clean = uniform_regions(objects())
    noisy = uniform_regions(objects() + torch.randn(2, 80, 100, generator=torch.Generator().manual_seed(0)) * 0.5)
    assert noisy.max() == 2
    assert ((noisy > 0) & (clean > 0)).sum() > 0.8 * (clean > 0).sum()


def test_single_wrong_pixels_leave_no_hole() -> None:
    speckled = objects()
    speckled[:, 14:38:6, 14:66:6] = torch.tensor([-60.0, 60.0])[:, None, None]
    assert torch.equal(uniform_regions(speckled), uniform_regions(objects()))


def test_a_gradient_is_cut() -> None:
    ab = torch.stack([torch.linspace(10, 110, 201).expand(50, -1), torch.zeros(50, 201)])
    labels = uniform_regions(ab)
    assert labels.max() == 1
    kept = ab[0][labels == 1]
    assert kept.min() == pytest.approx(54, abs=0.5) and kept.max() == pytest.approx(66, abs=0.5)  # its mean is 60


def test_what_is_uniform_does_not_depend_on_the_hue() -> None:
    turned = torch.stack([-objects()[1], objects()[0]])
    assert torch.equal(uniform_regions(turned) > 0, uniform_regions(objects()) > 0)


def test_spread_by_hand() -> None:
    labels = torch.zeros(4, 6, dtype=torch.int64)
    labels[:2, :4], labels[2:, :2] = 1, 2  # 8 and 4 pixels
    ab = torch.full((2, 4, 6), 99.0)
    ab[:, :2, :4] = torch.tensor([20.0, -10.0])[:, None, None]
    ab[0, :2, :2] += 6  # half of region 1 is 6 away from the other half: 3 from the mean
    ab[:, 2:, :2] = 7.0
    assert region_spread(ab, labels) == (pytest.approx(8 * 3), 12)
    ab[:, 2:, 0] += torch.tensor([3.0, 4.0])[:, None]  # 5 away, so 2.5 from the mean
    assert region_spread(ab, labels) == (pytest.approx(8 * 3 + 4 * 2.5), 12)


def test_a_grey_picture_has_no_region_and_no_spread() -> None:
    labels = uniform_regions(torch.zeros(2, 40, 40))
    assert not labels.any()
    assert region_spread(torch.rand(2, 40, 40), labels) == (0, 0)


def test_a_result_left_grey_has_no_spread() -> None:
    labels = uniform_regions(objects())
    assert region_spread(torch.zeros(2, 80, 100), labels) == (0, float((labels > 0).sum()))


def test_shapes_must_fit() -> None:
    with pytest.raises(ValueError, match=r"\(2, H, W\)"):
        uniform_regions(torch.zeros(3, 8, 8))
    with pytest.raises(ValueError, match="of labels"):
        region_spread(torch.zeros(2, 8, 8), torch.zeros(8, 9, dtype=torch.int64))
