from dataclasses import replace

import pytest
import torch

from temporal_colorize.inference.session import CutDetector, Session, SessionOptions, pick_device
from tests.support.networks import tiny_weights

OPTIONS = SessionOptions(size=64)


def frames(seed: int, count: int = 4) -> torch.Tensor:
    scene = torch.rand(1, 4, 4, generator=torch.Generator().manual_seed(seed)) * 100
    scene = torch.nn.functional.interpolate(scene[None], (64, 96), mode="bilinear")[0]
    noise = torch.randn(count, 1, 64, 96, generator=torch.Generator().manual_seed(seed + 1))
    return (scene + noise).clamp(0, 100)


def colors(session: Session, clip: torch.Tensor) -> torch.Tensor:
    return torch.stack([session.color(frame) for frame in clip])


def test_sessions_that_share_weights_share_no_state() -> None:
    weights = tiny_weights()
    alone = colors(Session(weights, OPTIONS), frames(1))
    first, second = Session(weights, OPTIONS), Session(weights, OPTIONS)
    turns = [(first.color(a), second.color(b)) for a, b in zip(frames(1), frames(2), strict=True)]
    torch.testing.assert_close(torch.stack([a for a, _ in turns]), alone, rtol=0, atol=0)
    torch.testing.assert_close(torch.stack([b for _, b in turns]), colors(Session(weights, OPTIONS), frames(2)))


def test_a_cut_starts_afresh() -> None:
    weights = tiny_weights()
    session = Session(weights, OPTIONS)
    both = colors(session, torch.cat([frames(1), frames(2)]))
    assert session.cuts == 1
    torch.testing.assert_close(both[4:], colors(Session(weights, OPTIONS), frames(2)))
    blind = Session(weights, SessionOptions(size=64, cut_threshold=1000))
    assert not torch.allclose(colors(blind, torch.cat([frames(1), frames(2)]))[4:], both[4:], atol=1e-3)


def test_frames_together_are_as_one_by_one_across_a_cut_too() -> None:
    weights, clip = tiny_weights(), torch.cat([frames(1), frames(2, count=3)])
    session = Session(weights, OPTIONS)
    together = [session.decode(output).ab for part in clip.split([2, 4, 1]) for output in session.steps(part)]
    assert session.cuts == 1
    torch.testing.assert_close(torch.stack(together), colors(Session(weights, OPTIONS), clip))


def test_a_network_of_one_size_gets_that_size() -> None:
    weights = tiny_weights()
    weights.net.fixed_size = (64, 96)
    session = Session(weights, SessionOptions(size=192))
    assert session.network_size(1080, 1920) == session.network_size(100, 100) == (64, 96)


def test_motion_and_noise_are_no_cut() -> None:
    detect = CutDetector(SessionOptions().cut_threshold)
    scene = torch.nn.functional.interpolate(torch.rand(1, 1, 12, 16) * 100, (144, 256), mode="bilinear")[0]
    assert not any(detect(torch.roll(scene, 4 * step, dims=-1) + 3 * torch.randn(1, 144, 256)) for step in range(20))


def test_vividness_changes_the_decoding() -> None:
    weights = tiny_weights()
    weights.log_weights.copy_(torch.linspace(-3, 3, 313))
    honest = Session(weights, SessionOptions(size=64, vividness=0.0)).color(frames(1)[0])
    vivid = Session(weights, SessionOptions(size=64, vividness=1.0)).color(frames(1)[0])
    assert (honest - vivid).abs().mean() > 1


def test_decoding_is_that_of_the_weights_unless_asked_otherwise() -> None:
    weights = tiny_weights()
    assert Session(weights, OPTIONS).decoding == weights.decoding
    asked = Session(weights, SessionOptions(vividness=0.1)).decoding
    assert (asked.vividness, asked.temperature) == (0.1, weights.decoding.temperature)


def test_a_regression_only_network_colours_and_refuses_vividness() -> None:
    weights = tiny_weights(classify=False)
    assert Session(weights, OPTIONS).color(frames(1)[0]).shape == (2, 16, 24)
    with pytest.raises(ValueError, match="only regresses"):
        Session(weights, SessionOptions(vividness=0.5))


@pytest.mark.parametrize(
    ("height", "width", "seen"),
    [
        (1080, 1920, (256, 448)),
        (256, 256, (256, 256)),
        (50, 2000, (64, 2048)),
        (1, 3000, (32, 2048)),
        (1920, 1080, (448, 256)),
    ],
)
def test_what_the_network_sees(height: int, width: int, seen: tuple[int, int]) -> None:
    assert Session(tiny_weights(), SessionOptions(size=256)).network_size(height, width) == seen


def test_the_size_is_that_of_the_weights_unless_asked_otherwise() -> None:
    weights = replace(tiny_weights(), size=96)
    assert Session(weights, SessionOptions()).network_size(192, 192) == (96, 96)
    assert Session(weights, OPTIONS).network_size(192, 192) == (64, 64)


@pytest.mark.parametrize("options", [{"size": 8}, {"vividness": 2}, {"temperature": 0}])
def test_impossible_options_are_refused(options: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        SessionOptions(**options)


def test_a_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="device=tpu9"):
        pick_device("tpu9")
    assert pick_device("cpu") == torch.device("cpu")
