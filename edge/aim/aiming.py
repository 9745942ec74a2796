"""The cameras of a device while they are aimed, one at a time: what each shows, and what was taken as reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edge.aim.eye import CameraEye
from edge.aim.findings import LANGUAGES, words
from edge.aim.history import History
from edge.aim.watch import Watch
from edge.capture.source import open_source
from edge.contract.errors import ConfigError, DeliveryError
from edge.contract.topics import Address
from edge.deliver.outbox import Outbox
from edge.device.analysis import load_analyser
from edge.device.at_rest import at_rest_of
from edge.device.opening import models_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edge.aim.eye import Eye
    from edge.aim.findings import Code, Finding
    from edge.contract.config import AgentConfig
    from edge.deliver.sealing import AtRest
    from edge.device.installation import Steps
    from edge.device.installation_page import StepWords
    from edge.recognise.privacy import View

STEP = "view_"
"""Steps of the record that say what was wrong with a view begin with this; behind it stands the finding."""


class Aiming:
    """Holds the device's cameras and its outbox while it is open, so that no agent works with them meanwhile.

    Args:
        config: of the device, read and checked.

    Raises:
        ConfigError: no camera looks at a fixture.
    """

    def __init__(self, config: AgentConfig) -> None:
        if not config.cameras:
            raise ConfigError("this device has no camera that looks at a fixture", "give it one: cameras")
        self._config = config
        self.cameras = tuple(camera.id for camera in config.cameras)
        self._histories = {camera: History() for camera in self.cameras}
        self._learnt: dict[str, View] = {}
        self._last: dict[str, tuple[Finding, ...]] = {}
        self._models = models_of(config)
        self.references: dict[str, tuple[Finding, ...]] = {}
        """What each view that was taken as reference showed, by camera."""
        self._held: _Held | None = None

    def open(self, camera: str | None = None) -> None:
        """Take hold, and look through a camera; the first one where none is named.

        Raises:
            FacingsError: an agent runs, or a camera cannot be used as it is configured.
        """
        outbox, at_rest = _outbox(self._config), at_rest_of(self._config)
        try:
            self._held = _Held(outbox, at_rest, self._begin(camera or self.cameras[0], outbox, at_rest))
        except BaseException:
            outbox.close()
            raise

    @property
    def watch(self) -> Watch | None:
        """Of the camera that is looked through; None while this is closed."""
        return None if self._held is None else self._held.watch

    @property
    def left(self) -> tuple[str, ...]:
        """Cameras without a reference view."""
        return tuple(camera for camera in self.cameras if camera not in self.references)

    def choose(self, camera: str) -> bool:
        """Look through another camera; False where there is none of that name.

        Raises:
            FacingsError: it cannot be used as it is configured.
        """
        held = self._held
        if camera not in self.cameras or held is None:
            return False
        if camera != held.watch.camera:
            self._let_go(held.watch)
            self._held = _Held(held.outbox, held.at_rest, self._begin(camera, held.outbox, held.at_rest))
        return True

    def store(self, number: int) -> bool:
        """Take what was seen last for the camera's reference; False where that is not what the person saw.

        Raises:
            FacingsError: it cannot be used, or the disk does not take it.
        """
        watch = self.watch
        seen = None if watch is None else watch.store(number)
        if watch is not None and seen is not None:
            self.references[watch.camera] = seen.findings
        return seen is not None

    def close(self) -> Mapping[str, View]:
        """Let go of everything. What the fixtures look like without people, by camera."""
        held, self._held = self._held, None
        if held is not None:
            self._let_go(held.watch)
            held.outbox.close()
        return dict(self._learnt)

    def tell(self, steps: Steps) -> dict[str, StepWords]:
        """Add what was wrong with the views to an installation's steps, what failed first goes first. Their words."""
        said: dict[str, StepWords] = {}
        for one in self._told():
            failed = one.shown.passed is False
            title = words(one.ever, "en")[0] if one.ever.passed is False else ""
            steps.add(STEP + one.shown.code, error=title if failed else "", found=title, mended=one.mended)
            said[STEP + one.shown.code] = _step_words(one.shown, title)
        return said

    def _told(self) -> list[_Told]:
        """Every finding that was looked for, once."""
        found: dict[Code, _Told] = {}
        for camera, history in self._histories.items():
            now = {one.code: one for one in self.references.get(camera) or self._last.get(camera, ())}
            for code, followed in history.followed.items():
                shown = now.get(code)
                if shown is None or (shown.passed is None and not followed.fails):
                    continue
                mended = max(0, followed.fails - (followed.counted and shown.passed is False))
                one = _Told(followed.first, mended, history.failed.get(code, shown), shown)
                found[code] = one if code not in found else found[code].joined(one)
        return sorted(found.values(), key=lambda one: one.first)

    def _begin(self, camera: str, outbox: Outbox, at_rest: AtRest) -> Watch:
        section = next(one for one in self._config.cameras if one.id == camera)

        def eye() -> Eye:
            return CameraEye(
                self._config,
                section,
                analyser=load_analyser(self._config.fixture(section.fixture), loaded=self._models),
                people=self._models.people,
                outbox=outbox,
                at_rest=at_rest,
                learnt=self._learnt.get(camera),
            )

        source = open_source(section, clockwork=self._config.clockwork)
        return Watch(camera, source, eye, history=self._histories[camera])

    def _let_go(self, watch: Watch) -> None:
        watch.close()
        if watch.eye is not None:
            self._learnt[watch.camera] = watch.eye.learnt
        if watch.glance.seen is not None:
            self._last[watch.camera] = watch.glance.seen.findings


@dataclass(frozen=True, slots=True)
class _Held:
    outbox: Outbox
    at_rest: AtRest
    watch: Watch


@dataclass(frozen=True, slots=True)
class _Told:
    """One finding over all that was seen."""

    first: float  # when it first failed
    mended: int  # times it failed and was mended
    ever: Finding  # as it failed last, if it did
    shown: Finding  # as it is now

    def joined(self, other: _Told) -> _Told:
        """Of two cameras: the worse of both."""
        ever = self.ever if self.ever.passed is False else other.ever
        shown = self.shown if self.shown.passed is False else other.shown
        return _Told(min(self.first, other.first), self.mended + other.mended, ever, shown)


def _outbox(config: AgentConfig) -> Outbox:
    address = Address(config.device.tenant, config.device.store, config.device.id)
    try:
        return Outbox.open(config.data / "outbox.db", address=address, at_rest=at_rest_of(config))
    except DeliveryError as error:
        if "another agent" not in error.what:
            raise
        mend = "stop it first (systemctl stop facings-edge), or let systemd do both: systemctl start facings-aim"
        raise ConfigError("edge run works with this device's cameras", mend) from None


def _step_words(finding: Finding, title: str) -> dict[str, Any]:
    named = {language: words(finding, language) for language in LANGUAGES}
    mend = {language: one[1] for language, one in named.items() if one[1]}
    return {
        **{language: one[0] for language, one in named.items()},
        **({"mend": mend, "reasons": {title: mend}} if mend and title else {}),
    }
