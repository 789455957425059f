//! What a prompt is made of, noted in the one pass that reads the request.

use std::ops::Range;

use crate::{
    members::string,
    scan::{Nest, Watch},
};

/// What the messages, or the input items, of a request hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prompt {
    /// Pictures.
    pub image: bool,
    /// Sound.
    pub audio: bool,
    /// Video.
    pub video: bool,
    /// Documents, such as PDFs.
    pub file: bool,
    /// Reasoning that its issuer signed or encrypted: Anthropic's `signature` and `redacted_thinking`, OpenAI's
    /// `encrypted_content`, Gemini's `thought_signature`. The words are looked for wherever they stand as a key, so it
    /// may be said of a prompt without any; never the other way.
    pub sealed: bool,
}

/// Messages at the most that may come before the first one that is not the system's.
const LEADS: usize = 8;

/// The members that hold a prompt: Responses has `input` where the others have `messages`.
const PROMPTS: [&str; 2] = ["messages", "input"];

/// Nesting as [`Nest::pattern`] tells it, at the keys of a message, of a part of it, and of a part of a tool's result.
/// Deeper is nobody's and not looked at: a tool's input may hold anything.
const MESSAGE: u64 = 0b101;
const PART: u64 = 0b1_0101;
const INNER: u64 = 0b101_0101;
/// Between the messages.
const BETWEEN: u64 = 0b10;

/// Takes the notes.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    prompt: Prompt,
    /// Where the first messages lie, to the end of the first that is not the system's.
    lead: Option<Range<usize>>,
    /// The member being read is a prompt.
    active: bool,
    /// `messages` has been read: what `input` says beside it means nothing.
    settled: bool,
    /// The last key of the message, and of the part, is `content`.
    content: (bool, bool),
    wanted: Wanted,
    /// Messages begun so far, and the role of the last.
    messages: usize,
    of_system: bool,
    lead_ended: bool,
}

/// Which value comes next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Wanted {
    #[default]
    Nothing,
    Type,
    Role,
}

impl<'a> Watch<'a> for Notes {
    fn member(&mut self, key: &str) {
        self.active = PROMPTS.contains(&key) && !(self.settled && key == "input");
        if self.active {
            // Of members of one name the last counts.
            *self = Self { active: true, settled: key == "messages", ..Self::default() };
        }
    }

    fn key(&mut self, nest: &Nest, key: &'a str) -> bool {
        if !self.active {
            return false;
        }
        self.wanted = Wanted::Nothing;
        let followed = match nest.pattern() {
            MESSAGE => {
                self.content = (key == "content", false);
                if key == "role" {
                    self.wanted = Wanted::Role;
                }
                true
            }
            PART => {
                self.content.1 = key == "content";
                self.content.0
            }
            INNER => self.content == (true, true),
            _ => false,
        };
        if followed && key == "type" {
            self.wanted = Wanted::Type;
        }
        self.prompt.sealed |= matches!(key, "signature" | "encrypted_content" | "thought_signature");
        self.wanted != Wanted::Nothing
    }

    fn word(&mut self, json: &'a str) {
        let Some(word) = string(json) else { return };
        if self.wanted == Wanted::Role {
            self.of_system = matches!(&*word, "system" | "developer");
            return;
        }
        match &*word {
            "image_url" | "input_image" | "image" => self.prompt.image = true,
            "input_audio" => self.prompt.audio = true,
            "video_url" | "input_video" => self.prompt.video = true,
            "file" | "input_file" | "document" => self.prompt.file = true,
            "redacted_thinking" => self.prompt.sealed = true,
            _ => {}
        }
    }

    fn begins(&mut self, nest: &Nest, at: usize) {
        if !self.active || self.lead_ended || nest.pattern() != BETWEEN {
            return;
        }
        self.of_system = false;
        self.messages += 1;
        self.lead.get_or_insert(at..at);
    }

    fn ends(&mut self, nest: &Nest, at: usize) {
        if !self.active || self.lead_ended || nest.pattern() != BETWEEN {
            return;
        }
        if let Some(lead) = &mut self.lead {
            lead.end = at;
        }
        self.lead_ended = !self.of_system;
        if self.of_system && self.messages == LEADS {
            (self.lead_ended, self.lead) = (true, None);
        }
    }
}

impl Notes {
    /// What was noted, now that all has been read; and where the first messages lie.
    pub(crate) fn finish(self) -> (Prompt, Option<Range<usize>>) {
        (self.prompt, self.lead.filter(|_| self.lead_ended))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Head;

    fn prompt(body: &str) -> Prompt {
        Head::read(body.as_bytes()).unwrap().prompt
    }

    fn kinds(messages: &str) -> String {
        let Prompt { image, audio, video, file, sealed, .. } = prompt(&format!("{{\"messages\":{messages}}}"));
        let words = [(image, "image"), (audio, "audio"), (video, "video"), (file, "file"), (sealed, "sealed")];
        words.into_iter().filter(|(is, _)| *is).map(|(_, word)| word).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn types_are_found_in_messages_parts_and_results_and_no_deeper() {
        assert_eq!(kinds(r#"[{"type":"image"}]"#), "image");
        assert_eq!(kinds(r#"[{"content":[{"text":"\"type\"","type":"input_audio"}]}]"#), "audio");
        assert_eq!(kinds(r#"[{"content":[{"content":[{"type":"docum\u0065nt"}],"type":"tool_result"}]}]"#), "file");
        for none in [
            r#"[{"content":[{"content":[{"content":[{"type":"image"}]}]}]}]"#,
            r#"[{"content":[{"type":"tool_use","input":[{"type":"image"}]}]}]"#,
            r#"[{"content":{"a":{"type":"image"}}}]"#,
            r#"[{"content":"image"},{"content":null},{"type":5},{"type":["image"]}]"#,
            r#"[{"tool_calls":[{"type":"image"}]}]"#,
            r#"[["image",{"type":"image"}]]"#,
            r#"{"type":"image"}"#,
            "null",
        ] {
            if !none.starts_with('{') {
                assert_eq!(kinds(none), "", "{none}");
            }
        }
        assert!(!prompt(r#"{"tools":[{"type":"image"}],"x":[{"type":"image"}]}"#).image);
    }

    /// R3
    #[test]
    fn sealed_reasoning_is_found_wherever_it_stands() {
        assert_eq!(kinds(r#"[{"content":[{"type":"thinking","thinking":"","signature":"x"}]}]"#), "sealed");
        assert_eq!(kinds(r#"[{"content":[{"type":"redacted_thinking","data":"x"}]}]"#), "sealed");
        assert_eq!(kinds(r#"[{"tool_calls":[{"extra_content":{"google":{"thought_signature":"x"}}}]}]"#), "sealed");
        assert!(prompt(r#"{"input":[{"type":"reasoning","encrypted_content":"x"}]}"#).sealed);
        assert_eq!(kinds(r#"[{"content":"\"signature\""}]"#), "");
    }

    #[test]
    fn the_lead_ends_with_the_first_message_that_is_not_the_systems() {
        let lead = |body: &str| Head::read(body.as_bytes()).unwrap().lead.map(str::to_owned);
        let system = r#"{"content":[{"role":"user"}],"role":"system"}"#;
        let user = r#"{"role":"user","content":"q"}"#;
        assert_eq!(lead(&format!(r#"{{"messages": [ {system}, {user}, {user}]}}"#)), Some(format!("{system}, {user}")));
        assert_eq!(lead(&format!(r#"{{"messages":[{user}],"input":[{system},{user}]}}"#)), Some(user.to_owned()));
        assert_eq!(lead(&format!(r#"{{"input":[1],"messages":[{user},{system}]}}"#)), Some(user.to_owned()));
        assert_eq!(lead(r#"{"input":["a","b"]}"#), Some("\"a\"".to_owned()));
        assert_eq!(lead(&format!(r#"{{"messages":[{system}]}}"#)), None);
        assert_eq!(lead(&format!(r#"{{"messages":[{}{user}]}}"#, format!("{system},").repeat(LEADS))), None);
        assert_eq!(lead(r#"{"messages":[]}"#), None);
        assert_eq!(lead(r#"{"input":"text"}"#), None);
    }
}
