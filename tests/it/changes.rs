//! What an edit would change, by the command line.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use serde_json::Value;

use crate::harness::*;

const EU: &str = "apiVersion: outrigger.dev/v1alpha1\nkind: ModelPolicy\nmetadata: {name: eu}\n\
                  spec: {constraints: {regions: [eu]}}\n";

fn policy() -> Policy {
    Policy::new().provider_with("us", "http://us.test/v1", |it| it.spec("region: us")).route("far", &["us"])
}

/// Two folders: policy, and an edit of it.
fn folders(edit: &str) -> (tempfile::TempDir, String, String) {
    let home = tempfile::tempdir().unwrap();
    let (policy_folder, new) = (home.path().join("policy"), home.path().join("new.yaml"));
    fs::create_dir(&policy_folder).unwrap();
    fs::write(policy_folder.join("policy.yaml"), policy().to_string()).unwrap();
    fs::write(&new, edit).unwrap();
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let words = (text(&policy_folder), text(&new));
    (home, words.0, words.1)
}

/// Nothing, an error, something, something grave: 0, 1, 2, 3.
#[tokio::test]
async fn exit_codes_say_how_grave_an_edit_is() {
    let other = "apiVersion: outrigger.dev/v1alpha1\nkind: ModelRoute\nmetadata: {name: far}\n\
                 spec: {strategy: Price, targets: [{model: test/m, provider: us}]}\n";
    for (edit, expected) in [
        (policy().to_string(), 0),
        ("kind: ModelRoute".to_owned(), 1),
        (other.to_owned(), 2),
        (other.replace("provider: us", "provider: su"), 3),
        (EU.to_owned(), 3),
    ] {
        let (home, folder, new) = folders(&edit);
        let words = ["policy", "what-changes", "-f", &new, "--policy", &folder];
        let (code, table, said) = outrigger(home.path(), &words, None).await;
        assert_eq!(code, expected, "{edit}\n{table}{said}");
        assert!(!table.contains("sk-test"), "{table}");
    }
    let home = tempfile::tempdir().unwrap();
    let (code, ..) = outrigger(home.path(), &["policy", "what-changes", "--nonsense"], None).await;
    assert_eq!(code, 1, "2 has another meaning");
}

#[tokio::test]
async fn a_folder_is_compared_in_columns_and_as_json() {
    let (home, folder, new) = folders(EU);
    let words = ["policy", "what-changes", "-f", &new, "--policy", &folder];
    let (_, table, said) = outrigger(home.path(), &words, None).await;
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("CHANGE  WHAT"), "{table}");
    assert!(lines[1].starts_with("adds    ModelPolicy default/eu"), "{table}");
    assert!(lines[2].starts_with("closes  ModelRoute default/far"), "{table}");
    assert!(lines[2].ends_with("ModelPolicy default/eu (data_region)"), "{table}");
    assert_eq!(said.trim(), "0 opened, 2 closed, 2 broken, 0 mended; 1 view of 0 sidecars different");
    let (_, json, _) = outrigger(home.path(), &[&words[..], &["-o", "json"]].concat(), None).await;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["closed"][0]["what"]["route"], "default/far", "{json:#}");
    let gone = ["policy", "what-changes", "--delete", "modelroute/default/far", "--policy", &folder, "-o", "yaml"];
    let (code, yaml, _) = outrigger(home.path(), &gone, None).await;
    assert!(code == 2 && yaml.contains("how: Removed"), "{code} {yaml}");
}

/// A control plane says for whom: it knows who is connected.
#[tokio::test]
async fn a_control_plane_is_asked_who_is_touched() {
    let plane = ControlPlane::with_policy(policy()).await;
    let sidecar = plane.sidecar().start().await;
    let (home, _, new) = folders(EU);
    let from = format!("http://{}", plane.admin_addr());
    let words = ["policy", "what-changes", "-f", &new, "--from", &from];
    let (code, table, said) = outrigger(home.path(), &words, None).await;
    assert_eq!(code, 3, "{said}");
    assert!(table.contains("default (1 workload, 1 sidecar)") && table.contains("ServiceAccount/default"), "{table}");

    let request = home.path().join("request.json");
    fs::write(&request, r#"{"model": "far", "messages": [{"role": "user", "content": "hi"}]}"#).unwrap();
    let request = request.to_str().unwrap();
    let words = ["explain", "--workload", "default/ServiceAccount/default", "--from", &from, request];
    let (code, told, said) = outrigger(home.path(), &words, None).await;
    let told: Value = serde_json::from_str(&told).unwrap_or_else(|_| panic!("{told} {said}"));
    assert_eq!((code, &told["attempts"][0]["provider"]), (0, &"default/us".into()), "{told:#}");
    assert!(told["decided_for"]["signals"].is_string());
    drop(sidecar);
}

/// An edit leaves a line behind: what it was, what it opened and what it closed. Nothing is said of a start.
#[tokio::test]
async fn an_edit_leaves_a_line_behind() {
    let plane = ControlPlane::with_policy(policy()).await;
    let sidecar = plane.sidecar().start().await;
    plane.edit(format!("{}---\n{EU}", policy()));
    let closed = plane.wait_log("policy_changed").await;
    assert!(closed.contains("ModelPolicy default/eu added"), "{closed}");
    assert!(closed.contains("closes ModelRoute default/far for 1 workload with 1 sidecar"), "{closed}");
    plane.edit(policy());
    let opened = plane.wait_log("ModelPolicy default/eu removed").await;
    assert!(opened.contains("opens: regions eu -> any"), "{opened}");
    assert_eq!(plane.log().iter().filter(|line| line.contains("policy_changed")).count(), 2);
    drop(sidecar);
}

/// Called as kubectl calls it, it finds the control plane by kubectl: here one that says what it is told to.
#[tokio::test]
async fn as_a_plugin_it_goes_by_way_of_kubectl() {
    let plane = ControlPlane::with_policy(policy()).await;
    let (home, _, new) = folders(EU);
    let (bin, ca) = (home.path().join("bin"), home.path().join("ca.json"));
    fs::create_dir(&bin).unwrap();
    let bundle = fs::read_to_string(plane.ca_file()).unwrap();
    fs::write(&ca, serde_json::json!({"data": {"ca.crt": bundle}}).to_string()).unwrap();
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in\n\
         *'config view'*) echo '{{\"users\": [{{\"user\": {{\"token\": \"t\"}}}}]}}' ;;\n\
         *'get configmap outrigger-ca --namespace=outrigger-system'*) cat {} ;;\n\
         *port-forward*) echo 'Forwarding from 127.0.0.1:{} -> 4119'; exec sleep 60 ;;\n\
         *) exit 1 ;;\nesac\n",
        ca.display(),
        plane.addr().port()
    );
    fs::write(bin.join("kubectl"), script).unwrap();
    fs::set_permissions(bin.join("kubectl"), fs::Permissions::from_mode(0o755)).unwrap();
    let plugin = bin.join("kubectl-outrigger");
    std::os::unix::fs::symlink(program("outrigger"), &plugin).unwrap();
    let words = ["policy", "what-changes", "-f", &new];
    let (code, _, said) = outrigger_at(&plugin, home.path(), &words, Some(&bin)).await;
    // It got there: outside Kubernetes nobody is let in by a token.
    assert!(code == 1 && said.contains("runs outside Kubernetes"), "{code} {said}");
    let (_, help, _) = outrigger_at(&plugin, home.path(), &["fleet", "--help"], None).await;
    assert!(help.contains("Usage: kubectl outrigger fleet"), "{help}");

    let completes = bin.join("kubectl_complete-outrigger");
    std::os::unix::fs::symlink(program("outrigger"), &completes).unwrap();
    let (code, lines, _) = outrigger_at(&completes, home.path(), &["policy", "w"], None).await;
    assert!(code == 0 && lines.starts_with("what-changes\t") && lines.ends_with(":4\n"), "{lines}");
}
