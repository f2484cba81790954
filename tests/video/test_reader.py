from __future__ import annotations

import shutil
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from temporal_colorize.video import Frame, VideoReader, default_output, probe
from tests.support.videos import damage, frame_times, index_of, lumas_of, packets_of, write_video


def frames(path: Path) -> tuple[list[Frame], VideoReader]:
    with VideoReader(path) as reader:
        return [item for item in reader if isinstance(item, Frame)], reader


def test_frames_carry_luma_and_time(tmp_path: Path) -> None:
    given = write_video(tmp_path / "a.mp4", count=40)
    read, reader = frames(tmp_path / "a.mp4")
    assert all(np.array_equal(frame.luma, luma) for frame, luma in zip(read, given, strict=True))
    assert [index_of(frame.luma) for frame in read] == list(range(40))
    assert [frame.time for frame in read] == pytest.approx([i / 25 for i in range(40)])
    info = reader.info
    assert (info.frame_count, info.duration, info.average_rate, info.codec) == (40, 1.6, 25, "h264")
    assert (reader.damaged, reader.retimed, info.has_audio, info.interlaced) == (0, 0, False, False)


@pytest.mark.parametrize(
    ("codec", "suffix"),
    [("libx264", ".mp4"), ("libx265", ".mp4"), ("mpeg4", ".avi"), ("ffv1", ".mkv"), ("libvpx-vp9", ".webm"),
     ("mjpeg", ".avi"), ("rawvideo", ".nut"), ("huffyuv", ".avi")],
)  # fmt: skip
def test_luma_stays_as_it_was_while_the_decoder_goes_on(tmp_path: Path, codec: str, suffix: str) -> None:
    pix_fmt = {"mjpeg": "yuvj420p", "huffyuv": "yuv422p"}.get(codec, "yuv420p")
    options = {"x265-params": "log-level=error"} if codec == "libx265" else {}
    write_video(tmp_path / f"a{suffix}", count=25, codec=codec, pix_fmt=pix_fmt, options=options)
    with VideoReader(tmp_path / f"a{suffix}") as reader:
        pairs = [(item.luma, item.luma.copy()) for item in reader if isinstance(item, Frame)]
    assert len(pairs) == 25
    assert all(np.array_equal(kept, copied) for kept, copied in pairs)


def test_sound_comes_between_the_pictures(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mkv", count=40, audio="aac", options={"bf": "0"})
    with VideoReader(tmp_path / "a.mkv") as reader:
        items = list(reader)
    kinds = "".join("v" if isinstance(item, Frame) else "a" for item in items)
    assert "va" in kinds and "av" in kinds
    packets = [item for item in items if not isinstance(item, Frame)]
    assert [bytes(packet) for packet in packets] == [data for data, _ in packets_of(tmp_path / "a.mkv", "audio")]


def test_grey_range_is_limited_for_broadcast_codecs_only(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", count=2, pix_fmt="gray")
    write_video(tmp_path / "a.mkv", count=2, pix_fmt="gray", codec="ffv1")
    assert not probe(tmp_path / "a.mp4").full_range
    assert probe(tmp_path / "a.mkv").full_range


def test_damage_in_the_middle_is_counted(tmp_path: Path, recolor) -> None:
    write_video(tmp_path / "a.mkv", count=60, codec="ffv1", options={"slicecrc": "1"}, audio="aac")
    damage(tmp_path / "a.mkv", start=0.4, stop=0.5)
    reader, _ = recolor(tmp_path / "a.mkv", tmp_path / "b.mp4", options={"preset": "ultrafast", "crf": 20})
    assert reader.damaged > 0
    indices = [index_of(luma) for luma in lumas_of(tmp_path / "b.mp4")]
    assert len(indices) > 40 and (indices[0], indices[-1]) == (0, 59)


def test_file_that_breaks_off(tmp_path: Path, recolor) -> None:
    write_video(tmp_path / "a.mp4", count=60, container_options={"movflags": "faststart"})
    content = (tmp_path / "a.mp4").read_bytes()
    (tmp_path / "a.mp4").write_bytes(content[: len(content) // 2])
    recolor(tmp_path / "a.mp4", tmp_path / "b.mp4", options={"preset": "ultrafast", "crf": 20})
    indices = [index_of(luma) for luma in lumas_of(tmp_path / "b.mp4")]
    assert 20 < len(indices) < 40 and indices == list(range(len(indices)))


def test_stream_without_times(tmp_path: Path, recolor) -> None:
    write_video(tmp_path / "a.h264", count=20, options={"bf": "0", "preset": "ultrafast"})
    recolor(tmp_path / "a.h264", tmp_path / "b.mp4", options={"preset": "ultrafast"})
    times = frame_times(tmp_path / "b.mp4")
    assert len(times) == 20 and {b - a for a, b in pairwise(times)} == {Fraction(1, 25)}


def test_recorder_that_restarts_its_clock(tmp_path: Path, recolor) -> None:
    for name, count in (("a", 60), ("b", 30)):
        write_video(tmp_path / f"{name}.ts", count=count, options={"bf": "0"}, audio="mp2")
    with (tmp_path / "joined.ts").open("wb") as joined:
        for name in "ab":
            with (tmp_path / f"{name}.ts").open("rb") as part:
                shutil.copyfileobj(part, joined)
    reader, _ = recolor(tmp_path / "joined.ts", tmp_path / "c.mp4", options={"preset": "ultrafast"})
    times = frame_times(tmp_path / "c.mp4")
    assert len(times) == 90 and reader.retimed > 0
    assert max(b - a for a, b in pairwise(times)) < Fraction(1, 10)
    assert [data for data, _ in packets_of(tmp_path / "c.mp4", "audio")] == [
        data for name in "ab" for data, _ in packets_of(tmp_path / f"{name}.ts", "audio")
    ]
    sound = [time for _, time in packets_of(tmp_path / "c.mp4", "audio")]
    assert abs(sound[-1] - times[-1]) < Fraction(1, 5)


def test_subtitles_are_kept_or_named(tmp_path: Path, recolor) -> None:
    write_video(tmp_path / "plain.mkv", count=30, audio="aac")
    (tmp_path / "a.srt").write_text("1\n00:00:00,200 --> 00:00:00,600\nGate 3\n\n2\n00:00:00,700 --> 00:00:01,000\nx\n")
    with (
        av.open(str(tmp_path / "plain.mkv")) as plain,
        av.open(str(tmp_path / "a.srt")) as text,
        av.open(str(tmp_path / "a.mkv"), "w") as both,
    ):
        twins = {(c, s.index): both.add_stream_from_template(s, opaque=True) for c in (plain, text) for s in c.streams}
        for container in (text, plain):
            for packet in container.demux():
                if packet.size:
                    packet.stream = twins[container, packet.stream.index]
                    both.mux(packet)
    _, kept = recolor(tmp_path / "a.mkv", tmp_path / "b.mkv", options={"preset": "ultrafast"})
    assert kept.left_out == []
    assert packets_of(tmp_path / "b.mkv", "subtitle") == packets_of(tmp_path / "a.mkv", "subtitle")
    _, named = recolor(tmp_path / "a.mkv", tmp_path / "b.mp4", options={"preset": "ultrafast"})
    assert named.left_out == ["subtitle stream 2 (subrip)"]


@pytest.mark.parametrize(
    ("name", "codecs", "twin"),
    [
        ("clip.mp4", (), "clip.color.mp4"),
        ("Cam 3 (north), 2024=05.MKV", (), "Cam 3 (north), 2024=05.color.mkv"),
        ("a.b.mov", (), "a.b.color.mov"),
        ("clip.avi", ("mp3",), "clip.color.mp4"),
        ("clip.dav", ("pcm_alaw",), "clip.color.mkv"),
        ("clip.mp4", ("pcm_u8",), "clip.color.mkv"),
        ("clip.3gp", ("amr_nb",), "clip.color.mov"),
        ("clip.avi", ("pcm_s24le", "wavpack"), "clip.color.mkv"),
        ("clip.wmv", ("wmav2",), "clip.color.mkv"),
        ("clip.wma", ("wmalossless",), "clip.color.mp4"),
    ],
)
def test_default_output(tmp_path: Path, name: str, codecs: tuple[str, ...], twin: str) -> None:
    write_video(tmp_path / "some.mp4", count=1)
    info = probe(tmp_path / "some.mp4")
    object.__setattr__(info, "audio_codecs", codecs)
    assert default_output(tmp_path / name, info=info) == tmp_path / twin


def test_default_output_probes_where_it_must(tmp_path: Path) -> None:
    write_video(tmp_path / "a.avi", count=5, codec="mpeg4", options={}, audio="pcm_mulaw")
    assert default_output(tmp_path / "a.avi").name == "a.color.mkv"
    assert default_output(tmp_path / "a.avi", audio="drop").name == "a.color.mp4"
    assert default_output(tmp_path / "a.avi", audio="drop", codec="vp8").name == "a.color.mkv"
