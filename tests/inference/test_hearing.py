"""What a session hears of hints stays where it is meant, now and later."""

import torch
from torch import Tensor

from temporal_colorize.inference.hearing import Heard
from temporal_colorize.inference.session import Session, SessionOptions
from temporal_colorize.inference.weights import Weights
from tests.support.networks import tiny_weights

HEIGHT, WIDTH = 64, 256
LEFT, BESIDE = slice(0, 16), slice(30, 64)  # columns of the output, a quarter of the picture's


def frames(count: int) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    scene = torch.nn.functional.interpolate(100 * torch.rand(1, 1, 4, 16, generator=generator), (HEIGHT, WIDTH))[0]
    return (scene + 2 * torch.randn(count, 1, HEIGHT, WIDTH, generator=generator)).clamp(0, 100)


def hints(columns: slice, ab: float = 60.0) -> Tensor:
    given = torch.zeros(3, HEIGHT, WIDTH)
    given[:2, :, columns], given[2, :, columns] = ab, 1
    return given


def session(weights: Weights | None = None) -> Session:
    return Session(weights or tiny_weights(), SessionOptions(size=HEIGHT, cut_threshold=1000))


def shown(heard: list[Heard], *, seen: Session | None = None) -> list[Tensor]:
    """Colour as many frames: ab of each, (2, h, w)."""
    outputs = (seen or session()).steps(frames(len(heard)), heard)
    return [output.ab[0, 0] for output in outputs]


def far(one: Tensor, other: Tensor, columns: slice) -> float:
    return float((one - other)[..., columns].abs().max())


def remembered(heard: Heard, part: str = "_state") -> list[Tensor]:
    """The planes of one of a session's states after one frame, each (C, h, w)."""
    seen = session()
    seen.steps(frames(1), [heard])
    return [plane[0] for name, plane in sorted(seen.snapshot().items()) if name.startswith(f"run.{part}/")]


def test_confined_hints_change_nothing_elsewhere() -> None:
    given = hints(slice(0, 96))
    (untold,), (told,), (confined,) = (shown([one]) for one in (Heard(), Heard(given), Heard(confined=given)))
    assert far(told, untold, BESIDE) > 1e-3  # what the network makes of a hint elsewhere
    assert far(confined, told, LEFT) < 1e-4 and far(confined, untold, BESIDE) == 0


def test_confined_hints_are_remembered_in_their_place_alone() -> None:
    given = hints(slice(0, 96))
    spread = 0.0
    states = remembered(Heard()), remembered(Heard(given)), remembered(Heard(confined=given), "_told")
    for untold, told, confined in zip(*states, strict=True):
        inside, beside = (slice(*(at * told.shape[-1] // WIDTH for at in ends)) for ends in ((0, 80), (128, WIDTH)))
        spread = max(spread, far(told, untold, beside))
        assert far(confined, told, inside) < 1e-5 and far(confined, untold, beside) == 0
    assert spread > 1e-4


def test_other_hints_are_heard_beside_confined_ones() -> None:
    everywhere, there = hints(slice(0, WIDTH), ab=-20.0), hints(slice(0, 96))
    (both,), (alone,) = shown([Heard(everywhere, there)]), shown([Heard(everywhere)])
    assert far(both, alone, BESIDE) == 0
    assert float(both[:, :, LEFT].min()) > 50


def test_what_was_told_ends_where_it_is_heard_no_more() -> None:
    weights, given = tiny_weights(), hints(slice(0, 96))
    untold = shown([Heard()] * 4, seen=session(weights))
    moves = shown(
        [Heard(confined=hints(slice(0, WIDTH))), Heard(confined=given), Heard(), Heard()], seen=session(weights)
    )
    assert far(moves[1], untold[1], LEFT) > 1 and far(moves[1], untold[1], BESIDE) < 1e-4
    torch.testing.assert_close(moves[2:], untold[2:], rtol=0, atol=1e-4)


def test_it_is_remembered_as_long_as_it_is_heard_anywhere() -> None:
    """Beyond the mask, and within reach of it, by what the network has seen before."""
    weights, given = tiny_weights(), hints(slice(0, 96))
    once, again = (
        shown([first, Heard(confined=given)], seen=session(weights))[1] for first in (Heard(), Heard(confined=given))
    )
    assert far(once, again, slice(24, 27)) > 0.01 and far(once, again, BESIDE) == 0


def test_frames_together_are_as_one_by_one() -> None:
    weights = tiny_weights()
    there = Heard(confined=hints(slice(32, 96)))
    heard = [Heard(), Heard(hints(slice(0, 64))), Heard(), there, there, Heard()]
    together, seen = shown(heard, seen=session(weights)), session(weights)
    for frame, one, output in zip(frames(len(heard)), heard, together, strict=True):
        torch.testing.assert_close(seen.steps(frame[None], [one])[0].ab[0, 0], output)


def test_a_copy_goes_on_as_the_original() -> None:
    weights, clip, there = tiny_weights(), frames(2), [Heard(confined=hints(slice(0, 96)))]
    one, other = session(weights), session(weights)
    one.steps(clip[:1], there)
    other.restore(one.snapshot())
    left, right = (seen.steps(clip[1:], there)[0].ab for seen in (one, other))
    torch.testing.assert_close(left, right, rtol=0, atol=0)
