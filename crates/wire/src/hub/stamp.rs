//! What an answer says beside what it was asked: of itself, and at its end.

/// What an answer of ours says of itself where the upstream's says nothing.
#[derive(Clone, Copy, Debug)]
pub struct Stamp<'a> {
    /// Unix seconds.
    pub created: u64,
    /// Id of the request.
    pub request_id: &'a str,
}

/// What is added to the end of a stream.
#[derive(Clone, Debug, Default)]
pub struct Closing {
    /// `usage.cost`: a JSON number.
    pub cost: Option<String>,
    /// `openrouter_metadata`: a JSON object.
    pub metadata: Option<String>,
}
