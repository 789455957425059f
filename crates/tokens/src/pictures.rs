//! What a picture costs: the vendors' rules.
//!
//! From OpenAI's guide on images and vision, Anthropic's on vision and Gemini's on token counts, as of 2026-11; the
//! factors of OpenAI's small models since GPT-5 as they are billed, which differ from the guide.

use crate::family::Family;

/// A vendor's rule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Pictures {
    /// A base, and a price for each tile of 512 pixels once the picture fits 2048 by 2048 and its shorter side 768.
    Tiles { base: u64, tile: u64 },
    /// Patches of 32 pixels, at most so many, times a factor.
    Patches { most: f64, factor: f64 },
    /// Width times height over 750, once the longer edge fits, and at most so many.
    Area { edge: f64, most: u64 },
    /// The same for each picture.
    Flat(u64),
}

impl Pictures {
    /// The rule for a model. `name` is in lower case.
    pub(crate) fn of(name: &str, family: Family) -> Self {
        let has = |part: &str| name.contains(part);
        let patches = |factor: f64| Self::Patches { most: 1536.0, factor };
        match family {
            Family::Gpt35To4 => Self::Tiles { base: 85, tile: 170 },
            Family::Gpt4o | Family::Gpt5 if has("4o-mini") => Self::Tiles { base: 2833, tile: 5667 },
            Family::Gpt4o if has("4.1-mini") => patches(1.62),
            Family::Gpt4o if has("4.1-nano") => patches(2.46),
            Family::Gpt4o => Self::Tiles { base: 85, tile: 170 },
            Family::Gpt5 if has("o4-mini") || has("codex-mini") => patches(1.72),
            Family::Gpt5 if has("nano") => patches(1.5),
            Family::Gpt5 if has("mini") => patches(1.2),
            Family::Gpt5 if has("o1") || has("o3") => Self::Tiles { base: 75, tile: 150 },
            Family::Gpt5 if has("computer-use") => Self::Tiles { base: 65, tile: 129 },
            Family::Gpt5 if has("gpt-5.") && !has("gpt-5.1") => patches(1.2),
            Family::Gpt5 => Self::Tiles { base: 70, tile: 140 },
            Family::ClaudeNew => Self::Area { edge: 2576.0, most: 4784 },
            Family::Gemini2 | Family::Gemma => Self::Flat(258),
            Family::Gemini3 => Self::Flat(1120),
            _ => Self::Area { edge: 1568.0, most: 1600 },
        }
    }

    /// Tokens of a picture of this many pixels. `low`: it is to be looked at fleetingly.
    pub(crate) fn tokens(self, width: f64, height: f64, low: bool) -> u64 {
        match self {
            Self::Tiles { base, .. } if low => base,
            Self::Tiles { base, tile } => base + tile * tiles(width, height),
            Self::Patches { most, factor } => {
                let patches = (width / 32.0).ceil() * (height / 32.0).ceil();
                (patches.min(most) * factor).ceil() as u64
            }
            Self::Area { edge, most } => {
                let shrink = (edge / width.max(height)).min(1.0);
                ((width * shrink * height * shrink / 750.0).ceil() as u64).min(most)
            }
            Self::Flat(tokens) => tokens,
        }
    }
}

fn tiles(width: f64, height: f64) -> u64 {
    let fit = (2048.0 / width.max(height)).min(1.0);
    let fit = fit * (768.0 / (width.min(height) * fit)).min(1.0);
    ((width * fit / 512.0).ceil() * (height * fit / 512.0).ceil()) as u64
}
