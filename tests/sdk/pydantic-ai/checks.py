"""Pydantic AI's agents on its OpenAI and Anthropic models, each against both dialects behind."""

import anthropic
import openai
from pydantic import BaseModel
from pydantic_ai import Agent, BinaryContent, Embedder, ImageUrl, NativeOutput, ToolOutput
from pydantic_ai.embeddings.openai import OpenAIEmbeddingModel
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.messages import ThinkingPart
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.profiles.anthropic import anthropic_model_profile
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider
from story import DEGREES, HELLO, KEY, ONE_CITY, PICTURE_URL, PICTURE_URL_SEEN, PNG_BYTES, PNG_SEEN, REPORT, SIDECAR
from story import THOUGHTS, TWO_CITIES, Story, raises, same

story = Story("Pydantic AI")


class Report(BaseModel):
    """Degrees in a city."""

    city: str
    degrees: int


def get_weather(city: str) -> str:
    """Degrees in a city."""
    return DEGREES[city]


def on_openai(model, thinking=False, **more):
    client = openai.AsyncOpenAI(base_url=f"{SIDECAR}/v1", api_key=KEY, max_retries=0, timeout=20)
    settings = {"openai_reasoning_effort": "high"} if thinking else {}
    return Agent(OpenAIChatModel(model, provider=OpenAIProvider(openai_client=client)), model_settings=settings, **more)


def on_anthropic(model, thinking=False, **more):
    client = anthropic.AsyncAnthropic(base_url=SIDECAR, api_key=KEY, max_retries=0, timeout=20)
    settings = {"max_tokens": 2048}
    if thinking:
        settings["anthropic_thinking"] = {"type": "enabled", "budget_tokens": 1024}
    # By the name of a route it cannot know what the model is able to do.
    profile = anthropic_model_profile("claude-sonnet-4-5")
    model = AnthropicModel(model, provider=AnthropicProvider(anthropic_client=client), profile=profile)
    return Agent(model, model_settings=settings, **more)


def told_by_both(check):
    """Tells the check for an agent on each of the two models."""
    for name, make in (("OpenAIChatModel", on_openai), ("AnthropicModel", on_anthropic)):

        def told(behind, make=make):
            check(make, behind)

        told.__name__ = f"{name}: {check.__name__}"
        story.tell(told)


def streamed(agent, prompt):
    """The whole text, the number of pieces, and the result of a stream."""
    result = agent.run_stream_sync(prompt)
    pieces = list(result.stream_text(delta=True, debounce_by=None))
    return "".join(pieces), len(pieces), result


@told_by_both
def a_question_is_answered_and_its_tokens_told(make, behind):
    result = make(behind.route).run_sync("Say hello")
    same(result.output, HELLO)
    same((result.usage.input_tokens, result.usage.output_tokens), (11, 7))


@told_by_both
def a_stream_adds_up_and_its_tokens_are_told(make, behind):
    text, pieces, result = streamed(make(behind.route), "Say hello")
    same(text, HELLO)
    assert pieces > 4, "the stream came in one piece"
    same((result.usage.input_tokens, result.usage.output_tokens), (11, 7))


@told_by_both
def the_system_prompt_counts(make, behind):
    same(make(behind.route, system_prompt="You are a pirate.").run_sync("Who are you?").output, "Arr, a pirate.")


@told_by_both
def a_tool_is_called_and_its_result_used(make, behind):
    same(make(behind.route, tools=[get_weather]).run_sync(ONE_CITY).output, "It is 18 degrees in Paris.")


@told_by_both
def two_streamed_tool_calls_stay_apart(make, behind):
    text, _, result = streamed(make(behind.route, tools=[get_weather]), TWO_CITIES)
    same(text, "Paris is warmer by 14.")
    calls = [part for message in result.all_messages() for part in message.parts if part.part_kind == "tool-call"]
    same([call.args_as_dict() for call in calls], [{"city": "Paris"}, {"city": "Oslo"}])
    same(len({call.tool_call_id for call in calls}), 2)


@told_by_both
def thoughts_are_shown(make, behind):
    result = make(behind.route, thinking=True).run_sync("Think it over")
    same(result.output, "Four.")
    parts = [part for message in result.all_messages() for part in message.parts]
    same([part.content for part in parts if isinstance(part, ThinkingPart)], [THOUGHTS])


@told_by_both
def a_tool_loop_with_thoughts_goes_on(make, behind):
    agent = make(behind.route, thinking=True, tools=[get_weather])
    same(agent.run_sync("Think about the weather in Paris").output, "On reflection, 18 degrees.")
    same(streamed(agent, "Think about the weather in Paris")[0], "On reflection, 18 degrees.")


@told_by_both
def a_picture_arrives_as_bytes(make, behind):
    picture = BinaryContent(data=PNG_BYTES, media_type="image/png")
    same(make(behind.witness).run_sync(["Look", picture]).output, PNG_SEEN)


@told_by_both
def a_picture_arrives_as_its_address(make, behind):
    same(make(behind.witness).run_sync(["Look", ImageUrl(PICTURE_URL)]).output, PICTURE_URL_SEEN)


@told_by_both
def a_result_is_structured_by_a_tool(make, behind):
    agent = make(behind.route, output_type=ToolOutput(Report, name="final_result"))
    same(agent.run_sync("Report on Paris").output, Report(**REPORT))


@told_by_both
def a_result_is_structured_by_a_schema(make, behind):
    agent = make(behind.witness, output_type=NativeOutput(Report))
    same(agent.run_sync("Report").output, Report(**REPORT))


@told_by_both
def refusals_raise_with_their_status_and_the_vendors_words(make, behind):
    for status in (400, 401, 429, 529):
        with raises(ModelHTTPError, f"the vendor says {status}", status=status, exact=False):
            make(behind.refused).run_sync(f"refuse with {status}")


@told_by_both
def a_failed_target_of_the_other_dialect_is_not_noticed(make, behind):
    same(make(behind.after_failure, tools=[get_weather]).run_sync(ONE_CITY).output, "It is 18 degrees in Paris.")
    same(streamed(make(behind.after_failure), "Say hello")[0], HELLO)


@story.only("openai")
def OpenAIEmbeddingModel_texts_become_vectors(behind):
    provider = OpenAIProvider(base_url=f"{SIDECAR}/v1", api_key=KEY)
    vectors = Embedder(OpenAIEmbeddingModel(behind.vectors, provider=provider)).embed_query_sync("a boat")
    same([list(vector) for vector in vectors.embeddings], [[0.25, -0.5, 0.125]])


if __name__ == "__main__":
    story.end()
