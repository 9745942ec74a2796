"""A display contract settled, as it is given out; and the rule that both sides can read."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from cloud_sink.profile.goods_model import Count, Mean, Portrait, Share

State = Literal["stood", "short", "unclear", "unseen"]

_RULES = """
Days are business days of the store, from the first of the month or of the contract to the last of either, as far as
they are over.

Facings are front-row units that were recognised as a product of products.csv: the mean over a day's accepted captures
of each view, added up over views, to thousandths. Unsure are those that could be one, or that nobody could name.
People's corrections are in them; `corrected` counts captures with any.

A day was seen if every view was captured that had been captured before it and was after it, and of each fixture whose
captures due were reported at least half of them were accepted. Any other day is unseen: nothing is said of it, neither
that it stood nor that it did not.

A seen day stood if its facings, rounded to a whole number, a half upward, are at least those paid for. It is short if
they were fewer even with all unsure ones, and unclear if nobody can tell.

Attained is the mean over seen days of facings / paid for, at most 1 a day, to millionths. Attained at most is the same
with all unsure facings.

Due is fee x attained x days in force / days of the month, to hundredths, a half upward: unseen days count as the seen
ones do on the mean. Where less than half of the days in force were seen nothing is settled.

Each figure follows from those of this file as they are printed. Photographs are named by their SHA-256.
"""

RULES = tuple(" ".join(rule.split()) for rule in _RULES.split("\n\n"))
"""What counts, so that whoever has the file can work it out again."""


class DisplayDay(Portrait):
    """One day of a line of a contract."""

    day: date
    state: State
    captures: Count = Field(description="accepted")
    kept: Count | None = Field(description="scheduled ones in opening hours; null where nobody reported what was due")
    due: Count | None = Field(description="captures due in opening hours, as reported")
    facings: Mean | None = Field(description="recognised as the brand's; null where the day was not seen")
    unsure: Mean | None = Field(description="that could be the brand's")
    corrected: Count = Field(description="captures of which people corrected something")
    device: str | None = Field(description="of the day's last photographed capture")
    event: str | None = Field(description="its event, `{epoch}-{seq}`")
    at: datetime | None = Field(description="when it was taken")
    photograph: str | None = Field(description="SHA-256 of its photograph")


class DisplayLine(Portrait):
    """One line of a contract over a month."""

    store: str
    fixture: str | None = Field(description="null: anywhere in the store")
    side: Literal["own", "competitor"]
    brand: str
    paid_facings: Count
    skus: list[str] = Field(description="the catalogues' SKUs of this brand or owner")
    days_in_force: Count
    days_seen: Count
    days_stood: Count
    days_short: Count
    days_unclear: Count
    completeness: Share | None = Field(description="captures kept / due over the days in force, where reported")
    attained: Share | None
    attained_at_most: Share | None
    fee: Mean | None = Field(description="of the month, as the contract says")
    due: Mean | None
    due_at_most: Mean | None
    currency: str | None
    too_little: str | None = Field(description="why it is not settled, where it is not")
    days: list[DisplayDay]


class Settlement(Portrait):
    """A contract over a month."""

    contract: str
    month: str = Field(description="YYYY-MM")
    final: bool = Field(description="whether the month, or the contract in it, is over in every store")
    rules: list[str]
    lines: list[DisplayLine]
    sha256: str = Field(description="of the file's SHA256SUMS: one number by which both sides know it is the same file")
