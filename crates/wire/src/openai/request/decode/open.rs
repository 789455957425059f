//! Results of tools that do not name their call (R17).

use crate::hub::{Call, Part, Text, Turn};

/// The call to which a result belongs that names none: the one that has no result yet. Of several, the one of the tool that
/// the result names.
///
/// # Errors
///
/// How many it may be, if that is not one.
pub(super) fn call(turns: &[Turn<'_>], tool: Option<&str>) -> Result<Text<'static>, usize> {
    let calls = |turn: &Turn<'_>| turn.parts.iter().any(|part| matches!(part, Part::Call(_)));
    let from = turns.iter().rposition(calls).unwrap_or(turns.len());
    let parts = || turns.iter().skip(from).flat_map(|turn| &turn.parts);
    let answered = |id: &str| parts().any(|part| matches!(part, Part::Result(result) if *result.id == *id));
    let open: Vec<&Call<'_>> = parts()
        .filter_map(|part| match part {
            Part::Call(call) if !answered(&call.id) => Some(call),
            _ => None,
        })
        .collect();
    let named: Vec<&Call<'_>> =
        open.iter().copied().filter(|call| tool.is_none_or(|tool| *call.name == *tool)).collect();
    match (&open[..], &named[..]) {
        ([only], _) | (_, [only]) => Ok(only.id.clone().into_owned()),
        _ => Err(open.len()),
    }
}
