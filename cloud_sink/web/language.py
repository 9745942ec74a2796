"""A language as pages speak it: words, numbers, dates and times. What nobody knows is a dash, never 0."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from babel import Locale, dates, numbers

from cloud_sink.web.words import CODES, Code, load_words

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

    from cloud_sink.web.words import Phrase

UNKNOWN = "\N{EN DASH}"


class Language:
    """How one language says things.

    Args:
        code: which.
        words: its phrases by key.
    """

    def __init__(self, code: Code, words: Mapping[str, Phrase]) -> None:
        self.code = code
        self._words = words
        self._locale = Locale.parse(code, sep="-")

    def __call__(self, key: str, **parts: object) -> str:
        """A phrase; numbers in it are written as the language writes them, `count` decides the plural.

        Raises:
            KeyError: there is no such phrase, or a part of it is not given.
        """
        phrase = self._words[key]
        if isinstance(phrase, dict):
            count = parts["count"]
            assert isinstance(count, int)
            phrase = phrase.get(self._locale.plural_form(count), phrase["other"])
        return phrase.format(
            **{name: self.number(part) if isinstance(part, int | float) else part for name, part in parts.items()}
        )

    def __contains__(self, key: str) -> bool:
        return key in self._words

    def number(self, value: float | None, digits: int = 0) -> str:
        """Such as 1,234.5."""
        if value is None:
            return UNKNOWN
        return numbers.format_decimal(round(value, digits), format=_pattern("#,##0", digits), locale=self._locale)

    def percent(self, share: float | None, digits: int = 0) -> str:
        """A share as per cent; what is not all of it is not rounded up to 100 %."""
        if share is None:
            return UNKNOWN
        if share < 1:
            share = min(share, 1 - 10.0 ** -(digits + 2))
        return numbers.format_percent(share, format=_pattern("#,##0", digits) + "%", locale=self._locale)

    def points(self, change: float | None, digits: int = 1) -> str:
        """The change of a share in percentage points, with its sign."""
        if change is None:
            return UNKNOWN
        pattern = _pattern("#,##0", digits)
        return numbers.format_decimal(
            round(change * 100, digits), format=f"+{pattern};\N{MINUS SIGN}{pattern}", locale=self._locale
        )

    def money(self, value: float | None, currency: str | None) -> str:
        """An amount in its currency."""
        if value is None:
            return UNKNOWN
        return numbers.format_currency(value, currency, locale=self._locale) if currency else self.number(value, 2)

    def calendar(self, day: date | None) -> str:
        """Such as Mar 14, 2026."""
        return UNKNOWN if day is None else dates.format_date(day, "medium", locale=self._locale)

    def month(self, day: date) -> str:
        """Such as March 2026."""
        return dates.format_skeleton("yMMMM", datetime.combine(day, datetime.min.time()), locale=self._locale)

    def day(self, day: date) -> str:
        """A day without its year, with its weekday."""
        return dates.format_skeleton("MMMEd", datetime.combine(day, datetime.min.time()), locale=self._locale)

    def short_day(self, day: date) -> str:
        """A day in the room that a chart has."""
        return dates.format_skeleton("MMMd", datetime.combine(day, datetime.min.time()), locale=self._locale)

    def time(self, moment: datetime | None, zone: str | tzinfo = UTC) -> str:
        """The time of day in a zone, such as 08:05."""
        return UNKNOWN if moment is None else dates.format_time(moment, "HH:mm", _zone(zone), self._locale)

    def moment(self, moment: datetime | None, zone: str | tzinfo = UTC) -> str:
        """Day and time in a zone."""
        if moment is None:
            return UNKNOWN
        day = dates.format_skeleton("MMMd", moment, _zone(zone), locale=self._locale)
        return f"{day} {self.time(moment, zone)}"

    def ago(self, moment: datetime | None, now: datetime) -> str:
        """How long ago, in its largest unit, such as 5 minutes ago."""
        if moment is None:
            return UNKNOWN
        return dates.format_timedelta(moment - now, add_direction=True, threshold=1, locale=self._locale)

    def span(self, seconds: float | None) -> str:
        """A stretch of time in its largest unit, such as 3 hours."""
        if seconds is None:
            return UNKNOWN
        return dates.format_timedelta(timedelta(seconds=seconds), threshold=1, format="short", locale=self._locale)


@cache
def languages() -> dict[Code, Language]:
    """Every language, by its code."""
    words = load_words()
    return {code: Language(code, words[code]) for code in CODES}


@cache
def _zone(zone: str | tzinfo) -> tzinfo:
    if not isinstance(zone, str):
        return zone
    try:
        return ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        return UTC


def _pattern(whole: str, digits: int) -> str:
    return whole + ("." + "0" * digits if digits else "")
