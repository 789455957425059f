//! `name=value,name=value`, as OpenTelemetry's variables have it: values are percent-encoded. Pure.

/// Most of them, and most bytes of all: what a header may hold.
const MOST: usize = 64;
const LONGEST: usize = 8 << 10;

/// The pairs in `text`; empty ones are left out.
///
/// # Errors
///
/// What is wrong with it, without a word of any value.
pub(crate) fn pairs(text: &str) -> Result<Vec<(String, String)>, String> {
    if text.len() > LONGEST {
        return Err(format!("it is longer than {LONGEST} bytes"));
    }
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    let read: Result<Vec<_>, String> = parts
        .enumerate()
        .map(|(at, part)| {
            let pair = part.split_once('=').map(|(name, value)| (name.trim(), value.trim()));
            let (name, value) = pair
                .filter(|(name, _)| !name.is_empty())
                .ok_or_else(|| format!("part {} is not NAME=VALUE", at + 1))?;
            let value = decoded(value).ok_or_else(|| format!("the value of `{name}` is not percent-encoded UTF-8"))?;
            Ok((name.to_owned(), value))
        })
        .collect();
    let read = read?;
    if read.len() > MOST {
        return Err(format!("it holds more than {MOST} pairs"));
    }
    Ok(read)
}

fn decoded(value: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_read_and_decoded() {
        let read = pairs(" Authorization=Basic%20abc%3D , x=1=2,,y= ").unwrap();
        let read: Vec<(&str, &str)> = read.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(read, [("Authorization", "Basic abc="), ("x", "1=2"), ("y", "")]);
        assert_eq!(pairs(""), Ok(Vec::new()));
    }

    #[test]
    fn what_is_wrong_is_said_without_the_value() {
        for bad in ["secret", "a=1,=secret", "a=secret%2", "a=secret%ff", "a=secret%zz"] {
            let why = pairs(bad).unwrap_err();
            assert!(!why.contains("secret"), "{why}");
        }
        assert!(pairs(&"a=b,".repeat(65)).is_err());
        assert!(pairs(&"a".repeat(9_000)).is_err());
    }
}
