use super::*;

fn kind(status: u16, body: &str) -> Kind {
    decode(status, &Bytes::copy_from_slice(body.as_bytes())).kind
}

/// F2, F3, F6: the words of each vendor say more than the status.
#[test]
fn each_vendors_words_give_the_right_kind() {
    for (status, body, want) in [
        (
            400,
            r#"{"error":{"message":"x","type":"invalid_request_error","param":null,"code":"context_length_exceeded"}}"#,
            Kind::ContextLength,
        ),
        (
            400,
            r#"{"error":{"message":"This model's maximum context length is 8192 tokens","type":"invalid_request_error"}}"#,
            Kind::ContextLength,
        ),
        (
            400,
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > 200000 maximum"}}"#,
            Kind::ContextLength,
        ),
        (413, r#"{"error":{"message":"input is too long"}}"#, Kind::ContextLength),
        (413, r#"{"type":"error","error":{"type":"request_too_large","message":"x"}}"#, Kind::TooLarge),
        (
            400,
            r#"{"error":{"code":"content_filter","message":"x","innererror":{"code":"ResponsibleAIPolicyViolation"}}}"#,
            Kind::ContentPolicy,
        ),
        (400, r#"{"error":{"code":"content_policy_violation","message":"x"}}"#, Kind::ContentPolicy),
        (400, r#"{"error":{"message":"bad","type":"invalid_request_error"}}"#, Kind::InvalidRequest),
        (422, r#"{"detail":[{"loc":["body"],"msg":"field required"}]}"#, Kind::InvalidRequest),
        (
            400,
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the API"}}"#,
            Kind::QuotaExhausted,
        ),
        (
            400,
            r#"[{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT"}}]"#,
            Kind::Unauthorized,
        ),
        (401, r#"{"error":{"message":"Incorrect API key","code":"invalid_api_key"}}"#, Kind::Unauthorized),
        (402, r#"{"error":{"message":"Insufficient Balance"}}"#, Kind::QuotaExhausted),
        (403, r#"{"error":{"message":"x","type":"permission_error"}}"#, Kind::Forbidden),
        (404, r#"{"error":{"message":"no such model","code":"model_not_found"}}"#, Kind::NotFound),
        (429, r#"{"error":{"message":"x","type":"tokens","code":"rate_limit_exceeded"}}"#, Kind::RateLimited),
        (
            429,
            r#"{"error":{"message":"x","type":"insufficient_quota","code":"insufficient_quota"}}"#,
            Kind::QuotaExhausted,
        ),
        (500, r#"{"error":{"message":"x","type":"server_error"}}"#, Kind::ServerError),
        (503, r#"{"message":"busy"}"#, Kind::Overloaded),
        (529, r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#, Kind::Overloaded),
        (418, "{}", Kind::InvalidRequest),
        (408, "{}", Kind::TryAgain),
    ] {
        assert_eq!(kind(status, body), want, "{status} {body}");
    }
}

/// S13, F5: a body that cannot be read loses neither the status nor itself.
#[test]
fn a_body_that_cannot_be_read_keeps_its_status() {
    for body in [
        &b""[..],
        b"<html>502</html>",
        b"\xff\xfe",
        b"{",
        b"null",
        b"[]",
        b"7",
        b"data:",
        b"data: [DONE]\n\n",
        b"{\"error\":[1]}",
    ] {
        let body = Bytes::copy_from_slice(body);
        let failure = decode(502, &body);
        assert_eq!((failure.kind, failure.status), (Kind::ServerError, Some(502)), "{body:?}");
        assert_eq!(failure.body, Some(body));
        assert!(!failure.message.is_empty());
    }
}

/// S13: an error shaped as SSE on a non-200 is read like any other.
#[test]
fn an_error_in_the_shape_of_an_event_is_read() {
    for body in [
        "data: {\"error\":{\"message\":\"busy\",\"type\":\"overloaded_error\"}}\n\n",
        "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"busy\"}}\n\n",
        ": ping\n\nevent: error\r\ndata:{\"error\":{\"message\":\"busy\",\"code\":\"overloaded\"}}\r\n\r\n",
    ] {
        let failure = decode(500, &Bytes::copy_from_slice(body.as_bytes()));
        assert_eq!((failure.kind, &*failure.message), (Kind::Overloaded, "busy"), "{body}");
    }
}

/// F5: people read the upstream's own words, wherever it put them.
#[test]
fn the_upstreams_own_words_are_kept() {
    for (body, want) in [
        (r#"{"error":{"message":"a"}}"#, "a"),
        (r#"{"error":"a"}"#, "a"),
        (r#"{"message":"a"}"#, "a"),
        (r#"{"detail":"a"}"#, "a"),
        (r#"{"error":{"code":"x"},"message":"a"}"#, "a"),
        (r#"[{"error":{"message":"a"}}]"#, "a"),
        (r#""a""#, "a"),
        (r#"{"error":{"message":""}}"#, "HTTP 500"),
    ] {
        assert_eq!(&*decode(500, &Bytes::copy_from_slice(body.as_bytes())).message, want, "{body}");
    }
}

/// S7, S3
#[test]
fn an_error_in_band_takes_its_status_from_its_code() {
    for (json, want, status) in [
        (r#"{"code":429,"message":"x"}"#, Kind::RateLimited, Some(429)),
        (r#"{"code":"503","message":"x"}"#, Kind::Overloaded, Some(503)),
        (r#"{"code":"server_error","message":"x"}"#, Kind::ServerError, None),
        (r#"{"type":"overloaded_error","message":"Overloaded"}"#, Kind::Overloaded, None),
        (r#"{"type":"rate_limit_error","message":"x"}"#, Kind::RateLimited, None),
        (r#"{"type":"invalid_request_error","message":"x"}"#, Kind::InvalidRequest, None),
        (r#"{"type":"authentication_error","message":"x"}"#, Kind::Unauthorized, None),
        ("{}", Kind::ServerError, None),
        ("7", Kind::ServerError, None),
    ] {
        let failure = in_band(json);
        assert_eq!((failure.kind, failure.status), (want, status), "{json}");
    }
}
