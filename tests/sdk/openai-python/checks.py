"""OpenAI's SDK for Python, validating every answer strictly."""

import json

import openai
from pydantic import BaseModel
from story import (
    DEGREES, HELLO, KEY, ONE_CITY, PICTURE_URL, PICTURE_URL_SEEN, PNG, PNG_SEEN, REPORT, REPORT_SCHEMA, SIDECAR,
    THOUGHTS, TWO_CITIES, WEATHER_SCHEMA, Story, raises, same, within,
)

story = Story("openai for Python")
client = openai.OpenAI(base_url=f"{SIDECAR}/v1", api_key=KEY, max_retries=0, timeout=20, _strict_response_validation=True)
chat = client.chat.completions

TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": WEATHER_SCHEMA}}


# aimock's.
SIGNATURE = "c2lnbmVkLWJ5LXRoZS12ZW5kb3I="


def user(text):
    return {"role": "user", "content": text}


def results(message):
    """The assistant's turn and a result for each of its calls."""
    calls = message.tool_calls
    cities = [json.loads(call.function.arguments)["city"] for call in calls]
    answers = [{"role": "tool", "tool_call_id": c.id, "content": DEGREES[city]} for c, city in zip(calls, cities)]
    return cities, [message.to_dict(), *answers]


@story.tell
def a_question_is_answered(behind):
    answer = chat.create(model=behind.route, messages=[user("Say hello")])
    [choice] = answer.choices
    same((choice.message.role, choice.message.content, choice.finish_reason), ("assistant", HELLO, "stop"))
    same(answer.object, "chat.completion")


@story.tell
def the_tokens_used_are_told(behind):
    usage = chat.create(model=behind.route, messages=[user("Say hello")]).usage
    same((usage.prompt_tokens, usage.completion_tokens, usage.total_tokens), (11, 7, 18))


@story.tell
def a_stream_adds_up_and_ends(behind):
    chunks = list(chat.create(model=behind.route, messages=[user("Say hello")], stream=True))
    choices = [choice for chunk in chunks for choice in chunk.choices]
    same("".join(choice.delta.content or "" for choice in choices), HELLO)
    same([choice.finish_reason for choice in choices if choice.finish_reason], ["stop"])
    same(len({chunk.id for chunk in chunks}), 1)
    assert len(chunks) > 4, "the stream came in one piece"
    assert all(chunk.usage is None for chunk in chunks), "usage was not asked for"


@story.tell
def a_stream_tells_the_tokens_when_asked(behind):
    options = {"include_usage": True}
    chunks = list(chat.create(model=behind.route, messages=[user("Say hello")], stream=True, stream_options=options))
    [usage] = [chunk.usage for chunk in chunks if chunk.usage]
    same((usage.prompt_tokens, usage.completion_tokens, usage.total_tokens), (11, 7, 18))
    same(chunks[-1].choices, [])


@story.tell
def the_stream_helper_assembles_the_same_answer(behind):
    with chat.stream(model=behind.route, messages=[user("Say hello")]) as stream:
        answer = stream.get_final_completion()
    same((answer.choices[0].message.content, answer.choices[0].finish_reason), (HELLO, "stop"))


@story.tell
def an_answer_cut_by_its_limit_says_so(behind):
    answer = chat.create(model=behind.route, messages=[user("Stop short")], max_completion_tokens=7)
    same(answer.choices[0].finish_reason, "length")


@story.tell
def the_system_prompt_counts(behind):
    for role in ("system", "developer"):
        if (role, behind.dialect) == ("developer", "openai"):
            continue  # aimock looks for `system` alone, and the same dialect passes as it is
        messages = [{"role": role, "content": "You are a pirate."}, user("Who are you?")]
        same(chat.create(model=behind.route, messages=messages).choices[0].message.content, "Arr, a pirate.")


@story.tell
def earlier_turns_are_remembered(behind):
    messages = [user("I am Ada."), {"role": "assistant", "content": "Hello, Ada."}, user("And my name?")]
    same(chat.create(model=behind.route, messages=messages).choices[0].message.content, "You are Ada.")


@story.tell
def a_tool_is_called_and_its_result_used(behind):
    asked = [user(ONE_CITY)]
    answer = chat.create(model=behind.route, messages=asked, tools=[TOOL])
    same(answer.choices[0].finish_reason, "tool_calls")
    cities, turns = results(answer.choices[0].message)
    same(cities, ["Paris"])
    answer = chat.create(model=behind.route, messages=asked + turns, tools=[TOOL])
    same(answer.choices[0].message.content, "It is 18 degrees in Paris.")


@story.tell
def two_streamed_tool_calls_stay_apart(behind):
    asked = [user(TWO_CITIES)]
    with chat.stream(model=behind.route, messages=asked, tools=[TOOL]) as stream:
        choice = stream.get_final_completion().choices[0]
    same(choice.finish_reason, "tool_calls")
    same(len({call.id for call in choice.message.tool_calls}), 2)
    same([call.function.name for call in choice.message.tool_calls], ["get_weather"] * 2)
    calls = [call.to_dict() for call in choice.message.tool_calls]
    cities = [json.loads(call["function"]["arguments"])["city"] for call in calls]
    same(cities, ["Paris", "Oslo"])
    answers = [{"role": "tool", "tool_call_id": c["id"], "content": DEGREES[city]} for c, city in zip(calls, cities)]
    # The helper adds the parsed arguments, which no request may have.
    for call in calls:
        call["function"].pop("parsed_arguments", None)
        call.pop("index", None)
    turns = [{"role": "assistant", "content": None, "tool_calls": calls}, *answers]
    answer = chat.create(model=behind.route, messages=asked + turns, tools=[TOOL])
    same(answer.choices[0].message.content, "Paris is warmer by 14.")


@story.tell
def streamed_tool_calls_are_numbered_from_zero(behind):
    chunks = chat.create(model=behind.route, messages=[user(TWO_CITIES)], tools=[TOOL], stream=True)
    calls = [c for chunk in chunks for choice in chunk.choices for c in choice.delta.tool_calls or []]
    same(sorted({call.index for call in calls}), [0, 1])
    same([bool(call.id) for call in calls if call.function.name], [True, True])


@story.tell
def results_of_two_tools_reach_a_strict_vendor_together(behind):
    call = {"type": "function", "function": {"name": "get_weather", "arguments": '{"city": "Paris"}'}}
    calls = [{**call, "id": "a"}, {**call, "id": "b"}]
    messages = [user("Hi"), {"role": "assistant", "content": None, "tool_calls": calls}]
    messages += [{"role": "tool", "tool_call_id": name, "content": f"{name} is done"} for name in "ab"]
    answer = chat.create(model=behind.witness, messages=[*messages, user("Well?")], tools=[TOOL])
    same(answer.choices[0].message.content, "result a is done; result b is done")


@story.tell
def the_choice_of_a_tool_and_stop_words_arrive(behind):
    choice = {"type": "function", "function": {"name": "get_weather"}}
    answer = chat.create(model=behind.witness, messages=[user("Hi")], tools=[TOOL], tool_choice=choice, stop=["END"])
    same(answer.choices[0].message.content, "choice get_weather; stop END")


@story.tell
def thoughts_are_shown(behind):
    answer = chat.create(model=behind.route, messages=[user("Think it over")], reasoning_effort="high")
    same((answer.choices[0].message.content, answer.choices[0].message.reasoning_content), ("Four.", THOUGHTS))


@story.tell
def thoughts_are_streamed_before_the_answer(behind):
    chunks = chat.create(model=behind.route, messages=[user("Think it over")], reasoning_effort="high", stream=True)
    deltas = [choice.delta for chunk in chunks for choice in chunk.choices]
    thought = [getattr(delta, "reasoning_content", None) or "" for delta in deltas]
    said = [delta.content or "" for delta in deltas]
    same(("".join(thought), "".join(said)), (THOUGHTS, "Four."))
    last_thought = max(at for at, text in enumerate(thought) if text)
    assert last_thought < min(at for at, text in enumerate(said) if text), "the answer began before the thoughts ended"


@story.tell
def a_tool_loop_with_thoughts_goes_on(behind):
    asked = [user("Think about the weather in Paris")]
    answer = chat.create(model=behind.route, messages=asked, tools=[TOOL], reasoning_effort="high")
    cities, turns = results(answer.choices[0].message)
    same(cities, ["Paris"])
    answer = chat.create(model=behind.route, messages=asked + turns, tools=[TOOL], reasoning_effort="high")
    same(answer.choices[0].message.content, "On reflection, 18 degrees.")


@story.tell
def a_tool_loop_goes_on_when_the_application_forgets_the_thoughts(behind):
    asked = [user("Think about the weather in Paris")]
    answer = chat.create(model=behind.route, messages=asked, tools=[TOOL], reasoning_effort="high")
    _, (turn, *answers) = results(answer.choices[0].message)
    turn = {name: turn[name] for name in ("role", "tool_calls")}
    answer = chat.create(model=behind.route, messages=[*asked, turn, *answers], tools=[TOOL], reasoning_effort="high")
    same(answer.choices[0].message.content, "On reflection, 18 degrees.")


@story.tell
def the_wish_to_think_and_to_call_one_tool_at_a_time_arrives(behind):
    more = {"reasoning_effort": "high", "parallel_tool_calls": False, "tools": [TOOL]}
    answer = chat.create(model=behind.witness, messages=[user("Hi")], **more)
    same(sorted(answer.choices[0].message.content.split("; ")), ["one call at a time", "thinks"])


@story.only("anthropic")
def thoughts_return_to_the_vendor_with_its_signature(behind):
    asked = [user("Think about the weather in Paris")]
    with chat.stream(model=behind.route, messages=asked, tools=[TOOL], reasoning_effort="high") as stream:
        streamed = stream.get_final_completion().choices[0].message
    whole = chat.create(model=behind.route, messages=asked, tools=[TOOL], reasoning_effort="high").choices[0].message
    _, turns = results(whole)
    answer = chat.create(model=behind.witness, messages=asked + turns, tools=[TOOL], reasoning_effort="high")
    same(sorted(answer.choices[0].message.content.split("; ")), ["result 18", "thinks", f"thought {THOUGHTS}"])
    same("".join(detail.get("signature", "") for detail in streamed.reasoning_details), SIGNATURE)


@story.tell
def a_picture_arrives_as_bytes(behind):
    parts = [
        {"type": "text", "text": "Look"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
    ]
    same(chat.create(model=behind.witness, messages=[user(parts)]).choices[0].message.content, PNG_SEEN)


@story.tell
def a_picture_arrives_as_its_address(behind):
    parts = [{"type": "text", "text": "Look"}, {"type": "image_url", "image_url": {"url": PICTURE_URL}}]
    same(chat.create(model=behind.witness, messages=[user(parts)]).choices[0].message.content, PICTURE_URL_SEEN)


@story.tell
def an_answer_follows_a_schema(behind):
    wanted = {"type": "json_schema", "json_schema": {"name": "report", "strict": True, "schema": REPORT_SCHEMA}}
    answer = chat.create(model=behind.witness, messages=[user("Report")], response_format=wanted)
    same(json.loads(answer.choices[0].message.content), REPORT)


@story.tell
def a_schema_that_is_looser_than_the_vendor_allows_is_fitted(behind):
    loose = {name: value for name, value in REPORT_SCHEMA.items() if name != "additionalProperties"}
    wanted = {"type": "json_schema", "json_schema": {"name": "report", "schema": loose}}
    answer = chat.create(model=behind.witness, messages=[user("Report")], response_format=wanted)
    same(json.loads(answer.choices[0].message.content), REPORT)


@story.tell
def an_answer_follows_a_schema_where_nothing_is_known_of_the_model(behind):
    wanted = {"type": "json_schema", "json_schema": {"name": "report", "strict": True, "schema": REPORT_SCHEMA}}
    answer = chat.create(model=behind.stranger, messages=[user("Report")], response_format=wanted)
    same((json.loads(answer.choices[0].message.content), answer.choices[0].finish_reason), (REPORT, "stop"))


@story.tell
def an_answer_is_parsed_into_a_class(behind):
    class Report(BaseModel):
        city: str
        degrees: int

    answer = chat.parse(model=behind.witness, messages=[user("Report")], response_format=Report)
    same(answer.choices[0].message.parsed, Report(**REPORT))


@story.only("openai")
def texts_become_vectors(behind):
    answer = client.embeddings.create(model=behind.vectors, input=["a boat"])
    same([item.embedding for item in answer.data], [[0.25, -0.5, 0.125]])


@story.only("anthropic")
def vectors_of_a_vendor_that_has_none_are_refused_plainly(behind):
    with raises(openai.BadRequestError, "does not offer this operation"):
        client.embeddings.create(model=behind.route, input=["a boat"])


def is_refused(behind, status, kind, **more):
    with raises(kind, f"the vendor says {status}", status=status):
        for _ in chat.create(model=behind.refused, messages=[user(f"refuse with {status}")], **more):
            pass


@story.tell
def refusals_raise_the_right_class_with_the_vendors_words(behind):
    is_refused(behind, 400, openai.BadRequestError)
    is_refused(behind, 401, openai.AuthenticationError)
    is_refused(behind, 429, openai.RateLimitError)
    is_refused(behind, 529, openai.InternalServerError)


@story.tell
def refusals_of_streams_raise_the_right_class_with_the_vendors_words(behind):
    is_refused(behind, 400, openai.BadRequestError, stream=True)
    is_refused(behind, 401, openai.AuthenticationError, stream=True)
    is_refused(behind, 429, openai.RateLimitError, stream=True)
    is_refused(behind, 529, openai.InternalServerError, stream=True)


@story.tell
def a_stream_that_breaks_raises(behind):
    with raises(openai.APIError, "the stream broke"):
        for _ in chat.create(model=behind.route, messages=[user("Break off")], stream=True):
            pass


@story.tell
def the_route_is_listed_among_the_models(behind):
    within(behind.route, [model.id for model in client.models.list()])


@story.tell
def a_failed_target_of_the_other_dialect_is_not_noticed(behind):
    answer = chat.create(model=behind.after_failure, messages=[user("Say hello")])
    same(answer.choices[0].message.content, HELLO)
    with chat.stream(model=behind.after_failure, messages=[user(TWO_CITIES)], tools=[TOOL]) as stream:
        calls = stream.get_final_completion().choices[0].message.tool_calls
    same([json.loads(call.function.arguments)["city"] for call in calls], ["Paris", "Oslo"])


if __name__ == "__main__":
    story.end()
