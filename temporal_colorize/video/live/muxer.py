"""One run of an output of a live source: an encoder and a container, from one change of the picture to the next."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream

from temporal_colorize.video.encoder import Encoder, add_video
from temporal_colorize.video.frame import Frame
from temporal_colorize.video.info import VideoInfo
from temporal_colorize.video.live.sinks import BETWEEN, Pipe, Publisher
from temporal_colorize.video.live.sound import Sound
from temporal_colorize.video.live.targets import COMMON, Target
from temporal_colorize.video.paths import holds
from temporal_colorize.video.picture_encoder import PictureEncoder

_STDOUT = 1
_PATIENCE = 3.0  # seconds for which a publisher may take nothing


class Muxer:
    """Encodes coloured pictures and passes packets of sound on.

    Args:
        target: where to.
        info: of the pictures.
        sound: streams of sound to take along.
        encoder: see `choose_encoder`.
        keyframe_seconds: at least so often a picture stands for itself.
        metadata: of the container.
        stopped: says whether to wait no longer for whoever reads a pipe.

    Attributes:
        left_out: streams of sound that the container cannot hold, such as "audio stream 1 (pcm_alaw)".
        sound: the streams of sound that came with the pictures.
        began: time of the first picture, in units of its time base; None before it.

    Raises:
        VideoError: If the encoder or the container refuses.
        av.FFmpegError, OSError: If it cannot be opened there.
    """

    def __init__(
        self,
        target: Target,
        info: VideoInfo,
        sound: tuple[Sound, ...],
        encoder: Encoder,
        *,
        keyframe_seconds: float,
        metadata: Mapping[str, str],
        stopped: Callable[[], bool],
    ) -> None:
        self.info, self.target, self.sound = info, target, sound
        self.left_out: list[str] = []
        self.began: int | None = None
        self._holds_pictures = False
        self.place = target.place()
        self._keyframes = round(keyframe_seconds / info.time_base)
        self._keyframe_at = 0
        self._copies: dict[int, Stream] = {}
        self._sink = _sink_of(target, stopped)
        self._container = self._opened()
        try:
            self._stream = add_video(self._container, encoder, info, target=target.shown)
            self._pictures = PictureEncoder(self._stream.codec_context, encoder.pix_fmt, info, target=target.shown)
            for one in sound:
                self._adopt(one)
            self._container.metadata.update(metadata)
            self._container.start_encoding()
        except BaseException:
            self.abandon()
            raise

    def write(self, frame: Frame, cb: np.ndarray, cr: np.ndarray) -> None:
        """Encode a picture, see `PictureEncoder.encode`.

        Raises:
            VideoError: If the encoder fails.
            av.FFmpegError, OSError: If the output takes no more.
        """
        if self.began is None:
            self.began = self._keyframe_at = frame.pts
        alone = frame.pts >= self._keyframe_at
        if alone:
            self._keyframe_at = frame.pts + self._keyframes
        self._mux(self._pictures.encode(replace(frame, pts=self._moved(frame.pts)), cb, cr, alone=alone))
        self._holds_pictures = True

    def copy(self, packet: Packet) -> None:
        """Pass a packet of sound on; one of a stream that is left out, or from before the pictures, is ignored."""
        stream = self._copies.get(packet.stream_index)
        if stream is None or self.began is None or packet.time_base is None:
            return
        if self.target.is_file:
            packet.pts -= round(self.began * self.info.time_base / packet.time_base)
            packet.dts = packet.pts
        if packet.pts >= 0:
            packet.stream = stream
            self._container.mux(packet)

    @property
    def is_read(self) -> bool:
        """Whether a pipe still has a reader; of anything else, True."""
        return self._sink is None or self._sink.is_read

    def close(self) -> Path | None:
        """Finish what has been written; a file takes its name, which is returned."""
        self._mux(self._pictures.flush())
        self._container.close()
        if self._sink is not None:
            self._sink.close()
        return self.target.complete(self.place) if self.target.is_file else None

    def abandon(self) -> str | None:
        """Close what is broken, and say why if that is known; a file that holds pictures keeps its hidden name."""
        cause = None if self._sink is None else self._sink.end()
        with contextlib.suppress(av.FFmpegError, OSError, ValueError):
            self._container.close()
        if self.target.is_file:
            with contextlib.suppress(OSError):
                if not self._holds_pictures or not os.path.getsize(self.place):
                    os.unlink(self.place)
        return cause

    def _opened(self) -> OutputContainer:
        options = dict(self.target.options)
        if self._sink is None:
            return av.open(self.place, "w", format=self.target.format, container_options=options)
        format_ = BETWEEN if self.target.is_published else self.target.format
        return av.open(self._sink, "w", format=format_, container_options=dict(COMMON))

    def _mux(self, packets: list[Packet]) -> None:
        for packet in packets:
            packet.stream = self._stream
            self._container.mux(packet)

    def _moved(self, pts: int) -> int:
        """Files begin at 0; streams go on as long as the program runs."""
        return pts - self.began if self.target.is_file else pts

    def _adopt(self, sound: Sound) -> None:
        known = self.target.sound
        fits = sound.codec in known if known is not None else holds(_suffix(self.target.address), sound.codec)
        if fits:
            self._copies[sound.index] = self._container.add_stream_from_template(sound.template)
        else:
            self.left_out.append(f"audio stream {sound.index} ({sound.codec})")


def _sink_of(target: Target, stopped: Callable[[], bool]) -> Pipe | None:
    if target.is_stdout:
        return Pipe(_STDOUT, stopped)
    if target.is_published:
        return Publisher(target.address, target.format, dict(target.options), patience=_PATIENCE, stopped=stopped)
    return None


def _suffix(path: str) -> str:
    return path[path.rindex(".") :].lower()
