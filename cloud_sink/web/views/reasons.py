"""What the analyses say of themselves, why there is no figure or what makes one less sure, in the user's language.

Analyses tell it to programs as an English sentence. Each is known here by its form; one that is not is shown as it is.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cloud_sink.web.language import Language

_FORMS = {
    "few_observed": r"(?P<treated>\d+) stores with it and (?P<matched>\d+) matched ones were observed on "
    r"(?P<before>\d+) days before and (?P<during>\d+) during; (?P<least>\d+) of each are needed",
    "no_spread": r"all stores changed alike: there is no spread to make an interval of",
    "few_stores": r"(?P<treated>\d+) stores with it and (?P<matched>\d+) without are few: .*",
    "drifting": r"the stores were already drifting apart before: .*",
    "no_early": r"too few days or stores to see whether the stores were drifting apart before",
    "no_margin": r"its file tells no margin of (?P<gtins>.+)",
    "no_cost": r"its file tells no cost",
    "no_sales": r"no sales file tells units of these days: .*",
    "no_sales_of_store": r"no sales file tells units of this store",
    "no_sales_of_product": r"no sales file tells units of it",
    "old_sales": r"sales are told until (?P<last>\d{4}-\d\d-\d\d) only: too long ago",
    "few_sales": r"(?P<usable>\d+) days of sales on which it was in stock; (?P<learnt>\d+) and (?P<judged>\d+) of .*",
    "short_deliveries": r"more was sold than delivered: its stock is unknown",
    "unwatched": r"no camera watched it while it was planned: .*",
    "never_out": r"it never ran out in any store: .*",
    "unjudged": r"fewer than (?P<learnt>\d+) watched days before the last (?P<held>\d+): the rate is not judged",
    "nothing_watched": r"nothing that is planned was watched, and nothing sold, in the last (?P<days>\d+) days",
    "no_brand": r"no catalogue has a brand or owner (?P<brand>.+)",
    "not_begun": r"no day of it is over yet",
    "few_seen": r"(?P<seen>\d+) of (?P<in_force>\d+) days were seen; half of them are needed",
}
_KNOWN = {name: re.compile(form) for name, form in _FORMS.items()}


def reason(text: str, t: Language) -> str:
    """A sentence of an analysis as the user reads it."""
    for name, form in _KNOWN.items():
        found = form.fullmatch(text)
        if found is not None:
            return t(f"reasons.{name}", **{part: _said(value, t) for part, value in found.groupdict().items()})
    return text


def is_known(text: str) -> bool:
    """Whether a sentence is one that we have words for."""
    return any(form.fullmatch(text) for form in _KNOWN.values())


def _said(value: str, t: Language) -> object:
    if value.isdigit() and len(value) < 6:  # noqa: PLR2004 - a longer one is no count but a GTIN
        return int(value)
    try:
        return t.calendar(date.fromisoformat(value))
    except ValueError:
        return value
