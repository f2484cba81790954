"""An RTSP camera made of GStreamer, run by the system's Python, which has the gi package.

    python3 rtsp_server.py PORT [--pattern ball] [--size 320x240] [--rate 25] [--keyframes 25] [--sound]
                                [--user NAME:PASSWORD] [--file CLIP.h264]

Streams rtsp://127.0.0.1:PORT/cam. A CLIP has access unit delimiters (x264's aud=1) and is sent again and again. Prints
"up". Takes commands, a line each, on standard input: `stall` sends nothing more, `go` goes on, `close` throws everybody
out, `size WxH` and `pattern NAME` change the picture, `quit`.
"""

import argparse
import itertools
import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402


def pipeline(options):
    """Describe the media: a pattern encoded live, or a raw H.264 file again and again."""
    pay = "rtph264pay name=pay0 pt=96"
    if options.file:
        caps = f"video/x-h264,stream-format=byte-stream,alignment=au,framerate={options.rate}/1"
        video = f"appsrc name=file is-live=true do-timestamp=true format=time caps={caps} ! h264parse ! {pay}"
    else:
        video = (
            f"videotestsrc name=picture is-live=true pattern={options.pattern} ! capsfilter name=shape "
            f"caps={shape(options.size, options.rate)} ! x264enc tune=zerolatency speed-preset=ultrafast "
            f"key-int-max={options.keyframes} bitrate=1000 threads=1 ! {pay} config-interval=-1"
        )
    tone = "capsfilter name=tone caps=audio/x-raw,rate=8000,channels=1"
    sound = f"audiotestsrc is-live=true ! {tone} ! alawenc ! rtppcmapay name=pay1 pt=8" if options.sound else ""
    return f"( {video} {sound} )"


def access_units(path):
    """Split a raw H.264 file at its access unit delimiters."""
    mark = b"\0\0\0\1\x09"
    with open(path, "rb") as file:
        return [Gst.Buffer.new_wrapped(mark + unit) for unit in file.read().split(mark)[1:]]


def shape(size, rate):
    width, height = size.split("x")
    return f"video/x-raw,width={width},height={height},framerate={rate}/1"


class Camera:
    """The server, and what can be done to it."""

    def __init__(self, options):
        self.options, self.stalled, self.media = options, False, None
        self.units = access_units(options.file) if options.file else []
        self.server = GstRtspServer.RTSPServer()
        self.server.set_address("127.0.0.1")
        self.server.set_service(str(options.port))
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(pipeline(options))
        factory.set_shared(True)
        factory.connect("media-configure", self.configure)
        if options.user:
            self.protect(factory, *options.user.split(":"))
        self.server.get_mount_points().add_factory("/cam", factory)
        if self.server.attach(None) == 0:
            sys.exit(f"port {options.port} is taken")

    def protect(self, factory, user, password):
        auth, token = GstRtspServer.RTSPAuth(), GstRtspServer.RTSPToken()
        token.set_string("media.factory.role", "user")
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
        self.server.set_auth(auth)
        permissions = GstRtspServer.RTSPPermissions()
        permissions.add_permission_for_role("user", "media.factory.access", True)
        permissions.add_permission_for_role("user", "media.factory.construct", True)
        factory.set_permissions(permissions)

    def configure(self, factory, media):
        self.media = media
        if self.units:
            self.play(media)
        for name in ("shape", "tone"):  # before the encoder, which is not to miss a picture
            element = media.get_element().get_by_name(name)
            if element is not None:
                element.get_static_pad("src").add_probe(Gst.PadProbeType.BUFFER, self.pass_on)

    def pass_on(self, pad, info):
        return Gst.PadProbeReturn.DROP if self.stalled else Gst.PadProbeReturn.OK

    def play(self, media):
        source, units, ended = media.get_element().get_by_name("file"), itertools.cycle(self.units), []

        def push():
            if not ended and not self.stalled:
                source.emit("push-buffer", next(units).copy())
            return not ended

        media.connect("unprepared", ended.append)
        GLib.timeout_add(1000 // self.options.rate, push)

    def obey(self, line):
        command, _, value = line.strip().partition(" ")
        if command in ("stall", "go"):
            self.stalled = command == "stall"
        elif command == "close":
            self.server.client_filter(lambda server, client: GstRtspServer.RTSPFilterResult.REMOVE)
        elif command == "size":
            self.element("shape").set_property("caps", Gst.Caps.from_string(shape(value, self.options.rate)))
        elif command == "pattern":
            Gst.util_set_object_arg(self.element("picture"), "pattern", value)
        elif command == "quit":
            loop.quit()

    def element(self, name):
        return self.media.get_element().get_by_name(name)


def read_commands(camera):
    for line in sys.stdin:
        GLib.idle_add(lambda line=line: camera.obey(line))
    GLib.idle_add(loop.quit)  # whoever started this has ended


parser = argparse.ArgumentParser()
parser.add_argument("port", type=int)
parser.add_argument("--pattern", default="ball")
parser.add_argument("--size", default="320x240")
parser.add_argument("--rate", type=int, default=25)
parser.add_argument("--keyframes", type=int, default=25)
parser.add_argument("--sound", action="store_true")
parser.add_argument("--user")
parser.add_argument("--file")
Gst.init(None)
loop = GLib.MainLoop()
camera = Camera(parser.parse_args())
threading.Thread(target=read_commands, args=[camera], daemon=True).start()
print("up", flush=True)
loop.run()
