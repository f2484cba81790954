"""What decides a coloured video's pictures, and what opens its parts."""

import functools
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import av

from temporal_colorize.inference.chroma_stream import ChromaStream
from temporal_colorize.inference.confidence_map import Style
from temporal_colorize.inference.confidence_video import ConfidenceVideo
from temporal_colorize.inference.gate import GateOptions
from temporal_colorize.inference.hints.guidance import Guide
from temporal_colorize.inference.mark import Mark
from temporal_colorize.inference.profile import Profile
from temporal_colorize.inference.segments import BEHIND_GATE, QUEUE, Course, Encoding
from temporal_colorize.inference.session import Session
from temporal_colorize.inference.streaming import stream_of
from temporal_colorize.video import Decoder, Deinterlace, Limits, VideoInfo, VideoReader, VideoWriter, default_output
from temporal_colorize.video.labels import Label

USUAL_SUFFIX = ".*"  # of an output's name, for whichever suits


@dataclass(frozen=True, kw_only=True)
class VideoOptions:
    """See `colorize_video`; any process that has these and the weights makes the same pictures of a source."""

    codec: str
    options: Mapping[str, object]
    decoder: Decoder = "cpu"
    deinterlace: Deinterlace = "auto"
    rate: float | None = None
    audio: Literal["copy", "drop"] = "copy"
    gate: GateOptions | None = None
    batch: int = 1
    limits: Limits | None = None
    start: float = 0
    end: float | None = None
    segment: int = 500
    settings: Mapping[str, object] | None = None
    mark: bool = False
    confidence: Path | None = None
    confidence_style: Style = "viridis"
    sheet: Path | bool | None = None

    def reader(self, source: str | os.PathLike[str]) -> Callable[[], VideoReader]:
        """Return what opens the source."""
        return functools.partial(
            VideoReader, source, decoder=self.decoder, deinterlace=self.deinterlace, rate=self.rate,
            limits=self.limits, start=self.start, end=self.end,
        )  # fmt: skip

    def target(self, source: str | os.PathLike[str], output: str | os.PathLike[str] | None, info: VideoInfo) -> Path:
        """Return the output's name."""
        usual = default_output(source, info=info, audio=self.audio, codec=self.codec)
        if output is None:
            return usual
        return Path(output).with_suffix(usual.suffix) if Path(output).suffix == USUAL_SUFFIX else Path(output)

    def known(self, session: Session, guide: Guide | None) -> dict[str, object]:
        """Name everything that the output depends on; JSON can hold it."""
        return {
            "pyav": av.__version__, "codec": self.codec, "options": dict(self.options), "decoder": self.decoder,
            "rate": self.rate, "deinterlace": self.deinterlace, "audio": self.audio,
            "gate": self.gate and asdict(self.gate), "batch": self.batch, "start": self.start, "end": self.end,
            "segment": self.segment, "limits": asdict(self.limits or Limits()), "mark": self.mark,
            "confidence_style": self.confidence and self.confidence_style, "sheet": True if self.sheet else None,
            **session.settings(), **(self.settings or {}), **({} if guide is None else guide.settings()),
        }  # fmt: skip

    def course(self, profile: Profile, pace: Callable[[], object] = lambda: None) -> Course:
        """Return how the video goes by."""
        behind = QUEUE if self.gate is None else BEHIND_GATE
        return Course(segment=self.segment, batch=self.batch, behind=behind, profile=profile, pace=pace)

    def stream(self, session: Session, info: VideoInfo, guide: Guide | None, profile: Profile) -> ChromaStream:
        """Begin to colour the pictures; session and guide are fresh."""
        return stream_of(session, info, gate=self.gate, guide=guide, profile=profile)

    def writer(self, target: Path, reader: VideoReader, *, part: Path, label: Label | None = None,
               seal: Callable[[Path], None] | None = None) -> VideoWriter:  # fmt: skip
        """Open the output."""
        return VideoWriter(
            target, reader, codec=self.codec, options=self.options, audio=self.audio, part=part, label=label, seal=seal
        )

    def maps(self, info: VideoInfo, session: Session, *, part: Path) -> ConfidenceVideo | None:
        """Open the video of maps; None if nobody asked for it.

        Raises:
            ValueError: If the session does not know confidence.
        """
        if not self.confidence:
            return None
        if session.certainty is None:
            raise ValueError(
                f"confidence={self.confidence} needs a session that was asked for it: SessionOptions(confidence=True)"
            )
        return ConfidenceVideo(
            self.confidence, info, style=self.confidence_style, words=session.certainty.words,
            comment=session.certainty.statement, part=part,
        )  # fmt: skip

    def encoding(
        self, stream: ChromaStream, writer: VideoWriter, maps: ConfidenceVideo | None, info: VideoInfo, profile: Profile
    ) -> Encoding:
        """Return what becomes of frames that the network has seen."""
        return Encoding(stream=stream, writer=writer, maps=maps, mark=self.marking(info), profile=profile)

    def marking(self, info: VideoInfo) -> Mark | None:
        """Return what is drawn into pictures; None if nothing is."""
        return Mark((info.height, info.width), info.display_matrix) if self.mark else None
