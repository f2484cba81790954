"""Scenes of noise and of things that move, made here; what must happen follows from how they are made."""

import numpy as np
import pytest

from temporal_colorize.inference.gate import Gate, GateOptions

SIZE = 96, 128
OPTIONS = GateOptions(every=3, patience=100, settle=1)


def scene(noise: float = 0.0, count: int = 12, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    still = np.kron(rng.integers(40, 200, (12, 16)), np.ones((8, 8)))
    return [(still + rng.normal(0, noise, SIZE)).round().clip(0, 255).astype(np.uint8) for _ in range(count)]


def watch(
    frames: list[np.ndarray], options: GateOptions = OPTIONS, bit_depth: int = 8
) -> tuple[list[bool], list[list]]:
    gate, looks, boxes = Gate(options, bit_depth=bit_depth), [], []
    for frame in frames:
        looks.append(gate.must_run(frame))
        if looks[-1]:
            gate.estimate(np.full((2, 24, 32), 10.0, np.float32))
        boxes.append(gate.boxes(*SIZE))
    return looks, boxes


@pytest.mark.parametrize("noise", [0.0, 1.0, 2.0])
def test_noise_alone_is_not_looked_at_again(noise: float) -> None:
    looks, boxes = watch(scene(noise))
    assert looks == [True] + [False] * 11
    assert boxes[0] == [(slice(0, 96), slice(0, 128))] and not any(boxes[1:])


def test_ten_bits_are_judged_as_eight_are() -> None:
    frames = [frame.astype(np.uint16) * 4 for frame in scene(2.0)]
    assert watch(frames, bit_depth=10) == watch(scene(2.0))


def test_what_moves_is_laid_anew_at_once_and_looked_at_every_third_frame() -> None:
    frames = scene()
    for number, frame in enumerate(frames[4:]):
        frame[40:56, 10 + 4 * number : 26 + 4 * number] = 250
    looks, boxes = watch(frames)
    assert [number for number, look in enumerate(looks) if look] == [0, 4, 7, 10]
    assert not any(boxes[1:4]) and all(boxes[4:])
    for before, frame, laid in zip(frames[3:], frames[4:], boxes[4:], strict=False):
        around = np.zeros(SIZE, bool)
        for rows, columns in laid:
            around[rows, columns] = True
        assert around[frame != before].all()
        assert around.mean() < 0.2


def test_the_more_is_owed_the_sooner_it_is_looked_at() -> None:
    second = []
    for size in (8, 16, 32):  # 1, 4 and 16 of 192 blocks
        frames = scene(count=60)
        for frame in frames[1:]:
            frame[:size, :size] = 255 - frame[:size, :size]
        looks, _ = watch(frames, GateOptions(every=100, patience=0.2, settle=1))
        second.append(looks.index(True, 1))
        assert not any(looks[second[-1] + 1 :])  # it has seen it
    assert second == [39, 10, 3]


def test_after_a_long_rest_an_estimate_is_not_blended_in_longer_than_usual() -> None:
    gate, shares = Gate(GateOptions(every=4, settle=1)), []
    for number, frame in enumerate(scene(count=60)):
        if number >= 50:
            frame[40:56, 8:24] = 250
        gate.must_run(frame)
        shares.append(gate.share)
        gate.boxes(*SIZE)
    assert shares[:50] == [1.0] * 50 and shares[50:54] == [0.25, 0.5, 0.75, 1.0]


@pytest.mark.parametrize("size", [(450, 800), (540, 960), (8, 8), (701, 1023)])
def test_boxes_stay_within_the_plane(size: tuple[int, int]) -> None:
    gate = Gate(GateOptions(settle=1))
    still = np.zeros((192, 352), np.uint8)
    moved = still.copy()
    moved[-8:, -8:] = moved[:8, :8] = 200
    for frame in (still, moved):
        gate.must_run(frame)
        boxes = gate.boxes(*size)
    (first_rows, first_columns), (rows, columns) = boxes
    assert (first_rows.start, first_columns.start) == (0, 0) and (rows.stop, columns.stop) == size
    assert all(part.stop > part.start for box in boxes for part in box)


def test_a_sudden_change_is_looked_at_at_once_and_eased_in() -> None:
    gate, looks, shares, laid = Gate(GateOptions(every=5, settle=1, ease=2)), [], [], []
    for frame in scene(count=4) + scene(count=4, seed=1) + scene(count=1) + scene(count=2, seed=2):
        looks.append(gate.must_run(frame))
        shares.append(gate.share)
        laid.append(gate.boxes(*SIZE))
    assert looks == [True] + [False] * 3 + [True] + [False] * 3 + [True, True, False]
    assert shares == [1.0] * 4 + [0.5] + [1.0] * 3 + [0.5, 1.0, 1.0]  # of two sudden changes the second is believed
    assert laid[4] == laid[8] == laid[9] == laid[0] == [(slice(0, 96), slice(0, 128))]


def test_after_a_cut_it_settles_again_and_believes_at_once() -> None:
    gate, looks, shares = Gate(GateOptions(every=5, settle=3, ease=2)), [], []
    for number, frame in enumerate(scene(count=5) + scene(count=5, seed=1)):
        looks.append(gate.must_run(frame))
        if number == 5:
            gate.restart()
        shares.append(gate.share)
        gate.boxes(*SIZE)
    assert looks == [True] * 3 + [False] * 2 + [True] * 3 + [False] * 2
    assert shares == [1.0] * 10


def test_an_estimate_is_approached_evenly() -> None:
    frames, shares = scene(), []
    gate = Gate(OPTIONS)
    for number, frame in enumerate(frames):
        frame[40:56, 10 : 26 + number] = 250
        gate.must_run(frame)
        shares.append(gate.share)
        gate.boxes(*SIZE)
    assert shares[:4] == [1.0] * 4 or shares[:3] == [1.0] * 3
    assert shares[3:9] == pytest.approx([1 / 3, 2 / 3, 1] * 2)


def test_an_estimate_that_differs_is_laid_anew_where_it_does() -> None:
    gate = Gate(GateOptions(every=1, settle=1))
    ab = np.zeros((2, 24, 32), np.float32)
    first, second = scene(count=2)
    second[80:88, :8] = 255  # for which the network looks again
    assert gate.must_run(first)
    gate.estimate(ab)
    assert gate.boxes(*SIZE) == [(slice(0, 96), slice(0, 128))]
    assert gate.must_run(second)
    ab[1, 8:12, 16:18] = 5.0
    gate.estimate(ab)
    assert gate.boxes(*SIZE) == [(slice(32, 48), slice(64, 72)), (slice(80, 88), slice(0, 8))]
    assert not gate.must_run(second)
    assert not gate.must_show and gate.boxes(*SIZE) == []


@pytest.mark.parametrize(
    "options",
    [{"every": 0}, {"ease": 0}, {"patience": -1}, {"settle": 0}, {"sudden": 2}, {"noise": -1}, {"repaint": "much"}],
)
def test_impossible_options_are_refused(options: dict) -> None:
    with pytest.raises(ValueError, match=f"gate.{next(iter(options))}"):
        GateOptions(**options)
