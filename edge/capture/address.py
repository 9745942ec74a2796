"""Addresses of cameras as they may be shown."""

from __future__ import annotations

import re

_SECRET = re.compile(r"(?i)\b(user(?:name)?|usr|pass(?:word|wd)?|pwd|psw|token|key|auth)=[^&;/]*")


def shown(url: str) -> str:
    """An address without user, password and query, for logs, errors and names of frames.

    Passwords stand in front of the host, in the query, and with some makers in the path. Where a password holds the
    signs that part an address, more is left out rather than less.

    >>> shown("rtsp://admin:secret@10.0.0.5:554/stream1?token=abc")
    'rtsp://10.0.0.5:554/stream1'
    >>> shown("rtsp://10.0.0.5/user=admin&password=secret&channel=1.sdp")
    'rtsp://10.0.0.5/user=***&password=***&channel=1.sdp'
    """
    scheme, _, rest = url.partition("://")
    place = re.split(r"[?#]", rest.rpartition("@")[2], maxsplit=1)[0]
    return f"{scheme}://" + _SECRET.sub(r"\1=***", place)
