use super::*;

fn object(name: &str) -> Key {
    ("ModelRoute".to_owned(), "demo".to_owned(), name.to_owned())
}

#[test]
fn events_are_bounded_by_object_and_altogether() {
    let mut limit = Limit::new();
    let at = Duration::from_secs;
    let said =
        |limit: &mut Limit, name: &str, now: u64| (0..50).filter(|_| limit.allows(&object(name), at(now))).count();
    assert_eq!(said(&mut limit, "r", 0), 10);
    assert_eq!(said(&mut limit, "r", 59), 0);
    assert_eq!(said(&mut limit, "r", 130), 2);
    let all: usize = (0..50).map(|name| said(&mut limit, &format!("r{name}"), 1000)).sum();
    assert_eq!(all, 100);
}

#[test]
fn no_more_objects_are_remembered_than_the_bound() {
    let mut limit = Limit::new();
    for name in 0..2 * OBJECTS {
        limit.allows(&object(&format!("r{name}")), Duration::from_secs(1));
    }
    assert_eq!(limit.objects.len(), OBJECTS);
    limit.allows(&object("later"), Duration::from_secs(1000));
    assert_eq!(limit.objects.len(), 1);
}

#[test]
fn an_event_is_within_what_an_api_server_takes() {
    let about = ObjectReference { name: Some("a.".repeat(126)), ..ObjectReference::default() };
    let said = Said { about, warning: true, reason: "Invalid".to_owned(), action: "Judge", note: "ä".repeat(5000) };
    let body = body(&said, "outrigger.dev/test", "pod-0", Timestamp::now());
    assert!(body.metadata.name.unwrap().len() < 253 && body.note.unwrap().len() <= 1024);
    assert_eq!(body.type_.unwrap(), "Warning");
}

#[test]
fn an_event_about_what_has_no_name_yet_has_one() {
    let said = Said {
        about: ObjectReference::default(),
        warning: false,
        reason: "R".to_owned(),
        action: "A",
        note: String::new(),
    };
    assert!(body(&said, "c", "i", Timestamp::now()).metadata.name.unwrap().starts_with("outrigger."));
}
