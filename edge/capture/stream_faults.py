"""From what a reader and its libraries say to what a person reads: what is wrong with the camera, and the mend."""

from __future__ import annotations

import re

from edge.capture.child_wire import NO_FRAME, NOT_STARTED, OPENS_NOT, TOO_FAST, UNDEAD

NETWORK_MEND = "check its address, its password and the network"

_NETWORK = (
    (r"\b401\b|\b403\b|Unauthorized", "refuses the user or the password", "check them in its address"),
    (r"\b404\b|Not Found", "has no such stream", "check the path of its address"),
    (r"Connection refused", "nothing listens there", "check its address and its port"),
    (r"resolve hostname", "its name is not known", "check its name and the network's name server, or give its number"),
    (r"timed out|No route|unreachable", "cannot be reached", "check its power, its cable and its address"),
)
"""What FFmpeg prints on a failure to open, by what it means."""

_MENDS = {
    "rtsp": NETWORK_MEND,
    "usb": "check the cable and the rights on /dev/video*",
    "video": "convert it to MP4 (H.264) or AVI (MJPEG)",
}


def fault(kind: str, reason: str, words: str) -> tuple[str, str]:
    """What happened and the mend, one line each.

    Args:
        kind: of the source: usb, rtsp or video.
        reason: why there is no frame, see `edge.capture.child_wire`.
        words: what the reader's libraries printed. It may hold an address with its password, so nothing of it is
            repeated.
    """
    if reason == TOO_FAST:
        return reason, "set the camera to a smaller picture or fewer frames a second"
    if reason == UNDEAD:
        return reason, "a driver hangs: pull the camera's plug, or restart the device"
    if reason.startswith(NOT_STARTED):
        return reason, "too many processes run, or memory is short"
    if kind == "rtsp" and reason in {OPENS_NOT, NO_FRAME}:
        for pattern, what, mend in _NETWORK:
            if re.search(pattern, words):
                return what, mend
    if kind == "video":
        what = {OPENS_NOT: "not a video that can be read", NO_FRAME: "a video without a frame"}.get(reason, reason)
        return what, _MENDS[kind]
    what = {OPENS_NOT: "the camera does not open", NO_FRAME: "the camera gives no frame"}.get(reason, reason)
    return what, _MENDS[kind]
