//! The list of dialects. One that is added has a folder with its `Codec`, a line here, and is brought in by `spoken`.

/// Gives the list to the macro `$with`: for each dialect its variant, which is the name of its codec, too; the words for it
/// (first the stable one, then those that are read too), and what `ModelProvider.spec.dialects` calls it. What is `translated` comes and goes as
/// another dialect, too; what is `passed` is understood where it comes and goes as itself alone.
macro_rules! dialects {
    ($with:ident) => {
        $with! {
            translated {
                /// OpenAI's chat completions, with the rest of the HTTP API that its many compatible vendors have: legacy
                /// completions, embeddings, pictures, sound, rerank.
                ChatCompletions = "chat_completions" | "openai", "ChatCompletions",
                /// Anthropic's Messages.
                Messages = "messages" | "anthropic", "Messages",
            }
            passed {
                /// OpenAI's Responses.
                Responses = "responses", "Responses",
            }
        }
    };
}

pub(crate) use dialects;
