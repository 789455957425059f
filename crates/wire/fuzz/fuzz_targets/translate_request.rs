//! Any request that can be read is translated into JSON that says which model, and every name of a loss fits a header.

#![no_main]

use libfuzzer_sys::fuzz_target;
use outrigger_wire::{Head, Operation, seals, translate};
use outrigger_wire_fuzz::targets;
use serde::de::IgnoredAny;
use serde_json::Value;

fuzz_target!(|body: &[u8]| {
    let Ok(head) = Head::read(body) else { return };
    // What nobody looks into is not validated to the last escape; what comes in broken goes out broken.
    if serde_json::from_slice::<Value>(body).is_err() {
        return;
    }
    for operation in [Operation::ChatCompletions, Operation::Messages] {
        for which in [seals::Which::Foreign, seals::Which::All] {
            for json in seals::strip(operation, &head, which).into_iter().filter_map(|(_, json)| json) {
                let _: IgnoredAny = serde_json::from_str(&json).expect("JSON stays JSON");
            }
        }
        for target in targets(operation) {
            let translated = match translate::request(operation, &head, &target) {
                Ok(translated) => translated,
                Err(bad) => {
                    assert!(!bad.place.is_empty() && !bad.what.is_empty());
                    continue;
                }
            };
            // Not as a tree: a number in a tool's input may be too large for one, and is passed on all the same.
            let sent = Head::read(&translated.body).expect("a request is JSON");
            assert_eq!(sent.model.as_deref(), Some(target.upstream_name));
            assert!(sent.present("messages").is_some_and(|messages| messages.starts_with('[')));
            let names = translated.losses.to_string();
            assert!(names.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()), "{names}");
        }
    }
});
