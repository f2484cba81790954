"""What is kept of a connection's sound for the outputs that take it along."""

from __future__ import annotations

import io
from dataclasses import dataclass, field

import av
from av.audio.stream import AudioStream

from temporal_colorize.video.info import codec_of


@dataclass(frozen=True)
class Sound:
    """A stream of sound, as it was when its connection was made; stays valid when that is closed.

    Two are equal if what one begins the other can go on with.

    Attributes:
        index: of the stream, as its packets' ``stream_index`` has it.
        codec: FFmpeg's name.
        rate: samples a second.
        layout: of its channels.
        setup: what a decoder needs beside the packets, if anything.
        template: of a stream to copy it to; its own index is another.
    """

    index: int
    codec: str
    rate: int
    layout: str
    setup: bytes | None
    template: AudioStream = field(compare=False)

    @classmethod
    def of(cls, stream: AudioStream) -> Sound:
        """Copy what describes a stream; the container of the copy is never written."""
        owner = av.open(io.BytesIO(), "w", format="nut")  # which has room for any codec
        context, template = stream.codec_context, owner.add_stream_from_template(stream)
        rate, layout, setup = context.sample_rate, context.layout.name, context.extradata
        return cls(stream.index, codec_of(stream), rate, layout, setup, template)
