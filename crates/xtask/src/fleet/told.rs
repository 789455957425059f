//! What is said to whoever started it: where everything is, and what to paste.

use std::fmt::Write as _;

use super::{
    place::{APPS, Place},
    policy::{ASSISTANT, BREAK, Edit, LIMITS, SWAP},
};

/// All of it.
pub(super) fn told(place: &Place, control_plane: u32) -> String {
    let mut text = "\nTwo sidecars under one control plane.\n\n".to_owned();
    for (what, listen, pages) in listeners(place) {
        let _ = writeln!(text, "  {what:<22}{listen:<26}{pages}");
    }
    let folder = place.folder.display();
    let _ = write!(
        text,
        "
  folder                {folder}  (removed at the end)
  policy, to be edited  policy/{ASSISTANT}, policy/{LIMITS}
  logs                  log/*.log

In another terminal, one after the other:

"
    );
    for (say, commands) in steps(place, control_plane) {
        let _ = writeln!(text, "  # {say}");
        let _ = writeln!(text, "  {}\n", commands.join("\n  "));
    }
    text.push_str("Here, Enter starts again what was stopped (sidecars find it within seconds), and Ctrl-C ends everything and removes the\nfolder.\n");
    text
}

/// What listens where: for callers, and its pages.
fn listeners(place: &Place) -> Vec<(String, String, String)> {
    let pages = |address| format!("pages http://{address}");
    let (listen, admin) = place.control_plane();
    let mut all = vec![("control plane".to_owned(), format!("https://{listen}"), pages(admin))];
    let sidecars = place.sidecars();
    all.extend(
        sidecars
            .map(|(app, listen, admin)| (format!("sidecar of app={app}"), format!("http://{listen}"), pages(admin))),
    );
    all.extend(
        place.providers().into_iter().zip(["region us", "region eu"]).map(|((name, listen), region)| {
            (format!("provider {name}"), format!("http://{listen}"), region.to_owned())
        }),
    );
    all
}

/// What to try: each with what it shows.
fn steps(place: &Place, control_plane: u32) -> Vec<(&'static str, Vec<String>)> {
    let [(_, web, web_pages), (_, batch, _)] = place.sidecars();
    let [web_app, batch_app] = APPS;
    let file = format!("policy/{ASSISTANT}");
    let problems = format!("curl -s http://{web_pages}/config | grep -A 2 '\"problems\"'");
    vec![
        (
            "a word that asks both sidecars. sim-a answers",
            vec![
                format!("cd {}", place.folder.display()),
                format!(
                    "ask() {{ for it in {web_app}={web} {batch_app}={batch}; do echo \"${{it%=*}}:\"; curl -s -o /dev/null \
                     -D - http://${{it#*=}}/v1/chat/completions -H 'content-type: application/json' -d '{{\"model\": \
                     \"assistant\", \"messages\": [{{\"role\": \"user\", \"content\": \"Hello\"}}]}}' | grep -iE \
                     '^(HTTP|x-outrigger-(provider|error|policy-age))'; done; }}"
                ),
                "ask".to_owned(),
            ],
        ),
        ("the other provider first: both sidecars follow", vec![sed(SWAP, &file), "sleep 2; ask".to_owned()]),
        ("and back", vec![sed((SWAP.1, SWAP.0), &file), "sleep 2; ask".to_owned()]),
        (
            "a limit over app=batch alone: sim-b answers it, and neither address nor key of sim-a is in it any more",
            vec![format!("sed -i.bak 's/^# //' policy/{LIMITS}"), "sleep 2; ask".to_owned()],
        ),
        (
            "a bad edit: the route keeps its last good value, and the pages say what is wrong",
            vec![sed(BREAK, &file), "sleep 2; ask".to_owned(), problems],
        ),
        (
            "mended; what the control plane knows of its sidecars",
            vec![sed((BREAK.1, BREAK.0), &file), format!("sleep 2; curl -s http://{}/fleet", place.control_plane().1)],
        ),
        (
            "without a control plane both go on, and say how old their policy may be",
            vec![format!("kill {control_plane}"), "sleep 3; ask".to_owned(), format!("tail -n 2 log/{web_app}.log")],
        ),
    ]
}

/// One that both kinds of `sed` take.
fn sed((from, to): Edit, file: &str) -> String {
    format!("sed -i.bak 's/{from}/{to}/' {file}")
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{
        super::place::{FIRST_PORT, Ports},
        *,
    };

    #[test]
    fn every_address_is_told_and_lined_up() {
        let place = Place { folder: PathBuf::from("/tmp/f"), ports: Ports::from(FIRST_PORT).unwrap() };
        let text = told(&place, 4711);
        for port in FIRST_PORT..FIRST_PORT + 8 {
            assert!(text.contains(&format!("://127.0.0.1:{port}")), "{port}: {text}");
        }
        let lines = text.lines().filter(|line| line.contains("  http") && !line.contains("curl"));
        let columns: Vec<_> = lines.map(|line| line.find("http")).collect();
        assert_eq!(columns, [Some(24); 5], "{text}");
        assert!(text.contains("cd /tmp/f\n") && text.contains("kill 4711\n"), "{text}");
    }
}
