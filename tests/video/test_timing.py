"""Sound stays with its picture, whatever becomes of the clock."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from av.packet import Packet

from temporal_colorize.video import Frame, VideoReader
from temporal_colorize.video.timing import Clock
from tests.support.footage import clip, join, remux, retime_flv
from tests.support.videos import frame_times, packets_of

B_FRAMES = {"qp": "10", "g": "10", "bf": "2", "preset": "veryfast"}
NO_B = {**B_FRAMES, "bf": "0"}
HALF_TICK = Fraction(1, 90000)


def times(path: Path) -> tuple[list[Fraction], list[Fraction], VideoReader]:
    """Return when pictures and sound come, and the reader."""
    pictures, sound = [], []
    with VideoReader(path) as reader:
        for item in reader:
            (pictures if isinstance(item, Frame) else sound).append(item.pts * item.time_base)
    return pictures, sound, reader


def later(source: Path, target: Path, seconds: int | Fraction) -> Path:
    def move(_kind: str, _number: int, packet: Packet) -> None:
        ticks = round(seconds / packet.time_base)
        packet.pts, packet.dts = packet.pts + ticks, packet.dts + ticks

    return remux(source, target, move)


def parts_of(folder: Path, starts: list[int]) -> list[Path]:
    parts = []
    for number, start in enumerate(starts):
        part = clip(folder / f"{number}.at0.ts", count=40 + 20 * number, audio="mp2", options=B_FRAMES)
        parts.append(later(part, folder / f"{number}.ts", start))
    return parts


@pytest.mark.parametrize("starts", [[0, 0], [50, 5, 0], [3000, 0], [70_000, 0], [10, 90_000, 20]])
def test_parts_of_a_joined_recording_keep_sound_and_picture_together(tmp_path: Path, starts: list[int]) -> None:
    parts = parts_of(tmp_path, starts)
    pictures, sound, reader = times(join(tmp_path / "a.ts", *parts))
    assert len([note for note in reader.notes if "clock is set anew" in note]) == len(starts) - 1
    assert reader.retimed > 0 and max(b - a for a, b in pairwise(pictures)) < Fraction(1, 5)
    for part in parts:
        own, own_sound = frame_times(part), [time for _, time in packets_of(part, "audio")]
        ours, our_sound = pictures[: len(own)], sound[: len(own_sound)]
        assert [a - ours[0] for a in ours] == [a - own[0] for a in own]
        assert abs((ours[-1] - our_sound[-1]) - (own[-1] - own_sound[-1])) <= HALF_TICK
        pictures, sound = pictures[len(own) :], sound[len(own_sound) :]
    assert not pictures and not sound


@pytest.mark.parametrize("ahead", [1500, 90_000, 86_400_000])
def test_one_picture_far_ahead_moves_neither_the_others_nor_the_sound(tmp_path: Path, ahead: int) -> None:
    clip(tmp_path / "a.flv", audio="mp3", options=NO_B)
    right, sound_right, _ = times(tmp_path / "a.flv")
    retime_flv(tmp_path / "a.flv", lambda kind, number, stamp: stamp + ahead * (kind == "video" and number == 11))
    pictures, sound, reader = times(tmp_path / "a.flv")
    assert (pictures, sound) == (right, sound_right) and reader.retimed == 1


def test_a_gap_stays_and_so_does_the_sound_s(tmp_path: Path) -> None:
    clip(tmp_path / "a.flv", audio="mp3", options=NO_B)
    right, sound_right, _ = times(tmp_path / "a.flv")
    retime_flv(tmp_path / "a.flv", lambda _kind, _number, stamp: stamp + 3_600_000 * (stamp > 600))
    pictures, sound, reader = times(tmp_path / "a.flv")
    hour = 3600
    assert pictures == [t + hour * (t > Fraction(6, 10)) for t in right]
    assert sound == [t + hour * (t > Fraction(6, 10)) for t in sound_right]
    assert reader.notes == [] and reader.retimed == 0


def test_pictures_seconds_apart_out_of_order_are_no_new_clock(tmp_path: Path) -> None:
    stamps = [2 * number for number in range(30)]
    clip(tmp_path / "a.mkv", options={**B_FRAMES, "bf": "3"}, rate=1, time_base=Fraction(1), pts=stamps)
    pictures, _, reader = times(tmp_path / "a.mkv")
    assert pictures == stamps and reader.notes == [] and reader.retimed == 0


def test_a_clock_that_begins_below_zero_moves_everything(tmp_path: Path, recolor) -> None:
    part = clip(tmp_path / "part.ts", audio="mp2", options=NO_B)
    own, own_sound, _ = times(part)
    wraps = Fraction(2**33, 90000) - own[15]  # so that the counter of 33 bits runs over at the 15th picture
    later(part, tmp_path / "a.ts", wraps)
    pictures, sound, reader = times(tmp_path / "a.ts")
    assert any("moved to begin at 0" in note for note in reader.notes)
    assert pictures == [time - own[0] for time in own]
    assert max(abs(a - b + own[0]) for a, b in zip(sound, own_sound, strict=True)) <= HALF_TICK
    recolor(tmp_path / "a.ts", tmp_path / "b.mp4", options={"preset": "ultrafast"})
    assert frame_times(tmp_path / "b.mp4") == pictures


def test_clock() -> None:
    clock = Clock(step=40, least=1)
    assert [clock.next(t) for t in (100, 140, 140, 130, 180, 9000, None)] == [100, 140, 141, 142, 180, 9000, 9040]
    assert clock.repaired == 3
    together = Clock(step=1, least=0)
    assert [together.next(t) for t in (5, 5, 4, None)] == [5, 5, 5, 6]
