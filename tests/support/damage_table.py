"""Odd and damaged recordings, and what becomes of each: the rows of ``test_damage``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from tests.support.makers import NO_B, content, cut, flv, headless, joined, noisy, raw, sequence, whole, zeroed
from tests.support.videos import write_audio

COUNT = 30
FIELDS = {"options": {"qp": "0", "x264-params": "tff=1"}}
SECOND = Fraction(1)


@dataclass(frozen=True)
class Case:
    """A recording and what becomes of it.

    Attributes:
        make: Writes it into an empty folder.
        frames: How many pictures are coloured, or from how many to how many.
        damaged: Whether damage is counted; None where that is the decoder's affair.
        notes: A part of each note, in order.
        indices: Which pictures come out, where that is certain.
        step: The distance of all pictures in turn, in seconds, as far as the container can say.
        gap: The largest distance of two pictures in turn.
        suffix: Of the output.
        left_out: A part of each stream's name that is.
        options: To `colorize_video`.
        error: What the one line says where nothing is coloured.
    """

    make: Callable[[Path], Path]
    frames: int | tuple[int, int] = COUNT
    damaged: bool | None = False
    notes: tuple[str, ...] = ()
    indices: list[int] | None = None
    step: Fraction | None = None
    gap: Fraction | None = None
    suffix: str | None = None
    left_out: tuple[str, ...] = ()
    options: dict[str, object] = field(default_factory=dict)
    error: str | None = None


X265 = {"codec": "libx265", "options": {"x265-params": "log-level=none:keyint=10"}}
MPEG2 = {"codec": "mpeg2video", "options": {"b": "4M", "g": "10"}}
MPEG4 = {"codec": "mpeg4", "options": {"b": "4M", "g": "10"}}
MJPEG = {"codec": "mjpeg", "pix_fmt": "yuvj420p", "options": {"qmin": "1", "b": "8M"}}
VP8 = {"codec": "libvpx", "options": {"b": "4M", "g": "10", "deadline": "realtime", "cpu-used": "8"}}
ALL = list(range(COUNT))
TENTH, USUAL = Fraction(1, 10), Fraction(1, 25)
ASSUMED = "25 pictures a second assumed"
SAID = "pictures a second as the stream says"
HEAD = "before the first keyframe left out"

CASES = {
    # elementary streams and containers
    "h264": Case(whole("a.h264"), notes=(SAID,), indices=ALL, step=USUAL),
    "264 of another rate": Case(
        whole("a.h264", rate=10, time_base=TENTH), notes=("10 " + SAID,), indices=ALL, step=TENTH
    ),
    "h264 with a rate": Case(whole("a.h264"), options={"rate": 12.5}, indices=ALL, step=Fraction(2, 25)),
    "hevc": Case(whole("a.hevc", **X265), notes=(SAID,), indices=ALL, step=USUAL),
    "mjpeg": Case(whole("a.mjpeg", **MJPEG), notes=(ASSUMED,), indices=ALL, step=USUAL),
    "mjpeg with a rate": Case(whole("a.mjpeg", **MJPEG), options={"rate": 10}, indices=ALL, step=TENTH),
    "m2v": Case(whole("a.m2v", **MPEG2), notes=(SAID,), indices=ALL, step=USUAL),
    "ts": Case(whole("a.ts", audio="mp2"), indices=ALL, step=USUAL, suffix=".mp4"),
    "m2ts": Case(whole("a.m2ts", audio="ac3"), indices=ALL, step=USUAL, suffix=".mp4"),
    "mpg": Case(whole("a.mpg", audio="mp2", **MPEG2), indices=ALL, step=USUAL),
    "vob": Case(whole("a.vob", audio="ac3", **MPEG2), indices=ALL, step=USUAL),
    "avi": Case(whole("a.avi", audio="mp3", **MPEG4), indices=ALL, gap=2 * USUAL),
    "avi of H.264 with B-frames": Case(whole("a.avi", options={**NO_B, "bf": "2"}), indices=ALL, gap=2 * USUAL),
    "avi of MJPEG and a-law": Case(
        whole("a.avi", audio="pcm_alaw", **MJPEG), indices=ALL, suffix=".mkv", notes=("pcm_alaw does not go into .mp4",)
    ),
    "mov of u-law": Case(whole("a.mov", audio="pcm_mulaw"), indices=ALL, suffix=".mov", step=USUAL),
    "flv": Case(whole("a.flv", audio="aac"), indices=ALL, gap=USUAL),
    "wmv": Case(whole("a.wmv", codec="wmv2", options={"b": "4M"}), indices=ALL, suffix=".mp4"),
    "asf": Case(whole("a.asf", audio="mp3", **MPEG4), indices=ALL, gap=USUAL),
    "3gp": Case(whole("a.3gp", **MPEG4), indices=ALL, step=USUAL),
    "webm": Case(whole("a.webm", audio="libopus", **VP8), indices=ALL),
    "ivf": Case(whole("a.ivf", **VP8), indices=ALL, step=USUAL),
    "y4m": Case(whole("a.y4m", codec="wrapped_avframe", options={}), indices=ALL, step=USUAL),
    "gif": Case(raw("rgb8", name="a.gif", codec="gif"), frames=5, indices=ALL[:5], step=USUAL),
    "apng": Case(raw("gray", name="a.apng", codec="apng"), frames=5, indices=ALL[:5], step=USUAL),
    "fragmented mp4": Case(whole("a.mp4", container_options={"movflags": "frag_keyframe+empty_moov"}), indices=ALL),
    # pixels
    "yuv420p10": Case(raw("yuv420p10le"), frames=5),
    "p010": Case(raw("p010le"), frames=5),
    "nv12": Case(raw("nv12"), frames=5, indices=ALL[:5]),
    "nv21": Case(raw("nv21"), frames=5, indices=ALL[:5]),
    "uyvy422": Case(raw("uyvy422"), frames=5, indices=ALL[:5]),
    "gray": Case(raw("gray"), frames=5, indices=ALL[:5]),
    "gray10": Case(raw("gray10le"), frames=5),
    "monob": Case(raw("monob"), frames=5),
    "rgb24": Case(raw("rgb24"), frames=5, indices=ALL[:5]),
    "bgr0": Case(raw("bgr0"), frames=5, indices=ALL[:5]),
    "gbrp10": Case(raw("gbrp10le"), frames=5),
    "pal8 of a gif": Case(raw("bgr4_byte", name="a.gif", codec="gif"), frames=5),
    "alpha": Case(raw("yuva420p"), frames=5, indices=ALL[:5], left_out=("transparency (yuva420p)",)),
    "yuv411p": Case(raw("yuv411p"), frames=5, indices=ALL[:5]),
    "yuv440p": Case(raw("yuv440p"), frames=5, indices=ALL[:5]),
    "12 bits": Case(raw("yuv420p12le"), error="libx264 cannot write yuv420p12le.*use libx265 or ffv1"),
    "1x1": Case(raw("yuv444p", 1, 1), frames=5),
    "2x2": Case(raw("yuv420p", 2, 2), frames=5),
    "3x5": Case(raw("yuv420p", 3, 5), frames=5),
    "17x9": Case(raw("yuv420p", 17, 9), frames=5),
    "4000x8": Case(raw("yuv420p", 4000, 8), frames=5),
    "8x1000": Case(raw("gray", 8, 1000), frames=5),
    "rotation and pixel aspect": Case(whole("a.mp4", rotation=90, sample_aspect_ratio=Fraction(4, 3)), indices=ALL),
    # fields
    "interlaced": Case(whole("a.mp4", **FIELDS), notes=("deinterlaced (bwdif)",), indices=ALL, step=USUAL),
    "interlaced MPEG-2": Case(
        whole("a.mpg", codec="mpeg2video", options={"flags": "+ildct+ilme", "b": "8M"}),
        notes=("deinterlaced",), indices=ALL, step=USUAL,
    ),
    "interlaced 10 bits 4:2:2": Case(whole("a.mp4", pix_fmt="yuv422p10le", **FIELDS), notes=("deinterlaced",)),
    "interlaced, left so": Case(
        whole("a.mp4", **FIELDS), options={"deinterlace": "off"}, notes=("left so",), indices=ALL, step=USUAL
    ),
    "not marked, deinterlaced": Case(
        whole("a.mp4"), options={"deinterlace": "on"}, notes=("deinterlaced",), indices=ALL, step=USUAL
    ),
    "too small for fields": Case(
        raw("yuv420p", 2, 2), frames=5, options={"deinterlace": "on"}, notes=("not deinterlaced",)
    ),
    "fields from the middle on": Case(
        joined("a.ts", {"options": NO_B}, {"options": {**NO_B, "x264-params": "tff=1"}}), frames=60, indices=ALL * 2,
        notes=("clock is set anew", "deinterlaced"),
    ),
    # pictures that change
    "another size": Case(
        joined("a.ts", {"options": NO_B}, {"options": NO_B, "width": 160, "height": 120}), frames=60,
        notes=("clock is set anew", "changes to 160x120 yuv420p after 30 frames: scaled to 128x96"), indices=ALL * 2,
    ),
    "another depth": Case(
        joined("a.ts", {"options": NO_B}, {"options": NO_B, "pix_fmt": "yuv420p10le"}), frames=60, indices=ALL * 2,
        notes=("clock is set anew", "changes to 128x96 yuv420p10le after 30 frames: converted to yuv420p"),
    ),
    "full range from the middle on": Case(
        joined("a.ts", {"options": NO_B}, {"options": NO_B, "pix_fmt": "yuvj420p"}), frames=60, indices=ALL * 2,
        notes=("clock is set anew", "yuv420p in full range after 30 frames: converted"),
    ),
    "another subsampling keeps the luma": Case(
        joined("a.ts", {"options": NO_B}, {"options": NO_B, "pix_fmt": "yuv444p"}), frames=60, indices=ALL * 2,
        notes=("clock is set anew",),
    ),
    # clocks
    "clock restarts, with sound": Case(
        joined("a.ts", {"options": NO_B, "audio": "mp2"}, {"options": NO_B, "audio": "mp2"}), frames=60,
        notes=("clock is set anew",), gap=Fraction(1, 5), indices=ALL * 2,
    ),
    "a stamp repeats": Case(flv(lambda kind, n, t: t - 40 * (n == 11)), indices=ALL, gap=2 * USUAL),
    "a stamp steps back": Case(flv(lambda kind, n, t: t - 100 * (n == 11)), indices=ALL, gap=2 * USUAL),
    "a stamp is far ahead": Case(flv(lambda kind, n, t: t + 90_000 * (n == 11)), indices=ALL, gap=2 * USUAL),
    "the clock leaps a day": Case(
        flv(lambda kind, n, t: t + 86_400_000 * (n > 11)), indices=ALL, gap=2 * USUAL, notes=("clock is set anew",)
    ),
    "the clock falls back": Case(
        flv(lambda kind, n, t: t + 50_000 if n < 11 else t), indices=ALL, gap=2 * USUAL, notes=("clock is set anew",)
    ),
    "a gap stays": Case(flv(lambda kind, n, t: t + 5000 * (n > 11)), indices=ALL, gap=5 * SECOND + USUAL),
    "all stamps the same": Case(flv(lambda kind, n, t: 0), indices=ALL),
    "33 bits run over": Case(
        whole("a.ts", options=NO_B, time_base=Fraction(1, 90000), pts=[2**33 - 54000 + 3600 * n for n in ALL]),
        indices=ALL, step=USUAL, notes=("begins at -0.60 s: moved",),
    ),
    "begins late": Case(whole("a.mp4", pts=[n + 1000 for n in ALL]), indices=ALL, step=USUAL),
    "edit list": Case(whole("a.mp4", audio="aac", options={**NO_B, "bf": "3"}), indices=ALL, step=USUAL),
    # damage
    "h264 without its first keyframe": Case(
        headless("a.mkv", 4, options=NO_B), frames=20, notes=("6 pictures " + HEAD,), indices=ALL[10:]
    ),
    "mpeg4 without its first keyframe": Case(headless("a.mkv", 4, **MPEG4), frames=20, notes=(HEAD,), indices=ALL[10:]),
    "mpeg4 avi without its first keyframe": Case(headless("a.avi", 4, **MPEG4), frames=20, notes=(HEAD,)),
    "hevc without its first keyframe": Case(headless("a.mkv", 4, **X265), frames=20, notes=(HEAD,), indices=ALL[10:]),
    "vp8 without its first keyframe": Case(headless("a.webm", 4, **VP8), frames=20, damaged=True, notes=(HEAD,)),
    "ts cut at its head": Case(cut("a.ts", 0.2, 1, options=NO_B), frames=(18, 24), damaged=None, notes=(HEAD,)),
    "ts cut off": Case(cut("a.ts", 0, 0.6), frames=(7, 22), damaged=None),
    "mkv cut off": Case(cut("a.mkv", 0, 0.6), frames=(7, 22), damaged=None),
    "avi cut off": Case(cut("a.avi", 0, 0.6, **MPEG4), frames=(7, 22), damaged=None),
    "mpg cut off": Case(cut("a.mpg", 0, 0.6, **MPEG2), frames=(7, 22), damaged=None),
    "flv cut off": Case(cut("a.flv", 0, 0.6), frames=(7, 22), damaged=None),
    "h264 cut off": Case(cut("a.h264", 0, 0.6), frames=(7, 22), damaged=None, notes=(SAID,)),
    "fragmented mp4 cut off": Case(
        cut("a.mp4", 0, 0.7, container_options={"movflags": "frag_keyframe+empty_moov"}), frames=(7, 22), damaged=None
    ),
    "mp4 without its index": Case(
        cut("a.mp4", 0, 0.8), error=r"index \(moov\) is missing: the recording was not finished; repair it"
    ),
    "mp4 with its index cut off": Case(
        cut("a.mp4", 0, 0.6, container_options={"movflags": "faststart"}), frames=(7, 22), damaged=None
    ),
    "mkv with zeros": Case(zeroed("a.mkv", 0.4, 0.5, options=NO_B), frames=(15, 30), damaged=None),
    "ts with zeros": Case(zeroed("a.ts", 0.4, 0.5, options=NO_B), frames=(15, 30), damaged=True),
    "ts with noise": Case(zeroed("a.ts", 0.4, 0.45, noise=True, options=NO_B), frames=(15, 30), damaged=True),
    "avi with noise": Case(zeroed("a.avi", 0.4, 0.5, noise=True, **MPEG4), frames=(15, 30), damaged=True),
    "h264 with noise": Case(zeroed("a.h264", 0.4, 0.5, noise=True), frames=(15, 30), damaged=True, notes=(SAID,)),
    "mp4 with noise": Case(zeroed("a.mp4", 0.4, 0.5, noise=True), frames=(15, 30), damaged=True),
    "h264 packets of noise": Case(noisy("a.mkv", range(12, 15), options=NO_B), frames=(17, 30), damaged=True),
    "hevc packets of noise": Case(noisy("a.mkv", range(12, 15), **X265), frames=(17, 30), damaged=True),
    "mjpeg packets of noise": Case(noisy("a.mkv", range(12, 15), **MJPEG), frames=(27, 30), damaged=True),
    "vp8 packets of noise": Case(noisy("a.webm", range(12, 15), **VP8), frames=(17, 30), damaged=None),
    "mpeg2 packets of noise": Case(noisy("a.ts", range(12, 15), **MPEG2), frames=(17, 30), damaged=True),
    # sequences
    "png sequence": Case(
        sequence("%05d.png", range(40, 50)), frames=10, notes=(ASSUMED,), indices=ALL[:10], step=USUAL
    ),
    "jpg sequence": Case(
        sequence("cam1_%d.jpg", range(8, 12), codec="mjpeg", pix_fmt="yuvj420p"), frames=4, options={"rate": 10},
        indices=ALL[:4], step=TENTH,
    ),
    "tif sequence": Case(sequence("%03d.tif", range(3), codec="tiff"), frames=3, notes=(ASSUMED,), indices=ALL[:3]),
    "sequence with a gap": Case(
        sequence("%04d.png", [1, 2, 3, 5, 6]), frames=3, notes=("0004.png is missing: the 2 pictures", ASSUMED)
    ),
    "sequence without pictures": Case(lambda folder: folder / "%05d.png", error="no picture of such a name"),
    "sequence without a folder": Case(lambda folder: folder / "none" / "%05d.png", error="folder cannot be read"),
    # no video at all
    "missing": Case(lambda folder: folder / "a.mp4", error="no such file"),
    "empty": Case(content("a.mp4", b""), error="empty"),
    "a few bytes": Case(content("a.mp4", b"\0" * 7), error="not a video"),
    "text": Case(content("a.dav", b"no video\n" * 500), error="not a video that can be read"),
    "zeros": Case(content("a.ts", bytes(100_000)), error="not a video|no picture"),
    "sound": Case(lambda folder: write_audio(folder / "a.mp4") or folder / "a.mp4", error="no video in it"),
    "rate that is none": Case(whole("a.h264", count=2), options={"rate": 0}, error="rate=0 must be a number"),
    "deinterlace that is none": Case(whole("a.h264", count=2), options={"deinterlace": "yes"}, error="choose auto"),
}  # fmt: skip
