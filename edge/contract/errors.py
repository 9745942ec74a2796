"""The errors of the project: one short tree, each saying what happened, where, and the mend."""

from __future__ import annotations


def one_line(text: str) -> str:
    """Text of foreign origin, such as a file's name, as one line that does nothing to a terminal it is printed on.

    White space becomes one space; what cannot be printed (controls, bytes that are no UTF-8) is escaped as in Python.
    """
    joined = " ".join(text.split())
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in joined)


class FacingsError(Exception):
    """An error a person can act on.

    Args:
        what: what happened, naming the file, key or thing, as one line.
        mend: what to do about it, as one line; empty when `what` says it.
    """

    def __init__(self, what: str, mend: str = "") -> None:
        self.what, self.mend = one_line(what), one_line(mend)
        super().__init__(f"{self.what} ({self.mend})" if self.mend else self.what)


class ConfigError(FacingsError):
    """A configuration that cannot be used."""


class ImageError(FacingsError):
    """A picture that cannot be read or is not usable."""


class ModelError(FacingsError):
    """A model file that is missing, altered, or gives outputs that make no sense."""


class CatalogueError(FacingsError):
    """A catalogue that cannot be read, or an enrolment that contradicts it."""


class PlanogramError(FacingsError):
    """A planogram that cannot be read or contradicts itself."""


class SourceError(FacingsError):
    """A camera or folder that gives no frames."""


class DeliveryError(FacingsError):
    """An outbox, link or upload that cannot do its work."""


class StoreError(FacingsError):
    """A collector's database or evidence store that cannot do its work."""
