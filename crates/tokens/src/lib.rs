//! How many tokens a prompt has, before it is sent.
//!
//! Two steps, the first of which is enough for most decisions:
//!
//! 1. [`bounds`] and [`Prompt::bounds`] need no vocabulary and next to no time.
//! 2. [`Counter::load`] unpacks a vocabulary, on a thread that may block and only when a decision depends on it;
//!    [`estimate`] then counts the text of a request's body and weighs it for the family of the model.
//!
//! Nothing here is async, reads a clock, or does I/O; no bytes make it panic. Work is bounded: a body is parsed once,
//! and of each of texts, schema and tools at most [`WHOLE`] bytes are counted, beyond that windows of 4 KiB spread
//! evenly, whose count is scaled up.
//!
//! # What is counted
//!
//! Instructions, messages, names and arguments of calls, results, definitions of tools, the schema of an answer.
//! OpenAI's and Google's models are told of tools as TypeScript declarations, others in JSON. Thinking of earlier turns
//! is not in a prompt. A picture costs what its vendor's rule says for the size in the head of the file (PNG, JPEG, GIF,
//! WebP); of unknown size it is taken for 1024 by 1024 pixels, and [`Estimate::assumed`] counts it. OpenAI: tiles of 512
//! pixels or patches of 32, by model. Anthropic, and all without a rule of their own: width * height / 750, at most 1600,
//! 4784 for newer Claudes. Gemini: 258, from 3 on 1120. These rules were not held against recordings.
//!
//! Documents as files (PDF), audio, video, files kept at the provider, its own tools, kept conversations and encrypted
//! reasoning have costs that the body does not tell. [`Estimate::unknown`] counts them; they add nothing.
//!
//! # The tokenizer
//!
//! `tiktoken` with `o200k_base` alone: MIT or Apache-2.0, no `unsafe`, released monthly, compressed vocabularies chosen
//! by feature. Compared on 2.3 MB of text from recorded requests, as multiples of `tiktoken` 4.1.2; all counted the same
//! 691,979 tokens:
//!
//! | crate | binary | memory once loaded | after counting | load time | speed | |
//! | --- | --- | --- | --- | --- | --- | --- |
//! | `tiktoken` 4.1.2 | 1 | 1 | 1 | 1 | 1 | 2.5 to 3 MB in the binary, 23 MiB, some 50 ms, 100 to 200 MB/s |
//! | `bpe-openai` 0.3.2 | 12.5 | 2.9 | 2.9 | 0.8 | 0.3 | uncompressed tables of three vocabularies; best worst case |
//! | `tiktoken-rs` 0.12.1 | 2.1 | 2.0 | 2.1 | 1 to 2 | 0.2 | panics on a megabyte without a break |
//! | `tiktoken-fast` 0.1.3 | 1.7 | 0.8 | 1.1 to 2 | 0.8 | 1.3 to 2 | young; caches grow; brings `rayon` |
//! | `splintr` 0.22.0 | 1.5 | 1.3 | 2.4 to 5 | 0.6 | 0.2 to 0.9 | caches grow |
//!
//! `tokenizers`, `kitoken`, `fastokens`, `riptoken` and `wordchipper` bring no vocabulary. Of `tiktoken`'s memory some 13
//! MiB are tables, the rest is what unpacking leaves with the allocator; dropping a [`Counter`] gives back a part. Each
//! thread that counts keeps 1.2 MiB more, so count on few. Text without a break, such as a megabyte of one letter, is
//! counted at 5 to 8 MB/s.
//!
//! # How near it is
//!
//! Held against 1,049 different prompts with a recorded usage whose cost a body can tell, without pictures (2026-11-21).
//! `n`, and relative errors of the factors for prompts that were kept out of the fit: five parts, split by recording.
//! The last row has the factors as they stand, made from all prompts.
//!
//! | family | n | p50 | p90 | p95 | max | within 5 % | 10 % | 20 % |
//! | --- | --- | --- | --- | --- | --- | --- | --- | --- |
//! | GPT-3.5, GPT-4, older embeddings | 80 | 0.8 % | 12 % | 39 % | 305 % | 80 % | 88 % | 94 % |
//! | GPT-4o, GPT-4.1 | 251 | 2.7 % | 15 % | 58 % | 82 % | 62 % | 82 % | 90 % |
//! | GPT-5, o-series | 97 | 2.2 % | 40 % | 71 % | 210 % | 65 % | 76 % | 78 % |
//! | gpt-oss | 19 | 5.1 % | 46 % | 47 % | 47 % | 47 % | 63 % | 79 % |
//! | Claude to 3.7 | 49 | 11 % | 46 % | 65 % | 100 % | 27 % | 43 % | 69 % |
//! | Claude 4, 4.1 | 19 | 9.6 % | 125 % | 262 % | 262 % | 11 % | 53 % | 63 % |
//! | Claude 4.5, 4.6 | 156 | 3.4 % | 25 % | 48 % | 203 % | 62 % | 82 % | 90 % |
//! | Claude from 4.7 | 15 | 3.9 % | 120 % | 204 % | 204 % | 53 % | 53 % | 67 % |
//! | Gemini to 2.5 | 111 | 16 % | 138 % | 194 % | 304 % | 20 % | 37 % | 62 % |
//! | Gemini from 3 | 20 | 11 % | 49 % | 60 % | 73 % | 30 % | 35 % | 65 % |
//! | Llama 3 | 20 | 30 % | 77 % | 114 % | 149 % | 10 % | 15 % | 25 % |
//! | Llama 4 | 18 | 69 % | 1206 % | 2246 % | 2246 % | 17 % | 28 % | 28 % |
//! | Mistral | 40 | 5.0 % | 37 % | 43 % | 69 % | 50 % | 65 % | 80 % |
//! | Qwen | 11 | 14 % | 80 % | 86 % | 86 % | 18 % | 45 % | 64 % |
//! | DeepSeek | 25 | 62 % | 980 % | 1221 % | 2030 % | 20 % | 24 % | 36 % |
//! | GLM | 15 | 25 % | 53 % | 57 % | 57 % | 40 % | 40 % | 47 % |
//! | Cohere | 27 | 5.1 % | 77 % | 85 % | 88 % | 44 % | 70 % | 78 % |
//! | Amazon Titan, Nova 1 | 40 | 8.8 % | 48 % | 60 % | 66 % | 28 % | 58 % | 70 % |
//! | all | 1049 | 5.3 % | 61 % | 86 % | 2246 % | 48 % | 65 % | 76 % |
//! | all from 500 tokens on | 218 | 3.0 % | 64 % | 79 % | 100 % | 60 % | 75 % | 81 % |
//! | all, as they stand | 1049 | 3.4 % | 49 % | 74 % | 2644 % | 58 % | 73 % | 82 % |
//!
//! Most recorded prompts are tests of a sentence or two, half of them under 100 tokens, where a vendor's wrapping weighs
//! more than the text. The far errors are texts that a vendor or a reseller adds and no body shows (searches, templates
//! with instructions for tools), recordings of test servers, and recordings whose text was shortened afterwards. Of the
//! 28 prompts from 1,500 tokens on that are none of these, all eight of OpenAI's models are within 2.4 %, eight of the
//! fourteen of Claude within 11 %, and of all of them all but two within 26 %; those two repeat one word a thousand
//! times, which Claude cuts in two. The longest had 11,470 tokens. For longer ones the factor of text decides, 0.98 to 1.14 wherever it could be
//! fitted; nothing was recorded to check that by.
//!
//! A family with fewer than three prompts, Grok among them, has [`OVERALL`], and so has one whose own factors told less of
//! prompts kept out. The families of one maker draw each other.
//!
//! Of the same prompts 99.3 % lie between [`Prompt::bounds`], and 99.5 % are below what [`bounds`] says of the length
//! of the whole body. `cargo xtask calibrate` makes all these figures and the table of factors anew.

mod bounds;
mod counter;
mod estimate;
mod factors;
mod family;
mod image;
mod node;
mod parts;
mod pictures;

pub use bounds::{Bounds, bounds};
pub use counter::{Count, Counter, WHOLE};
pub use estimate::{Estimate, Prompt, estimate};
pub use factors::{Factors, Measure, OVERALL, TERMS, factors};
pub use family::Family;
