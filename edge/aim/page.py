"""What the page is made of and what it may ask: its files, the PIN, and the verbs of the journey."""

from __future__ import annotations

import threading
import time
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from edge.aim.guard import set_cookie
from edge.aim.journey import LostError
from edge.aim.pin import RefusedPinError
from edge.aim.routes import Answer, AnswerError, Request, Route, Routes
from edge.aim.telling import told
from edge.contract.errors import FacingsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.aim.journey import Journey
    from edge.aim.pin import Pin

SESSION_SECONDS = 24 * 3600
"""A phone keeps its cookie so long: the page ends before, and goes on after a power cut."""

LONGEST_CLAIM, LONGEST_NAME, LONGEST_PIN = 1000, 120, 40

_FILES = Path(__file__).parent / "static"
_WORDS = Path(__file__).parent / "words" / "page.yaml"


@cache
def words() -> dict[str, Any]:
    """The words of the page, by what they say and language."""
    found: dict[str, Any] = yaml.safe_load(_WORDS.read_text(encoding="utf-8"))
    return found


class Page:
    """Serves one journey to one phone.

    Args:
        pin: lets it in.
        journey: what it does.
        secure: whether by HTTPS.
    """

    def __init__(self, pin: Pin, journey: Journey, *, secure: bool) -> None:
        self._pin = pin
        self._journey = journey
        self._secure = secure
        self.heard = time.monotonic()
        """When the phone that is in asked last, seconds of the monotonic clock; at first, when this began."""
        self.inside = pin.used
        """Whether a phone is in."""
        self.locked = threading.Event()
        """Set when too many wrong PINs were given."""
        files = {"/": ("index.html", "text/html"), "/aim.css": ("aim.css", "text/css")}
        files |= {f"/{name}": (name, "text/javascript") for name in ("aim.js", "show.js")}
        files["/icon.svg"] = ("icon.svg", "image/svg+xml")
        routes = {("GET", path): Route(_file(name, kind), open=True) for path, (name, kind) in files.items()}
        routes[("GET", "/words")] = Route(lambda _: Answer.of(words()), open=True)
        routes[("POST", "/enter")] = Route(self._enter, open=True)
        routes[("GET", "/state")] = Route(self._state, open=True)
        inside = {
            ("GET", "/picture"): self._picture,
            ("POST", "/claim"): lambda asked: journey.claim(asked.text("claim", longest=LONGEST_CLAIM)),
            ("POST", "/confirm"): lambda asked: journey.confirm(right=asked.json().get("right") is True),
            ("POST", "/camera"): lambda asked: journey.look_through(asked.text("camera", longest=LONGEST_NAME)),
            ("POST", "/reference"): self._store,
            ("POST", "/prove"): self._prove,
            ("POST", "/again"): lambda _: journey.again(),
            ("POST", "/finish"): lambda _: journey.finish(),
        }
        routes |= {key: Route(self._inside(do)) for key, do in inside.items()}
        self.routes = Routes(routes, knows=pin.knows)

    def _enter(self, asked: Request) -> Answer:
        try:
            token = self._pin.enter(asked.text("pin", longest=LONGEST_PIN))
        except RefusedPinError as error:
            if error.why == "locked":
                self.locked.set()
            raise AnswerError(HTTPStatus.FORBIDDEN, error.why, left=error.left) from None
        except FacingsError as error:
            raise AnswerError(HTTPStatus.SERVICE_UNAVAILABLE, "disk", said=str(error)) from None
        self.heard, self.inside = time.monotonic(), True
        cookie = set_cookie(token, secure=self._secure, seconds=SESSION_SECONDS)
        return Answer(headers={"Set-Cookie": cookie})

    def _inside(self, do: Callable[[Request], Answer | bool | None]) -> Callable[[Request], Answer]:
        """For the phone that is in: what it did, and how things stand after it."""

        def answer(asked: Request) -> Answer:
            self.heard = time.monotonic()
            try:
                found = do(asked)
            except LostError:
                return Answer.of(told(self._journey), status=HTTPStatus.CONFLICT)
            if isinstance(found, Answer):
                return found
            return Answer.of(told(self._journey), status=HTTPStatus.CONFLICT if found is False else HTTPStatus.OK)

        return answer

    def _state(self, asked: Request) -> Answer:
        """How things stand: for anybody else, that there is a PIN to be given."""
        if not self._pin.knows(asked.token):
            return Answer.of({"stage": "enter"})
        self.heard = time.monotonic()
        return Answer.of(told(self._journey))

    def _picture(self, _: Request) -> Answer:
        aiming = self._journey.aiming
        watch = None if aiming is None else aiming.watch
        glance = None if watch is None else watch.glance
        if glance is None or not glance.jpeg:
            return Answer()
        return Answer(HTTPStatus.OK, glance.jpeg, "image/jpeg", {"Picture-Number": str(glance.number)})

    def _store(self, asked: Request) -> bool:
        number = asked.json().get("number")
        return isinstance(number, int) and self._journey.store(number)

    def _prove(self, asked: Request) -> None:
        by, anyway = asked.text("by", longest=LONGEST_NAME), asked.json().get("anyway") is True
        self._journey.prove(by=by, anyway=anyway)


def _file(name: str, kind: str) -> Callable[[Request], Answer]:
    answer = Answer(HTTPStatus.OK, (_FILES / name).read_bytes(), f"{kind}; charset=utf-8")
    return lambda _: answer
