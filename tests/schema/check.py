"""Holds translated requests and answers against the vendors' published types.

Reads `requests.jsonl` and `answers.jsonl` of the folder given, as `crates/wire/tests/crossed.rs` writes them. What is sent
upstream must be what the vendor's SDK would let one write, unknown members forbidden; what callers get must be what the
SDK reads. `anthropic` is pinned to a version that still lists `temperature`, which its older models take.
"""

import collections
import json
import pathlib
import sys
import typing

import pydantic
import typing_extensions
from anthropic.types import Message, RawMessageStreamEvent
from anthropic.types import message_create_params as messages
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.chat import completion_create_params as chat
from pydantic import ConfigDict, TypeAdapter


def strict(kind, seen):
    """Forbids unknown members in a TypedDict and in all that it mentions."""
    if id(kind) in seen:
        return
    seen.add(id(kind))
    if typing_extensions.is_typeddict(kind):
        kind.__pydantic_config__ = ConfigDict(extra="forbid", arbitrary_types_allowed=True)
        for member in typing_extensions.get_type_hints(kind).values():
            strict(member, seen)
    for part in typing.get_args(kind):
        strict(part, seen)


def adapter(*kinds):
    for kind in kinds:
        strict(kind, set())
    return TypeAdapter(typing.Union[kinds])


SENT = {
    "chat_completions": adapter(chat.CompletionCreateParamsNonStreaming, chat.CompletionCreateParamsStreaming),
    "messages": adapter(messages.MessageCreateParamsNonStreaming, messages.MessageCreateParamsStreaming),
}
EVENT, MESSAGE = TypeAdapter(RawMessageStreamEvent), TypeAdapter(Message)
COMPLETION, CHUNK = TypeAdapter(ChatCompletion), TypeAdapter(ChatCompletionChunk)


def consume(value):
    """Reads lazy sequences to their end: pydantic validates an `Iterable` only as it is read."""
    if isinstance(value, dict):
        for member in value.values():
            consume(member)
    elif hasattr(value, "__iter__") and not isinstance(value, (str, bytes)):
        for element in value:
            consume(element)


def lines(path):
    with open(path, encoding="utf-8") as file:
        yield from map(json.loads, file)


def check_sent(line):
    consume(SENT[line["dialect"]].validate_python(line["body"]))


def check_shown(line):
    for text in line["events"]:
        if text == "[DONE]":
            continue
        event = json.loads(text)
        if line["dialect"] == "messages":
            kind = MESSAGE if event["type"] == "message" else EVENT
        else:
            kind = COMPLETION if event["object"] == "chat.completion" else CHUNK
        kind.validate_python(event)


def refuses_nonsense():
    """The checks can fail: each of these is wrong in one place."""
    good = {"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "x"}]}
    for name, kind in SENT.items():
        consume(kind.validate_python(good))
        for bad in ({**good, "bogus": 1}, {**good, "messages": [{"role": "nobody", "content": "x"}]}):
            try:
                consume(kind.validate_python(bad))
            except pydantic.ValidationError:
                continue
            sys.exit(f"{name}: nonsense is taken: {bad}")


def main():
    folder = pathlib.Path(sys.argv[1])
    refuses_nonsense()
    counts, passed, failed = collections.Counter(), 0, 0
    for name, check in (("requests", check_sent), ("answers", check_shown)):
        for line in lines(folder / f"{name}.jsonl"):
            if name == "requests" and line["body"] is None:
                # Refused with its place: nothing was sent.
                continue
            try:
                check(line)
            except pydantic.ValidationError as error:
                failed += 1
                print(f"FAIL {name} {line['place']}: {error.errors()[0]}"[:400])
                continue
            passed += 1
            counts[name, line["dialect"]] += 1
    for (name, dialect), count in sorted(counts.items()):
        print(f"{name} in {dialect}: {count} valid")
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)


main()
