"""Where alerts are said: mail, WeCom, DingTalk, Slack and a hundred others, by Apprise.

Each address of a channel has a queue of its own: one that fails has nothing said again at the others.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from apprise import Apprise, AppriseAsset, NotifyFormat

from cloud_sink.out.post import Outcome
from edge.contract.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from cloud_sink.fleet.alert_settings import ChannelSection

TITLE = "facings"


class Channels:
    """The channels of the configuration.

    Args:
        sections: by name.

    Raises:
        ConfigError: an address that Apprise does not know, or a file that cannot be read.
    """

    def __init__(self, sections: Mapping[str, ChannelSection]) -> None:
        self._addresses: dict[str, Apprise] = {}
        self.outlets: dict[str, str] = {}  # by id the channel's name
        for name, section in sections.items():
            for url in [*section.urls, *_from_file(name, section)]:
                outlet = f"say-{hashlib.sha256(f'{name} {url}'.encode()).hexdigest()[:20]}"
                self._addresses[outlet] = _open(name, url)
                self.outlets[outlet] = name

    def of(self, channels: Collection[str]) -> list[tuple[str, str]]:
        """The queues of some channels' addresses, each with its channel."""
        return [(outlet, name) for outlet, name in self.outlets.items() if name in channels]

    def say(self, outlet: str, sentence: str) -> Outcome:
        """Say a sentence at one address."""
        found = self._addresses.get(outlet)
        if found is None:
            return Outcome(arrived=False, gone=True, why="the configuration has no such address any more")
        if found.notify(title=TITLE, body=sentence, body_format=NotifyFormat.TEXT):
            return Outcome(arrived=True)
        return Outcome(arrived=False, why=f"an address of channel {self.outlets[outlet]} did not take it")


def _open(channel: str, url: str) -> Apprise:
    opened = Apprise(asset=AppriseAsset(app_id=TITLE, app_desc=TITLE, app_url=""))
    if not opened.add(url):
        scheme = url.partition(":")[0]
        raise ConfigError(f"alerts.channels.{channel}: Apprise reads no such address, {scheme}://…", "see its wiki")
    return opened


def _from_file(name: str, section: ChannelSection) -> list[str]:
    if section.urls_file is None:
        return []
    try:
        lines = section.urls_file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"alerts.channels.{name}: {section.urls_file} cannot be read: {error}", "check path and rights"
        ) from None
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]
