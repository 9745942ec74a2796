"""What a camera usually shows, between captures and across restarts: figures in its memory, the picture in a file."""

from __future__ import annotations

import hashlib
import zlib
from base64 import b85decode, b85encode
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import structlog

from edge.capture.quality.gate import CONFIRMED, Past, judge
from edge.capture.quality.look import look_at
from edge.capture.quality.still import Print
from edge.capture.quality.view import View
from edge.contract.config import FolderSource
from edge.device.memory import MAX_BLOCKED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge.capture.quality.gate import Judgement
    from edge.capture.quality.look import Region
    from edge.contract.config import CameraSection, FixtureSection
    from edge.device.memory import CameraMemory
    from edge.device.view_file import ViewFile

log = structlog.get_logger(__name__)

KNOWN_FROM = 4
"""Frames of a view from which what changes is told from what stays, and the picture of what stays is written."""

SCALES = {"steady": 255.0, "detail": 4.0, "dark": 1.0}
"""Levels of a byte for one unit of each of a view's figures."""


class Sight:
    """A camera's quality gate, with what it remembers. For one thread at a time.

    Args:
        camera: its configuration.
        fixture: the fixture it looks at.
        file: where the picture of what stays is kept; None keeps it in memory only.
        memory: of the camera, as it was stored.
    """

    def __init__(
        self, camera: CameraSection, fixture: FixtureSection, *, file: ViewFile | None, memory: CameraMemory
    ) -> None:
        self._rules = fixture.quality
        self._region = fixture.region
        self._camera = camera.id
        self._file = file
        source = camera.source
        loose = isinstance(source, FolderSource) and source.times == "evenly"
        self._one_camera = not loose if self._rules.one_camera is None else self._rules.one_camera
        self._view, self._written = _load(memory.sight, file)

    @property
    def one_camera(self) -> bool:
        """Whether one camera took all these pictures, so that one can be held against those before."""
        return self._one_camera

    def judge(
        self, image: NDArray[np.uint8], memory: CameraMemory, *, at: float, people: NDArray[np.float32] | None = None
    ) -> Judgement:
        """Judge a frame.

        Args:
            image: (height, width, 3) BGR, as the camera gave it.
            memory: of the camera.
            at: when the frame was taken, seconds since 1970.
            people: (n, 4) boxes of people as shares of the frame; None without a people detector.
        """
        return judge(
            image,
            self._rules,
            past=Past(memory.usual_sharpness, self._view, _print_of(memory.sight), memory.last_boxes),
            at=at,
            region=self._region,
            one_camera=self._one_camera,
            people=people,
            front=not self.stays(memory, at=at),
        )

    def stays(self, memory: CameraMemory, *, at: float) -> bool:
        """Whether what is in front has been there for so long that it is how the fixture looks now."""
        waited = 0.0 if memory.blocked_since is None else at - memory.blocked_since
        return memory.blocked >= MAX_BLOCKED and waited >= self._rules.blocked_minutes * 60

    def remember(self, memory: CameraMemory, judgement: Judgement, *, accepted: bool) -> CameraMemory:
        """The camera's memory after a frame."""
        if accepted and self._one_camera:
            anew = (judgement.findings.hidden or 0.0) > self._rules.hidden
            view = judgement.view(self._view, anew=anew)
            if view.frames == 1:
                self._written = None
            self._view = self._kept(view)
        return replace(memory, sight=_dump(judgement.print, self._view, self._written))

    def forget(self, memory: CameraMemory) -> CameraMemory:
        """Take the next accepted frame for the usual view: the camera was moved on purpose."""
        self._view = self._written = None
        # Where things were in the old view says nothing of the new one.
        return replace(memory, sight=None, boxes=(), votes=[], blocked=0, blocked_since=None)

    def _kept(self, view: View) -> View:
        """The view, its picture written down once it is known what of it stays, in place of one that was aimed."""
        done = self._written is not None and view.frames != KNOWN_FROM
        if self._file is None or done or view.frames < KNOWN_FROM:
            return view
        view = view.without_what_changes()
        data = _encoded(view)
        try:
            self._file.save(data)
        except OSError as error:  # the view is kept in memory, and learnt anew after a restart
            log.warning("view.unsaved", camera=self._camera, error=error.strerror)
        self._written = _name(data)
        return view


def aimed(picture: NDArray[np.uint8], print_: Print, *, region: Region, file: ViewFile) -> dict[str, Any]:
    """What a camera's memory holds of its sight once it was aimed: a frame that shows another view is `moved`.

    It counts as confirmed, since a person did so. What of it stays whatever is sold is not known yet: that is learnt
    from the captures that follow, and then the picture is written anew.

    Args:
        picture: (height, width, 3) BGR, of the size of the camera's frames, with nobody in it.
        print_: of the same frame.
        region: corners of the fixture as shares of width and height; empty for the whole frame.
        file: of the camera's usual view.

    Raises:
        OSError: the picture cannot be written; then nothing was changed.
    """
    view = replace(View.first(look_at(picture, region)), frames=CONFIRMED)
    data = _encoded(view)
    file.save(data)
    return _dump(print_, view, _name(data))


def _encoded(view: View) -> bytes:
    return cv2.imencode(".png", view.picture)[1].tobytes()


def _name(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def _dump(print_: Print, view: View | None, written: str | None) -> dict[str, Any]:
    content: dict[str, Any] = {
        "print": b85encode(print_.levels).decode(),
        "size": [print_.width, print_.height],
        "at": print_.at,
    }
    if view is not None and written is not None:
        rows, columns = view.steady.shape
        content |= {"file": written, "frames": view.frames, "rows": rows, "columns": columns}
        for key, scale in SCALES.items():
            levels = np.clip(np.round(getattr(view, key) * scale), 0, 255).astype(np.uint8)
            content[key] = b85encode(zlib.compress(levels.tobytes())).decode()
    return content


def _print_of(content: dict[str, Any] | None) -> Print | None:
    if content is None:
        return None
    width, height = content["size"]
    return Print(b85decode(content["print"]), width, height, content["at"])


def _load(content: dict[str, Any] | None, file: ViewFile | None) -> tuple[View | None, str | None]:
    """The view, when its picture is the one that was written with it; otherwise it is learnt anew."""
    if content is None or file is None or "file" not in content:
        return None, None
    data = file.load()
    if data is None or _name(data) != content["file"]:
        return None, None
    picture = np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE), np.uint8)
    shape = content["rows"], content["columns"]
    cells = {
        key: np.frombuffer(zlib.decompress(b85decode(content[key])), np.uint8).reshape(shape).astype(np.float32) / scale
        for key, scale in SCALES.items()
    }
    return View(picture, cells["steady"], cells["detail"], cells["dark"], content["frames"]), content["file"]
