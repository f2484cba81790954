"""Where coloured pictures of a live source go: which container, with which options, under which name."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from temporal_colorize.options import require_integer, require_number
from temporal_colorize.video.errors import VideoError
from temporal_colorize.video.live.addresses import STDOUT, TARGETS, redacted, scheme_of
from temporal_colorize.video.live.rolling import is_rolling
from temporal_colorize.video.paths import format_of

_FORMATS = {"rtsp": "rtsp", "rtsps": "rtsp", "rtmp": "flv", "rtmps": "flv", "udp": "mpegts"}
_SOUND = {
    "rtsp": {"aac", "mp3", "opus", "pcm_alaw", "pcm_mulaw", "adpcm_g722"},
    "flv": {"aac", "mp3", "pcm_alaw", "pcm_mulaw"},
    "mpegts": {"aac", "mp3", "mp2", "ac3", "opus"},
    "hls": {"aac", "mp3", "ac3"},
}
COMMON = {"flush_packets": "1", "max_interleave_delta": "100000"}  # us that pictures wait for sound
_CLUSTER = "2000"  # ms


class OutputClosed(Exception):
    """Whoever read the pipe has closed it."""


@dataclass(frozen=True, kw_only=True)
class TargetOptions:
    """How outputs of live sources are cut.

    Attributes:
        minutes: length of a file, where the output's name has fields of the date and the time, and
        files: how many of them are kept when another is complete, those of earlier runs too; None for all.
        keyframe_seconds: at least so often a picture stands for itself, for whoever comes late.
        segment_seconds: of HLS, and
        segments: how many of them the playlist holds; older ones are deleted.

    Raises:
        ValueError: If a value is out of its range.
    """

    minutes: float = 10.0
    files: int | None = None
    keyframe_seconds: float = 2.0
    segment_seconds: float = 2.0
    segments: int = 6

    def __post_init__(self) -> None:
        require_number("live.minutes", self.minutes, least=0.01)
        for name in ("keyframe_seconds", "segment_seconds"):
            require_number(f"live.{name}", getattr(self, name), least=0.1, most=600)
        if self.files is not None:
            require_integer("live.files", self.files, least=1, most=1_000_000)
        require_integer("live.segments", self.segments, least=2, most=100_000)


@dataclass(frozen=True)
class Target:
    """One output.

    Attributes:
        address: as it was given.
        format: FFmpeg's name of the container.
        options: of the container.
        minutes: after which the next file begins; None for all that is not cut.
        sound: the codecs it can hold; None for those that `video.paths` knows for a file.
    """

    address: str
    format: str
    options: dict[str, str]
    minutes: float | None = None
    sound: frozenset[str] | None = None

    @property
    def is_file(self) -> bool:
        """Whether it is kept as one file or several."""
        return self.sound is None

    @property
    def is_stdout(self) -> bool:
        """Whether it is our standard output."""
        return self.address in STDOUT

    @property
    def is_published(self) -> bool:
        """Whether it goes to an address on the net."""
        return scheme_of(self.address) is not None

    @property
    def shown(self) -> str:
        """Its address without what is secret in it."""
        return redacted(self.address)

    def place(self) -> str:
        """Return the path that FFmpeg is to open; for a file, a hidden name beside the one it will have."""
        if not self.is_file:
            return self.address
        path = self._path()
        return os.path.abspath(path.with_name(f".{path.name}.part"))

    def complete(self, part: str) -> Path:
        """Give a finished file its name."""
        hidden = Path(part)
        path = _free(hidden.with_name(hidden.name.removeprefix(".").removesuffix(".part")))
        os.replace(hidden, path)
        return path

    def _path(self) -> Path:
        path = Path(datetime.now().strftime(self.address) if self.minutes else self.address)
        path.parent.mkdir(parents=True, exist_ok=True)
        number = 1
        while (named := _numbered(path, number)).exists() or named.with_name(f".{named.name}.part").exists():
            number += 1
        return named


def _numbered(path: Path, number: int) -> Path:
    return path if number == 1 else path.with_name(f"{path.stem}-{number}{path.suffix}")


def _free(path: Path) -> Path:
    number = 1
    while (named := _numbered(path, number)).exists():
        number += 1
    return named


def target_of(output: str, options: TargetOptions) -> Target:
    """Read an output's address.

    Raises:
        ValueError: If it is of no kind that a live source can be written to, or its folder cannot be.
    """
    scheme = scheme_of(output)
    if scheme is not None:
        return _stream(output, scheme)
    if output in STDOUT:
        return Target(output, "mpegts", dict(COMMON), sound=frozenset(_SOUND["mpegts"]))
    if output.lower().endswith(".m3u8"):
        return _playlist(output, options)
    return _file(output, options)


def _stream(output: str, scheme: str) -> Target:
    if scheme not in TARGETS:
        raise VideoError(
            f"output={redacted(output)} is of an unknown kind: use {'://, '.join(TARGETS)}://, pipe:1, "
            "a name in .m3u8, or a file"
        )
    name = _FORMATS[scheme]
    own = {"rtsp": {"rtsp_transport": "tcp"}, "flv": {"flvflags": "no_duration_filesize"}}.get(name, {})
    return Target(output, name, {**COMMON, **own}, sound=frozenset(_SOUND[name]))


def _playlist(output: str, options: TargetOptions) -> Target:
    _make_folder(Path(output).absolute().parent, output)
    asked = {
        "hls_time": str(options.segment_seconds),
        "hls_list_size": str(options.segments),
        "hls_flags": "delete_segments+append_list+program_date_time+temp_file",
    }
    return Target(os.path.abspath(output), "hls", {**COMMON, **asked}, sound=frozenset(_SOUND["hls"]))


def _file(output: str, options: TargetOptions) -> Target:
    path = Path(output)
    name = format_of(path)
    if options.files is not None and not is_rolling(output):
        raise VideoError(
            f"live.files={options.files} is for many files: put the time into output={output}, such as "
            f"{path.with_stem(path.stem + '_%Y-%m-%d_%H-%M-%S')}, or leave live.files out"
        )
    if not is_rolling(str(path.parent)):
        _make_folder(path.absolute().parent, output)
    # What is on the disk when the power fails can be played.
    fragments = {"movflags": "frag_keyframe+empty_moov+default_base_moof"} if name in ("mp4", "mov") else {}
    fragments |= {"cluster_time_limit": _CLUSTER} if name in ("matroska", "webm") else {}
    minutes = options.minutes if is_rolling(output) else None
    return Target(output, name, {**COMMON, **fragments}, minutes=minutes)


def _make_folder(folder: Path, output: str) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise VideoError(f"output={output}: its folder cannot be made ({error.strerror}); choose another") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise VideoError(f"output={output}: nothing can be written to its folder; choose another")
