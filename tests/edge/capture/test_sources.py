"""Every kind of source gives frames, ends where it ends, and fails with a line that names it."""

from __future__ import annotations

import threading
from datetime import datetime, time
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

import cv2
import numpy as np
import pytest

from edge.capture.folder import Folder
from edge.capture.snapshot import Snapshot
from edge.capture.source import open_source
from edge.capture.video import VideoFile
from edge.contract.business_day import Clockwork
from edge.contract.config import CameraSection, FolderSource
from edge.contract.errors import ImageError, SourceError
from tests.edge.recognise.files import encoded, exif, with_exif

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

ZONE = "Asia/Ho_Chi_Minh"
STORE = Clockwork(ZoneInfo(ZONE), day_starts=time(4), opens=time(8), closes=time(22))


def picture(shade: int) -> NDArray[np.uint8]:
    return np.full((24, 32, 3), shade, np.uint8)


@pytest.fixture
def lapse(tmp_path: Path) -> Path:
    for index, name in enumerate(("2026-03-14T08-00-00", "2026-03-14T08-20-00", "2026-03-14T08-40-00")):
        cv2.imwrite(str(tmp_path / f"{name}.png"), picture(50 * index))
    (tmp_path / "notes.txt").write_text("not a picture")
    return tmp_path


def folder(path: Path, **more: Any) -> Folder:
    after = more.pop("after", None)
    section = FolderSource.model_validate({"kind": "folder", "path": path, **more})
    return Folder.open(section, clockwork=STORE, after=after)


def test_a_time_lapse_gives_each_picture_once_with_the_time_of_its_name(lapse: Path) -> None:
    source = folder(lapse, times="names")
    frames = [source.capture() for _ in range(4)]
    assert [frame.taken for frame in frames if frame] == [
        datetime(2026, 3, 14, 8, minute, tzinfo=ZoneInfo(ZONE)) for minute in (0, 20, 40)
    ]
    assert [int(frame.image[0, 0, 0]) for frame in frames if frame] == [0, 50, 100]
    assert frames[3] is None


def test_a_time_lapse_goes_on_behind_the_picture_taken_last(lapse: Path) -> None:
    frame = folder(lapse, times="names", after="2026-03-14T08-20-00.png").capture()
    assert frame is not None
    assert frame.name == "2026-03-14T08-40-00.png"


def test_undated_pictures_are_spread_over_opening_hours(lapse: Path) -> None:
    source = folder(lapse, times="evenly", day="2026-03-14")
    times = [
        frame.taken.astimezone(STORE.zone).isoformat() for _ in range(3) if (frame := source.capture()) and frame.taken
    ]
    assert times == [f"2026-03-14T{hour}+07:00" for hour in ("08:00:00", "12:40:00", "17:20:00")]


def test_a_broken_picture_is_named_and_the_next_one_is_taken(lapse: Path) -> None:
    (lapse / "2026-03-14T07-00-00.jpg").write_bytes(b"\xff\xd8 torn")
    source = folder(lapse, times="names")
    with pytest.raises(ImageError, match="2026-03-14T07-00-00"):
        source.capture()
    frame = source.capture()
    assert frame is not None
    assert frame.name == "2026-03-14T08-00-00.png"


def test_a_photograph_taken_with_the_camera_turned_is_upright(tmp_path: Path) -> None:
    (tmp_path / "phone.jpg").write_bytes(with_exif(encoded(".jpg", picture(90)), exif(6)))
    frame = folder(tmp_path).capture()
    assert frame is not None
    assert frame.image.shape == (32, 24, 3)


def test_a_name_that_holds_no_time_is_refused(lapse: Path) -> None:
    cv2.imwrite(str(lapse / "shelf.png"), picture(1))
    with pytest.raises(SourceError, match=r"shelf\.png: the name holds no time"):
        folder(lapse, times="names")


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="none: no such folder"):
        folder(tmp_path / "none")


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no pictures"):
        folder(tmp_path)


def test_a_video_gives_the_frame_that_is_due_and_ends_at_its_last(tmp_path: Path) -> None:
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (32, 24))
    for index in range(20):
        writer.write(picture(10 * index))
    writer.release()
    now = [100.0]
    video = VideoFile(path, clock=lambda: now[0])
    shades = []
    for moment in (100.0, 100.55, 101.95):
        now[0] = moment
        frame = video.capture()
        assert frame is not None
        shades.append(int(frame.image.mean()))
    assert shades == pytest.approx([0, 50, 190], abs=4)
    now[0] = 102.5
    assert video.capture() is None
    video.close()


def test_a_file_that_is_no_video_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "clip.avi"
    path.write_bytes(b"no video")
    with pytest.raises(SourceError, match=r"clip\.avi: not a video"):
        VideoFile(path).capture()


class Camera(BaseHTTPRequestHandler):
    answer: ClassVar[tuple[int, bytes]] = (200, b"")
    asked: ClassVar[list[str | None]] = []

    def do_GET(self) -> None:
        self.asked.append(self.headers.get("Authorization"))
        status, body = self.answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """The test's output stays clean."""


@pytest.fixture
def camera_port() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), Camera)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def test_a_snapshot_is_fetched_with_the_password_of_its_address(camera_port: int) -> None:
    Camera.answer = (200, with_exif(encoded(".jpg", picture(120)), exif(8)))
    Camera.asked.clear()
    source = Snapshot(f"http://user:secret@127.0.0.1:{camera_port}/still.jpg", deadline=5)
    frame = source.capture()
    assert frame is not None
    assert int(frame.image.mean()) == pytest.approx(120, abs=3)
    assert frame.image.shape == (32, 24, 3)  # upright
    assert "secret" not in frame.name
    assert Camera.asked[0] is not None
    assert Camera.asked[0].startswith("Basic ")


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [((401, b""), SourceError, "HTTP 401"), ((200, b"<html>"), ImageError, "still.jpg")],
)
def test_an_answer_that_is_no_picture_is_named(
    camera_port: int, answer: tuple[int, bytes], error: type[Exception], said: str
) -> None:
    Camera.answer = answer
    with pytest.raises(error, match=said):
        Snapshot(f"http://127.0.0.1:{camera_port}/still.jpg", deadline=5).capture()


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({"kind": "snapshot", "url": "http://user:secret@127.0.0.1:9/still.jpg"}, "127.0.0.1:9/still.jpg"),
        ({"kind": "rtsp", "url": "rtsp://user:secret@127.0.0.1:9/live"}, "rtsp://127.0.0.1:9/live"),
        ({"kind": "usb", "device": "/dev/video-none"}, "/dev/video-none"),
        ({"kind": "video", "path": "none.mp4"}, "none.mp4"),
    ],
)
def test_a_camera_that_is_not_there_says_so_without_its_password(source: dict[str, Any], said: str) -> None:
    section = CameraSection.model_validate({"id": "cam", "fixture": "cooler", "source": source, "deadline": "2s"})
    with pytest.raises(SourceError) as caught:
        open_source(section, clockwork=STORE).capture()
    assert said in str(caught.value)
    assert "secret" not in str(caught.value)
