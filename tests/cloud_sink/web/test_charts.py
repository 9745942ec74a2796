from __future__ import annotations

import json
import re

from cloud_sink.web.charts import Chart, Series, Stretch, sparkline


def test_a_sparkline_goes_up_where_values_do_and_breaks_where_nothing_is_known() -> None:
    drawn = str(sparkline([0.0, 1.0, None, 0.5], low=0, high=1))
    (path,) = re.findall(r'<path d="([^"]+)"', drawn)
    first, second = path.split(" M")
    assert first == "M2.5 19.5L28.8 2.5"
    assert second == "81.5 11L81.5 11"  # alone: a dot
    assert 'cx="81.5" cy="11"' in drawn


def test_a_sparkline_of_nothing_is_nothing() -> None:
    assert sparkline([None, None]) == ""


def test_a_chart_tells_what_it_draws_and_keeps_what_is_unknown() -> None:
    chart = Chart("People", ("08:00", "09:00"), (Series("in", (3, None), "own", "bars"),), (Stretch(0, 1, "out"),))
    told = json.loads(chart.described())
    assert told["series"][0]["values"] == [3, None]
    assert told["stretches"] == [[0, 1, "out"]]
    assert chart.known
    assert not Chart("People", ("08:00",), (Series("in", (None,)),)).known
