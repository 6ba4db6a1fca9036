"""An RTSP server on loopback with a test picture, for the tests of the ffmpeg camera.

Prints "listening" once it is. Mounts /h264 (a key frame every --key-frame-every frames), /mjpeg, and /audio, which
has no video. With CREDENTIALS=user:password in the environment it demands them, by --auth basic or digest.
Needs gir1.2-gst-rtsp-server-1.0, python3-gi, gstreamer1.0-plugins-good and -ugly; run it with /usr/bin/python3.
"""

import argparse
import os

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer

parser = argparse.ArgumentParser()
parser.add_argument("--check", action="store_true", help="only say by the exit code whether everything is there")
parser.add_argument("--port", type=int, default=8554)
parser.add_argument("--key-frame-every", type=int, default=10)
parser.add_argument("--auth", choices=["basic", "digest"], default="digest")
options = parser.parse_args()

Gst.init(None)
if options.check:
    needed = ("videotestsrc", "x264enc", "jpegenc", "rtph264pay", "rtpjpegpay", "rtpbin")
    raise SystemExit(0 if all(Gst.ElementFactory.find(name) for name in needed) else 1)
source = "videotestsrc is-live=true pattern=ball ! video/x-raw,format=I420,width=320,height=240,framerate=10/1"
encoders = {
    "h264": "x264enc tune=zerolatency speed-preset=ultrafast threads=1 "
    f"key-int-max={options.key_frame_every} ! rtph264pay name=pay0",
    "mjpeg": "jpegenc ! rtpjpegpay name=pay0",
}
media = {name: f"( {source} ! {encoder} )" for name, encoder in encoders.items()}
media["audio"] = "( audiotestsrc is-live=true ! mulawenc ! rtppcmupay name=pay0 )"

server = GstRtspServer.RTSPServer.new()
server.set_address("127.0.0.1")
server.set_service(str(options.port))

credentials = os.environ.get("CREDENTIALS")
if credentials:
    user, password = credentials.split(":", 1)
    token = GstRtspServer.RTSPToken()
    token.set_string(GstRtspServer.RTSP_TOKEN_MEDIA_FACTORY_ROLE, "viewer")
    auth = GstRtspServer.RTSPAuth.new()
    if options.auth == "basic":
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.BASIC)
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    else:
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(user, password, token)
    server.set_auth(auth)

mounts = server.get_mount_points()
for name, launch in media.items():
    factory = GstRtspServer.RTSPMediaFactory.new()
    factory.set_launch(launch)
    factory.set_shared(True)
    if credentials:
        structure = Gst.Structure.new_empty("viewer")
        structure.set_value("media.factory.access", True)
        structure.set_value("media.factory.construct", True)
        factory.add_role_from_structure(structure)
    mounts.add_factory(f"/{name}", factory)

server.attach(None)
print("listening", flush=True)
GLib.MainLoop().run()
