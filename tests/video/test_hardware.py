"""Hardware codecs: what happens without a device is tried for real, the choice between devices with made-up ones."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from av.codec import Codec
from av.codec.hwaccel import hwdevices_available

from temporal_colorize.video import Frame, VideoError, VideoReader, decoder, encoder, probe
from temporal_colorize.video.decoder import choose_device, same_luma
from temporal_colorize.video.encoder import choose_encoder
from temporal_colorize.video.hardware import in_software, is_hardware, own_options
from tests.support.videos import index_of, lumas_of, write_video

HARDWARE = [
    f"{video_format}_{family}"
    for family in ("nvenc", "vaapi", "qsv", "videotoolbox")
    for video_format in ("h264", "hevc", "av1")
    if (family, video_format) != ("videotoolbox", "av1")
]
X264 = {"preset": "medium", "crf": "18"}


def no_device(kind: str) -> bool:
    return kind not in hwdevices_available() or decoder._closed(kind) is not None


without_cuda = pytest.mark.skipif(not no_device("cuda"), reason="there is a CUDA device here")
with_cuda = pytest.mark.skipif(no_device("cuda"), reason="no CUDA device opens here")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    write_video(tmp_path / "a.mp4", count=12, width=320, height=256)
    return tmp_path / "a.mp4"


def first_of(path: Path) -> av.VideoFrame:
    with av.open(str(path)) as container:
        return next(container.decode(video=0))


@without_cuda
@pytest.mark.parametrize("name", ["h264_nvenc", "hevc_nvenc", "h264_vaapi", "h264_qsv", "h264_videotoolbox"])
def test_without_its_device_an_encoder_is_replaced(clip: Path, recolor, name: str) -> None:
    target = clip.with_name("b.mp4")
    _, writer = recolor(clip, target, codec=name, options={"preset": "ultrafast", "crf": 20})
    software = "libx265" if name.startswith("hevc") else "libx264"
    assert len(writer.notes) == 1 and "\n" not in writer.notes[0]
    assert writer.notes[0].startswith(f"encoder {name} ") and f"encoded by {software} with preset" in writer.notes[0]
    assert probe(target).codec == name.partition("_")[0]
    assert [index_of(luma) for luma in lumas_of(target)] == list(range(12))


@without_cuda
def test_a_replaced_encoder_writes_what_the_software_encoder_writes(clip: Path, recolor) -> None:
    for name, codec in (("b", "h264_nvenc"), ("c", "libx264")):
        recolor(clip, clip.with_name(f"{name}.mp4"), codec=codec, options={"preset": "fast", "crf": 30})
    for ours, theirs in zip(lumas_of(clip.with_name("b.mp4")), lumas_of(clip.with_name("c.mp4")), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("name", ["h264_nvence", "av1_videotoolbox", "h265_nvenc", "nvenc"])
def test_an_unknown_name_is_no_hardware_encoder(clip: Path, recolor, name: str) -> None:
    with pytest.raises(VideoError, match=f"no video encoder named '{name}'"):
        recolor(clip, clip.with_name("b.mp4"), codec=name)


def test_software_is_not_noted(clip: Path, recolor) -> None:
    reader, writer = recolor(clip, clip.with_name("b.mp4"), options={"preset": "ultrafast"})
    assert reader.notes == writer.notes == []


def test_a_format_that_hardware_lacks_is_the_reason(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mkv", count=1, pix_fmt="yuv422p12le", codec="ffv1")
    chosen = choose_encoder("hevc_nvenc", probe(tmp_path / "a.mkv"), X264, "b.mp4")
    assert (chosen.codec.name, chosen.pix_fmt) == ("libx265", "yuv422p12le")
    assert chosen.note is not None and "cannot write yuv422p12le" in chosen.note


@pytest.mark.parametrize(("pix_fmt", "given"), [("yuv420p", "nv12"), ("yuv420p10le", "p010le")])
def test_an_encoder_that_wants_pairs_of_chroma_gets_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pix_fmt: str, given: str
) -> None:
    """With the device made up: hevc_qsv of PyAV's wheels lists nv12 and p010le and neither planar format."""
    if "hevc_qsv" not in av.codecs_available:
        pytest.skip("this build of PyAV has no hevc_qsv")
    write_video(tmp_path / "a.mp4", count=1, pix_fmt=pix_fmt)
    monkeypatch.setattr(encoder, "_trial", lambda *_: None)
    chosen = choose_encoder("hevc_qsv", probe(tmp_path / "a.mp4"), X264, "b.mp4")
    assert (chosen.codec.name, chosen.pix_fmt, chosen.device, chosen.note) == ("hevc_qsv", given, None, None)


@pytest.mark.parametrize(("codec", "works"), [("libx264", True), ("libx265", True), ("libx264rgb", False)])
def test_the_trial_encodes(clip: Path, codec: str, works: bool) -> None:
    """Software encoders, which it must pass, and one that cannot take the format, which it must not."""
    options = {"x265-params": "log-level=error"} if codec == "libx265" else {}
    refusal = encoder._trial(encoder.Encoder(Codec(codec, "w"), options, "yuv420p"), probe(clip))
    assert (refusal is None) == works
    assert encoder._trial(encoder.Encoder(Codec(codec, "w"), {"preset": "warp"}, "yuv420p"), probe(clip))


@pytest.mark.parametrize(
    ("codec", "given", "own"),
    [
        ("h264_nvenc", X264, {"preset": "p4", "rc": "vbr", "cq": "18"}),
        ("h264_nvenc", {"preset": "p7", "crf": "0"}, {"preset": "p7", "rc": "vbr", "cq": "1"}),
        ("hevc_nvenc", {"crf": "18", "cq": "25"}, {"rc": "vbr", "cq": "25"}),
        ("hevc_qsv", {"preset": "ultrafast", "crf": "23.4"}, {"preset": "veryfast", "global_quality": "23"}),
        ("h264_vaapi", X264, {"global_quality": "18"}),
        ("av1_vaapi", {"crf": "30", "g": "50"}, {"global_quality": "120", "g": "50"}),
        ("h264_videotoolbox", X264, {"flags": "+qscale", "global_quality": str(118 * 64)}),
        ("libsvtav1", {"preset": "veryfast", "crf": "30"}, {"preset": "10", "crf": "30"}),
        ("libsvtav1", {"preset": "5"}, {"preset": "5"}),
        ("libx264", {**X264, "tune": "film"}, {**X264, "tune": "film"}),
        ("h264_qsv", {"crf": "purple"}, {"global_quality": "purple"}),
    ],
)
def test_options_in_an_encoder_s_own_words(codec: str, given: dict[str, str], own: dict[str, str]) -> None:
    assert own_options(codec, given) == own


@pytest.mark.parametrize(
    ("codec", "given", "software"),
    [
        ("h264_nvenc", {"preset": "p5", "crf": "18"}, ("libx264", {"preset": "slow", "crf": "18"}, [])),
        ("hevc_nvenc", {"crf": "18", "cq": "25"}, ("libx265", {"crf": "25"}, [])),
        ("h264_qsv", {"look_ahead": "1", "threads": "2"}, ("libx264", {"threads": "2"}, ["look_ahead"])),
        ("av1_qsv", {"preset": "slow", "crf": "30"}, ("libsvtav1", {"preset": "6", "crf": "30"}, [])),
        ("av1_vaapi", {"global_quality": "120"}, ("libsvtav1", {}, ["global_quality"])),
    ],
)
def test_options_of_the_software_that_stands_in(codec: str, given: dict[str, str], software: tuple) -> None:
    assert in_software(codec, given) == software


@pytest.mark.parametrize("name", HARDWARE)
def test_every_stand_in_starts_with_every_preset(clip: Path, name: str) -> None:
    info = probe(clip)
    assert is_hardware(name)
    for preset in ("ultrafast", "medium", "placebo", *(["p1", "p7"] if name.endswith("nvenc") else [])):
        software, options, lost = in_software(name, {"preset": preset, "crf": "30"})
        quiet = {"x265-params": "log-level=error"} if software == "libx265" else {}
        context = av.CodecContext.create(software, "w")
        context.width, context.height, context.pix_fmt = info.width, info.height, "yuv420p"
        context.framerate, context.time_base, context.options = 25, info.time_base, {**options, **quiet}
        context.open()
        assert not context.options and not lost  # every one was taken


@without_cuda
def test_a_decoder_without_its_device_is_replaced(clip: Path) -> None:
    expected = {"auto": [], "cpu": [], "cuda": ["decoder cuda does not start"], "vaapi": ["decoder vaapi "]}
    for name, notes in expected.items():
        with VideoReader(clip, decoder=name) as reader:
            read = [index_of(item.luma) for item in reader if isinstance(item, Frame)]
        assert read == list(range(12)) and reader.device is None
        assert len(reader.notes) == len(notes)
        assert all(note.startswith(start) for note, start in zip(reader.notes, notes, strict=True))


def test_an_unknown_decoder_is_refused(clip: Path) -> None:
    with pytest.raises(ValueError, match=r"^decoder=gpu is unknown: choose auto, cpu, cuda, vaapi$"):
        VideoReader(clip, decoder="gpu")


def pretend(monkeypatch: pytest.MonkeyPatch, *devices: str) -> None:
    """Have devices open; what they decode has to be made up too."""
    monkeypatch.setattr(decoder, "hwdevices_available", lambda: list(devices))
    monkeypatch.setattr(decoder, "_closed", lambda _: None)


def test_auto_takes_the_first_device_that_agrees(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, "vaapi", "cuda")
    for able, chosen in ({"cuda", "vaapi"}, "cuda"), ({"vaapi"}, "vaapi"), (set(), None):
        monkeypatch.setattr(decoder, "_agrees", lambda device, *_, able=able: device in able)
        assert choose_device("auto", probe(clip), first_of(clip), None) == (chosen, None)


def test_a_device_that_is_named_and_disagrees_is_noted(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, "cuda")
    monkeypatch.setattr(decoder, "_agrees", lambda *_: False)
    device, note = choose_device("cuda", probe(clip), first_of(clip), None)
    assert device is None and note == (
        "decoder cuda does not give the luma of this h264 (yuv420p): decoded by the processor"
    )


def test_a_codec_that_may_be_rounded_is_left_to_the_processor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, "cuda")
    write_video(tmp_path / "a.avi", count=2, codec="mpeg4", options={})
    _, note = choose_device("cuda", probe(tmp_path / "a.avi"), first_of(tmp_path / "a.avi"), None)
    assert note is not None and "may round mpeg4 differently" in note


@without_cuda
def test_a_stream_that_a_device_cannot_open_does_not_agree(clip: Path) -> None:
    with VideoReader(clip) as reader:
        assert not decoder._agrees("cuda", reader.info, first_of(clip), reader._open_stream)


@pytest.mark.parametrize(
    ("pix_fmt", "downloaded"),
    [("yuv420p", "nv12"), ("yuv420p10le", "p010le"), ("yuv422p", "nv16"), ("yuv422p10le", "p210le")],
)
def test_what_devices_download_has_the_same_luma(tmp_path: Path, pix_fmt: str, downloaded: str) -> None:
    write_video(tmp_path / "a.mkv", count=1, pix_fmt=pix_fmt, codec="ffv1")
    info, first = probe(tmp_path / "a.mkv"), first_of(tmp_path / "a.mkv")
    other = first.reformat(format=downloaded, threads=1)
    assert same_luma(first, other, info)
    np.frombuffer(other.planes[0], np.uint8)[40] ^= 64
    assert not same_luma(first, other, info)


def test_deeper_samples_are_not_the_same_luma(tmp_path: Path) -> None:
    """NVDEC gives 10 bits of 4:4:4 as yuv444p16le: right, and not what the output would be written in."""
    write_video(tmp_path / "a.mkv", count=1, pix_fmt="yuv444p10le", codec="ffv1")
    first = first_of(tmp_path / "a.mkv")
    assert not same_luma(first, first.reformat(format="yuv444p16le", threads=1), probe(tmp_path / "a.mkv"))


@pytest.mark.gpu
@with_cuda
@pytest.mark.parametrize(("codec", "pix_fmt"), [("libx264", "yuv420p"), ("libx265", "yuv420p10le")])
def test_cuda_decodes_the_same_luma(tmp_path: Path, codec: str, pix_fmt: str) -> None:
    options = {"x265-params": "log-level=error"} if codec == "libx265" else {"crf": "30"}
    write_video(tmp_path / "a.mp4", count=40, width=320, height=256, codec=codec, pix_fmt=pix_fmt, options=options)
    with VideoReader(tmp_path / "a.mp4", decoder="cuda") as reader:
        read = [item.luma for item in reader if isinstance(item, Frame)]
    assert (reader.device, reader.notes) == ("cuda", [])
    for ours, theirs in zip(read, lumas_of(tmp_path / "a.mp4"), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.gpu
@with_cuda
def test_nvenc_writes_or_says_why_not(clip: Path, recolor) -> None:
    """Data-centre GPUs (A100, H100, H200) have a CUDA device and no encoder."""
    _, writer = recolor(clip, clip.with_name("b.mp4"), codec="h264_nvenc", options={"preset": "p4", "crf": 20})
    assert not writer.notes or "does not start on this machine" in writer.notes[0]
    assert [index_of(luma) for luma in lumas_of(clip.with_name("b.mp4"))] == list(range(12))
