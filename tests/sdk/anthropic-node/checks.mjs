// Anthropic's SDK for Node.

import assert from "node:assert/strict";

import Anthropic from "@anthropic-ai/sdk";
import {
  DEGREES, HELLO, KEY, ONE_CITY, PICTURE_URL, PICTURE_URL_SEEN, PNG, PNG_SEEN, REPORT, REPORT_SCHEMA, SIDECAR, THOUGHTS,
  TWO_CITIES, WEATHER_SCHEMA, Story, collect, raises, same,
} from "./story.mjs";

const story = new Story("anthropic for Node");
const client = new Anthropic({ baseURL: SIDECAR, apiKey: KEY, maxRetries: 0, timeout: 20_000 });
const tools = [{ name: "get_weather", input_schema: WEATHER_SCHEMA }];
const thinking = { type: "enabled", budget_tokens: 1024 };
const user = (content) => ({ role: "user", content });
const ask = (model, messages, more) => client.messages.create({ model, messages, max_tokens: 2048, ...more });

// What the SDK's helper assembles from a stream.
const final = (model, messages, more) =>
  client.messages.stream({ model, messages, max_tokens: 2048, ...more }).finalMessage();
const text = (answer) => answer.content.filter((block) => block.type === "text").map((block) => block.text).join("");

function results(answer) {
  const calls = answer.content.filter((block) => block.type === "tool_use");
  const said = calls.map(({ id, input }) => ({ type: "tool_result", tool_use_id: id, content: DEGREES[input.city] }));
  return [calls, [{ role: "assistant", content: answer.content }, user(said)]];
}

story.tell("a question is answered and its tokens told", async ({ route }) => {
  const answer = await ask(route, [user("Say hello")]);
  same([text(answer), answer.stop_reason, answer.role, answer.type], [HELLO, "end_turn", "assistant", "message"]);
  same([answer.usage.input_tokens, answer.usage.output_tokens], [11, 7]);
});

story.tell("a stream adds up and ends", async ({ route }) => {
  const events = await collect(await ask(route, [user("Say hello")], { stream: true }));
  same([events[0].type, events.at(-1).type], ["message_start", "message_stop"]);
  const deltas = events.filter((event) => event.type === "content_block_delta");
  same(deltas.map((event) => event.delta.text).join(""), HELLO);
  same(deltas.length > 4, true);
});

story.tell("a stream tells why it ended and the tokens", async ({ route }) => {
  const answer = await final(route, [user("Say hello")]);
  same([text(answer), answer.stop_reason], [HELLO, "end_turn"]);
  same([answer.usage.input_tokens, answer.usage.output_tokens], [11, 7]);
});

story.tell("the system prompt counts", async ({ route }) => {
  same(text(await ask(route, [user("Who are you?")], { system: "You are a pirate." })), "Arr, a pirate.");
});

story.tell("a tool is called and its result used", async ({ route }) => {
  const answer = await ask(route, [user(ONE_CITY)], { tools });
  same(answer.stop_reason, "tool_use");
  const [calls, turns] = results(answer);
  same(calls.map((call) => [call.name, call.input]), [["get_weather", { city: "Paris" }]]);
  same(text(await ask(route, [user(ONE_CITY), ...turns], { tools })), "It is 18 degrees in Paris.");
});

story.tell("two streamed tool calls stay apart", async ({ route }) => {
  const answer = await final(route, [user(TWO_CITIES)], { tools });
  same(answer.stop_reason, "tool_use");
  const [calls, turns] = results(answer);
  same(calls.map((call) => call.input), [{ city: "Paris" }, { city: "Oslo" }]);
  same(new Set(calls.map((call) => call.id)).size, 2);
  same(text(await ask(route, [user(TWO_CITIES), ...turns], { tools })), "Paris is warmer by 14.");
});

// Without the vendor's stored threads, which neither a mock nor another dialect has.
story.tell("the tool runner goes on by itself", async ({ route }) => {
  const tool = { ...tools[0], run: ({ city }) => DEGREES[city], parse: (input) => input };
  const runner = client.beta.messages.toolRunner({
    model: route, messages: [user(TWO_CITIES)], max_tokens: 2048, tools: [tool], thread: false,
  });
  same(text(await runner), "Paris is warmer by 14.");
});

story.tell("thoughts are shown and streamed", async ({ route }) => {
  for (const answer of [ask, final]) {
    const { content } = await answer(route, [user("Think it over")], { thinking });
    same(content.map((block) => block.thinking ?? block.text), [THOUGHTS, "Four."]);
  }
});

story.tell("a tool loop with thoughts goes on", async ({ route }) => {
  const asked = user("Think about the weather in Paris");
  for (const answer of [ask, final]) {
    const [, turns] = results(await answer(route, [asked], { tools, thinking }));
    same(text(await ask(route, [asked, ...turns], { tools, thinking })), "On reflection, 18 degrees.");
  }
});

story.tell("a picture arrives as bytes and as its address", async ({ witness }) => {
  const bytes = { type: "base64", media_type: "image/png", data: PNG };
  for (const [source, seen] of [[bytes, PNG_SEEN], [{ type: "url", url: PICTURE_URL }, PICTURE_URL_SEEN]]) {
    same(text(await ask(witness, [user([{ type: "image", source }, { type: "text", text: "Look" }])])), seen);
  }
});

story.tell("an answer follows a schema", async ({ witness }) => {
  const output_config = { format: { type: "json_schema", schema: REPORT_SCHEMA } };
  same(JSON.parse(text(await ask(witness, [user("Report")], { output_config }))), REPORT);
});

for (const stream of [false, true]) {
  const what = stream ? "streams" : "questions";
  story.tell(`refusals of ${what} raise the right class with the vendor's words`, async ({ refused }) => {
    for (const [status, kind] of [
      [400, Anthropic.BadRequestError],
      [401, Anthropic.AuthenticationError],
      [429, Anthropic.RateLimitError],
      [529, Anthropic.OverloadedError],
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
