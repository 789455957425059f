//! What a model at a provider can be asked for.

use outrigger_catalog::{Kind, Model};
use outrigger_route::{
    snapshot::Operations,
    words::{Modalities, Modality, Parameter, Parameters, Quantization},
};
use outrigger_wire::{Dialect, Dialects, Operation};

/// The operations a model of `kind` answers at a provider that speaks `dialects`; all that these can be asked for, of a model
/// that nobody knows. What is translated is answered by whoever speaks a dialect that is.
pub(crate) fn operations(dialects: Dialects, kind: Option<Kind>) -> Operations {
    let of_kind = kind.map(of_kind);
    let crosses = dialects.iter().any(Dialect::is_translated);
    let spoken = |operation: &Operation| dialects.contains(operation.dialect());
    let crossed = |operation: &Operation| crosses && TRANSLATED.contains(operation);
    Operation::ALL
        .into_iter()
        .filter(|operation| of_kind.is_none_or(|of_kind| of_kind.contains(operation)))
        .filter(|operation| spoken(operation) || crossed(operation))
        .collect()
}

/// What a model of `kind` is asked for.
fn of_kind(kind: Kind) -> &'static [Operation] {
    match kind {
        Kind::Chat => &[
            Operation::ChatCompletions,
            Operation::Completions,
            Operation::Responses,
            Operation::Messages,
            Operation::CountTokens,
        ],
        Kind::Completion => &[Operation::Completions],
        Kind::Embedding => &[Operation::Embeddings],
        Kind::Image => &[Operation::ImageGenerations, Operation::ImageEdits, Operation::ImageVariations],
        Kind::Speech => &[Operation::Speech],
        Kind::Transcription => &[Operation::Transcriptions, Operation::Translations],
        Kind::Rerank => &[Operation::Rerank],
        Kind::Moderation => &[Operation::Moderations],
    }
}

/// What is answered by translation where it has to be: tokens are counted by whoever can, else here.
const TRANSLATED: [Operation; 3] = [Operation::ChatCompletions, Operation::Messages, Operation::CountTokens];

/// Parameters of OpenAI's that Messages has no words for.
const NOT_ANTHROPICS: [Parameter; 12] = [
    Parameter::MinP,
    Parameter::TopA,
    Parameter::FrequencyPenalty,
    Parameter::PresencePenalty,
    Parameter::RepetitionPenalty,
    Parameter::LogitBias,
    Parameter::Logprobs,
    Parameter::TopLogprobs,
    Parameter::Seed,
    Parameter::Verbosity,
    Parameter::Prediction,
    Parameter::WebSearchOptions,
];

/// The parameters a model honours: all of what is spoken, but for those whose capability the catalogue does not list.
pub(crate) fn parameters(dialects: Dialects, model: Option<&Model>) -> Parameters {
    let mut all = Parameters::all();
    if !dialects.contains(Dialect::ChatCompletions) && !dialects.contains(Dialect::Responses) {
        NOT_ANTHROPICS.iter().for_each(|parameter| all.remove(*parameter));
    }
    let Some(can) = model.map(|model| model.capabilities) else { return all };
    let mut without = |has: bool, parameters: &[Parameter]| {
        if !has {
            parameters.iter().for_each(|parameter| all.remove(*parameter));
        }
    };
    without(can.tools, &[Parameter::Tools, Parameter::ToolChoice, Parameter::ParallelToolCalls]);
    without(can.reasoning, &[Parameter::Reasoning, Parameter::ReasoningEffort]);
    without(can.structured_outputs, &[Parameter::StructuredOutputs]);
    // Known for certain of these two alone; their newer models refuse sampling.
    let author = |model: &Model| matches!(model.id.split('/').next(), Some("anthropic" | "openai"));
    let refuses = !can.temperature && model.is_some_and(author);
    without(!refuses, &[Parameter::Temperature, Parameter::TopP, Parameter::TopK]);
    all
}

/// What a prompt may contain.
pub(crate) fn modalities(model: Option<&Model>) -> Modalities {
    let Some(model) = model else { return Modalities::all() };
    let word = |modality: &outrigger_catalog::Modality| match modality {
        outrigger_catalog::Modality::Text => Modality::Text,
        outrigger_catalog::Modality::Image => Modality::Image,
        outrigger_catalog::Modality::Audio => Modality::Audio,
        outrigger_catalog::Modality::Video => Modality::Video,
        outrigger_catalog::Modality::File => Modality::File,
    };
    model.input_modalities.iter().map(word).collect()
}

/// What a prompt may contain, as policy says it.
pub(crate) fn declared_modalities(modalities: &[outrigger_crd::provider::Modality]) -> Modalities {
    let word = |modality: &outrigger_crd::provider::Modality| match modality {
        outrigger_crd::provider::Modality::Text => Modality::Text,
        outrigger_crd::provider::Modality::Image => Modality::Image,
        outrigger_crd::provider::Modality::Audio => Modality::Audio,
        outrigger_crd::provider::Modality::Video => Modality::Video,
        outrigger_crd::provider::Modality::File => Modality::File,
    };
    modalities.iter().map(word).collect()
}

/// A precision, as policy says it.
pub(crate) fn quantization(declared: outrigger_crd::provider::Quantization) -> Quantization {
    use outrigger_crd::provider::Quantization as Declared;
    match declared {
        Declared::Int4 => Quantization::Int4,
        Declared::Int8 => Quantization::Int8,
        Declared::Fp4 => Quantization::Fp4,
        Declared::Mxfp4 => Quantization::Mxfp4,
        Declared::Nvfp4 => Quantization::Nvfp4,
        Declared::Fp6 => Quantization::Fp6,
        Declared::Fp8 => Quantization::Fp8,
        Declared::Mxfp8 => Quantization::Mxfp8,
        Declared::Fp16 => Quantization::Fp16,
        Declared::Bf16 => Quantization::Bf16,
        Declared::Fp32 => Quantization::Fp32,
        Declared::Unknown => Quantization::Unknown,
    }
}
