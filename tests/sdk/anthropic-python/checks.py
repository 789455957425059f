"""Anthropic's SDK for Python, validating every answer strictly."""

import json

import anthropic
from pydantic import BaseModel
from story import (
    DEGREES, HELLO, KEY, ONE_CITY, PICTURE_URL, PICTURE_URL_SEEN, PNG, PNG_SEEN, REPORT, REPORT_SCHEMA, SIDECAR,
    THOUGHTS, TWO_CITIES, WEATHER_SCHEMA, Story, raises, same, within,
)

story = Story("anthropic for Python")
client = anthropic.Anthropic(base_url=SIDECAR, api_key=KEY, max_retries=0, timeout=20, _strict_response_validation=True)

TOOL = {"name": "get_weather", "input_schema": WEATHER_SCHEMA}
THINKING = {"type": "enabled", "budget_tokens": 1024}
SIGNATURE = "c2lnbmVkLWJ5LXRoZS12ZW5kb3I="


def user(content):
    return {"role": "user", "content": content}


def ask(model, *messages, **more):
    return client.messages.create(model=model, messages=list(messages), max_tokens=2048, **more)


def final(model, *messages, **more):
    """The message that the SDK puts together from a stream."""
    with client.messages.stream(model=model, messages=list(messages), max_tokens=2048, **more) as stream:
        return stream.get_final_message()


def results(message):
    """The cities asked for, the assistant's turn and the turn with a result for each of its calls."""
    calls = [block for block in message.content if block.type == "tool_use"]
    answers = [{"type": "tool_result", "tool_use_id": c.id, "content": DEGREES[c.input["city"]]} for c in calls]
    return [call.input["city"] for call in calls], [message.to_param(), user(answers)]


@story.tell
def a_question_is_answered(behind):
    answer = ask(behind.route, user("Say hello"))
    same([block.to_dict() for block in answer.content], [{"type": "text", "text": HELLO}])
    same((answer.type, answer.role, answer.stop_reason, answer.stop_sequence), ("message", "assistant", "end_turn", None))


@story.tell
def the_tokens_used_are_told(behind):
    usage = ask(behind.route, user("Say hello")).usage
    same((usage.input_tokens, usage.output_tokens), (11, 7))


@story.tell
def a_stream_adds_up_and_ends(behind):
    events = list(ask(behind.route, user("Say hello"), stream=True))
    kinds = [event.type for event in events]
    deltas = kinds.count("content_block_delta")
    assert deltas > 4, "the stream came in one piece"
    expected = ["message_start", "content_block_start", *["content_block_delta"] * deltas]
    same(kinds, [*expected, "content_block_stop", "message_delta", "message_stop"])
    same("".join(event.delta.text for event in events if event.type == "content_block_delta"), HELLO)


@story.tell
def a_stream_tells_why_it_ended_and_the_tokens(behind):
    answer = final(behind.route, user("Say hello"))
    same((answer.content[0].text, answer.stop_reason), (HELLO, "end_turn"))
    same((answer.usage.input_tokens, answer.usage.output_tokens), (11, 7))


@story.tell
def an_answer_cut_by_its_limit_says_so(behind):
    same(ask(behind.route, user("Stop short")).stop_reason, "max_tokens")


@story.tell
def the_system_prompt_counts(behind):
    for system in ("You are a pirate.", [{"type": "text", "text": "You are a pirate."}]):
        same(ask(behind.route, user("Who are you?"), system=system).content[0].text, "Arr, a pirate.")


@story.tell
def earlier_turns_are_remembered(behind):
    turns = [user("I am Ada."), {"role": "assistant", "content": "Hello, Ada."}, user("And my name?")]
    same(ask(behind.route, *turns).content[0].text, "You are Ada.")


@story.tell
def a_tool_is_called_and_its_result_used(behind):
    answer = ask(behind.route, user(ONE_CITY), tools=[TOOL])
    same(answer.stop_reason, "tool_use")
    cities, turns = results(answer)
    same(cities, ["Paris"])
    answer = ask(behind.route, user(ONE_CITY), *turns, tools=[TOOL])
    same((answer.content[0].text, answer.stop_reason), ("It is 18 degrees in Paris.", "end_turn"))


@story.tell
def two_streamed_tool_calls_stay_apart(behind):
    answer = final(behind.route, user(TWO_CITIES), tools=[TOOL])
    same(answer.stop_reason, "tool_use")
    same(len({block.id for block in answer.content if block.type == "tool_use"}), 2)
    cities, turns = results(answer)
    same(cities, ["Paris", "Oslo"])
    same(ask(behind.route, user(TWO_CITIES), *turns, tools=[TOOL]).content[0].text, "Paris is warmer by 14.")


@story.tell
def streamed_blocks_open_and_close_in_order(behind):
    events = list(ask(behind.route, user(TWO_CITIES), tools=[TOOL], stream=True))
    steps = [(event.type, event.index) for event in events if event.type.startswith("content_block_")]
    opened = [step for at, step in enumerate(steps) if at == 0 or step != steps[at - 1]]
    one = lambda index: [(f"content_block_{word}", index) for word in ("start", "delta", "stop")]
    same(opened, [*one(0), *one(1)])


@story.tell
def results_of_two_tools_reach_a_strict_vendor_together(behind):
    calls = [{"type": "tool_use", "id": name, "name": "get_weather", "input": {"city": "Paris"}} for name in "ab"]
    answers = [{"type": "tool_result", "tool_use_id": name, "content": f"{name} is done"} for name in "ab"]
    turns = [user("Hi"), {"role": "assistant", "content": calls}, user([*answers, {"type": "text", "text": "Well?"}])]
    same(ask(behind.witness, *turns, tools=[TOOL]).content[0].text, "result a is done; result b is done")


@story.tell
def a_result_may_be_an_error_and_hold_a_picture(behind):
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
    call = {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"city": "Paris"}}
    words = [{"type": "text", "text": "no weather"}, picture]
    answer = {"type": "tool_result", "tool_use_id": "toolu_1", "is_error": True, "content": words}
    turns = [user("Hi"), {"role": "assistant", "content": [call]}, user([answer])]
    said = ask(behind.witness, *turns, tools=[TOOL]).content[0].text
    within("no weather", said)
    within(PNG_SEEN, said)


@story.tell
def the_choice_of_a_tool_and_stop_words_arrive(behind):
    choice = {"type": "tool", "name": "get_weather"}
    answer = ask(behind.witness, user("Hi"), tools=[TOOL], tool_choice=choice, stop_sequences=["END"])
    same(answer.content[0].text, "choice get_weather; stop END")


@story.tell
def marks_for_the_prompt_cache_do_no_harm(behind):
    marked = {"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral"}}
    same(ask(behind.witness, user([marked]), system=[marked]).content[0].text, "nothing special")


@story.tell
def thoughts_are_shown(behind):
    answer = ask(behind.route, user("Think it over"), thinking=THINKING)
    same([block.type for block in answer.content], ["thinking", "text"])
    same((answer.content[0].thinking, answer.content[1].text), (THOUGHTS, "Four."))
    if behind.dialect == "anthropic":
        same(answer.content[0].signature, SIGNATURE)


@story.tell
def thoughts_are_streamed_before_the_answer(behind):
    answer = final(behind.route, user("Think it over"), thinking=THINKING)
    same([block.type for block in answer.content], ["thinking", "text"])
    same((answer.content[0].thinking, answer.content[1].text), (THOUGHTS, "Four."))
    if behind.dialect == "anthropic":
        same(answer.content[0].signature, SIGNATURE)


@story.tell
def a_tool_loop_with_thoughts_goes_on(behind):
    asked = user("Think about the weather in Paris")
    for answer_of in (ask, final):
        answer = answer_of(behind.route, asked, tools=[TOOL], thinking=THINKING)
        same([block.type for block in answer.content], ["thinking", "tool_use"])
        _, turns = results(answer)
        answer = ask(behind.route, asked, *turns, tools=[TOOL], thinking=THINKING)
        same(answer.content[-1].text, "On reflection, 18 degrees.")


@story.tell
def the_wish_to_think_and_to_call_one_tool_at_a_time_arrives(behind):
    choice = {"type": "auto", "disable_parallel_tool_use": True}
    answer = ask(behind.witness, user("Hi"), tools=[TOOL], tool_choice=choice, thinking=THINKING)
    same(sorted(answer.content[0].text.split("; "))[-2:], ["one call at a time", "thinks"])


@story.only("openai")
def what_the_model_refuses_is_left_out(behind):
    same(ask(behind.witness, user("Hi"), extra_body={"temperature": 0.2, "top_k": 5}).content[0].text, "nothing special")


@story.only("anthropic")
def thoughts_of_another_vendor_are_not_shown_to_one_that_cannot_verify_them(behind):
    asked = user("Think about the weather in Paris")
    foreign = ask("via-openai", asked, tools=[TOOL], thinking=THINKING)
    _, turns = results(foreign)
    answer = ask(behind.witness, asked, *turns, tools=[TOOL], thinking=THINKING)
    same(answer.content[0].text, "result 18")


@story.tell
def thoughts_return_to_the_vendor_with_its_signature(behind):
    asked = user("Think about the weather in Paris")
    for answer_of in (ask, final):
        _, turns = results(answer_of(behind.route, asked, tools=[TOOL], thinking=THINKING))
        said = ask(behind.witness, asked, *turns, tools=[TOOL], thinking=THINKING).content[0].text.split("; ")
        # OpenAI's chat completions take no thoughts back.
        wanted = ["result 18", "thinks", f"thought {THOUGHTS}"]
        same(sorted(said), wanted if behind.dialect == "anthropic" else wanted[:2])


@story.only("openai")
def tokens_are_counted_before_they_are_sent(behind):
    count = client.messages.count_tokens(model=behind.route, messages=[user("Say hello to all who are there")])
    assert 5 < count.input_tokens < 40, count


@story.tell
def a_picture_arrives_as_bytes(behind):
    source = {"type": "base64", "media_type": "image/png", "data": PNG}
    parts = [{"type": "image", "source": source}, {"type": "text", "text": "Look"}]
    same(ask(behind.witness, user(parts)).content[0].text, PNG_SEEN)


@story.tell
def a_picture_arrives_as_its_address(behind):
    parts = [{"type": "image", "source": {"type": "url", "url": PICTURE_URL}}, {"type": "text", "text": "Look"}]
    same(ask(behind.witness, user(parts)).content[0].text, PICTURE_URL_SEEN)


@story.tell
def an_answer_follows_a_schema(behind):
    wanted = {"format": {"type": "json_schema", "schema": REPORT_SCHEMA}}
    same(json.loads(ask(behind.witness, user("Report"), output_config=wanted).content[0].text), REPORT)


@story.tell
def an_answer_is_parsed_into_a_class(behind):
    class Report(BaseModel):
        city: str
        degrees: int

    answer = client.messages.parse(
        model=behind.witness, messages=[user("Report")], max_tokens=64, output_format=Report
    )
    same(answer.parsed_output, Report(**REPORT))


def is_refused(behind, status, kind, **more):
    with raises(kind, f"the vendor says {status}", status=status):
        for _ in ask(behind.refused, user(f"refuse with {status}"), **more):
            pass


@story.tell
def refusals_raise_the_right_class_with_the_vendors_words(behind):
    is_refused(behind, 400, anthropic.BadRequestError)
    is_refused(behind, 401, anthropic.AuthenticationError)
    is_refused(behind, 429, anthropic.RateLimitError)
    is_refused(behind, 529, anthropic._exceptions.OverloadedError)


@story.tell
def refusals_of_streams_raise_the_right_class_with_the_vendors_words(behind):
    is_refused(behind, 400, anthropic.BadRequestError, stream=True)
    is_refused(behind, 401, anthropic.AuthenticationError, stream=True)
    is_refused(behind, 429, anthropic.RateLimitError, stream=True)
    is_refused(behind, 529, anthropic._exceptions.OverloadedError, stream=True)


@story.tell
def refusals_name_the_kind_of_error(behind):
    kinds = {400: "invalid_request_error", 401: "authentication_error", 429: "rate_limit_error", 529: "overloaded_error"}
    for status, kind in kinds.items():
        try:
            ask(behind.refused, user(f"refuse with {status}"))
        except anthropic.APIStatusError as error:
            same((error.body["type"], error.body["error"]["type"]), ("error", kind))
        else:
            raise AssertionError(f"{status} did not raise")


@story.tell
def a_stream_that_breaks_raises(behind):
    try:
        final(behind.route, user("Break off"))
    except anthropic.APIStatusError as error:
        within("the stream broke", str(error))
    else:
        raise AssertionError("the stream ended as if it were whole")


@story.tell
def a_failed_target_of_the_other_dialect_is_not_noticed(behind):
    same(ask(behind.after_failure, user("Say hello")).content[0].text, HELLO)
    cities, _ = results(final(behind.after_failure, user(TWO_CITIES), tools=[TOOL]))
    same(cities, ["Paris", "Oslo"])


if __name__ == "__main__":
    story.end()
