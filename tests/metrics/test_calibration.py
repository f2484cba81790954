import numpy as np
import pytest
import torch
from torchmetrics.functional.classification import multiclass_calibration_error

from temporal_colorize.color.bins import encode_soft
from temporal_colorize.metrics.calibration import Reliability, fit_curve, fit_temperature, top_bin


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_ece_agrees_with_torchmetrics() -> None:
    probabilities = torch.softmax(2 * torch.randn(3, 10, 40, 50, generator=generator()), dim=1)
    index = torch.randint(10, (3, 40, 50), generator=generator())
    reliability = Reliability()
    for picture, truth in zip(probabilities, index, strict=True):
        reliability.add(*top_bin(picture, truth))
    rows = probabilities.movedim(1, -1).reshape(-1, 10)
    expected = multiclass_calibration_error(rows, index.flatten(), num_classes=10, n_bins=15, norm="l1")
    assert reliability.ece() == pytest.approx(expected.item(), abs=1e-6)


def test_table_and_ece_by_hand() -> None:
    reliability = Reliability(bins=4)
    reliability.add(torch.tensor([0.3, 0.4, 1.0]), torch.tensor([True, False, True]))
    low, second, third, last = reliability.table()
    assert low.weight == third.weight == 0 and np.isnan(low.accuracy)
    assert second == (0.25, 0.5, 2, pytest.approx(0.35), 0.5) and last == (0.75, 1, 1, 1, 1)
    assert reliability.ece() == pytest.approx(2 / 3 * 0.15)


def test_weights_count_as_repetition() -> None:
    confidence, correct = torch.tensor([0.2, 0.9, 0.95]), torch.tensor([1.0, 0.0, 0.5])
    weighted, repeated = Reliability(), Reliability()
    weighted.add(confidence, correct, weights=torch.tensor([3.0, 1.0, 0.0]))
    repeated.add(confidence[[0, 0, 0, 1]], correct[[0, 0, 0, 1]])
    assert weighted.ece() == pytest.approx(repeated.ece()) and weighted.table()[3] == repeated.table()[3]


def test_what_is_no_probability_is_refused() -> None:
    with pytest.raises(ValueError, match="not logits"):
        Reliability().add(torch.tensor([1.2]), torch.tensor([True]))
    with pytest.raises(ValueError, match="not logits"):
        Reliability().add(torch.tensor([float("nan")]), torch.tensor([True]))
    with pytest.raises(ValueError, match="one shape"):
        Reliability().add(torch.rand(3), torch.rand(4) > 0.5)
    with pytest.raises(ValueError, match="no prediction"):
        Reliability().ece()


def test_top_bin_by_hand() -> None:
    probabilities = torch.tensor([[0.2, 0.5], [0.7, 0.1], [0.1, 0.4]])[:, None]  # 3 bins, 1 x 2 pixels
    confidence, correct = top_bin(probabilities, torch.tensor([[1, 2]]))
    assert confidence.tolist() == [[pytest.approx(0.7), 0.5]] and correct.tolist() == [[True, False]]
    with pytest.raises(ValueError, match="index"):
        top_bin(probabilities, torch.tensor([1, 2]))


@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.5])
def test_a_known_temperature_is_found(temperature: float) -> None:
    honest = 2 * torch.randn(20000, 12, generator=generator())
    index = torch.multinomial(torch.softmax(honest, dim=1), 1, generator=generator())
    logits = (temperature * honest)[..., None, None]
    assert fit_temperature(logits, index[..., None]) == pytest.approx(temperature, rel=0.03)


def test_temperature_mends_the_ece_of_the_313_bins() -> None:
    colours = 40 * torch.randn(4, 2, 16, 16, generator=generator())
    index = encode_soft(colours, neighbours=1)[0][:, 0]
    logits = torch.randn(4, 313, 16, 16, generator=generator())
    sure = torch.rand(4, 1, 16, 16, generator=generator()) < 0.4  # right for 40 % of the pixels, sure of all
    logits.scatter_(1, torch.where(sure, index[:, None], (index[:, None] + 7) % 313), 12.0)
    temperature = fit_temperature(logits, index)

    def ece(scores: torch.Tensor) -> float:
        reliability = Reliability()
        reliability.add(*top_bin(torch.softmax(scores, dim=1), index))
        return reliability.ece()

    assert ece(logits) > 0.5 and ece(logits / temperature) < 0.2


def test_temperature_of_separable_logits_is_the_least() -> None:
    logits = torch.eye(5)[..., None, None] * 3
    assert fit_temperature(logits, torch.arange(5)[:, None, None], least=0.2) == pytest.approx(0.2, rel=0.01)
    with pytest.raises(ValueError, match="least=0"):
        fit_temperature(logits, torch.arange(5)[:, None, None], least=0)


def test_a_curve_brings_what_was_said_to_what_was_so() -> None:
    said = Reliability(bins=200)
    level = torch.linspace(0, 1, 20_001)
    said.add(level, level**2)  # sure of itself, and wrong
    knots, right = fit_curve(said.table(), knots=20)
    assert (
        len(knots) == 21 and knots[0] == right[0] == 0 and list(knots) == sorted(knots) and list(right) == sorted(right)
    )
    mended = Reliability()
    mended.add(torch.from_numpy(np.interp(level, knots, right)), level.double() ** 2)
    assert said.ece() > 0.15 and mended.ece() < 0.01


def test_a_curve_never_falls_and_needs_something_to_fit() -> None:
    said = Reliability(bins=10)
    said.add(
        torch.tensor([0.15, 0.35, 0.55, 0.75]), torch.tensor([0.2, 0.6, 0.4, 0.9]), weights=torch.tensor(4 * [5.0])
    )
    assert fit_curve(said.table(), knots=4) == ((0, 0.25, 0.65), (0, 0.35, 0.7))
    with pytest.raises(ValueError, match="no prediction"):
        fit_curve(Reliability().table())
