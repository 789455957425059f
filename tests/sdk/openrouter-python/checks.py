"""OpenRouter's SDK for Python, as if the sidecar were OpenRouter."""

import json

import httpx
from openrouter import OpenRouter, errors
from story import (
    DEGREES, HELLO, KEY, ONE_CITY, PICTURE_URL, PICTURE_URL_SEEN, PNG, PNG_SEEN, REPORT, REPORT_SCHEMA, SIDECAR,
    THOUGHTS, TWO_CITIES, WEATHER_SCHEMA, Story, raises, same, within,
)

story = Story("OpenRouter for Python")
# The ids that the sidecar gave its answers, the last one last.
generations = []
note = lambda response: generations.append(response.headers.get("x-generation-id"))
http = httpx.Client(event_hooks={"response": [note]})
# Without retries of its own, and with the path that OpenRouter has.
client = OpenRouter(api_key=KEY, server_url=f"{SIDECAR}/api/v1", client=http, retry_config=None, timeout_ms=20_000)

TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": WEATHER_SCHEMA}}


def user(content):
    return {"role": "user", "content": content}


def ask(model, *messages, **more):
    return client.chat.send(model=model, messages=list(messages), **more)


def stream(model, *messages, **more):
    with ask(model, *messages, stream=True, **more) as events:
        return list(events)


def turns(calls):
    """The cities asked for, the assistant's turn, and a result for each call."""
    cities = [json.loads(arguments)["city"] for _, arguments in calls]
    said = [
        {"id": name, "type": "function", "function": {"name": "get_weather", "arguments": arguments}}
        for name, arguments in calls
    ]
    results = [{"role": "tool", "tool_call_id": name, "content": DEGREES[city]} for (name, _), city in zip(calls, cities)]
    return cities, [{"role": "assistant", "content": None, "tool_calls": said}, *results]


@story.tell
def a_question_is_answered_and_its_tokens_told(behind):
    answer = ask(behind.route, user("Say hello"))
    same((answer.choices[0].message.content, answer.choices[0].finish_reason), (HELLO, "stop"))
    same((answer.usage.prompt_tokens, answer.usage.completion_tokens), (11, 7))


@story.tell
def a_stream_adds_up_and_ends(behind):
    events = stream(behind.route, user("Say hello"), stream_options={"include_usage": True})
    choices = [choice for event in events for choice in event.choices]
    same("".join(choice.delta.content or "" for choice in choices), HELLO)
    same([choice.finish_reason for choice in choices if choice.finish_reason], ["stop"])
    same([event.usage.prompt_tokens for event in events if event.usage], [11])
    assert len(events) > 4, "the stream came in one piece"


@story.tell
def the_system_prompt_counts(behind):
    answer = ask(behind.route, {"role": "system", "content": "You are a pirate."}, user("Who are you?"))
    same(answer.choices[0].message.content, "Arr, a pirate.")


@story.tell
def a_tool_is_called_and_its_result_used(behind):
    answer = ask(behind.route, user(ONE_CITY), tools=[TOOL])
    same(answer.choices[0].finish_reason, "tool_calls")
    calls = [(call.id, call.function.arguments) for call in answer.choices[0].message.tool_calls]
    cities, more = turns(calls)
    same(cities, ["Paris"])
    same(ask(behind.route, user(ONE_CITY), *more, tools=[TOOL]).choices[0].message.content, "It is 18 degrees in Paris.")


@story.tell
def two_streamed_tool_calls_stay_apart(behind):
    calls = {}
    for event in stream(behind.route, user(TWO_CITIES), tools=[TOOL]):
        for piece in [piece for choice in event.choices for piece in choice.delta.tool_calls or []]:
            call = calls.setdefault(int(piece.index), ["", ""])
            call[0] += piece.id or ""
            call[1] += piece.function.arguments or "" if piece.function else ""
    cities, more = turns([tuple(calls[index]) for index in sorted(calls)])
    same(cities, ["Paris", "Oslo"])
    same(len({name for name, _ in calls.values()}), 2)
    same(ask(behind.route, user(TWO_CITIES), *more, tools=[TOOL]).choices[0].message.content, "Paris is warmer by 14.")


@story.only("anthropic")
def thoughts_are_shown_and_streamed(behind):
    # An OpenAI vendor's `reasoning_content`, as aimock sends it, is not in this SDK's classes, and the same dialect
    # passes as it is: only translated thoughts can be looked for.
    answer = ask(behind.route, user("Think it over"), reasoning={"effort": "high"})
    same((answer.choices[0].message.content, answer.choices[0].message.reasoning), ("Four.", THOUGHTS))
    deltas = [choice.delta for event in stream(behind.route, user("Think it over")) for choice in event.choices]
    same("".join(delta.reasoning or "" for delta in deltas), THOUGHTS)


@story.tell
def a_picture_arrives_as_bytes_and_as_its_address(behind):
    for url, seen in ((f"data:image/png;base64,{PNG}", PNG_SEEN), (PICTURE_URL, PICTURE_URL_SEEN)):
        parts = [{"type": "text", "text": "Look"}, {"type": "image_url", "image_url": {"url": url}}]
        same(ask(behind.witness, user(parts)).choices[0].message.content, seen)


@story.tell
def an_answer_follows_a_schema(behind):
    wanted = {"type": "json_schema", "json_schema": {"name": "report", "strict": True, "schema": REPORT_SCHEMA}}
    answer = ask(behind.witness, user("Report"), response_format=wanted)
    same(json.loads(answer.choices[0].message.content), REPORT)


@story.only("openai")
def texts_become_vectors(behind):
    answer = client.embeddings.generate(model=behind.vectors, input="a boat")
    same([item.embedding for item in answer.data], [[0.25, -0.5, 0.125]])


@story.tell
def refusals_raise_the_right_class_with_the_vendors_words(behind):
    for status, kind in (
        (400, errors.BadRequestResponseError),
        (401, errors.UnauthorizedResponseError),
        (429, errors.TooManyRequestsResponseError),
        (529, errors.ProviderOverloadedResponseError),
    ):
        for ask_ in (ask, stream):
            with raises(kind, f"the vendor says {status}", status=status):
                ask_(behind.refused, user(f"refuse with {status}"))


@story.tell
def a_stream_that_breaks_does_not_look_whole(behind):
    try:
        events = stream(behind.route, user("Break off"))
    except httpx.RemoteProtocolError:
        return  # the abnormal end of the connection
    told = [event.error for event in events if event.error]
    assert told, "the stream ended as if it were whole"
    within("the stream broke", told[0].message)


@story.tell
def what_an_answer_took_can_be_asked_for_later(behind):
    ask(behind.route, user("Say hello"))
    told = client.generations.get_generation(id=generations[-1]).data
    same((told.tokens_prompt, told.tokens_completion), (11, 7))


@story.only("openai")
def the_models_are_listed(behind):
    listed = client.models.list()
    within(behind.route, [model.id for model in listed.result.data])
    same(listed.next(), None)


@story.tell
def a_failed_target_of_the_other_dialect_is_not_noticed(behind):
    same(ask(behind.after_failure, user("Say hello")).choices[0].message.content, HELLO)
    choices = [choice for event in stream(behind.after_failure, user("Say hello")) for choice in event.choices]
    same("".join(choice.delta.content or "" for choice in choices), HELLO)


if __name__ == "__main__":
    story.end()
