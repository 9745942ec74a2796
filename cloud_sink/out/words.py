"""What alerts say, in English and in Chinese."""

from __future__ import annotations

from typing import Literal

Language = Literal["en", "zh"]
Moment = Literal["begins", "ends"]

_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "stockout": "Out of stock: {sku} on {fixture}",
        "silence": "Device {device} is not heard of",
        "clone": "Two devices are called {device}: its key was copied; revoke it",
        "figures": "{rule} ({values})",
        "event": "{type}: {subject} ({values})",
        "begins": "{store}: {text}, since {since}",
        "ends": "{store}: over: {text}, since {since}, until {until}",
    },
    "zh": {
        "stockout": "缺货: {fixture} 上的 {sku}",
        "silence": "设备 {device} 失去联系",
        "clone": "有两台设备同时使用 {device} 的身份: 密钥已被复制, 请吊销",
        "figures": "{rule} ({values})",
        "event": "{type}: {subject} ({values})",
        "begins": "{store}: {text}, 自 {since}",
        "ends": "{store}: 已恢复: {text}, 自 {since} 至 {until}",
    },
}


def said(language: Language, word: str, **parts: str) -> str:
    """A sentence."""
    return _WORDS[language][word].format(**parts)
