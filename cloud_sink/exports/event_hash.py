"""The name that an EPCIS event has by what it says: the Event Hash ID of GS1's Core Business Vocabulary 2.0 (8.9).

Whoever receives an event twice sees that it is the same one, and one whose facings were corrected is another.
"""

from __future__ import annotations

import hashlib
from typing import Any

_VOCABULARY = "https://ref.gs1.org/cbv"
_SPACE = "{urn:facings:}"


def hash_id(event: dict[str, Any]) -> str:
    """The id of an ObjectEvent as `epcis.object_event` writes it: classes and places as canonical Digital Links."""
    counted = sorted(
        f"quantityElementepcClass={one['epcClass']}quantity={one['quantity']}" for one in event.get("quantityList", [])
    )
    own = {name: value for name, value in event.items() if name.startswith("facings:")}
    said = [
        f"eventType={event['type']}",
        f"eventTime={event['eventTime']}",
        f"eventTimeZoneOffset={event['eventTimeZoneOffset']}",
        *(["quantityList", *counted] if counted else []),
        f"action={event['action']}",
        f"bizStep={_VOCABULARY}/BizStep-{event['bizStep']}",
        f"disposition={_VOCABULARY}/Disp-{event['disposition']}",
        f"readPointid={event['readPoint']['id']}",
        f"bizLocationid={event['bizLocation']['id']}",
        *sorted(f"{name.replace('facings:', _SPACE)}={value}" for name, value in own.items()),
    ]
    return f"ni:///sha-256;{hashlib.sha256(''.join(said).encode()).hexdigest()}?ver=CBV2.0"
