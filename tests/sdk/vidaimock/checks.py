"""OpenAI's and Anthropic's SDK against another provider that is not ours: vidaimock, which checks required fields."""

import json

import anthropic
import openai
from story import KEY, ONE_CITY, SIDECAR, WEATHER_SCHEMA, Story, same, within

story = Story("vidaimock")
chat = openai.OpenAI(base_url=f"{SIDECAR}/v1", api_key=KEY, max_retries=0, timeout=20).chat.completions
messages = anthropic.Anthropic(base_url=SIDECAR, api_key=KEY, max_retries=0, timeout=20).messages

HELLO = [{"role": "user", "content": "Say hello"}]
OPENAI_TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": WEATHER_SCHEMA}}
ANTHROPIC_TOOL = {"name": "get_weather", "input_schema": WEATHER_SCHEMA}


def said(behind, text):
    """vidaimock says of itself what it is asked as."""
    words = {"openai": "This is a mock response from VidaiMock.", "anthropic": "Anthropic mock response."}
    within(words[behind.dialect], text)


@story.tell
def chat_is_answered(behind):
    answer = chat.create(model=behind.route, messages=HELLO)
    said(behind, answer.choices[0].message.content)
    same(answer.choices[0].finish_reason, "stop")
    assert answer.usage.prompt_tokens > 0 and answer.usage.completion_tokens > 0, answer.usage


@story.tell
def chat_is_streamed(behind):
    with chat.stream(model=behind.route, messages=HELLO, stream_options={"include_usage": True}) as stream:
        answer = stream.get_final_completion()
    said(behind, answer.choices[0].message.content)
    same(answer.choices[0].finish_reason, "stop")
    assert answer.usage.prompt_tokens > 0 and answer.usage.completion_tokens > 0, answer.usage


@story.tell
def chat_calls_a_tool_and_uses_its_result(behind):
    asked = [{"role": "user", "content": ONE_CITY}]
    answer = chat.create(model=behind.route, messages=asked, tools=[OPENAI_TOOL])
    message = answer.choices[0].message
    same((answer.choices[0].finish_reason, message.tool_calls[0].function.name), ("tool_calls", "get_weather"))
    json.loads(message.tool_calls[0].function.arguments)
    results = [{"role": "tool", "tool_call_id": call.id, "content": "18"} for call in message.tool_calls]
    answer = chat.create(model=behind.route, messages=[*asked, message.to_dict(), *results], tools=[OPENAI_TOOL])
    same((answer.choices[0].finish_reason, answer.choices[0].message.tool_calls), ("stop", None))


@story.tell
def messages_are_answered(behind):
    answer = messages.create(model=behind.route, messages=HELLO, max_tokens=64)
    said(behind, answer.content[0].text)
    same(answer.stop_reason, "end_turn")
    assert answer.usage.input_tokens > 0 and answer.usage.output_tokens > 0, answer.usage


@story.tell
def messages_are_streamed(behind):
    with messages.stream(model=behind.route, messages=HELLO, max_tokens=64) as stream:
        answer = stream.get_final_message()
    said(behind, answer.content[0].text)
    same(answer.stop_reason, "end_turn")
    assert answer.usage.input_tokens > 0 and answer.usage.output_tokens > 0, answer.usage


@story.tell
def messages_call_a_tool_and_use_its_result(behind):
    asked = {"role": "user", "content": ONE_CITY}
    answer = messages.create(model=behind.route, messages=[asked], max_tokens=64, tools=[ANTHROPIC_TOOL])
    same(answer.stop_reason, "tool_use")
    calls = [block for block in answer.content if block.type == "tool_use"]
    same([call.name for call in calls], ["get_weather"])
    results = [{"type": "tool_result", "tool_use_id": call.id, "content": "18"} for call in calls]
    turns = [asked, answer.to_param(), {"role": "user", "content": results}]
    answer = messages.create(model=behind.route, messages=turns, max_tokens=64, tools=[ANTHROPIC_TOOL])
    same((answer.stop_reason, [block.type for block in answer.content]), ("end_turn", ["text"]))


if __name__ == "__main__":
    story.end()
