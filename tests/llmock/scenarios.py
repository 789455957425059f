"""The scenarios: what the provider does, and what the caller has to see of it."""

import json
from dataclasses import dataclass, field
from typing import Any

from lane import MAIN, VENDORS


@dataclass
class Scenario:
    name: str
    # What the first target's llmock does; the others are healthy.
    behaviors: list
    # One check per request of the caller, in order.
    expect: list
    surface: str = "chat"
    stream: bool = False
    targets: list = field(default_factory=lambda: ["a", "b"])
    # How often each llmock must have been called in the end.
    calls: dict = field(default_factory=dict)
    timeouts: str = ""
    failover: str = ""
    text: str = "ping"
    # Each request asks something else; otherwise a second request is the caller's retry of the first.
    distinct: bool = False
    extra: dict[str, Any] = field(default_factory=dict)
    # Not even a WARN in the verdict.
    strict: bool = False


# What the caller may see: each takes the answer and the seconds it took, and returns what is wrong with it.


def answered(answer, _seconds=0.0, *, by=None, within=None):
    """A whole, healthy answer."""
    if answer.status != 200 or answer.broken or answer.error:
        return "expected a healthy answer"
    if answer.streamed and not answer.ended:
        return "the stream has no terminal event"
    if not answer.streamed and not isinstance(json.loads(answer.text), dict):
        return "the answer is not an object"
    if by is not None and answer.headers.get("x-outrigger-provider", "").rpartition("/")[2] != by:
        return f"expected an answer by provider {by}"
    if within is not None and not within[0] <= _seconds <= within[1]:
        return f"took {_seconds:.2f} s instead of {within[0]} to {within[1]} s"
    return None


def by(provider, within=None):
    return lambda answer, seconds: answered(answer, seconds, by=provider, within=within)


def refused(status, retry_after=None):
    """An error answer with this status and a body that names the fault."""

    def check(answer, _seconds):
        if answer.status != status or answer.broken:
            return f"expected status {status}"
        if not answer.error:
            return "the body carries no error"
        if retry_after is not None and answer.headers.get("retry-after") != retry_after:
            return f"expected retry-after: {retry_after}"
        return None

    return check


def broke(answer, _seconds):
    """A stream that says in band that it broke, ends abnormally and never claims to be whole."""
    if answer.status != 200 or not answer.streamed:
        return "expected a stream that breaks"
    if not answer.error:
        return "the stream broke without an error event"
    if answer.ended:
        return "the stream broke and yet has a terminal event"
    if not answer.broken:
        return "the connection ended as if the stream were whole"
    return None


def passed_on(answer, _seconds):
    """A stream with an event that is not JSON, otherwise whole."""
    if answer.status != 200 or answer.broken or answer.error or not answer.ended:
        return "expected the stream to the end"
    bad = 0
    for text in answer.data:
        try:
            json.loads(text)
        except ValueError:
            bad += text != "[DONE]"
    return None if bad == 1 else f"expected one malformed event, found {bad}"


def fail(status, **more):
    return {"type": "fail", "status": status, **more}


def fault(kind, after, **more):
    return {"type": "stream_fault", "kind": kind, "after_chunks": after, **more}


# The caller's own mistake: no other provider would take it either.
REQUEST_FAULTS = [400, 404, 413, 422]
# The key's fault, or the provider's: another provider answers.
PROVIDER_FAULTS = [401, 403, 408, 409, 429, 500, 502, 503, 504, 529]
# Of these, what the same provider may get over.
ASK_AGAIN = [408, 409, 429, 500, 502, 503, 504, 529]
# Chunks that carry nothing of the answer yet, and chunks after which its first content is certainly out, by surface.
BEFORE_CONTENT = {"chat": 1, "responses": 4, "messages": 2}
AFTER_CONTENT = {"chat": 4, "responses": 6, "messages": 5}
# Shorter than the faults, longer than a slow machine.
SHORT = "firstToken: 1s, answer: 1s, idle: 1s"
STALL = 6.0


def on_every_surface():
    for surface in MAIN:
        for stream in (False, True):
            kind = f"{surface}, {'stream' if stream else 'unary'}"
            common = {"surface": surface, "stream": stream}
            yield Scenario(f"healthy [{kind}]", [], [by("a")], calls={"a": 1, "b": 0}, **common)
            for status in REQUEST_FAULTS:
                yield Scenario(f"{status} is the caller's to mend [{kind}]", [fail(status)], [refused(status)],
                               calls={"a": 1, "b": 0}, **common)
            for status in PROVIDER_FAULTS:
                yield Scenario(f"{status} moves on [{kind}]", [fail(status)], [by("b")], calls={"a": 1, "b": 1}, **common)
            # Nowhere else to go: the same provider is asked again, when it wants to be.
            for status in ASK_AGAIN:
                yield Scenario(f"{status} is tried again after a pause [{kind}]", [fail(status)], [by("a")], targets=["a"],
                               calls={"a": 2}, strict=True, **common)
                yield Scenario(f"{status} with Retry-After is waited for [{kind}]", [fail(status, retry_after=0.6)],
                               [by("a", within=(0.6, 5.0))], targets=["a"], calls={"a": 2}, strict=True, **common)
            yield Scenario(f"a long Retry-After is passed on [{kind}]", [fail(429, retry_after=40)],
                           [refused(429, retry_after="40")], targets=["a"], calls={"a": 1}, **common)
            yield Scenario(f"429 cools until Retry-After is over [{kind}]", [fail(429, retry_after=40)],
                           [by("b")] * 3, calls={"a": 1, "b": 3}, **common)
            yield Scenario(f"500 everywhere ends within the attempts [{kind}]", [fail(500, times=None)],
                           [refused(500)], targets=["a"], failover="attempts: 3", calls={"a": 3}, **common)
            yield Scenario(f"a short delay is no fault [{kind}]", [{"type": "delay", "seconds": 0.4}],
                           [by("a", within=(0.4, 5.0))], calls={"a": 1, "b": 0}, **common)
            yield Scenario(f"a delay past the limit moves on [{kind}]", [{"type": "delay", "seconds": STALL}],
                           [by("b", within=(1.0, 4.0))], timeouts=SHORT, calls={"b": 1}, **common)


def on_every_stream():
    for surface in MAIN:
        common = {"surface": surface, "stream": True}
        late = AFTER_CONTENT[surface]
        slow = [{"type": "slow_first_token", "seconds": STALL}]
        yield Scenario(f"a slow first token moves on [{surface}]", slow, [by("b", within=(1.0, 4.0))], timeouts=SHORT,
                       calls={"b": 1}, **common)
        slow = [{"type": "slow_first_token", "seconds": 0.4}]
        yield Scenario(f"a first token in time is no fault [{surface}]", slow, [by("a")], calls={"b": 0}, **common)
        # Before the first content, nobody has seen anything: the next target answers. The target is a twin, so that
        # llmock sees the repetition: what went to another vendor it would take for an answer accepted by half.
        for kind in ("disconnect", "truncate", "malformed"):
            for chunks in (0, BEFORE_CONTENT[surface]):
                yield Scenario(f"{kind} after {chunks} chunks, before content, is not seen [{surface}]",
                               [fault(kind, chunks)], [by("twin")], targets=["a", "twin"], calls={"a": 2}, **common)
        yield Scenario(f"stall before content moves on [{surface}]", [fault("stall", 0, stall_seconds=STALL)],
                       [by("b", within=(1.0, 4.0))], timeouts=SHORT, calls={"b": 1}, **common)
        # After it, the caller is told, and its retry succeeds.
        for kind in ("disconnect", "truncate"):
            yield Scenario(f"{kind} after content is told, the retry succeeds [{surface}]", [fault(kind, late)],
                           [broke, answered], targets=["a"], calls={"a": 2}, **common)
        yield Scenario(f"stall after content is told, the retry succeeds [{surface}]",
                       [fault("stall", late, stall_seconds=STALL)], [broke, answered], targets=["a", "twin"],
                       timeouts=SHORT, **common)
        yield Scenario(f"a malformed event after content is passed on [{surface}]", [fault("malformed", late)],
                       [passed_on], calls={"a": 1, "b": 0}, **common)


def traits():
    # The same body each time: llmock would take a call during the minute for a retry that ignores Retry-After.
    for surface in MAIN:
        yield Scenario(f"a vendor's quota is respected [{surface}]", [], [answered] * 6, surface=surface,
                       targets=["quota", "b"], calls={"quota": 3, "b": 4})
        long = "word " * 60
        yield Scenario(f"too long a prompt is the caller's to mend [{surface}]", [], [refused(400)], surface=surface,
                       targets=["narrow", "b"], text=long, calls={"narrow": 1, "b": 0})
        yield Scenario(f"too long a prompt moves on if the route says so [{surface}]", [], [by("b")], surface=surface,
                       targets=["narrow", "b"], text=long, failover="alsoOn: [ContextLength]", calls={"narrow": 1, "b": 1})
        yield Scenario(f"random faults are never seen [{surface}]", [], [answered] * 20, surface=surface,
                       targets=["flaky", "b"], distinct=True)


def vendors():
    # What they add to the dialect: their own error bodies, their own way to the same path.
    for vendor in VENDORS:
        for stream in (False, True):
            kind = f"{vendor}, {'stream' if stream else 'unary'}"
            common = {"surface": vendor, "stream": stream}
            yield Scenario(f"healthy [{kind}]", [], [by("a")], calls={"a": 1, "b": 0}, **common)
            yield Scenario(f"400 is the caller's to mend [{kind}]", [fail(400)], [refused(400)],
                           calls={"a": 1, "b": 0}, **common)
            for status in (401, 429, 503):
                yield Scenario(f"{status} moves on [{kind}]", [fail(status)], [by("b")], calls={"a": 1, "b": 1}, **common)
            if stream:
                yield Scenario(f"truncate after content is told, the retry succeeds [{kind}]", [fault("truncate", 4)],
                               [broke, answered], targets=["a"], calls={"a": 2}, **common)


def tools():
    offered = {"tools": [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]}
    for kind in ("malformed_arguments", "unknown_tool"):
        for stream in (False, True):
            yield Scenario(f"tool call with {kind} is passed on [chat, {'stream' if stream else 'unary'}]",
                           [{"type": "tool_fault", "kind": kind}], [by("a")], stream=stream, extra=offered,
                           calls={"a": 1, "b": 0})


SCENARIOS = [*on_every_surface(), *on_every_stream(), *traits(), *vendors(), *tools()]
