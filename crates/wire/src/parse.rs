//! A member of a request, read as what its dialect says it is.

/// A part of a request that is not what the caller's dialect says it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadPart {
    /// Where: `messages[3].role`.
    pub place: String,
    /// What is wrong with it.
    pub what: String,
}

impl BadPart {
    pub(crate) fn new(place: String, what: String) -> Self {
        Self { place, what }
    }
}

impl std::fmt::Display for BadPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}`: {}", self.place, self.what)
    }
}

/// Reads the value of member `key`; an error says where in it.
pub(crate) fn parse<'a, T: serde::Deserialize<'a>>(key: &str, raw: &'a str) -> Result<T, BadPart> {
    serde_json::from_str(raw).map_err(|_| {
        // Read a second time, slowly, to learn the place.
        let mut json = serde_json::Deserializer::from_str(raw);
        match serde_path_to_error::deserialize::<_, T>(&mut json) {
            Ok(_) => BadPart::new(key.to_owned(), "cannot be read".to_owned()),
            Err(error) => {
                let path = error.path().to_string();
                let dot = if path.starts_with('[') || path == "." { "" } else { "." };
                let place = if path == "." { key.to_owned() } else { format!("{key}{dot}{path}") };
                let what = error.into_inner().to_string();
                // Line and column count within the member, which nobody can see.
                let what = what.split(" at line ").next().unwrap_or_default().to_owned();
                BadPart::new(place, what)
            }
        }
    })
}
