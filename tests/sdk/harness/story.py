"""Checks of one family of SDKs: each is a function whose name reads as a sentence, told once per dialect behind.

A check takes the `Behind` that it goes to. It passes by returning. The last line is `N passed, N failed`.
"""

import base64
import os
import sys
import traceback
from contextlib import contextmanager
from dataclasses import dataclass

SIDECAR = os.environ["OUTRIGGER_URL"]
KEY = "sk-caller"

# A picture of one point, and what the witness says of it: its type and the first digits of its SHA-256.
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PNG_BYTES = base64.b64decode(PNG)
PNG_SEEN = "image image/png 6b7fa434f92a"
PICTURE_URL = "https://pictures.invalid/point.png"
PICTURE_URL_SEEN = f"image {PICTURE_URL}"

HELLO = "Hello from far away, 你好 🌍, at last."
ONE_CITY = "What is the weather in Paris?"
TWO_CITIES = "Compare the weather in Paris and Oslo"
DEGREES = {"Paris": "18", "Oslo": "4"}
THOUGHTS = "Two and two make four."
WEATHER_SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
REPORT_SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "degrees": {"type": "integer"}},
    "required": ["city", "degrees"],
    "additionalProperties": False,
}
REPORT = {"city": "Paris", "degrees": 18}


@dataclass(frozen=True)
class Behind:
    """The dialect behind, and the routes that lead to it."""

    dialect: str

    @property
    def route(self):
        """To a provider that answers from fixtures."""
        return f"via-{self.dialect}"

    @property
    def refused(self):
        """To the same, in an account of its own: it may be cooled by failures."""
        return f"refused-by-{self.dialect}"

    @property
    def witness(self):
        """To a provider that says what it saw."""
        return f"seen-by-{self.dialect}"

    @property
    def stranger(self):
        """To the same, of whose model nothing is known."""
        return f"seen-by-stranger-{self.dialect}"

    @property
    def vectors(self):
        """To a model that makes vectors."""
        return f"vectors-{self.dialect}"

    @property
    def after_failure(self):
        """To this dialect once a target of the other one has failed."""
        return f"after-failure-{self.dialect}"


class Story:
    def __init__(self, family):
        self.family, self.told = family, []

    def tell(self, check, *dialects):
        """Adds a check, for both dialects behind unless some are named."""
        for dialect in dialects or ("openai", "anthropic"):
            self.told.append((check, Behind(dialect)))
        return check

    def only(self, *dialects):
        return lambda check: self.tell(check, *dialects)

    def end(self):
        failed = 0
        for check, behind in self.told:
            line = f"{self.family}, {behind.dialect} behind: {check.__name__.replace('_', ' ')}"
            try:
                check(behind)
                print(f"ok   {line}", flush=True)
            except Exception:  # one failed check does not hide the others
                failed += 1
                print(f"FAIL {line}\n     {reason()}", flush=True)
        print(f"{len(self.told) - failed} passed, {failed} failed", flush=True)
        sys.exit(1 if failed or not self.told else 0)


def reason():
    """The lines of the check that failed, and why."""
    _, error, trace = sys.exc_info()
    own = [frame for frame in traceback.extract_tb(trace) if frame.filename == sys.argv[0]]
    lines = [f"line {frame.lineno}: {frame.line}" for frame in own] + [f"{type(error).__name__}: {str(error)[:1500]}"]
    return "\n     ".join("\n".join(lines).splitlines())


def same(found, expected):
    assert found == expected, f"found {found!r} instead of {expected!r}"


def within(part, whole):
    assert part in whole, f"{part!r} is not in {whole!r}"


@contextmanager
def raises(kind, *words, status=None, exact=True):
    """The block fails with exactly this class, with these words in its message, and with this status if given."""
    try:
        yield
    except Exception as error:
        right = type(error) is kind if exact else isinstance(error, kind)
        assert right, f"{type(error).__name__} was raised instead of {kind.__name__}: {error}"
        for word in words:
            within(word, str(error))
        if status is not None:
            same(getattr(error, "status_code", None), status)
        return
    raise AssertionError(f"nothing was raised, expected {kind.__name__}")
