// OpenRouter's SDK for Node, as if the sidecar were OpenRouter.

import { OpenRouter } from "@openrouter/sdk";
import * as errors from "@openrouter/sdk/models/errors";
import {
  DEGREES, HELLO, KEY, ONE_CITY, PICTURE_URL, PICTURE_URL_SEEN, PNG, PNG_SEEN, REPORT, REPORT_SCHEMA, SIDECAR, THOUGHTS,
  TWO_CITIES, WEATHER_SCHEMA, Story, collect, raises, same,
} from "./story.mjs";

const story = new Story("OpenRouter for Node");
// Without retries of its own, and with the path that OpenRouter has.
const client = new OpenRouter({
  apiKey: KEY, serverURL: `${SIDECAR}/api/v1`, retryConfig: { strategy: "none" }, timeoutMs: 20_000,
});
const tools = [{ type: "function", function: { name: "get_weather", parameters: WEATHER_SCHEMA } }];
const user = (content) => ({ role: "user", content });
const ask = (model, messages, more) => client.chat.send({ chatRequest: { model, messages, ...more } });
const stream = async (model, messages, more) => collect(await ask(model, messages, { stream: true, ...more }));
const text = (answer) => answer.choices[0].message.content;

// The cities asked for, the assistant's turn, and a result for each call.
function turns(calls) {
  const cities = calls.map((call) => JSON.parse(call.arguments).city);
  const toolCalls = calls.map((call) => ({
    id: call.id, type: "function", function: { name: "get_weather", arguments: call.arguments },
  }));
  const results = calls.map((call, at) => ({ role: "tool", toolCallId: call.id, content: DEGREES[cities[at]] }));
  return [cities, [{ role: "assistant", content: null, toolCalls }, ...results]];
}

story.tell("a question is answered and its tokens told", async ({ route }) => {
  const answer = await ask(route, [user("Say hello")]);
  same([text(answer), answer.choices[0].finishReason], [HELLO, "stop"]);
  same([answer.usage.promptTokens, answer.usage.completionTokens], [11, 7]);
});

story.tell("a stream adds up and ends", async ({ route }) => {
  const events = await stream(route, [user("Say hello")], { streamOptions: { includeUsage: true } });
  const choices = events.flatMap((event) => event.choices);
  same(choices.map((choice) => choice.delta.content ?? "").join(""), HELLO);
  same(choices.map((choice) => choice.finishReason).filter(Boolean), ["stop"]);
  same(events.filter((event) => event.usage).map((event) => event.usage.promptTokens), [11]);
  same(events.length > 4, true);
});

story.tell("the system prompt counts", async ({ route }) => {
  same(text(await ask(route, [{ role: "system", content: "You are a pirate." }, user("Who are you?")])), "Arr, a pirate.");
});

story.tell("a tool is called and its result used", async ({ route }) => {
  const { choices } = await ask(route, [user(ONE_CITY)], { tools });
  same(choices[0].finishReason, "tool_calls");
  const [cities, more] = turns(choices[0].message.toolCalls.map((call) => ({ id: call.id, ...call.function })));
  same(cities, ["Paris"]);
  same(text(await ask(route, [user(ONE_CITY), ...more], { tools })), "It is 18 degrees in Paris.");
});

story.tell("two streamed tool calls stay apart", async ({ route }) => {
  const calls = [];
  for (const event of await stream(route, [user(TWO_CITIES)], { tools })) {
    for (const piece of event.choices.flatMap((choice) => choice.delta.toolCalls ?? [])) {
      const call = (calls[piece.index] ??= { id: "", arguments: "" });
      call.id += piece.id ?? "";
      call.arguments += piece.function?.arguments ?? "";
    }
  }
  const [cities, more] = turns(calls);
  same([cities, new Set(calls.map((call) => call.id)).size], [["Paris", "Oslo"], 2]);
  same(text(await ask(route, [user(TWO_CITIES), ...more], { tools })), "Paris is warmer by 14.");
});

// An OpenAI vendor's `reasoning_content`, as aimock sends it, is not in this SDK's classes, and the same dialect passes as
// it is: only translated thoughts can be looked for.
story.tell("thoughts are shown and streamed", async ({ route }) => {
  const answer = await ask(route, [user("Think it over")], { reasoning: { effort: "high" } });
  same([text(answer), answer.choices[0].message.reasoning], ["Four.", THOUGHTS]);
  const events = await stream(route, [user("Think it over")], { reasoning: { effort: "high" } });
  same(events.flatMap((event) => event.choices).map((choice) => choice.delta.reasoning ?? "").join(""), THOUGHTS);
}, ["anthropic"]);

story.tell("a picture arrives as bytes and as its address", async ({ witness }) => {
  for (const [url, seen] of [[`data:image/png;base64,${PNG}`, PNG_SEEN], [PICTURE_URL, PICTURE_URL_SEEN]]) {
    const parts = [{ type: "text", text: "Look" }, { type: "image_url", imageUrl: { url } }];
    same(text(await ask(witness, [user(parts)])), seen);
  }
});

story.tell("an answer follows a schema", async ({ witness }) => {
  const responseFormat = { type: "json_schema", jsonSchema: { name: "report", strict: true, schema: REPORT_SCHEMA } };
  same(JSON.parse(text(await ask(witness, [user("Report")], { responseFormat }))), REPORT);
});

story.tell("texts become vectors", async ({ vectors }) => {
  const { data } = await client.embeddings.generate({ requestBody: { model: vectors, input: "a boat" } });
  same(data.map((item) => item.embedding), [[0.25, -0.5, 0.125]]);
}, ["openai"]);

story.tell("the models are listed", async ({ route }) => {
  const { result, next } = await client.models.list();
  same(result.data.some((model) => model.id === route), true);
  same((await next()) ?? null, null);
}, ["openai"]);

story.tell("refusals raise the right class with the vendor's words", async ({ refused }) => {
  for (const [status, kind] of [
    [400, errors.BadRequestResponseError],
    [401, errors.UnauthorizedResponseError],
    [429, errors.TooManyRequestsResponseError],
    [529, errors.ProviderOverloadedResponseError],
  ]) {
    for (const call of [ask, stream]) {
      await raises(kind, [`the vendor says ${status}`], status, () => call(refused, [user(`refuse with ${status}`)]));
    }
  }
});

story.tell("a stream that breaks does not look whole", async ({ route }) => {
  const told = [];
  try {
    for await (const event of await ask(route, [user("Break off")], { stream: true })) told.push(event.error?.message);
  } catch (error) {
    told.push(error.message);
  }
  // Whether the error event is read before the connection breaks is up to Node's fetch.
  same(/the stream broke|terminated/.test(told.join()), true);
});

story.tell("a failed target of the other dialect is not noticed", async ({ afterFailure }) => {
  same(text(await ask(afterFailure, [user("Say hello")])), HELLO);
  const events = await stream(afterFailure, [user("Say hello")]);
  same(events.flatMap((event) => event.choices).map((choice) => choice.delta.content ?? "").join(""), HELLO);
});

await story.end();
