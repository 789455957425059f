use outrigger_api::bootstrap::unpack;
use prost::Message as _;

use super::*;

fn selection(at: usize) -> Selection {
    Selection { namespace: "demo".to_owned(), routes: vec![format!("r{at}")], policies: Vec::new() }
}

fn object(at: usize) -> Selecting<'static> {
    let object = ObjectRef { kind: Kind::ModelRoute, namespace: "demo".to_owned(), name: format!("r{at}") };
    Selecting { object, accounts: None, labels: Vec::new() }
}

/// A view with a file of so many bytes.
fn view(at: usize, bytes: usize) -> View {
    let file = File { name: format!("view-{at:03}.gz").into(), bytes: vec![7; bytes].into() };
    View { selection: selection(at), file: Some(Arc::new(Ok(file))), keys: Vec::new() }
}

/// A key in a Secret whose name does not pack.
fn key(at: u64, length: usize) -> BootstrapKey {
    let mut random = fastrand::Rng::with_seed(at);
    let secret = std::iter::repeat_with(|| random.lowercase()).take(length).collect();
    BootstrapKey { provider: "demo/p".to_owned(), name: "main".to_owned(), weight: 1, secret, key: "key".to_owned() }
}

/// Bytes of the files of each map, and what was said.
fn laid(views: &[View], places: &mut Places) -> ([usize; 4], usize, Option<String>) {
    let objects: Vec<_> = (0..views.len()).map(object).collect();
    let Layout { left, stored: _, missing } = lay("demo", &objects, (views, 0), &[], places, SystemTime::UNIX_EPOCH);
    let mut sums = [0; 4];
    for (name, at) in places.iter() {
        let file = views.iter().find_map(|view| view.stored().filter(|it| it.name == *name));
        sums[*at] += file.unwrap().bytes.len();
    }
    for (sum, map) in sums.iter().zip(&left.maps) {
        assert!(map.bytes() <= MAP && map.bytes() >= *sum);
    }
    (sums, missing, left.missing)
}

/// What fits is stored, at the bound; one byte above it is not, and that is said.
#[test]
fn maps_are_filled_to_their_bound_and_no_further() {
    // Room for two beside the index, and three times three.
    let full: Vec<View> = (0..11).map(|at| view(at, FILE)).collect();
    assert_eq!(laid(&full, &mut Places::new()), ([2 * FILE, MAP, MAP, MAP], 0, None));
    let more: Vec<View> = (0..12).map(|at| view(at, FILE)).collect();
    let (sums, missing, said) = laid(&more, &mut Places::new());
    assert_eq!((sums, missing), ([2 * FILE, MAP, MAP, MAP], 1));
    assert!(said.unwrap().starts_with("1 of 12 policies"), "one is missing");
    // The most needed are first, whatever comes behind them.
    let last: Vec<View> = (0..11).map(|at| view(at, FILE)).chain([view(11, 1)]).collect();
    assert_eq!(laid(&last, &mut Places::new()).1, 1);
    let small: Vec<View> = (0..10).map(|at| view(at, FILE)).chain([view(10, FILE - 1), view(11, 1)]).collect();
    assert_eq!(laid(&small, &mut Places::new()).1, 0);
}

#[test]
fn a_view_that_is_too_large_is_said_and_stops_no_other() {
    let large = Some(Arc::new(Err(TooLarge { packed: FILE + 1, unpacked: 1 })));
    let views = [view(0, 10), View { file: large, ..view(1, 1) }, view(2, 10)];
    let (_, missing, said) = laid(&views, &mut Places::new());
    assert_eq!(missing, 1);
    assert!(said.unwrap().contains("1 are larger than the 262144 bytes"));
}

/// One view more or fewer changes the maps that it is in, and the index.
#[test]
fn files_stay_where_they_are() {
    let mut places = Places::new();
    let views: Vec<View> = (0..8).map(|at| view(at, FILE)).collect();
    laid(&views, &mut places);
    let before = places.clone();
    let fewer: Vec<View> = views.iter().skip(1).cloned().collect();
    laid(&fewer, &mut places);
    assert!(places.iter().all(|(name, at)| before[name] == *at));
    let again: Vec<View> = [view(9, FILE)].into_iter().chain(fewer).collect();
    laid(&again, &mut places);
    assert_eq!(places["view-009.gz"], 0, "where there is room");
    assert!(places.iter().all(|(name, at)| before.get(name).is_none_or(|was| was == at)));
}

/// The index names what is stored by the objects that it was made of, and the same is the same bytes.
#[test]
fn the_index_says_whose_a_file_is() {
    let objects: Vec<_> = (0..3).map(object).collect();
    let mut both = selection(0);
    both.routes.push("r2".to_owned());
    let views = [View { selection: both, keys: vec![1], ..view(0, 5) }, view(1, 5)];
    let keys = [key(0, 3), key(1, 3)];
    let lay = || lay("demo", &objects, (&views, 0), &keys, &mut Places::new(), SystemTime::UNIX_EPOCH);
    let (one, two) = (lay(), lay());
    assert_eq!(one.left, two.left);
    assert_eq!((one.stored, one.missing), (2, 0));
    let index = BootstrapIndex::decode(&*unpack(one.left.maps[0].file("index.gz").unwrap()).unwrap()).unwrap();
    let stored: Vec<_> = index.views.iter().map(|it| (it.file.as_str(), &it.objects[..])).collect();
    assert_eq!(stored, [("view-000.gz", &[0, 2][..]), ("view-001.gz", &[1])]);
    assert_eq!(index.objects[2].key, "route/demo/r2");
    assert_eq!((&index.keys[..], &index.views[0].keys, &index.views[1].keys), (&keys[..], &vec![1], &vec![]));
}

/// Where keys lie never costs a pod its policy: it is left out, and that is said.
#[test]
fn too_many_keys_leave_the_views_where_they_are() {
    let objects: Vec<_> = (0..1).map(object).collect();
    let lay = |keys: &[BootstrapKey]| {
        let views = [View { keys: vec![0], ..view(0, 5) }];
        let laid = lay("demo", &objects, (&views, 0), keys, &mut Places::new(), SystemTime::UNIX_EPOCH);
        let index = BootstrapIndex::decode(&*unpack(laid.left.maps[0].file("index.gz").unwrap()).unwrap()).unwrap();
        (laid.stored, index.keys.len(), index.views[0].keys.len(), laid.left.missing)
    };
    let few: Vec<_> = (0..100).map(|at| key(at, 200)).collect();
    assert_eq!(lay(&few), (1, 100, 1, None));
    let many: Vec<_> = (0..3000).map(|at| key(at, 200)).collect();
    let (stored, keys, own, said) = lay(&many);
    assert_eq!((stored, keys, own), (1, 0, 0));
    assert!(said.unwrap().starts_with("no pod of this namespace mounts keys"));
}
