//! `multipart/form-data` bodies of the audio and image operations, read and spliced without a copy of the file parts.

use std::ops::Range;

use memchr::memmem;

/// Where the value of the text field `name` lies in a multipart body, or `None`.
pub fn field(content_type: &str, body: &[u8], name: &str) -> Option<Range<usize>> {
    let boundary = boundary(content_type)?;
    let delimiter = format!("--{boundary}");
    let wanted = [format!("name=\"{name}\""), format!("name={name}")];
    let mut starts = memmem::find_iter(body, delimiter.as_bytes()).map(|at| at + delimiter.len()).peekable();
    while let Some(start) = starts.next() {
        let end = starts.peek().map_or(body.len(), |next| next - delimiter.len());
        let Some(part) = body.get(start..end) else { continue };
        let Some(head_end) = memmem::find(part, b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(part.get(..head_end).unwrap_or_default());
        let disposition = head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"));
        let is_field = disposition.is_some_and(|line| {
            !line.contains("filename=") && line.split(';').any(|item| wanted.iter().any(|wanted| item.trim() == wanted))
        });
        if is_field {
            let value_start = start + head_end + 4;
            let value_end = part.strip_suffix(b"\r\n").map_or(end, |kept| start + kept.len());
            return (value_start <= value_end).then_some(value_start..value_end);
        }
    }
    None
}

fn boundary(content_type: &str) -> Option<&str> {
    if !content_type.to_ascii_lowercase().starts_with("multipart/form-data") {
        return None;
    }
    let value = content_type.split(';').find_map(|item| item.trim().strip_prefix("boundary="))?;
    Some(value.trim_matches('"')).filter(|boundary| !boundary.is_empty())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::edit::Pieces;

    #[test]
    fn the_model_field_is_found_and_replaced() {
        let body = Bytes::from_static(
            b"--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"model\"\r\n\r\n\x00\x01name=\"model\"\r\n--X\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nopenai/whisper-1\r\n--X--\r\n",
        );
        let at = field("multipart/form-data; boundary=X", &body, "model").unwrap();
        assert_eq!(&body[at.clone()], b"openai/whisper-1");
        let out = Bytes::from(Pieces::replace(&body, at, "whisper-1").pieces.concat());
        assert_eq!(out.len(), body.len() - 7);
        assert!(field("multipart/form-data; boundary=X", &out, "language").is_none());
        assert!(field("application/json", &out, "model").is_none());
    }

    /// A form that ends early, or whose delimiters touch, has no field and is no reason to panic.
    #[test]
    fn broken_forms_have_no_field() {
        for body in ["", "--X", "--X--X--X", "--X\r\n\r\n", "--X\r\nContent-Disposition: form-data; name=model\r\n\r\n"]
        {
            let at = field("multipart/form-data; boundary=X", body.as_bytes(), "model");
            assert!(at.is_none_or(|at| body.get(at).is_some()), "{body:?}");
        }
    }
}
