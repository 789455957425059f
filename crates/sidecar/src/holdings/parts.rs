//! Holdings into the view that is served.

use std::{collections::HashSet, sync::Arc};

use humantime::format_rfc3339_seconds;
use outrigger_api::{
    decode::{self, Part},
    key::HEADER,
};
use outrigger_route::{View, closed::Closed, view::RoutePart};

use super::{Holdings, Kept, apply::refused};

impl Holdings {
    /// What is to be served.
    pub(crate) fn view(&self) -> View {
        let frozen = refused(&self.said) && !self.kept.is_empty();
        let said =
            self.said.iter().filter(|_| !frozen).filter_map(|(key, said)| Some((&**key, read(key, &said.body)?)));
        let (broken, mut parts): (Vec<_>, Vec<_>) = said.partition(|(_, part)| matches!(part, Part::Broken(_)));
        // Names that are somebody else's by now are not the earlier value's any more.
        let is_kept = |key: &str| self.kept.contains_key(key);
        let lost = broken.iter().filter(|(key, _)| !is_kept(key));
        let mut taken: HashSet<Box<str>> = parts.iter().chain(lost).flat_map(|(_, part)| names(part)).collect();
        for (key, part) in broken {
            let earlier = self.kept.get(key).and_then(|kept| read(key, &kept.body));
            parts.push((key, earlier.map_or(part.clone(), |earlier| rename(earlier, &part, &mut taken))));
        }
        if frozen {
            parts.extend(self.kept.iter().filter_map(|(key, kept)| Some((&**key, read(key, &kept.body)?))));
        }
        let mut view = decode::view(&self.revision, parts.iter().map(|(key, part)| (*key, part)));
        self.mounted.complete(&mut view);
        view
    }

    /// What is not as it should be, for `/config` and the log: one line each.
    pub(crate) fn problems(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if refused(&self.said)
            && let Some(Part::Header(header)) = self.said.get(HEADER).and_then(|said| read(HEADER, &said.body))
            && let Some(Closed::Broken { object, reason }) = header.refused
        {
            let held = match self.kept.is_empty() {
                true => "nothing is served under it",
                false => "what was served before goes on, as far as it is still allowed",
            };
            lines.push(format!("{object} is broken, {held}: {reason}"));
        }
        for (key, said) in &self.said {
            match read(key, &said.body) {
                Some(Part::Broken(broken)) => {
                    let since = |kept: &Kept| {
                        kept.since.map_or_else(String::new, |since| format_rfc3339_seconds(since).to_string())
                    };
                    let held = match self.kept.get(key) {
                        Some(kept) => format!("its last good value is served since {}", since(kept)),
                        None => "there is no earlier value of it here".to_owned(),
                    };
                    lines.push(format!("{key} is broken, {held}: {}", broken.reason));
                }
                Some(Part::Unsupported { what, .. }) => {
                    lines.push(format!("{key}: {what} is not known to this version: nothing is served under it"));
                }
                _ => {}
            }
        }
        lines.extend(self.mounted.problems.iter().cloned());
        lines
    }
}

/// What was good when it came is good now: it was read then.
fn read(key: &str, body: &[u8]) -> Option<Part> {
    decode::part(key, body).ok().flatten()
}

fn names(part: &Part) -> Vec<Box<str>> {
    match part {
        Part::Route(route) => route.names.clone(),
        Part::Unsupported { names, .. } => names.clone(),
        Part::Broken(broken) => broken.names.clone(),
        Part::Header(header) => header.closed.iter().map(|(name, _)| name.clone()).collect(),
        _ => Vec::new(),
    }
}

/// The earlier value of a route under the names that are its own now, and those it had that nobody has taken.
fn rename(earlier: Part, broken: &Part, taken: &mut HashSet<Box<str>>) -> Part {
    let (Part::Route(route), Part::Broken(now)) = (&earlier, broken) else { return earlier };
    let RoutePart { names, route, lines } = &**route;
    let own = now.names.iter().chain(names);
    let names: Vec<Box<str>> = own.filter(|name| taken.insert((*name).clone())).cloned().collect();
    Part::Route(Arc::new(RoutePart { names, route: route.clone(), lines: lines.clone() }))
}
