"""LangChain's chat models for OpenAI and Anthropic, each against both dialects behind."""

import anthropic
import openai
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import BaseModel
from story import (
    DEGREES, HELLO, KEY, ONE_CITY, PICTURE_URL, PICTURE_URL_SEEN, PNG, PNG_SEEN, REPORT, SIDECAR, THOUGHTS, TWO_CITIES,
    Story, raises, same,
)

story = Story("LangChain")


@tool
def get_weather(city: str) -> str:
    """Degrees in a city."""
    return DEGREES[city]


class Report(BaseModel):
    """Degrees in a city."""

    city: str
    degrees: int


def chat_openai(model, thinking=False):
    more = {"reasoning_effort": "high"} if thinking else {}
    return ChatOpenAI(
        model=model, base_url=f"{SIDECAR}/v1", api_key=KEY, max_retries=0, timeout=20, use_responses_api=False, **more
    )


def chat_anthropic(model, thinking=False):
    more = {"thinking": {"type": "enabled", "budget_tokens": 1024}} if thinking else {}
    return ChatAnthropic(model=model, base_url=SIDECAR, api_key=KEY, max_retries=0, timeout=20, max_tokens=2048, **more)


def told_by_both(check):
    """Tells the check for each of the two chat models."""
    for name, make in (("ChatOpenAI", chat_openai), ("ChatAnthropic", chat_anthropic)):

        def told(behind, make=make):
            check(make, behind)

        told.__name__ = f"{name}: {check.__name__}"
        story.tell(told)


def added(chunks):
    whole = None
    for chunk in chunks:
        whole = chunk if whole is None else whole + chunk
    return whole


def results(message):
    return [ToolMessage(get_weather.invoke(call["args"]), tool_call_id=call["id"]) for call in message.tool_calls]


@told_by_both
def a_question_is_answered_and_its_tokens_told(make, behind):
    answer = make(behind.route).invoke("Say hello")
    same(answer.text, HELLO)
    same((answer.usage_metadata["input_tokens"], answer.usage_metadata["output_tokens"]), (11, 7))


@told_by_both
def a_stream_adds_up_and_ends(make, behind):
    chunks = list(make(behind.route).stream("Say hello", stream_usage=True))
    assert len(chunks) > 4, "the stream came in one piece"
    whole = added(chunks)
    same(whole.text, HELLO)
    same(whole.usage_metadata["output_tokens"], 7)
    # ChatAnthropic reads the tokens of the prompt from message_delta, where aimock's Anthropic streams leave them out.
    if make is not chat_anthropic or behind.dialect != "anthropic":
        same(whole.usage_metadata["input_tokens"], 11)
    ended = whole.response_metadata.get("finish_reason") or whole.response_metadata.get("stop_reason")
    same(ended, "stop" if make is chat_openai else "end_turn")


@told_by_both
def the_system_prompt_counts(make, behind):
    answer = make(behind.route).invoke([SystemMessage("You are a pirate."), HumanMessage("Who are you?")])
    same(answer.text, "Arr, a pirate.")


@told_by_both
def a_tool_is_called_and_its_result_used(make, behind):
    model, asked = make(behind.route).bind_tools([get_weather]), [HumanMessage(ONE_CITY)]
    answer = model.invoke(asked)
    same([(call["name"], call["args"]) for call in answer.tool_calls], [("get_weather", {"city": "Paris"})])
    same(model.invoke([*asked, answer, *results(answer)]).text, "It is 18 degrees in Paris.")


@told_by_both
def two_streamed_tool_calls_stay_apart(make, behind):
    model, asked = make(behind.route).bind_tools([get_weather]), [HumanMessage(TWO_CITIES)]
    answer = added(model.stream(asked))
    same([call["args"] for call in answer.tool_calls], [{"city": "Paris"}, {"city": "Oslo"}])
    same(len({call["id"] for call in answer.tool_calls}), 2)
    turn = AIMessage(content=answer.content, tool_calls=answer.tool_calls)
    same(model.invoke([*asked, turn, *results(answer)]).text, "Paris is warmer by 14.")


@told_by_both
def a_picture_arrives_as_bytes(make, behind):
    picture = {"type": "image", "base64": PNG, "mime_type": "image/png"}
    answer = make(behind.witness).invoke([HumanMessage([{"type": "text", "text": "Look"}, picture])])
    same(answer.text, PNG_SEEN)


@told_by_both
def a_picture_arrives_as_its_address(make, behind):
    picture = {"type": "image", "url": PICTURE_URL}
    answer = make(behind.witness).invoke([HumanMessage([{"type": "text", "text": "Look"}, picture])])
    same(answer.text, PICTURE_URL_SEEN)


@told_by_both
def an_answer_is_parsed_into_a_class(make, behind):
    same(make(behind.witness).with_structured_output(Report, method="json_schema").invoke("Report"), Report(**REPORT))


@told_by_both
def an_answer_is_parsed_by_way_of_a_tool(make, behind):
    same(make(behind.witness).with_structured_output(Report, method="function_calling").invoke("Report"), Report(**REPORT))


@told_by_both
def a_tool_loop_with_thoughts_goes_on(make, behind):
    model = make(behind.route, thinking=True).bind_tools([get_weather])
    asked = [HumanMessage("Think about the weather in Paris")]
    answer = model.invoke(asked)
    same(model.invoke([*asked, answer, *results(answer)]).text, "On reflection, 18 degrees.")


@story.tell
def ChatAnthropic_thoughts_are_shown_and_streamed(behind):
    model = chat_anthropic(behind.route, thinking=True)
    for answer in (model.invoke("Think it over"), added(model.stream("Think it over"))):
        same([block["thinking"] for block in answer.content if block["type"] == "thinking"], [THOUGHTS])
        same(answer.text, "Four.")


@story.only("openai")
def OpenAIEmbeddings_texts_become_vectors(behind):
    vectors = OpenAIEmbeddings(
        model=behind.vectors, base_url=f"{SIDECAR}/v1", api_key=KEY, max_retries=0, check_embedding_ctx_length=False
    )
    same(vectors.embed_query("a boat"), [0.25, -0.5, 0.125])


@story.tell
def ChatOpenAI_refusals_raise_the_right_class_with_the_vendors_words(behind):
    for status, kind in (
        (400, openai.BadRequestError),
        (401, openai.AuthenticationError),
        (429, openai.RateLimitError),
        (529, openai.InternalServerError),
    ):
        is_refused(chat_openai, behind, status, kind)


@story.tell
def ChatAnthropic_refusals_raise_the_right_class_with_the_vendors_words(behind):
    for status, kind in (
        (400, anthropic.BadRequestError),
        (401, anthropic.AuthenticationError),
        (429, anthropic.RateLimitError),
        (529, anthropic._exceptions.OverloadedError),
    ):
        is_refused(chat_anthropic, behind, status, kind)


def is_refused(make, behind, status, kind):
    # LangChain raises subclasses of the SDK's errors for some statuses.
    model = make(behind.refused)
    for ask in (model.invoke, lambda text: list(model.stream(text))):
        with raises(kind, f"the vendor says {status}", status=status, exact=False):
            ask(f"refuse with {status}")


@told_by_both
def a_failed_target_of_the_other_dialect_is_not_noticed(make, behind):
    model = make(behind.after_failure)
    same(model.invoke("Say hello").text, HELLO)
    same(added(model.stream("Say hello")).text, HELLO)


if __name__ == "__main__":
    story.end()
