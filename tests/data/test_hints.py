import pytest
import torch

from temporal_colorize.data.hints import sample_hints


def draw(**shares: float) -> torch.Tensor | None:
    ab = 50 * torch.randn(64, 3, 2, 32, 32, generator=torch.Generator().manual_seed(1))
    options = {"full": 0.0, "sparse": 0.0, "most_points": 5, **shares}
    return ab, sample_hints(ab, **options, generator=torch.Generator().manual_seed(0))


def test_none() -> None:
    assert draw()[1] is None


def test_shares_are_kept_and_only_first_frames_hinted() -> None:
    _, hints = draw(full=0.3, sparse=0.4)
    coverage = hints[:, 0, 2].mean((1, 2))
    assert (coverage == 1).float().mean().item() == pytest.approx(0.3, abs=0.15)
    assert (coverage == 0).float().mean().item() == pytest.approx(0.3, abs=0.15)
    partly = coverage[(coverage > 0) & (coverage < 1)]
    assert len(partly) and partly.max() < 0.5
    assert not hints[:, 1:].any()


def test_hints_are_the_true_colours_under_the_mask_and_zero_elsewhere() -> None:
    ab, hints = draw(full=0.2, sparse=0.5)
    mask = hints[:, 0, 2:]
    torch.testing.assert_close(hints[:, 0, :2], ab[:, 0] * mask)
