"""On a ladder with a phone: the device's own page in a real browser, before a real collector and a real broker."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from playwright.sync_api import TimeoutError as NotYetError
from playwright.sync_api import expect

from edge.aim.findings import LANGUAGES, Finding, words
from edge.aim.history import HOLD_SECONDS
from edge.aim.label import label as label_page
from edge.aim.pin import TRIES
from edge.recognise.images import read_image
from tests.brokers import free_port
from tests.cloud_sink.web.browser import PHONE, Watched
from tests.edge.device.agents import CATALOGUE, FRAMES, PLANOGRAM, ROOT, live_camera, write_config
from tests.integration import test_provisioning as ladder
from tests.integration.test_provisioning import PATIENCE, Site, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray
    from playwright.sync_api import Browser, Page

site = ladder.site
"""One collector and one broker for this file."""

SHOWN = 1000 * PATIENCE
"""Milliseconds until something has to be on the page."""

SCREENS = os.environ.get("FACINGS_SCREENS")
"""A folder for pictures of the page, for a person to look at."""

TEMPLATE = """\
cameras: [{{id: cam-1, source: {{kind: folder, path: {pictures}, times: now, simulated: true}}}}]
fixtures: [{{id: fixture, catalogue: {catalogue}, planogram: {planogram}}}]
"""


@dataclass(frozen=True, slots=True)
class Scene:
    """What stands before a camera: some frames over and over, until others are put in their place."""

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> Scene:
        folder.mkdir()
        (folder / "now").mkdir()
        for number in range(2000):
            (folder / f"{number:05}.jpg").symlink_to(folder / "now" / f"{number % 5}.jpg")
        scene = cls(folder)
        scene.show(gain=1.0)
        return scene

    def show(self, *, gain: float) -> None:
        """The demo's cooler, lit more or less, with the noise of a sensor: no two frames of a live camera are alike."""
        rng, cooler = np.random.default_rng(0), read_image(min(FRAMES.glob("*.jpg"))) * gain
        for number in range(5):
            self._put(number, np.clip(cooler + rng.normal(0, 2, cooler.shape), 0, 255).astype(np.uint8))

    def _put(self, number: int, image: NDArray[np.uint8]) -> None:
        beside = self.folder / "now" / "next.png"
        cv2.imwrite(str(beside.with_suffix(".jpg")), image)
        beside.with_suffix(".jpg").replace(self.folder / "now" / f"{number}.jpg")


@dataclass(slots=True)
class Device:
    """`edge aim` at work."""

    folder: Path
    process: subprocess.Popen[bytes]
    port: int

    @property
    def said(self) -> str:
        return (self.folder / "aim.log").read_text()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def pin(self) -> str:
        found = re.search(r"PIN (\d{4}) (\d{4})", self.said)
        assert found is not None
        return found[1] + found[2]

    def is_open(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), PATIENCE).close()
        except ConnectionRefusedError:
            return False
        return True


@contextmanager
def aiming(folder: Path, *words: str, port: int | None = None) -> Iterator[Device]:
    folder.mkdir(exist_ok=True, parents=True)
    port = port or free_port()
    command = [sys.executable, "-m", "edge.cli.app", "aim", "--folder", str(folder), "--host", "127.0.0.1"]
    with (folder / "aim.log").open("wb") as log:
        process = subprocess.Popen([*command, "--port", str(port), *words], stdout=log, stderr=log, cwd=ROOT)
    device = Device(folder, process, port)
    try:
        until(lambda: "SHA-256" in device.said or process.poll() is not None, "the page does not open")
        yield device
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(PATIENCE)


@contextmanager
def phone(browser: Browser, device: Device, *, language: str = "en", dark: bool = False) -> Iterator[Watched]:
    """A technician's phone, whose owner took the certificate's fingerprint for right."""
    context = browser.new_context(
        viewport=PHONE,  # type: ignore[arg-type]  # a dict with the same keys
        is_mobile=True,
        has_touch=True,
        locale="zh-CN" if language == "zh" else "en",
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
        ignore_https_errors=True,
    )
    watched = Watched(context.new_page(), device.url)
    watched.page.on("pageerror", lambda error: watched.troubles.append(f"error: {error}"))
    watched.page.on("request", lambda asked: _only_here(watched, asked.url))
    yield watched
    context.close()


def _only_here(watched: Watched, url: str) -> None:
    if not url.startswith((watched.url, "blob:")):
        watched.troubles.append(f"asks elsewhere: {url}")


def looked_at(watched: Watched, name: str) -> None:
    """A stage of the page, as it has to be on every phone."""
    assert watched.axe() == []
    assert not watched.is_too_wide
    assert watched.troubles == []
    if SCREENS is not None:
        watched.page.screenshot(path=f"{SCREENS}/{name}.png")


def enter(page: Page, pin: str) -> None:
    page.fill("#pin", pin)
    page.fill("#by", "mai")
    page.tap("#enter button")


def is_at(page: Page, stage: str) -> None:
    expect(page.locator(f"#{stage}")).to_be_visible(timeout=SHOWN)


def give(page: Page, claim: str) -> None:
    page.fill("#text", claim)
    page.tap("#claim button")


def test_from_a_box_to_a_unit_that_works(site: Site, browser: Browser, tmp_path: Path) -> None:
    scene = Scene.make(tmp_path / "pictures")
    (site.folder / "template.yaml").write_text(
        TEMPLATE.format(pictures=scene.folder, catalogue=CATALOGUE, planogram=PLANOGRAM)
    )
    scene.show(gain=0.08)
    claim = site.invite("boxed")
    with aiming(tmp_path / "device") as device, phone(browser, device) as watched:
        _gives_the_pin(watched, device)
        _nobody_else_gets_in(browser, device)
        _gives_the_claim(watched, claim)
        _is_told_that_it_is_dark(watched)
        scene.show(gain=1.0)
        _keeps_the_view(watched)
        watched.page.reload()  # a phone that was in a pocket
        is_at(watched.page, "aim")
        _proves(watched)
        assert device.process.wait(PATIENCE) == 0
        assert not device.is_open()

    folder = tmp_path / "device"
    assert not (folder / "aim.json").exists()
    (record,) = site.rows("SELECT by, passed, failed_first, evidence FROM installations WHERE device = 'boxed'")
    assert record[:3] == ("mai", 1, "view_dark")
    assert site.rows(f"SELECT store FROM evidence WHERE sha256 = '{record[3]}'") == [("s1",)]
    told = json.loads((folder / "installation.json").read_text())
    (dark,) = [step for step in told["steps"] if step["name"] == "view_dark"]
    assert (dark["passed"], dark["tries"]) == (True, 2)
    assert "This unit works" in (folder / "installation.en.txt").read_text()
    assert "设备工作正常" in (folder / "installation.zh.txt").read_text()
    assert len(list(folder.rglob("views/cam-1.png"))) == 1


def _gives_the_pin(watched: Watched, device: Device) -> None:
    page = watched.page
    page.goto(f"{device.url}/#{device.pin}")  # as the label's code has it
    is_at(page, "enter")
    assert page.url == f"{device.url}/"
    assert page.input_value("#pin") == device.pin
    looked_at(watched, "1-pin")
    enter(page, f"{(int(device.pin) + 1) % 10**8:08}")
    expect(page.locator("#refused")).to_contain_text(f"This PIN is wrong. Tries left: {TRIES - 1}", timeout=SHOWN)
    enter(page, device.pin)
    is_at(page, "claim")


def _nobody_else_gets_in(browser: Browser, device: Device) -> None:
    with phone(browser, device) as other:  # whoever saw the label
        other.page.goto(f"{device.url}/#{device.pin}")
        other.page.tap("#enter button")
        expect(other.page.locator("#refused")).to_contain_text("used by another phone", timeout=SHOWN)
        assert [other.page.request.get(f"{device.url}/{path}").status for path in ("picture", "x")] == [401, 401]
        assert other.page.request.get(f"{device.url}/state").json() == {"stage": "enter"}


def _gives_the_claim(watched: Watched, claim: str) -> None:
    page = watched.page
    looked_at(watched, "2-claim")
    give(page, "https://somewhere.example/shop")
    expect(page.locator("#trouble")).to_contain_text("This claim cannot be used", timeout=SHOWN)
    give(page, claim[:-3] + "AAA")
    expect(page.locator("#trouble")).to_contain_text("The collector did not let this device in", timeout=SHOWN)
    give(page, claim)
    is_at(page, "confirm")
    expect(page.locator("#confirm")).to_contain_text("First of acme (s1)")
    expect(page.locator("#confirm")).to_contain_text("f1")
    looked_at(watched, "3-becomes")
    page.tap("#right")
    is_at(page, "aim")


def _is_told_that_it_is_dark(watched: Watched) -> None:
    page = watched.page
    expect(page.locator("#light.bad")).to_be_visible(timeout=SHOWN)
    for language in LANGUAGES:
        title, mend = words(Finding("dark", passed=False), language)
        expect(page.locator("#light-title")).to_have_text(title, timeout=SHOWN)
        expect(page.locator("#light-mend")).to_have_text(mend)
        expect(page.locator("[data-code=dark]")).to_have_class("no")
        expect(page.locator("#keep")).to_be_disabled()
        looked_at(watched, f"4-dark-{language}")
        page.tap("#language")
    first = int(page.locator("#picture").get_attribute("data-number") or 0)
    until(
        lambda: int(page.locator("#picture").get_attribute("data-number") or 0) > first + HOLD_SECONDS + 1, "it stands"
    )


def _keeps_the_view(watched: Watched) -> None:
    page = watched.page
    expect(page.locator("#light.good")).to_be_visible(timeout=SHOWN)
    expect(page.locator("#checklist .no")).to_have_count(0)
    looked_at(watched, "6-good")
    until(lambda: _kept(page), "the view is not kept")
    expect(page.locator("#prove")).to_be_visible(timeout=SHOWN)
    looked_at(watched, "7-kept")


def _proves(watched: Watched) -> None:
    page = watched.page
    page.tap("#prove")
    expect(page.locator("#result")).to_be_visible(
        timeout=3 * SHOWN
    )  # broker, receipts and pictures, one after the other
    expect(page.locator("#verdict.good")).to_contain_text("This unit works")
    expect(page.locator("#recorded")).to_have_text("The record has a picture.")
    looked_at(watched, "8-works")
    page.tap("#done")
    is_at(page, "closed")


def _kept(page: Page) -> bool:
    """Keep the view; where another picture came meanwhile, look and tap again."""
    if page.locator("#keep").is_visible() and page.locator("#keep").is_enabled():
        with suppress(NotYetError):
            page.tap("#keep", timeout=2000)
    return page.locator("#kept").is_visible()


def test_a_few_wrong_pins_close_the_page(browser: Browser, tmp_path: Path) -> None:
    with aiming(tmp_path / "device") as device, phone(browser, device, language="zh", dark=True) as watched:
        page = watched.page
        page.goto(device.url)
        is_at(page, "enter")
        for number in range(TRIES):
            enter(page, f"{(int(device.pin) + 1 + number) % 10**8:08}")
            left = TRIES - 1 - number
            expect(page.locator("#refused")).to_contain_text(f"{left} 次" if left else "页面已关闭", timeout=SHOWN)
        looked_at(watched, "9-locked-zh-dark")
        assert device.process.wait(PATIENCE) == 1
        assert "too many wrong PINs" in device.said
        assert not device.is_open()
    with aiming(tmp_path / "device") as device:  # begun again by somebody who cannot cut the power
        assert device.process.wait(PATIENCE) == 1
    with aiming(tmp_path / "device", "--new-pin") as device:
        assert device.is_open()


def test_a_camera_without_a_picture_is_told_with_its_mend_and_a_power_cut_leaves_the_phone_in(
    browser: Browser, tmp_path: Path
) -> None:
    camera = live_camera(tmp_path) | {"source": {"kind": "snapshot", "url": f"http://127.0.0.1:{free_port()}/x.jpg"}}
    write_config(tmp_path, port=free_port(), cameras=[camera])
    with aiming(tmp_path) as device, phone(browser, device) as watched:
        page = watched.page
        page.goto(device.url)
        is_at(page, "enter")
        enter(page, device.pin)
        is_at(page, "aim")
        title, mend = words(Finding("no_picture", passed=False, values={"trouble": ""}), "en")
        expect(page.locator("#light-title")).to_have_text(title, timeout=SHOWN)
        expect(page.locator("#light-mend")).to_contain_text(mend.strip())
        expect(page.locator("#no-picture")).to_have_text("No picture")
        expect(page.locator("#keep")).to_be_disabled()
        looked_at(watched, "10-no-picture")
        device.process.kill()  # somebody pulled the plug
        device.process.wait(PATIENCE)
        expect(page.locator("#silent")).to_be_visible(timeout=SHOWN)
        with aiming(tmp_path, port=device.port):
            expect(page.locator("#silent")).to_be_hidden(timeout=SHOWN)
            expect(page.locator("#light-title")).to_have_text(title, timeout=SHOWN)  # the phone is still in


def configured_with_two_cameras(folder: Path, **changes: str) -> None:
    cameras = [live_camera(folder / "pictures", camera=f"cam-{n}", fixture=f"cooler-{n}") for n in (1, 2)]
    fixtures = [{"id": f"cooler-{n}", **changes} for n in (1, 2)]
    write_config(folder, port=free_port(), cameras=cameras, fixtures=fixtures)


def test_a_device_whose_agent_works_says_how_to_get_at_its_cameras(browser: Browser, tmp_path: Path) -> None:
    Scene.make(tmp_path / "pictures")
    configured_with_two_cameras(tmp_path)
    command = [sys.executable, "-m", "edge.cli.app", "run", "--config", str(tmp_path / "agent.yaml")]
    with (tmp_path / "agent.log").open("wb") as log:
        agent = subprocess.Popen(command, stdout=log, stderr=log, cwd=ROOT)
    try:
        until(lambda: "agent.started" in (tmp_path / "agent.log").read_text(), "the agent has not begun")
        with aiming(tmp_path) as device, phone(browser, device) as watched:
            page = watched.page
            page.goto(device.url)
            is_at(page, "enter")
            enter(page, device.pin)
            expect(page.locator("#trouble")).to_contain_text("edge run works with this device's cameras", timeout=SHOWN)
            looked_at(watched, "11-busy")
            agent.terminate()
            agent.wait(PATIENCE)
            page.tap("#retry")
            until(lambda: _kept(page), "the first view is not kept")
            expect(page.locator("#prove")).to_be_hidden()
            page.tap("#next")  # the other camera
            expect(page.locator("#cameras [aria-pressed=true]")).to_have_text("cam-2", timeout=SHOWN)
            expect(page.locator("#kept")).to_be_hidden(timeout=SHOWN)
            until(lambda: _kept(page), "the second view is not kept")
            looked_at(watched, "12-two-cameras")
            configured_with_two_cameras(tmp_path, catalogue=str(tmp_path / "gone"))
            page.tap("#prove")
            is_at(page, "result")
            expect(page.locator("#verdict.bad")).to_contain_text("does not work yet", timeout=SHOWN)
            expect(page.locator("#result [data-code=configuration]")).to_contain_text("Mend what the line says")
            looked_at(watched, "13-works-not")
            configured_with_two_cameras(tmp_path)
            page.tap("#aim-again")
            is_at(page, "aim")
            expect(page.locator("#light.good")).to_be_visible(timeout=SHOWN)
            expect(page.locator("#prove")).to_be_visible()  # both views are still kept
    finally:
        agent.kill()
        agent.wait()


def test_a_phone_reads_the_label_s_code(browser: Browser, tmp_path: Path) -> None:
    label = tmp_path / "label.html"
    label.write_text(label_page("https://unit-07.local:8443/", "01234567", "AB:" * 31 + "CD"), encoding="utf-8")
    context = browser.new_context(device_scale_factor=3, viewport={"width": 400, "height": 260})
    page = context.new_page()
    page.goto(label.as_uri())
    page.screenshot(path=tmp_path / "label.png")
    assert page.evaluate(
        "document.querySelector('article').scrollHeight <= document.querySelector('article').clientHeight"
    )
    if SCREENS is not None:
        page.screenshot(path=f"{SCREENS}/14-label.png")
    context.close()
    read, _, _ = cv2.QRCodeDetector().detectAndDecode(read_image(tmp_path / "label.png"))
    assert read == "https://unit-07.local:8443/#01234567"
