use super::*;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn wall(seconds: i64) -> Timestamp {
    Timestamp::new(1_800_000_000 + seconds, 0).unwrap()
}

fn record(holder: &str, renewed: i64, version: &str) -> Record {
    let metadata = ObjectMeta { resource_version: Some(version.to_owned()), ..ObjectMeta::default() };
    let spec = LeaseSpec {
        holder_identity: Some(holder.to_owned()),
        lease_duration_seconds: Some(15),
        renew_time: Some(MicroTime(wall(renewed))),
        ..LeaseSpec::default()
    };
    Record { metadata, spec: Some(spec) }
}

fn there(holder: &str, renewed: i64, version: &str) -> Answer {
    Answer::There(Box::new(record(holder, renewed, version)))
}

/// One that holds it since `at`.
fn leader(at: Duration) -> Machine {
    let mut machine = Machine::new("system", "lease", "me".to_owned());
    machine.answered(Answer::Missing, at, at);
    let Ask::Create(record) = machine.ask(wall(0), at) else { panic!("it is not there") };
    machine.answered(Answer::Ours(Box::new(record)), at, at + Duration::from_millis(5));
    machine
}

#[test]
fn it_leads_for_ten_seconds_from_before_it_asked() {
    let machine = leader(seconds(100));
    assert!(machine.leads(seconds(109)) && !machine.leads(seconds(110)));
    let (early, late) = (machine.next(0.0), machine.next(1.0));
    assert!(early >= seconds(104) && late <= seconds(106), "{early:?} {late:?}");
}

#[test]
fn what_has_not_changed_for_its_duration_is_free_whatever_time_it_says() {
    // The holder's clock is an hour ahead, or behind.
    for renewed in [-3600, 3600] {
        let mut machine = Machine::new("system", "lease", "me".to_owned());
        machine.answered(there("other", renewed, "1"), seconds(0), seconds(0));
        assert_eq!(machine.ask(wall(0), seconds(14)), Ask::Get);
        assert!(matches!(machine.ask(wall(0), seconds(15)), Ask::Replace(_)));
        // It is renewed: the wait begins anew.
        machine.answered(there("other", renewed + 5, "2"), seconds(14), seconds(14));
        assert_eq!(machine.ask(wall(0), seconds(28)), Ask::Get);
        // A label is no sign of life.
        machine.answered(there("other", renewed + 5, "3"), seconds(28), seconds(28));
        let Ask::Replace(claim) = machine.ask(wall(0), seconds(29)) else { panic!("it is free") };
        assert_eq!(claim.metadata.resource_version.as_deref(), Some("3"));
        assert_eq!(holder(&claim), "me");
        assert!(!machine.leads(seconds(29)));
    }
}

#[test]
fn what_was_given_back_is_free_at_once() {
    let mut machine = Machine::new("system", "lease", "me".to_owned());
    machine.answered(there("", 0, "1"), seconds(0), seconds(0));
    assert!(matches!(machine.ask(wall(0), seconds(0)), Ask::Replace(_)));
    let Some(Ask::Replace(released)) = leader(seconds(0)).release() else { panic!("it holds it") };
    assert_eq!(holder(&released), "");
    assert!(machine.release().is_none());
}

#[test]
fn a_renewal_of_which_no_answer_came_is_no_loss() {
    let mut machine = leader(seconds(0));
    machine.answered(Answer::Failed, seconds(5), seconds(8));
    assert!(machine.leads(seconds(9)) && machine.next(1.0) < seconds(10));
    // It came about: the next one meets another version.
    machine.answered(Answer::Lost, seconds(9), seconds(9));
    assert!(machine.leads(seconds(9)));
    assert_eq!(machine.ask(wall(9), seconds(9)), Ask::Get);
    machine.answered(there("me", 5, "2"), seconds(9), seconds(9));
    assert!(machine.leads(seconds(9)) && !machine.leads(seconds(10)));
    assert!(matches!(machine.ask(wall(9), seconds(9)), Ask::Replace(_)));
}

#[test]
fn who_finds_another_there_leads_no_more() {
    let mut machine = leader(seconds(0));
    machine.answered(Answer::Lost, seconds(5), seconds(5));
    machine.answered(there("other", 5, "2"), seconds(5), seconds(5));
    assert!(!machine.leads(seconds(5)));
    assert_eq!(machine.ask(wall(5), seconds(5)), Ask::Get);
}

#[test]
fn what_a_record_asks_for_is_bounded() {
    let free = |duration: Option<i32>, after: u64| {
        let mut record = record("other", 0, "1");
        record.spec.as_mut().unwrap().lease_duration_seconds = duration;
        is_free(&record, seconds(0), seconds(after))
    };
    assert!(!free(None, 14) && free(None, 15));
    assert!(!free(Some(-5), 0) && free(Some(-5), 1));
    assert!(!free(Some(i32::MAX), 59) && free(Some(i32::MAX), 60));
}

#[test]
fn what_others_have_written_is_kept() {
    let mut machine = Machine::new("system", "lease", "me".to_owned());
    let mut theirs = record("", 0, "1");
    theirs.spec.as_mut().unwrap().lease_transitions = Some(6);
    theirs.metadata.labels = Some([("a".to_owned(), "b".to_owned())].into());
    machine.answered(Answer::There(Box::new(theirs.clone())), seconds(0), seconds(0));
    let Ask::Replace(claim) = machine.ask(wall(0), seconds(0)) else { panic!("it is free") };
    assert_eq!((claim.metadata, claim.spec.unwrap().lease_transitions), (theirs.metadata, Some(7)));
}
