import numpy as np
import pytest
import torch

from temporal_colorize.color.chroma import ChromaCoding, ab_to_chroma_exact, chroma_to_codes, luma_from_code
from temporal_colorize.inference.chroma_stream import ChromaStream
from temporal_colorize.inference.gate import GateOptions
from temporal_colorize.inference.planes import ab_at, lightness_of, shrink
from temporal_colorize.inference.profile import Profile
from temporal_colorize.inference.session import Session, SessionOptions
from tests.support.networks import tiny_weights

SHAPE, CHROMA = (128, 192), (64, 96)


def frames(count: int, *, moving: bool = True, bit_depth: int = 8) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    still = np.kron(rng.integers(40, 200, (16, 24)), np.ones((8, 8))).astype(np.uint16)
    clip = [still.copy() for _ in range(count)]
    for number, frame in enumerate(clip if moving else []):
        frame[48:80, 8 * number : 8 * number + 32] = 230
    return [(frame << (bit_depth - 8)).astype(np.uint8 if bit_depth == 8 else np.uint16) for frame in clip]


def stream(coding: ChromaCoding | None = None, **options: object) -> ChromaStream:
    session = Session(tiny_weights(), SessionOptions(size=64))
    return ChromaStream(session, coding or ChromaCoding("bt709"), shape=SHAPE, chroma_shape=CHROMA, **options)


@pytest.mark.parametrize("bit_depth", [8, 10])
def test_every_step_by_itself_and_slowly_gives_the_same(bit_depth: int) -> None:
    """Against the network, the guided upsampling in PyTorch and the exact chroma, frame by frame."""
    coding = ChromaCoding("bt601", bit_depth=bit_depth)
    fast, session = stream(coding), Session(tiny_weights(), SessionOptions(size=64))
    for frame in frames(4, bit_depth=bit_depth):
        guide = shrink(frame, *CHROMA)
        seen = lightness_of(shrink(guide, 64, 96), coding)
        luma = luma_from_code(torch.from_numpy(guide.astype(np.int32))[None], coding)
        ab = ab_at(luma, session.color(seen), seen)
        exact = chroma_to_codes(ab_to_chroma_exact(luma.double(), ab.double(), "bt601"), coding)
        for plane, expected in zip(fast(frame), exact, strict=True):
            assert plane.dtype == frame.dtype
            assert np.abs(plane.astype(int) - expected.numpy().astype(int)).max() <= 1


def test_a_still_is_looked_at_until_it_has_settled_and_never_laid_again() -> None:
    gated = stream(gate=GateOptions(settle=3))
    planes = [gated(frame) for frame in frames(10, moving=False)]
    assert gated.looks == 3
    assert all(later is planes[3] for later in planes[4:])


def test_planes_that_were_passed_on_do_not_change() -> None:
    gated = stream(gate=GateOptions(every=2, settle=1))
    passed = [(planes, tuple(plane.copy() for plane in planes)) for planes in map(gated, frames(8))]
    for planes, copies in passed:
        for plane, copy in zip(planes, copies, strict=True):
            np.testing.assert_array_equal(plane, copy)


def test_the_gate_stays_near_what_it_saves() -> None:
    gated, whole = stream(gate=GateOptions(every=2, settle=2)), stream()
    differences = [np.abs(np.subtract(gated(f), whole(f), dtype=int)).mean() for f in frames(12)]
    assert whole.looks == 12 and gated.looks <= 8
    assert differences[0] == 0 and max(differences[:2]) < 0.05 and np.mean(differences) < 0.5


def test_frames_together_are_as_one_by_one() -> None:
    single, together = stream(), stream()
    clip = frames(7)
    works = [work for part in (clip[:3], clip[3:7]) for work in together.look(part)]
    assert together.looks == 7
    for frame, work in zip(clip, works, strict=True):
        assert np.abs(np.subtract(single(frame), together.lay(work), dtype=int)).max() <= 1


def test_a_cut_is_settled_from() -> None:
    dark, bright = (np.full(SHAPE, value, np.uint8) for value in (30, 220))
    gated = stream(gate=GateOptions(settle=3))
    looks = []
    for frame in [dark] * 6 + [bright] * 6:
        gated(frame)
        looks.append(gated.looks)
    assert looks == [1, 2, 3, 3, 3, 3, 4, 5, 6, 6, 6, 6]


def test_the_time_of_every_stage_is_told() -> None:
    profile = Profile()
    colored = stream(profile=profile, gate=GateOptions())
    for frame in frames(3):
        colored(frame)
    assert set(profile.seconds) == {"shrink", "gate", "network", "decode bins", "fit lines", "lay chroma"}
    assert all(milliseconds > 0 for milliseconds in profile.per_frame(3).values())
