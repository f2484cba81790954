"""Every bad input ends in one line that names the file, and leaves the output's folder as it was."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from temporal_colorize.video import Frame, VideoError, VideoReader, VideoWriter, probe
from tests.support.videos import damage, lumas_of, untouched, write_audio, write_video

SMALL = {"count": 5}


def bad_sources(folder: Path) -> dict[str, Path]:
    whole = folder / "whole.mp4"
    write_video(whole, **SMALL)
    bad = {name: folder / f"{name}.mp4" for name in ("missing", "folder", "empty", "text", "headless", "hollow")}
    bad["folder"].mkdir()
    bad["empty"].touch()
    bad["text"].write_text("this is not a video\n" * 200)
    bad["headless"].write_bytes(whole.read_bytes()[:4000])  # its index is at the end
    with av.open(str(bad["hollow"]), "w") as container:  # a video stream and not one picture
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height = 64, 48
        container.start_encoding()
    bad["noise"] = folder / "noise.mkv"
    write_video(bad["noise"], codec="ffv1", **SMALL)
    damage(bad["noise"], start=0.03, stop=1)
    bad["sound only"] = folder / "sound.m4a"
    write_audio(bad["sound only"])
    bad["header only"] = folder / "header.mkv"
    write_video(bad["header only"], **SMALL)
    bad["header only"].write_bytes(bad["header only"].read_bytes()[:900])
    bad["odd name"] = folder / "cam3:north.mp4"
    return bad


def one_line_about(error: BaseException, path: Path) -> bool:
    text = str(error)
    return str(path) in text and "\n" not in text and ";" in text and "Error" not in text


def test_bad_sources(tmp_path: Path, recolor) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    earlier = tmp_path / "out" / "clip.color.mp4"
    earlier.write_bytes(b"an earlier result")
    for name, source in bad_sources(tmp_path / "in").items():
        with untouched(tmp_path / "out"), pytest.raises(VideoError) as caught:
            recolor(source, earlier)
        assert one_line_about(caught.value, source), (name, str(caught.value))


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    write_video(tmp_path / "in" / "clip.mp4", audio="aac", **SMALL)
    return tmp_path / "in" / "clip.mp4"


@pytest.mark.parametrize(
    ("target", "options", "says"),
    [
        ("missing/b.mp4", {}, "choose another folder"),
        ("a-file/b.mp4", {}, "choose another folder"),
        ("folder.mp4", {}, "folder"),
        ("clip.mp4", {}, "the source itself"),
        ("link.mp4", {}, "the source itself"),
        ("b.avi", {}, ".mp4"),
        ("b", {}, ".mp4"),
        ("b.mp4", {"codec": "nosuch"}, "libx264"),
        ("b.mp4", {"codec": "aac"}, "libx264"),
        ("b.mp4", {"codec": "png"}, "libx264"),  # RGB only
        ("b.webm", {"codec": "libx264"}, ".mkv"),
        ("b.mov", {"codec": "ffv1"}, ".mkv"),
        ("b.mp4", {"codec": "h264_nvence"}, "libx264"),
        ("b.mp4", {"options": {"preset": "warp"}}, "preset=warp"),
        ("b.mp4", {"options": {"crff": 18}}, "crff"),
    ],
)
def test_bad_outputs(clip: Path, recolor, target: str, options: dict, says: str) -> None:
    folder = clip.parent
    (folder / "a-file").touch()
    (folder / "folder.mp4").mkdir()
    (folder / "link.mp4").hardlink_to(clip)
    with untouched(folder), pytest.raises(VideoError, match=says) as caught:
        recolor(clip, folder / target, **options)
    assert one_line_about(caught.value, folder / target)


def test_depth_that_an_encoder_lacks(tmp_path: Path, recolor) -> None:
    write_video(tmp_path / "a.mkv", pix_fmt="yuv420p12le", codec="ffv1", **SMALL)
    with untouched(tmp_path), pytest.raises(VideoError, match=r"yuv420p12le.*use libx265 or ffv1"):
        recolor(tmp_path / "a.mkv", tmp_path / "b.mp4", codec="libx264")
    recolor(tmp_path / "a.mkv", tmp_path / "b.mp4", codec="libx265", options={"x265-params": "lossless=1"})
    assert all((a == b).all() for a, b in zip(lumas_of(tmp_path / "a.mkv"), lumas_of(tmp_path / "b.mp4"), strict=True))


def test_sound_that_a_container_lacks(tmp_path: Path, recolor) -> None:
    # G.711, the usual sound of network cameras
    write_video(tmp_path / "a.mov", audio="pcm_mulaw", **SMALL)
    with untouched(tmp_path), pytest.raises(VideoError, match=r"\.mp4 files cannot hold.*pcm_mulaw.*\.mkv"):
        recolor(tmp_path / "a.mov", tmp_path / "b.mp4")
    _, writer = recolor(tmp_path / "a.mov", tmp_path / "b.mp4", audio="drop")
    assert writer.left_out == ["audio stream 1 (pcm_mulaw)"]
    assert not probe(tmp_path / "b.mp4").has_audio


def test_failure_half_way_keeps_the_earlier_output(clip: Path) -> None:
    target = clip.with_name("b.mp4")
    target.write_bytes(b"an earlier result")
    with untouched(clip.parent), pytest.raises(RuntimeError), VideoReader(clip) as reader:  # noqa: SIM117
        with VideoWriter(target, reader) as writer:
            for item in reader:
                if isinstance(item, Frame):
                    chroma = item.luma[::2, ::2]
                    writer.write(item, chroma, chroma)
                    assert target.with_name(".b.mp4.part").exists()
                    raise RuntimeError("the network failed")


def test_nothing_written_is_no_output(clip: Path) -> None:
    with untouched(clip.parent), pytest.raises(VideoError, match="no picture was written"), VideoReader(clip) as reader:
        VideoWriter(clip.with_name("b.mp4"), reader).close()


@pytest.mark.parametrize("fault", ["shape", "dtype"])
def test_wrong_planes_are_refused(clip: Path, fault: str) -> None:
    with untouched(clip.parent), pytest.raises(ValueError, match="plane 1 must be"), VideoReader(clip) as reader:  # noqa: SIM117
        with VideoWriter(clip.with_name("b.mp4"), reader) as writer:
            frame = next(item for item in reader if isinstance(item, Frame))
            chroma = frame.luma if fault == "shape" else frame.luma[::2, ::2].astype("uint16")
            writer.write(frame, chroma, chroma)
