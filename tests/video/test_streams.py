"""What else is in a recording: sound in several tracks, chapters, attachments, data. Kept, or named."""

from fractions import Fraction
from pathlib import Path

import av
import pytest

from temporal_colorize.inference.report import Report
from temporal_colorize.inference.session import Session, SessionOptions
from temporal_colorize.inference.video import colorize_video
from temporal_colorize.video import VideoWriter, probe
from tests.support import videos
from tests.support.footage import clip
from tests.support.networks import tiny_weights
from tests.support.videos import index_luma, packets_of

FASTEST = {"preset": "ultrafast"}


def color(source: Path, output: Path | None = None, **options: object) -> Report:
    session = Session(tiny_weights(), SessionOptions(size=64))
    return colorize_video(source, output, session, codec="libx264", options=FASTEST, **options)


def rich(path: Path, *codecs: str, data: bool = False, attachment: bool = False, timecode: str | None = None) -> Path:
    """Write a video with sound tracks in several languages, a chapter and what else is asked for."""
    with av.open(str(path), "w") as container:
        container.set_chapters(
            [{"id": 1, "start": 0, "end": 400, "time_base": Fraction(1, 1000), "metadata": {"title": "Gate"}}]
        )
        video = container.add_stream("libx264", rate=25, options={"qp": "10", "bf": "0"})
        video.width, video.height, video.pix_fmt = 128, 96, "yuv420p"
        if timecode:
            video.metadata["timecode"] = timecode
        tracks = [container.add_stream(c, rate=8000 if "law" in c else 48000, layout="mono") for c in codecs]
        for track, language in zip(tracks, ("eng", "fra", "spa"), strict=False):
            track.metadata["language"] = language
        if attachment:
            container.add_attachment("font.ttf", "application/x-truetype-font", b"abc")
        klv = container.add_data_stream("klv") if data else None
        for index in range(10):
            picture = av.VideoFrame.from_ndarray(index_luma(index), format="gray").reformat(format="yuv420p")
            picture.pts, picture.time_base = index, Fraction(1, 25)
            container.mux(video.encode(picture))
            if klv is not None:
                packet = av.Packet(b"\x06\x0e\x2b\x34" + bytes(20))
                packet.stream, packet.time_base, packet.pts, packet.dts = klv, Fraction(1, 25), index, index
                container.mux(packet)
        container.mux(video.encode())
        for track in tracks:
            videos._write_tone(container, track, 0.4)
    return path


def tracks_of(path: Path) -> list[tuple[str, str | None]]:
    with av.open(str(path)) as container:
        return [(s.codec_context.codec.canonical_name, s.metadata.get("language")) for s in container.streams.audio]


def payloads(path: Path, track: int) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=track) if packet.size]


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.mov"])
def test_sound_tracks_languages_and_chapters(tmp_path: Path, name: str) -> None:
    source = rich(tmp_path / name, "aac", "mp2", "ac3")
    report = color(source)
    assert report.left_out == [] and tracks_of(report.output) == tracks_of(source)
    assert [payloads(report.output, track) for track in range(3)] == [payloads(source, track) for track in range(3)]
    with av.open(str(report.output)) as container:
        assert [(c["start"], c["metadata"]) for c in container.chapters()] == [(0, {"title": "Gate"})]


@pytest.mark.parametrize("codec", ["pcm_alaw", "pcm_mulaw", "adpcm_ms", "adpcm_ima_wav", "g726", "wmav2"])
def test_sound_that_mp4_lacks_goes_into_matroska(tmp_path: Path, codec: str) -> None:
    source = tmp_path / "a.avi"
    if codec == "wmav2":
        source = tmp_path / "a.wmv"
        wma(source)
    else:
        clip(source, count=10, codec="mpeg4", options={}, audio=codec) if codec.startswith("pcm") else adpcm(
            source, codec
        )
    report = color(source)
    assert report.output.suffix == ".mkv"
    assert report.notes == [f"sound {tracks_of(source)[0][0]} does not go into .mp4: written as .mkv"]
    assert payloads(report.output, 0) == payloads(source, 0)
    assert samples(report.output) == samples(source) > 0


def samples(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(frame.samples for frame in container.decode(audio=0))


def adpcm(path: Path, codec: str) -> None:
    with_sound(path, codec, 8000, "mono", 32000)


def wma(path: Path) -> None:
    with_sound(path, "wmav2", 44100, "stereo", 64000)


def with_sound(path: Path, codec: str, rate: int, layout: str, bit_rate: int) -> None:
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=25)
        video.width, video.height = 128, 96
        sound = container.add_stream(codec, rate=rate, layout=layout)
        sound.codec_context.bit_rate = bit_rate
        sound.codec_context.open()
        for index in range(10):
            container.mux(
                video.encode(av.VideoFrame.from_ndarray(index_luma(index), format="gray").reformat(format="yuv420p"))
            )
        container.mux(video.encode())
        context = sound.codec_context
        resampler = av.AudioResampler(context.format, layout, rate, frame_size=context.frame_size or None)
        block = av.AudioFrame.from_ndarray(0.3 * videos.np.ones((1, rate // 2), "float32"), "fltp", "mono")
        block.sample_rate = rate
        for ready in [*resampler.resample(block), *resampler.resample(None)]:
            container.mux(sound.encode(ready))
        container.mux(sound.encode(None))


def test_names_that_the_muxer_of_such_sound_would_read_otherwise(tmp_path: Path) -> None:
    folder = tmp_path / "[f=null]a|b'c\\ d"
    folder.mkdir()
    source = clip(folder / "Cam 'x'|[1].mov", count=3, audio="pcm_alaw")
    report = color(source, folder / "Cam 'y'|[2].mkv")
    assert payloads(report.output, 0) == payloads(source, 0)
    assert sorted(path.name for path in folder.iterdir()) == [source.name, report.output.name]


def test_mov_keeps_the_sound_that_it_holds(tmp_path: Path) -> None:
    report = color(rich(tmp_path / "a.mov", "pcm_alaw", "aac"))
    assert report.output.suffix == ".mov" and report.notes == []
    dropped = color(clip(tmp_path / "b.avi", count=3, codec="mpeg4", options={}, audio="pcm_alaw"), audio="drop")
    assert dropped.output.suffix == ".mp4" and not probe(dropped.output).has_audio


def test_what_a_container_cannot_hold_is_named(tmp_path: Path) -> None:
    assert color(rich(tmp_path / "a.mkv", "aac", attachment=True)).left_out == ["attachment 2 (font.ttf)"]
    assert color(rich(tmp_path / "a.ts", "aac", data=True)).left_out == ["data stream 2 (klv)"]
    named = color(rich(tmp_path / "a.mov", "pcm_alaw"), tmp_path / "b.mkv")
    assert named.left_out == ["1 chapter"]


def test_a_time_code_is_kept(tmp_path: Path) -> None:
    report = color(rich(tmp_path / "a.mov", "aac", timecode="10:00:00:05"))
    assert report.left_out == []
    with av.open(str(report.output)) as container:
        assert container.streams.video[0].metadata["timecode"] == "10:00:00:05"


def test_a_cover_picture_is_named(tmp_path: Path) -> None:
    plain, cover = clip(tmp_path / "plain.mp4", count=3), av.CodecContext.create("png", "w")
    cover.width, cover.height, cover.pix_fmt, cover.time_base = 128, 96, "gray", Fraction(1, 25)
    (picture,) = cover.encode(av.VideoFrame.from_ndarray(index_luma(0), format="gray"))
    with av.open(str(plain)) as given, av.open(str(tmp_path / "a.mp4"), "w") as taken:
        video = taken.add_stream_from_template(given.streams.video[0])
        still = taken.add_stream("png", rate=25)
        still.width, still.height, still.pix_fmt = 128, 96, "gray"
        still.disposition = av.stream.Disposition.attached_pic
        picture.stream = still
        taken.mux(picture)
        for packet in given.demux():
            if packet.size:
                packet.stream = video
                taken.mux(packet)
    assert color(tmp_path / "a.mp4").left_out == ["cover picture 1 (png)"]


def test_the_writer_takes_such_sound_for_an_output_that_is_named(tmp_path: Path, recolor) -> None:
    source = clip(tmp_path / "a.mov", count=5, audio="pcm_mulaw")
    _, writer = recolor(source, tmp_path / "b.mkv", options=FASTEST)
    assert isinstance(writer, VideoWriter) and writer.left_out == []
    assert [data for data, _ in packets_of(tmp_path / "b.mkv", "audio")] == payloads(source, 0)
