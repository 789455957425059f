// The provider behind: aimock, speaking OpenAI's and Anthropic's dialect on one port, with what it is asked and says.
// Prints its port once it listens. In strict mode a question that no fixture knows is a 503, never a made-up answer.

import { LLMock } from "@copilotkit/aimock";

// What every answer has; OpenRouter's SDKs insist on the fingerprint.
const every = {
  usage: { prompt_tokens: 11, completion_tokens: 7, input_tokens: 11, output_tokens: 7 },
  systemFingerprint: "fp_0123456789",
};
const weather = (city) => ({ name: "get_weather", arguments: JSON.stringify({ city }) });
const lastTurn = (request) => request.messages.slice(request.messages.findLastIndex((m) => m.role === "assistant"));

// Whether every call of the last assistant turn is answered by a result with its id and this text.
const answered = (...texts) => (request) => {
  const [turn, ...after] = lastTurn(request);
  const results = after.filter((message) => message.role === "tool");
  const ids = (turn?.tool_calls ?? []).map((call) => call.id);
  return (
    ids.length === texts.length &&
    ids.every((id, at) => results.some((r) => r.tool_call_id === id && JSON.stringify(r.content).includes(texts[at])))
  );
};
const first = (request) => !request.messages.some((message) => message.role === "tool");
const offers = (name) => (request) => (request.tools ?? []).some((tool) => tool.function?.name === name);
const both = (...tests) => (request) => tests.every((test) => test(request));

const mock = new LLMock({ port: 0, host: "127.0.0.1", strict: true, logLevel: "silent", chunkSize: 6 });

// What a question fails with, whoever asks it.
for (const [status, type] of [
  [400, "invalid_request_error"],
  [401, "authentication_error"],
  [429, "rate_limit_error"],
  [529, "overloaded_error"],
]) {
  const error = { type, message: `the vendor says ${status}` };
  mock.on({ userMessage: `refuse with ${status}` }, { status, error });
}
// A target that is always down: the next one has to answer.
mock.on({ model: "down" }, { status: 500, error: { type: "api_error", message: "the vendor is down" } });

mock.on({ userMessage: "Say hello" }, { content: "Hello from far away, 你好 🌍, at last.", ...every });
mock.on({ userMessage: "Stop short" }, { content: "This goes on and", finishReason: "length", ...every });
mock.on(
  { userMessage: "Break off" },
  { content: "This is a long answer that is never finished, whoever waits for it.", ...every },
  { truncateAfterChunks: 6, latency: 15 },
);
mock.on({ userMessage: "Who are you?", systemMessage: "You are a pirate." }, { content: "Arr, a pirate.", ...every });
mock.on({ userMessage: "And my name?", turnIndex: 1 }, { content: "You are Ada.", ...every });

const oneCity = "What is the weather in Paris?";
const asked = both(first, offers("get_weather"));
mock.on({ userMessage: oneCity, predicate: asked }, { toolCalls: [weather("Paris")], ...every });
mock.on({ userMessage: oneCity, predicate: answered("18") }, { content: "It is 18 degrees in Paris.", ...every });

const twoCities = "Compare the weather in Paris and Oslo";
const calls = [weather("Paris"), weather("Oslo")];
mock.on({ userMessage: twoCities, predicate: asked }, { toolCalls: calls, ...every });
mock.on({ userMessage: twoCities, predicate: answered("18", "4") }, { content: "Paris is warmer by 14.", ...every });

const thoughts = { reasoning: "Two and two make four.", reasoningSignature: "c2lnbmVkLWJ5LXRoZS12ZW5kb3I=" };
mock.on({ userMessage: "Think it over" }, { content: "Four.", ...thoughts, ...every });
const pondered = "Think about the weather in Paris";
const thoughtful = { toolCalls: [weather("Paris")], ...thoughts, ...every };
mock.on({ userMessage: pondered, predicate: asked }, thoughtful);
mock.on({ userMessage: pondered, predicate: answered("18") }, { content: "On reflection, 18 degrees.", ...every });

// Frameworks that get structured output by way of a tool name it themselves.
const structured = { name: "final_result", arguments: JSON.stringify({ city: "Paris", degrees: 18 }) };
mock.on({ userMessage: "Report on Paris", predicate: offers("final_result") }, { toolCalls: [structured], ...every });

mock.onEmbedding("a boat", { embedding: [0.25, -0.5, 0.125] });

await mock.start();
console.log(new URL(mock.url).port);
