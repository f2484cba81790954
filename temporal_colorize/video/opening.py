"""The one place where a video is opened for reading: what FFmpeg may open for it, and what it may take it for."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import av
from av.codec.hwaccel import HWAccel
from av.container import InputContainer
from av.video.stream import VideoStream

from temporal_colorize.video.errors import VideoError, reason, require_readable
from temporal_colorize.video.limits import Limits

# What recorders, cameras and editors write, by FFmpeg's names, elementary streams, pictures and sound included (a
# sound file is then refused for having no pictures). Nothing that names other files or hosts: no hls, dash, concat,
# sdp, imf, vobsub, and nothing that draws text or vectors.
_LOCAL_FORMATS = (
    "mov,matroska,webm,avi,mpegts,mpegtsraw,mpeg,mpegvideo,h264,hevc,vvc,evc,av1,obu,ivf,mjpeg,mjpeg_2000,mpjpeg,"
    "smjpeg,m4v,h261,h263,vc1,vc1test,flv,live_flv,kux,asf,asf_o,rm,nut,ogg,mxf,gxf,lxf,dv,wtv,ty,nsv,pva,nuv,amv,dhav,"
    "ifv,hxvs,dnxhd,dirac,cavsvideo,avs2,avs3,lmlm4,yuv4mpegpipe,gif,apng,image2,jpeg_pipe,jpegls_pipe,jpegxl_pipe,"
    "j2k_pipe,png_pipe,bmp_pipe,tiff_pipe,webp_pipe,pgm_pipe,pgmyuv_pipe,ppm_pipe,pbm_pipe,pam_pipe,dpx_pipe,exr_pipe,"
    "mp3,aac,ac3,eac3,wav,w64,flac,aiff,au,amr,caf"
)
# By the address's scheme: the protocols that may be used for it, and the formats that may come.
_HTTP = "http,https,httpproxy,tcp,tls", "mpegts,mjpeg,mpjpeg,jpeg_pipe,flv,live_flv,mov,matroska,h264,hevc"
_RTSP = "rtsp,rtsps,rtp,srtp,udp,tcp,tls", "rtsp,mpegts,asf"
_RTMP = "rtmp,rtmps,rtmpt,tcp,tls,http,https", "flv,live_flv"
_NETWORK = {
    **{"http": _HTTP, "https": _HTTP, "rtsp": _RTSP, "rtsps": _RTSP, "rtmp": _RTMP, "rtmps": _RTMP},
    "tcp": ("tcp", "mpegts,flv,matroska,h264,hevc,mjpeg,mpjpeg"),
    "udp": ("udp", "mpegts"),
    "rtp": ("rtp,srtp,udp", "rtp,mpegts"),
}
# How text begins that FFmpeg, left to itself, would follow to wherever it points.
_PLAYLISTS = {
    b"#extm3u": "hls", b"ffconcat": "concat", b"v=0": "sdp", b"[playlist]": "pls", b"[reference]": "asf reference",
    b"<asx": "asx", b"<mpd": "dash", b"<smoothstreamingmedia": "smooth streaming", b"<assetmap": "imf",
    b"<compositionplaylist": "imf", b"<smil": "smil", b"rtsp://": "address", b"http://": "address",
    b"https://": "address",
}  # fmt: skip
_START = 4096  # bytes in which a playlist shows itself


def open_local(
    path: str | os.PathLike[str],
    *,
    named: str | os.PathLike[str] | None = None,
    format: str | None = None,
    options: Mapping[str, str] | None = None,
    limits: Limits | None = None,
    hwaccel: HWAccel | None = None,
) -> InputContainer:
    """Open a video or picture file; nothing but this very file is read, whatever it says.

    Args:
        path: the file, or for a demuxer that is named, what it is to open.
        named: what errors call it; the path if None.
        format: FFmpeg's name of a demuxer; None to find out.
        options: that demuxer's.
        limits: what the file is trusted with; None for the usual.
        hwaccel: what decodes, beside the processor.

    Raises:
        VideoError: If it is missing, is no file of pictures or sound that is known here, or is beyond the limits.
    """
    limits, name = limits or Limits(), path if named is None else named
    source = os.fspath(path)
    if format is None:
        source = require_readable(path)
        _refuse_playlist(source, name)
    try:
        container = _open(source, {**local_options(limits), **(options or {})}, limits, format, hwaccel)
    except (av.FFmpegError, OSError, ValueError, MemoryError) as error:
        raise VideoError(f"{name}: {_why(error, limits)}") from None
    if len(container.streams) > limits.streams:
        container.close()
        raise VideoError(f"{name}: {limits.too_many_streams}")
    return container


def _open(
    source: str, options: dict[str, str], limits: Limits, format: str | None = None, hwaccel: HWAccel | None = None
) -> InputContainer:
    return av.open(
        source, format=format, metadata_errors="replace", hwaccel=hwaccel, options=options, timeout=limits.seconds
    )


def local_options(limits: Limits | None = None) -> dict[str, str]:
    """Give FFmpeg's options for a file that may not lead anywhere else."""
    limits = limits or Limits()
    return {
        "protocol_whitelist": "file",
        "format_whitelist": _LOCAL_FORMATS,
        "pattern_type": "none",  # a picture called a%d.png is that one, not all of its neighbours
        "enable_drefs": "0",  # nor does a QuickTime file take its samples from other files
        "max_streams": str(limits.streams + 1),  # beyond, FFmpeg goes on without them or says it has no memory
        "max_pixels": str(limits.pixels),
    }


def network_options(url: str, limits: Limits | None = None) -> dict[str, str]:
    """Give FFmpeg's options for an address: by its scheme, the protocols and formats of live video and no others.

    Playlists are none of them, and no address ever leads to a local file. An HTTP server may still redirect to another.

    Raises:
        VideoError: If no video is read by this scheme; without the address, which may hold a password.
    """
    limits, scheme = limits or Limits(), urlsplit(url).scheme.lower()
    if scheme not in _NETWORK:
        known = ", ".join(f"{name}://" for name in _NETWORK)
        raise VideoError(f"{scheme or 'an address'}: no video is read from there; addresses begin with {known}")
    protocols, formats = _NETWORK[scheme]
    return {
        "protocol_whitelist": protocols,
        "format_whitelist": formats,
        "enable_drefs": "0",
        "max_streams": str(limits.streams + 1),
        "max_pixels": str(limits.pixels),
    }


def require_size(container: InputContainer, stream: VideoStream, path: Path, limits: Limits) -> None:
    """Hold a stream's decoder to the limits, before it takes memory for a picture.

    Raises:
        VideoError: If the file itself says that its pictures are larger.
    """
    context = stream.codec_context
    context.options = {**context.options, "max_pixels": str(limits.pixels)}
    size = context.width, context.height
    if refusal := limits.refuse_size(*(size if all(size) else _declared_size(container, stream, limits))):
        container.close()
        raise VideoError(f"{path}: {refusal}")


def _declared_size(container: InputContainer, stream: VideoStream, limits: Limits) -> tuple[int, int]:
    """Read the size that a container states, where the decoder was refused it; (0, 0) if it states none."""
    options = {**local_options(limits), "codec_whitelist": "none"}  # so nothing takes memory for it
    del options["max_pixels"]
    try:
        with _open(container.name, options, limits) as again:
            context = again.streams[stream.index].codec_context
            return (context.width, context.height) if context else (0, 0)
    except (av.FFmpegError, OSError, ValueError, LookupError):
        return 0, 0


def oversized(stream: VideoStream, error: Exception, limits: Limits) -> str | None:
    """Say that decoding failed for a picture's size, as far as the decoder tells; None for any other failure."""
    context = stream.codec_context
    if refusal := limits.refuse_size(context.width, context.height):
        return refusal
    # A decoder that refuses a size forgets the one it had.
    return limits.too_large if isinstance(error, av.ArgumentError) and not context.width else None


def _refuse_playlist(source: str, path: str | os.PathLike[str]) -> None:
    with open(source, "rb") as file:
        start = file.read(_START).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    kind = next((name for mark, name in _PLAYLISTS.items() if start.startswith(mark)), None)
    if kind is None and start.startswith((b"<?xml", b"<!--")):
        kind = next((name for mark, name in _PLAYLISTS.items() if mark[:1] == b"<" and mark in start), None)
    if kind is not None:
        raise VideoError(f"{path}: is a playlist ({kind}), which may point anywhere; name the video itself")


def _why(error: Exception, limits: Limits) -> str:
    if isinstance(error, av.ExitError):
        return limits.too_slow
    if isinstance(error, MemoryError):  # also what FFmpeg says where one stream more than allowed would come
        return limits.too_many_streams.replace("; ", ", or is damaged; ", 1)
    return f"not a video that can be read ({reason(error)}); is it complete, and is it a video?"
