// OpenAI's SDK for Node.

import assert from "node:assert/strict";

import OpenAI from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";
import {
  DEGREES, HELLO, KEY, ONE_CITY, PICTURE_URL, PICTURE_URL_SEEN, PNG, PNG_SEEN, REPORT, REPORT_SCHEMA, SIDECAR, THOUGHTS,
  TWO_CITIES, WEATHER_SCHEMA, Story, collect, raises, same,
} from "./story.mjs";

const story = new Story("openai for Node");
const client = new OpenAI({ baseURL: `${SIDECAR}/v1`, apiKey: KEY, maxRetries: 0, timeout: 20_000 });
const tools = [{ type: "function", function: { name: "get_weather", parameters: WEATHER_SCHEMA } }];
const user = (content) => ({ role: "user", content });
const ask = (model, messages, more) => client.chat.completions.create({ model, messages, ...more });

// What the SDK's helper assembles from a stream.
const final = (model, messages, more) => client.chat.completions.stream({ model, messages, ...more }).finalChatCompletion();
const text = (answer) => answer.choices[0].message.content;

function results(message) {
  const cities = message.tool_calls.map((call) => JSON.parse(call.function.arguments).city);
  const answer = (call, at) => ({ role: "tool", tool_call_id: call.id, content: DEGREES[cities[at]] });
  return [cities, [message, ...message.tool_calls.map(answer)]];
}

story.tell("a question is answered and its tokens told", async ({ route }) => {
  const { choices, usage } = await ask(route, [user("Say hello")]);
  same([choices[0].message.content, choices[0].finish_reason], [HELLO, "stop"]);
  same([usage.prompt_tokens, usage.completion_tokens, usage.total_tokens], [11, 7, 18]);
});

story.tell("a stream adds up and ends", async ({ route }) => {
  const more = { stream: true, stream_options: { include_usage: true } };
  const chunks = await collect(await ask(route, [user("Say hello")], more));
  const choices = chunks.flatMap((chunk) => chunk.choices);
  same(choices.map((choice) => choice.delta.content ?? "").join(""), HELLO);
  same(choices.map((choice) => choice.finish_reason).filter(Boolean), ["stop"]);
  same(chunks.filter((chunk) => chunk.usage).map((chunk) => chunk.usage.prompt_tokens), [11]);
  same(chunks.length > 4, true);
});

story.tell("the stream helper assembles the same answer", async ({ route }) => {
  same(text(await final(route, [user("Say hello")])), HELLO);
});

story.tell("the system prompt counts", async ({ route }) => {
  same(text(await ask(route, [{ role: "system", content: "You are a pirate." }, user("Who are you?")])), "Arr, a pirate.");
});

story.tell("a tool is called and its result used", async ({ route }) => {
  const answer = await ask(route, [user(ONE_CITY)], { tools });
  same(answer.choices[0].finish_reason, "tool_calls");
  const [cities, turns] = results(answer.choices[0].message);
  same(cities, ["Paris"]);
  same(text(await ask(route, [user(ONE_CITY), ...turns], { tools })), "It is 18 degrees in Paris.");
});

story.tell("two streamed tool calls stay apart", async ({ route }) => {
  const [choice] = (await final(route, [user(TWO_CITIES)], { tools })).choices;
  same(choice.finish_reason, "tool_calls");
  const [cities, turns] = results(choice.message);
  same(cities, ["Paris", "Oslo"]);
  same(new Set(choice.message.tool_calls.map((call) => call.id)).size, 2);
  same(text(await ask(route, [user(TWO_CITIES), ...turns], { tools })), "Paris is warmer by 14.");
});

story.tell("the tool runner goes on by itself", async ({ route }) => {
  const tool = {
    type: "function",
    function: { name: "get_weather", parameters: WEATHER_SCHEMA, parse: JSON.parse, function: ({ city }) => DEGREES[city] },
  };
  for (const stream of [false, true]) {
    const runner = client.chat.completions.runTools({ model: route, messages: [user(TWO_CITIES)], tools: [tool], stream });
    same(await runner.finalContent(), "Paris is warmer by 14.");
  }
});

story.tell("thoughts are shown and streamed", async ({ route }) => {
  const more = { reasoning_effort: "high" };
  const answer = await ask(route, [user("Think it over")], more);
  same([text(answer), answer.choices[0].message.reasoning_content], ["Four.", THOUGHTS]);
  const chunks = await collect(await ask(route, [user("Think it over")], { ...more, stream: true }));
  same(chunks.map((chunk) => chunk.choices[0]?.delta.reasoning_content ?? "").join(""), THOUGHTS);
});

story.tell("a tool loop with thoughts goes on", async ({ route }) => {
  const asked = user("Think about the weather in Paris");
  const answer = await ask(route, [asked], { tools, reasoning_effort: "high" });
  const [, turns] = results(answer.choices[0].message);
  same(text(await ask(route, [asked, ...turns], { tools, reasoning_effort: "high" })), "On reflection, 18 degrees.");
});

story.tell("a picture arrives as bytes and as its address", async ({ witness }) => {
  for (const [url, seen] of [[`data:image/png;base64,${PNG}`, PNG_SEEN], [PICTURE_URL, PICTURE_URL_SEEN]]) {
    const parts = [{ type: "text", text: "Look" }, { type: "image_url", image_url: { url } }];
    same(text(await ask(witness, [user(parts)])), seen);
  }
});

story.tell("an answer follows a schema", async ({ witness }) => {
  const response_format = { type: "json_schema", json_schema: { name: "report", strict: true, schema: REPORT_SCHEMA } };
  same(JSON.parse(text(await ask(witness, [user("Report")], { response_format }))), REPORT);
});

story.tell("an answer is parsed by a schema of zod", async ({ witness }) => {
  const response_format = zodResponseFormat(z.object({ city: z.string(), degrees: z.int() }), "report");
  const answer = await client.chat.completions.parse({ model: witness, messages: [user("Report")], response_format });
  same(answer.choices[0].message.parsed, REPORT);
});

story.tell("texts become vectors", async ({ vectors }) => {
  const { data } = await client.embeddings.create({ model: vectors, input: "a boat" });
  same(data[0].embedding, [0.25, -0.5, 0.125]);
}, ["openai"]);

for (const stream of [false, true]) {
  const what = stream ? "streams" : "questions";
  story.tell(`refusals of ${what} raise the right class with the vendor's words`, async ({ refused }) => {
    for (const [status, kind] of [
      [400, OpenAI.BadRequestError],
      [401, OpenAI.AuthenticationError],
      [429, OpenAI.RateLimitError],
      [529, OpenAI.InternalServerError],
    ]) {
      const refuse = () => ask(refused, [user(`refuse with ${status}`)], { stream });
      await raises(kind, [`the vendor says ${status}`], status, refuse);
    }
  });
}

story.tell("a stream that breaks raises", async ({ route }) => {
  // Whether the error event is read before the connection breaks is up to Node's fetch.
  const whole = async () => collect(await ask(route, [user("Break off")], { stream: true }));
  await assert.rejects(whole, /the stream broke|terminated/);
});

story.tell("a failed target of the other dialect is not noticed", async ({ afterFailure }) => {
  same(text(await ask(afterFailure, [user("Say hello")])), HELLO);
  same(text(await final(afterFailure, [user("Say hello")])), HELLO);
});

await story.end();
