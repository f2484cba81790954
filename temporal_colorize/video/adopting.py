"""What an output takes over from its source beside the pictures: sound, subtitles, chapters and metadata."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from av.container import OutputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from temporal_colorize.video.errors import VideoError
from temporal_colorize.video.info import VideoInfo, codec_of, describe
from temporal_colorize.video.paths import holds, suffix_for
from temporal_colorize.video.reader import VideoReader

_WRITTEN_BY_MUXERS = {"major_brand", "minor_version", "compatible_brands", "encoder", "duration"}
_DESCRIBED_ASIDE = ("flv", "live_flv", "mov", "matroska")  # elsewhere every packet of AAC describes itself


@dataclass
class Adopted:
    """What has been taken over.

    Attributes:
        copies: streams of the output, by the index of the source's stream that each is for.
        left_out: what is not, such as "subtitle stream 2 (subrip)".
    """

    copies: dict[int, Stream] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)


def adopt(
    reader: VideoReader, container: OutputContainer, pictures: VideoStream, *, path: Path, keep_audio: bool
) -> Adopted:
    """Make room in an output, before its header is written, for all of the source's that it can hold.

    Args:
        reader: the open source.
        container: the output.
        pictures: the output's own stream, which takes over a time code.
        path: the output's name, whose suffix says what it can hold.
        keep_audio: False to leave the sound out.

    Raises:
        VideoError: if sound is to be kept that the output cannot hold.
    """
    adopted = Adopted()
    for stream in reader.container.streams:
        if stream.index != reader.stream_index and not _comes_otherwise(stream, pictures):
            if _fits(stream, reader, path, keep_audio=keep_audio):
                adopted.copies[stream.index] = _twin(stream, container)
            else:
                adopted.left_out.append(describe(stream))
    chapters = reader.container.chapters()
    container.set_chapters(chapters)
    if chapters and container.format.name == "tee":  # it passes on everything else
        adopted.left_out.append(f"{len(chapters)} chapter{'s' * (len(chapters) > 1)}")
    kept = {k: v for k, v in reader.container.metadata.items() if k.lower() not in _WRITTEN_BY_MUXERS}
    container.metadata.update(kept)
    return adopted


def _comes_otherwise(stream: Stream, pictures: VideoStream) -> bool:
    """Whether a stream of data comes by another way: a time code, the titles of chapters."""
    if stream.type != "data":
        return False
    if "timecode" in stream.metadata:
        pictures.metadata["timecode"] = stream.metadata["timecode"]
        return True
    return codec_of(stream) == "bin_data" and bool(stream.container.chapters())


def _fits(stream: Stream, reader: VideoReader, path: Path, *, keep_audio: bool) -> bool:
    """Say whether a stream can go along; VideoError for sound that ought to."""
    fits = stream.type in ("audio", "subtitle") and holds(path.suffix.lower(), codec_of(stream))
    if stream.type != "audio":
        return fits
    # Announced, and not there (yet), or of no codec that FFmpeg knows.
    silent = not getattr(stream.codec_context, "sample_rate", 0)
    keep_audio = keep_audio and _is_described(stream, reader)
    if keep_audio and not fits and not silent:
        raise _unheld(stream, reader.info, path)
    return fits and keep_audio and not silent


def _is_described(stream: Stream, reader: VideoReader) -> bool:
    """Say whether sound can be written down elsewhere: damage makes up streams of which nothing is known."""
    aside = reader.container.format.name.split(",")[0] in _DESCRIBED_ASIDE
    return not (aside and codec_of(stream) == "aac" and not stream.codec_context.extradata)


def _unheld(stream: Stream, info: VideoInfo, path: Path) -> VideoError:
    suffix = suffix_for(info.audio_codecs)
    advice = f"end the output name in {suffix}" if suffix else "leave the sound out (audio=drop)"
    return VideoError(f"{path}: {path.suffix} files cannot hold this sound ({codec_of(stream)}); {advice}")


def _twin(stream: Stream, container: OutputContainer) -> Stream:
    twin = container.add_stream_from_template(stream)
    twin.metadata.update(stream.metadata)
    twin.disposition = stream.disposition
    return twin
