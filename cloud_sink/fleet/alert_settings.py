"""What goes out: webhooks, and the rules of alerts with the channels they speak to."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from cloud_sink.fleet.rules import read_rule
from edge.contract.config.section import ClockTime, Duration, Section, resolve
from edge.contract.events import EVENT_TYPES
from edge.contract.names import Slug

Value = bool | float | str
Name = Annotated[str, Field(pattern=r"^[a-z_]{1,60}$")]


class WebhookSection(Section):
    """Events that are sent to customers' own systems."""

    allow_private: bool = Field(
        False, description="send to addresses of one's own network, and over http; for one's own receivers only"
    )
    give_up: Duration = Field(3 * 86400.0, gt=0, description="how long a message is tried, such as 72h")
    most_waiting: Annotated[int, Field(ge=1, le=100_000_000)] = Field(
        100_000, description="messages that may wait for one receiver; beyond them the oldest are dropped"
    )


class ChannelSection(Section):
    """Where alerts are said: addresses as Apprise writes them."""

    urls: tuple[str, ...] = Field((), description="such as mailto://…, wecombot://…, dingtalk://…, slack://…, json://…")
    urls_file: Path | None = Field(None, description="a file with one address a line, since they hold secrets")

    @model_validator(mode="after")
    def _somewhere(self) -> ChannelSection:
        if not self.urls and self.urls_file is None:
            raise ValueError("name urls, or a urls_file")
        return self


class QuietSection(Section):
    """Hours in which nothing is said; what still holds then is said at their end."""

    since: ClockTime = Field(description="the first minute, on the store's own clock")
    until: ClockTime = Field(description="the first minute after")


class StockoutRule(Section):
    """Holds while a stock-out lasts."""

    kind: Literal["stockout"]
    skus: tuple[str, ...] = Field((), description="only of these SKUs")


class SilenceRule(Section):
    """Holds while a device is not heard of."""

    kind: Literal["silence"]
    longer: Duration = Field(1800.0, gt=0, description="than this, such as 30m")


class CloneRule(Section):
    """Holds while two devices are found to speak under one name."""

    kind: Literal["clone"]


class FigureRule(Section):
    """Holds while a rule over a store's figures of the business day holds."""

    kind: Literal["figures"]
    rule: str = Field(description="such as: osa < 0.9 and completeness > 0.5; figures as in rankings and tags")

    @field_validator("rule")
    @classmethod
    def _readable(cls, rule: str) -> str:
        read_rule("alert", rule)
        return rule


class EventRule(Section):
    """Holds from an event of a type that fits on, until one that does not, or for a time."""

    kind: Literal["event"]
    type: str = Field(description="such as cooler.status.v1")
    equal: dict[Name, Value] = Field({}, description="fields of its data and their values, such as {power: false}")
    above: dict[Name, float] = Field({}, description="such as {cabinet_celsius: 8}")
    below: dict[Name, float] = Field({}, description="the same the other way")
    lasts: Duration = Field(3600.0, gt=0, description="how long it holds if nothing more is heard, such as 1h")

    @field_validator("type")
    @classmethod
    def _known(cls, kind: str) -> str:
        if kind not in EVENT_TYPES:
            raise ValueError(f"event types are {', '.join(EVENT_TYPES)}")
        return kind


Condition = Annotated[StockoutRule | SilenceRule | CloneRule | FigureRule | EventRule, Field(discriminator="kind")]


class AlertRule(Section):
    """One kind of alert: what it watches, and to whom and when it speaks."""

    id: Slug = Field(description="its name; another name makes other alerts")
    tenant: Slug = Field(description="whose stores it watches")
    stores: tuple[Slug, ...] = Field((), description="only these; all, if none is named")
    when: Condition = Field(description="what it watches")
    after: Duration = Field(0.0, ge=0, description="how long it must hold before it is said, such as 10m")
    over_after: Duration = Field(300.0, ge=0, description="how long it must be over before that is said")
    quiet: QuietSection | None = Field(None, description="hours in which nothing is said")
    say_end: bool = Field(True, description="whether its end is said, too")
    channels: tuple[Slug, ...] = Field(min_length=1, description="where it is said")


class AlertSection(Section):
    """Alerts: rules, and channels by name."""

    channels: dict[Slug, ChannelSection] = Field({}, description="where alerts are said, by name")
    language: Literal["en", "zh"] = Field("en", description="of what is said")
    rules: tuple[AlertRule, ...] = Field((), max_length=1000, description="what is watched")

    def beside(self, folder: Path) -> AlertSection:
        """The same with every file's path taken from `folder`."""
        channels = {name: resolve(channel, folder) for name, channel in self.channels.items()}
        return self.model_copy(update={"channels": channels})

    @model_validator(mode="after")
    def _whole(self) -> AlertSection:
        ids = [rule.id for rule in self.rules]
        if len(set(ids)) < len(ids):
            raise ValueError("two rules have the same id")
        for rule in self.rules:
            for channel in rule.channels:
                if channel not in self.channels:
                    raise ValueError(f"rule {rule.id} speaks to {channel}, which is no channel")
        return self
