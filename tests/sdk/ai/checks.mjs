// Vercel's AI SDK with its providers for OpenAI, for whatever is compatible with it, and for Anthropic.

import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, Output, embed, generateText, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";
import {
  DEGREES, HELLO, KEY, ONE_CITY, PICTURE_URL, PICTURE_URL_SEEN, PNG, PNG_SEEN, REPORT, SIDECAR, THOUGHTS, TWO_CITIES, Story,
  collect, raises, same,
} from "./story.mjs";

globalThis.AI_SDK_LOG_WARNINGS = false;

const story = new Story("AI SDK");
const openai = createOpenAI({ baseURL: `${SIDECAR}/v1`, apiKey: KEY });
const compatible = createOpenAICompatible({
  name: "outrigger", baseURL: `${SIDECAR}/v1`, apiKey: KEY, includeUsage: true, supportsStructuredOutputs: true,
});
const anthropic = createAnthropic({ baseURL: `${SIDECAR}/v1`, apiKey: KEY });

const thinking = { thinking: { type: "enabled", budgetTokens: 1024 } };
const PROVIDERS = {
  openai: { model: (name) => openai.chat(name), thoughtful: { openai: { reasoningEffort: "high", forceReasoning: true } } },
  "openai-compatible": { model: (name) => compatible(name), thoughtful: { outrigger: { reasoningEffort: "high" } } },
  anthropic: { model: (name) => anthropic(name), thoughtful: { anthropic: thinking } },
};

const tools = {
  get_weather: tool({ inputSchema: z.object({ city: z.string() }), execute: ({ city }) => DEGREES[city] }),
};
const loop = { tools, stopWhen: stepCountIs(3) };
const report = Output.object({ schema: z.object({ city: z.string(), degrees: z.int() }) });
const bytes = Buffer.from(PNG, "base64");
const look = (image) => [{ role: "user", content: [{ type: "text", text: "Look" }, image] }];

// A check for each provider, with what it takes to ask its model.
function tellAll(name, check, dialects, providers = Object.keys(PROVIDERS)) {
  for (const provider of providers) {
    const { model, thoughtful } = PROVIDERS[provider];
    const ask = (route, more) => generateText({ model: model(route), maxRetries: 0, ...more });
    const stream = (route, more) => streamText({ model: model(route), maxRetries: 0, onError: () => {}, ...more });
    story.tell(`${provider}: ${name}`, (behind) => check({ ...behind, ask, stream, thoughtful, provider }), dialects);
  }
}

tellAll("a question is answered and its tokens told", async ({ ask, route }) => {
  const answer = await ask(route, { prompt: "Say hello" });
  same([answer.text, answer.finishReason, answer.usage.inputTokens, answer.usage.outputTokens], [HELLO, "stop", 11, 7]);
});

tellAll("a stream adds up and ends", async ({ stream, route }) => {
  const result = stream(route, { prompt: "Say hello" });
  const pieces = await collect(result.textStream);
  same([pieces.join(""), await result.finishReason], [HELLO, "stop"]);
  same(pieces.length > 4, true);
  const usage = await result.usage;
  same([usage.inputTokens, usage.outputTokens], [11, 7]);
});

tellAll("the system prompt counts", async ({ ask, route }) => {
  same((await ask(route, { system: "You are a pirate.", prompt: "Who are you?" })).text, "Arr, a pirate.");
});

tellAll("a tool is called and its result used", async ({ ask, route }) => {
  const answer = await ask(route, { prompt: ONE_CITY, ...loop });
  same([answer.text, answer.steps[0].finishReason], ["It is 18 degrees in Paris.", "tool-calls"]);
});

tellAll("two streamed tool calls stay apart", async ({ stream, route }) => {
  const result = stream(route, { prompt: TWO_CITIES, ...loop });
  same(await result.text, "Paris is warmer by 14.");
  const [{ toolCalls }] = await result.steps;
  same(toolCalls.map((call) => call.input), [{ city: "Paris" }, { city: "Oslo" }]);
  same(new Set(toolCalls.map((call) => call.toolCallId)).size, 2);
});

// The provider `openai` drops `reasoning_content`.
tellAll("thoughts are shown and streamed", async ({ ask, stream, route, thoughtful }) => {
  const more = { prompt: "Think it over", providerOptions: thoughtful };
  const answer = await ask(route, more);
  same([answer.text, answer.reasoningText], ["Four.", THOUGHTS]);
  const result = stream(route, more);
  same([await result.text, await result.reasoningText], ["Four.", THOUGHTS]);
}, undefined, ["openai-compatible", "anthropic"]);

tellAll("a tool loop with thoughts goes on", async ({ ask, stream, route, thoughtful }) => {
  const more = { prompt: "Think about the weather in Paris", providerOptions: thoughtful, ...loop };
  same((await ask(route, more)).text, "On reflection, 18 degrees.");
  same(await stream(route, more).text, "On reflection, 18 degrees.");
});

tellAll("a picture arrives as bytes", async ({ ask, witness }) => {
  same((await ask(witness, { messages: look({ type: "image", image: bytes, mediaType: "image/png" }) })).text, PNG_SEEN);
});

// The provider `openai-compatible` fetches pictures itself unless it is told that the model can.
tellAll("a picture arrives as its address", async ({ ask, witness }) => {
  const image = { type: "image", image: new URL(PICTURE_URL), mediaType: "image/png" };
  same((await ask(witness, { messages: look(image) })).text, PICTURE_URL_SEEN);
}, undefined, ["openai", "anthropic"]);

tellAll("an answer is parsed by a schema of zod", async ({ ask, witness }) => {
  // By the name of a route the provider `anthropic` cannot know that the model takes a schema.
  const providerOptions = { anthropic: { structuredOutputMode: "outputFormat" } };
  same((await ask(witness, { prompt: "Report", output: report, providerOptions })).output, REPORT);
});

tellAll("an answer is parsed by way of a tool", async ({ ask, witness }) => {
  const providerOptions = { anthropic: { structuredOutputMode: "jsonTool" } };
  same((await ask(witness, { prompt: "Report", output: report, providerOptions })).output, REPORT);
}, undefined, ["anthropic"]);

tellAll("texts become vectors", async ({ vectors, provider }) => {
  const model = provider === "openai" ? openai.embedding(vectors) : compatible.embeddingModel(vectors);
  same((await embed({ model, value: "a boat", maxRetries: 0 })).embedding, [0.25, -0.5, 0.125]);
}, ["openai"], ["openai", "openai-compatible"]);

tellAll("refusals raise with their status and the vendor's words", async ({ ask, refused }) => {
  for (const status of [400, 401, 429, 529]) {
    const refuse = () => ask(refused, { prompt: `refuse with ${status}` });
    await raises(APICallError, [`the vendor says ${status}`], status, refuse);
  }
});

// Whether the error event is read before the connection breaks is up to Node's fetch.
tellAll("a stream that breaks does not look whole", async ({ stream, route }) => {
  const parts = [];
  let broke = false;
  try {
    for await (const part of stream(route, { prompt: "Break off" }).fullStream) parts.push(part.type);
  } catch {
    broke = true;
  }
  same([parts.includes("text-delta"), broke || parts.includes("error")], [true, true]);
});

tellAll("a failed target of the other dialect is not noticed", async ({ ask, stream, afterFailure }) => {
  same((await ask(afterFailure, { prompt: ONE_CITY, ...loop })).text, "It is 18 degrees in Paris.");
  same(await stream(afterFailure, { prompt: "Say hello" }).text, HELLO);
});

await story.end();
