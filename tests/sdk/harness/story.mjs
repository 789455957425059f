// Checks of one family of SDKs: each has a name that reads as a sentence and is told once per dialect behind.
// A check takes the routes that it goes to and passes by returning. The last line is `N passed, N failed`.

import assert from "node:assert/strict";

export const SIDECAR = process.env.OUTRIGGER_URL;
export const KEY = "sk-caller";

// A picture of one point, and what the witness says of it: its type and the first digits of its SHA-256.
export const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
export const PNG_SEEN = "image image/png 6b7fa434f92a";
export const PICTURE_URL = "https://pictures.invalid/point.png";
export const PICTURE_URL_SEEN = `image ${PICTURE_URL}`;

export const HELLO = "Hello from far away, 你好 🌍, at last.";
export const ONE_CITY = "What is the weather in Paris?";
export const TWO_CITIES = "Compare the weather in Paris and Oslo";
export const DEGREES = { Paris: "18", Oslo: "4" };
export const THOUGHTS = "Two and two make four.";
export const WEATHER_SCHEMA = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
};
export const REPORT_SCHEMA = {
  type: "object",
  properties: { city: { type: "string" }, degrees: { type: "integer" } },
  required: ["city", "degrees"],
  additionalProperties: false,
};
export const REPORT = { city: "Paris", degrees: 18 };

// The dialect behind, and the routes that lead to it: to a provider that answers from fixtures; to the same in an
// account of its own that may be cooled by failures; to one that says what it saw; to this dialect once a target of the
// other one has failed; and to a model that makes vectors.
const behind = (dialect) => ({
  dialect,
  route: `via-${dialect}`,
  refused: `refused-by-${dialect}`,
  witness: `seen-by-${dialect}`,
  afterFailure: `after-failure-${dialect}`,
  vectors: `vectors-${dialect}`,
});

export class Story {
  #told = [];

  constructor(family) {
    this.family = family;
  }

  tell(name, check, dialects = ["openai", "anthropic"]) {
    for (const dialect of dialects) this.#told.push({ name, check, behind: behind(dialect) });
  }

  async end() {
    let failed = 0;
    for (const { name, check, behind } of this.#told) {
      const line = `${this.family}, ${behind.dialect} behind: ${name}`;
      try {
        await check(behind);
        console.log(`ok   ${line}`);
      } catch (error) {
        failed += 1;
        console.log(`FAIL ${line}\n     ${reason(error).join("\n     ")}`);
      }
    }
    console.log(`${this.#told.length - failed} passed, ${failed} failed`);
    process.exitCode = failed || !this.#told.length ? 1 : 0;
  }
}

// The place in the check that failed, and why, in lines.
function reason(error) {
  const places = String(error?.stack).match(/checks\.mjs:\d+/g) ?? [];
  const body = error?.responseBody ?? error?.body;
  const why = [`${error?.name}: ${error?.message ?? error}`.slice(0, 1500), body ? String(body).slice(0, 600) : ""];
  return [...places.slice(0, 2), ...why].join("\n").trim().split("\n");
}

export const same = assert.deepEqual;

export function within(part, whole) {
  assert.ok(String(whole).includes(part), `${JSON.stringify(part)} is not in ${JSON.stringify(whole)}`);
}

// The call fails with exactly this class, with these words in its message, and with this status if given.
export async function raises(kind, words, status, call) {
  let error;
  try {
    await call();
  } catch (caught) {
    error = caught;
  }
  assert.ok(error, `nothing was raised, expected ${kind.name}`);
  assert.ok(error.constructor === kind, `${error.constructor?.name} was raised instead of ${kind.name}: ${error}`);
  for (const word of words) within(word, error.message);
  if (status !== undefined) same(error.status ?? error.statusCode, status);
}

export async function collect(stream) {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return parts;
}
