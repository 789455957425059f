//! Whether what came is what was expected.

use anyhow::{Result, bail};
use memchr::memmem;

use super::ask::{Ask, Ending};
use crate::bench::{
    answers::{LAST_WORDS, Shape},
    job::Expect,
    load::{excerpt, stamps},
};

/// What came of a request.
#[derive(Debug)]
pub(super) struct Came<'a> {
    /// Empty where nothing came.
    pub(super) head: &'a [u8],
    pub(super) body: &'a [u8],
    /// Why the answer did not end where its framing says.
    pub(super) cut: Option<String>,
}

/// # Errors
///
/// When it is something else: what.
pub(super) fn check(ask: &Ask, came: &Came<'_>) -> Result<()> {
    match &ask.ending {
        Ending::Answer(expect) => {
            whole(came, 200)?;
            match expect {
                Expect::Whole(bytes) => {
                    let said = memmem::find(came.body, LAST_WORDS.as_bytes()).is_some();
                    let ours = memmem::find(came.body, member(ask.shape)).is_some();
                    if came.body.len() < *bytes || !said || !ours {
                        bail!("{} bytes where {bytes} were due: {}", came.body.len(), excerpt(came.body));
                    }
                }
                Expect::Events(count, last) => {
                    events(came, *count)?;
                    if !came.body.ends_with(last.as_bytes()) {
                        bail!("no end of the stream: {}", excerpt(came.body));
                    }
                }
            }
        }
        Ending::Continued { before, after } => {
            whole(came, 200)?;
            // A primary that was cooling had no part in it.
            events(came, *after).or_else(|_| events(came, before + after))?;
            if !came.body.ends_with(ask.shape.end_of_stream().as_bytes()) {
                bail!("no end of the stream: {}", excerpt(came.body));
            }
        }
        Ending::Error(status, codes) => {
            whole(came, *status)?;
            code(codes, came.head, |code| format!("x-outrigger-error: {code}\r\n"))?;
        }
        Ending::Broken(count, codes) => {
            if status(came.head) != Some(200) {
                bail!("head {:?}, cut: {:?}", excerpt(came.head), came.cut);
            }
            events(came, *count)?;
            let end = ask.shape.end_of_stream();
            if came.cut.is_none() || memmem::find(came.body, end.as_bytes()).is_some() {
                bail!("a broken stream that ends in order: {}", excerpt(came.body));
            }
            if memmem::find(came.body, b"\"error\"").is_none() {
                bail!("no error event: {}", excerpt(came.body));
            }
            code(codes, came.body, |code| format!("\"{code}\""))?;
        }
        Ending::Leave(_) => bail!("an answer although the caller was to leave first: {}", excerpt(came.body)),
    }
    Ok(())
}

/// What only a whole answer in the caller's dialect has.
fn member(shape: Shape) -> &'static [u8] {
    match shape {
        Shape::Chat => b"\"chat.completion\"",
        Shape::Messages => b"\"stop_reason\"",
    }
}

fn whole(came: &Came<'_>, wanted: u16) -> Result<()> {
    if let Some(why) = &came.cut {
        bail!("{why}; so far: {:?} {:?}", excerpt(came.head), excerpt(came.body));
    }
    if status(came.head) != Some(wanted) {
        bail!("status {:?} where {wanted} was due: {}", status(came.head), excerpt(came.body));
    }
    Ok(())
}

fn status(head: &[u8]) -> Option<u16> {
    std::str::from_utf8(head.get(9..12)?).ok()?.parse().ok()
}

fn code(codes: &[&str], text: &[u8], form: impl Fn(&str) -> String) -> Result<()> {
    if !codes.iter().any(|code| memmem::find(text, form(code).as_bytes()).is_some()) {
        bail!("none of the codes {codes:?}: {}", excerpt(text));
    }
    Ok(())
}

/// So many events with content, in the order in which they were sent.
fn events(came: &Came<'_>, count: usize) -> Result<()> {
    let (mut at, mut seen) = (0, Vec::new());
    stamps(came.body, &mut at, |left| seen.push(left));
    if seen.len() != count {
        bail!("{} events where {count} were due: {}", seen.len(), excerpt(came.body));
    }
    if !seen.is_sorted() {
        bail!("events in another order than they were sent");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        bench::contender::Contender,
        soak::{
            ask::Asks,
            draw::Drawn,
            kind::{KINDS, Kind},
        },
    };

    const OK: &[u8] = b"HTTP/1.1 200 OK\r\n\r\n";
    const STAMP: &str = "@00000000000000012 ";

    fn verdict(kind: Kind, head: &[u8], body: &str, cut: bool) -> bool {
        let asks = Asks::new(&Contender::direct(([127, 0, 0, 1], 1).into())).unwrap();
        let ask = asks.of(Drawn { kind, shape: Shape::Chat, size: 0, fresh: false });
        let cut = cut.then(|| "the connection ended".to_owned());
        check(ask, &Came { head, body: body.as_bytes(), cut }).is_ok()
    }

    #[test]
    fn nothing_is_right_that_says_nothing() {
        for row in KINDS {
            assert!(!verdict(row.kind, b"", "", true) && !verdict(row.kind, OK, "", false), "{}", row.name);
        }
    }

    #[test]
    fn a_broken_stream_needs_its_events_its_error_and_an_end_that_is_none() {
        let (events, error) = (STAMP.repeat(3), r#"data: {"error":{"code":"connection_reset"}}"#);
        let broken = format!("{events}{error}");
        assert!(verdict(Kind::Reset, OK, &broken, true));
        assert!(!verdict(Kind::Reset, OK, &broken, false));
        assert!(!verdict(Kind::Reset, OK, &format!("{STAMP}{error}"), true));
        assert!(!verdict(Kind::Reset, OK, &events, true));
        assert!(!verdict(Kind::Reset, OK, &format!("{broken}data: [DONE]\n\n"), true));
        assert!(!verdict(Kind::Streamed, OK, &broken, true));
    }

    #[test]
    fn an_error_needs_its_status_and_its_code() {
        let head = b"HTTP/1.1 400 Bad Request\r\nx-outrigger-error: model_not_found\r\n\r\n";
        assert!(verdict(Kind::Unknown, head, "{}", false));
        assert!(!verdict(Kind::Malformed, head, "{}", false));
        assert!(!verdict(Kind::Unknown, OK, "{}", false));
    }
}
