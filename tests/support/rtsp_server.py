"""An RTSP camera made of GStreamer, run by the system's Python, which has the gi package.

    python3 rtsp_server.py PORT [--pattern ball] [--size 320x240] [--rate 25] [--keyframes 25] [--sound]
                                [--user NAME:PASSWORD] [--file CLIP.h264]

Streams rtsp://127.0.0.1:PORT/cam. Prints "up". Takes commands, a line each, on standard input: `stall` sends nothing
more, `go` goes on, `close` throws everybody out, `size WxH` and `pattern NAME` change the picture, `quit`.
"""

import argparse
import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402


def pipeline(options):
    """Describe the media: a pattern encoded live, or a raw H.264 file again and again."""
    pay = "rtph264pay name=pay0 pt=96 config-interval=-1"
    if options.file:
        caps = f"video/x-h264,stream-format=byte-stream,framerate={options.rate}/1"
        video = f"multifilesrc location={options.file} loop=true caps={caps} ! h264parse ! clocksync ! {pay}"
    else:
        video = (
            f"videotestsrc name=picture is-live=true pattern={options.pattern} ! capsfilter name=shape "
            f"caps={shape(options.size, options.rate)} ! x264enc tune=zerolatency speed-preset=ultrafast "
            f"key-int-max={options.keyframes} bitrate=1000 threads=1 ! {pay}"
        )
    sound = "audiotestsrc is-live=true ! audio/x-raw,rate=8000,channels=1 ! alawenc ! rtppcmapay name=pay1 pt=8"
    return f"( {video} {sound if options.sound else ''} )"


def shape(size, rate):
    width, height = size.split("x")
    return f"video/x-raw,width={width},height={height},framerate={rate}/1"


class Camera:
    """The server, and what can be done to it."""

    def __init__(self, options):
        self.options, self.stalled, self.media = options, False, None
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
        for name in ("pay0", "pay1"):
            pay = media.get_element().get_by_name(name)
            if pay is not None:
                pay.get_static_pad("src").add_probe(
                    Gst.PadProbeType.BUFFER | Gst.PadProbeType.BUFFER_LIST,
                    lambda pad, info: Gst.PadProbeReturn.DROP if self.stalled else Gst.PadProbeReturn.OK,
                )

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
