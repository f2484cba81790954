"""The floor: a video decoded and encoded again through the same libraries, the two overlapping as in colouring."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import av
from av.packet import Packet
from av.video.frame import PictureType, VideoFrame

from temporal_colorize.inference.segments import QUEUE
from temporal_colorize.inference.threads import ahead


def transcode(source: Path, target: Path, *, codec: str, options: dict[str, str]) -> float:
    """Transcode, chroma and all, with the sound copied; return the seconds it took."""
    start = time.perf_counter()
    with av.open(str(source)) as given, av.open(str(target), "w") as made:
        video = given.streams.video[0]
        video.thread_type = "AUTO"
        encoder = made.add_stream(codec, rate=video.average_rate, options=options)
        encoder.width, encoder.height, encoder.pix_fmt = video.width, video.height, video.pix_fmt
        encoder.codec_context.time_base, encoder.thread_type = video.time_base, "AUTO"
        sounds = {sound.index: made.add_stream_from_template(sound) for sound in given.streams.audio}

        def decode() -> Iterator[VideoFrame | Packet]:
            for packet in given.demux([video, *given.streams.audio]):
                yield from packet.decode() if packet.stream is video else [packet]

        with closing(ahead(decode(), most=QUEUE, name="decode")) as items:
            for item in items:
                if isinstance(item, VideoFrame):
                    item.pict_type = PictureType.NONE  # the encoder chooses its own key frames
                    made.mux(encoder.encode(item))
                elif item.size:
                    item.stream = sounds[item.stream.index]
                    made.mux(item)
        made.mux(encoder.encode())
    return time.perf_counter() - start
