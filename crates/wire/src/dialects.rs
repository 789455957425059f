//! The list of dialects. One that is added has a folder with its [`Codec`](crate::codec::Codec) and a line here.

/// Gives the list to the macro `$with`: for each dialect its variant, the words for it (first the stable one, then those
/// that are read too), what `ModelProvider.spec.dialects` calls it, and its codec. What is `translated` comes and goes as
/// another dialect, too; what is `passed` is understood where it comes and goes as itself alone.
macro_rules! dialects {
    ($with:ident) => {
        $with! {
            translated {
                /// OpenAI's chat completions, with the rest of the HTTP API that its many compatible vendors have: legacy
                /// completions, embeddings, pictures, sound, rerank.
                ChatCompletions = "chat_completions" | "openai", "ChatCompletions" => crate::openai::Chat,
                /// Anthropic's Messages.
                Messages = "messages" | "anthropic", "Messages" => crate::anthropic::Messages,
            }
            passed {
                /// OpenAI's Responses.
                Responses = "responses", "Responses" => crate::responses::Responses,
            }
        }
    };
}

pub(crate) use dialects;
