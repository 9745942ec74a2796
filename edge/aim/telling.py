"""How a journey stands, as the page is told it: JSON, with the words of both languages."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from edge.aim.findings import LANGUAGES, words
from edge.device.installation_page import mend_of, page
from edge.device.installation_page import words as step_words

if TYPE_CHECKING:
    from edge.aim.aiming import Aiming
    from edge.aim.findings import Finding
    from edge.aim.journey import Journey, Proof
    from edge.contract.provisioning import InstallStep


def told(journey: Journey) -> dict[str, Any]:
    """All that the page shows."""
    trouble, granted, aiming = journey.trouble, journey.granted, journey.aiming
    return {
        "stage": journey.stage,
        "trouble": None if trouble is None else {"about": trouble.about, "said": trouble.said},
        "key": journey.key,
        "becomes": None
        if granted is None
        else {
            "device": granted.device,
            "store": granted.store,
            "store_name": granted.store_name,
            "fixture": granted.fixture,
        },
        "aim": None if aiming is None else _aim(aiming),
        "proof": _proof(journey.proof),
    }


def _aim(aiming: Aiming) -> dict[str, Any]:
    watch = aiming.watch
    glance = None if watch is None else watch.glance
    seen = None if glance is None else glance.seen
    return {
        "cameras": list(aiming.cameras),
        "left": list(aiming.left),
        "camera": None if watch is None else watch.camera,
        "number": 0 if glance is None else glance.number,
        "pictured": glance is not None and bool(glance.jpeg),
        "age": None if glance is None or not glance.number else round(time.monotonic() - glance.at, 1),
        "error": "" if glance is None else glance.error,
        "findings": [] if seen is None else [_finding(one) for one in seen.findings],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    said = {language: words(finding, language) for language in LANGUAGES}
    return {
        "code": finding.code,
        "passed": finding.passed,
        "title": {language: one[0] for language, one in said.items()},
        "mend": {language: one[1] for language, one in said.items()},
    }


def _proof(proof: Proof) -> dict[str, Any]:
    result = proof.result
    return {
        "waits": proof.waits,
        "steps": [_step(step, proof) for step in list(proof.steps)],
        "passed": None if result is None else result.passed,
        "recorded": result is not None and not result.recorded,
        "pictured": result is not None and result.record.evidence is not None,
        "page": None if result is None else {language: page(result, language, proof.words) for language in LANGUAGES},
    }


def _step(step: InstallStep, proof: Proof) -> dict[str, Any]:
    said = step_words()["steps"].get(step.name) or proof.words.get(step.name, {})
    mend = {} if step.passed else mend_of(step, said) or {}
    broker = None if proof.result is None else proof.result.config.broker
    values = {"host": "…" if broker is None else broker.host, "port": "…" if broker is None else broker.port}
    return {
        "name": step.name,
        "passed": step.passed,
        "tries": step.tries,
        "title": {language: said.get(language, step.name) for language in LANGUAGES},
        "said": "" if step.passed or step.said in said.get("reasons", {}) else step.said,
        "mend": {language: mend.get(language, "").format(**values) for language in LANGUAGES},
    }
