//! R-DRAIN-1, R-DRAIN-2, R-DRAIN-3, R-LIFE-1, R-LIFE-4: pods come to an end.

use std::time::Duration;

use super::*;
use crate::harness::*;

/// A Job is complete although its sidecar would run for ever.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a node: cargo xtask test"]
async fn a_job_completes() {
    let _installed = shared().await;
    let story = Story::injected().await;
    story.apply(&provider("near")).await;
    story.apply(&policy(&["near"])).await;
    story.ready("deployment/near").await;
    let job = format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: job}}\nspec:\n  backoffLimit: 0\n  template:\n    spec:\n      \
         restartPolicy: Never\n      containers:\n      - {{name: app, image: {PYTHON}, imagePullPolicy: Never, \
         args: [-c, {ASK:?}]}}\n"
    );
    story.apply(&job).await;
    story.kubectl(&["wait", "--for=condition=Complete", "job/job", "--timeout=90s"]).await;
    assert!(story.kubectl(&["logs", "job/job", "--container", "app"]).await.contains("near"));
}

/// A CronJob, by its own clock: an init container of its pod finds the sidecar there already, and nobody ends anything by hand.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a node: cargo xtask test"]
async fn a_cron_jobs_pod_calls_from_its_first_container_on_and_completes() {
    let _installed = shared().await;
    let story = Story::injected().await;
    story.apply(&(provider("near") + &policy(&["near"]))).await;
    story.ready("deployment/near").await;
    let container =
        |name: &str| format!("[{{name: {name}, image: {PYTHON}, imagePullPolicy: Never, args: [-c, {ASK:?}]}}]");
    let nightly = format!(
        "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: nightly}}\nspec:\n  schedule: \"* * * * *\"\n  \
         concurrencyPolicy: Forbid\n  jobTemplate:\n    spec:\n      backoffLimit: 0\n      template:\n        \
         metadata: {{labels: {{of: nightly}}}}\n        spec:\n          restartPolicy: Never\n          \
         initContainers: {}\n          containers: {}\n",
        container("before"),
        container("app")
    );
    story.apply(&nightly).await;
    // Its controller says so when the Job is complete, which it is when every container of the pod has ended.
    let cron = wait_for("a run that succeeded", Duration::from_secs(150), async || {
        let cron = story.get(&["cronjob", "nightly"]).await;
        cron["status"]["lastSuccessfulTime"].is_string().then_some(cron)
    })
    .await;
    assert!(cron["status"]["active"].as_array().is_none_or(Vec::is_empty), "{:#}", cron["status"]);
    let pods = story.get(&["pods", "--selector=of=nightly"]).await;
    let names = |list: &str| -> Vec<String> {
        let all = pods["items"][0]["spec"][list].as_array().unwrap().iter();
        all.map(|it| it["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(
        (names("initContainers"), names("containers")),
        (vec!["outrigger".into(), "before".into()], vec!["app".into()])
    );
    for container in ["before", "app"] {
        let said = story.kubectl(&["logs", "--selector=of=nightly", "--container", container]).await;
        assert!(said.contains("near"), "{container}: {said}");
    }
}

/// R-DRAIN-3: told to leave while its application stays, a sidecar lets streams go on for as long as it may, then ends each
/// as its dialect says that something went wrong. It comes back, and the application goes on.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a node: cargo xtask test"]
async fn a_stream_that_may_go_on_no_longer_ends_with_an_error_that_its_sdk_reads() {
    let _installed = shared().await;
    let story = Story::injected().await;
    story.apply(&(slow("slow", 60) + &policy(&["slow"]))).await;
    let drained = app("app", "").replacen("labels: {", "annotations: {outrigger.dev/drain: 4s}, labels: {", 1);
    story.apply(&drained.replace("GracePeriodSeconds: 5", "GracePeriodSeconds: 30")).await;
    story.ready("pod/slow").await;
    story.ready("pod/app").await;
    // Both dialects at once; says in a file when both stream, and in the end how they ended.
    let streams = "import anthropic, openai, threading\n\
        said = {'messages': [{'role': 'user', 'content': 'hi'}], 'model': 'assistant', 'stream': True}\n\
        both = threading.Barrier(2, lambda: open('/tmp/open', 'w').close())\n\
        def one(name, begin, known):\n    try:\n        for at, part in enumerate(begin()):\n            \
        if at == 3: both.wait()\n        end = 'as if it were whole'\n    except known as e:\n        end = e.body\n    \
        except Exception as e:\n        end = repr(e)\n    print(name, end, flush=True)\n\
        a = lambda: anthropic.Anthropic(max_retries=0).messages.create(max_tokens=64, **said)\n\
        o = lambda: openai.OpenAI(max_retries=0).chat.completions.create(**said)\n\
        threads = [threading.Thread(target=one, args=it) for it in \
        (('openai', o, openai.APIError), ('anthropic', a, anthropic.APIError))]\n\
        [t.start() for t in threads]\n[t.join() for t in threads]";
    let streams = ["python3", "-c", streams];
    let leaving = async {
        wait_for("both to stream", SOON, async || {
            story.try_exec("app", &["test", "-f", "/tmp/open"]).await.status.success().then_some(())
        })
        .await;
        signal_sidecar(&story.namespace, "app", rustix::process::Signal::TERM);
    };
    let (said, ()) = tokio::join!(story.exec("app", &streams), leaving);
    println!("{said}");
    for family in ["openai", "anthropic"] {
        let line = said.lines().find(|line| line.starts_with(family)).unwrap();
        assert!(line.contains("'code': 'cancelled'") && line.contains("drain time is over"), "{said}");
    }
    answers(&story, "app", "last words", Duration::from_secs(30)).await;
    assert_eq!(restarts(&story, "app").await, 1);
}

/// A call that the application makes in its own SIGTERM handler is served, and so is a stream that is under way.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a node: cargo xtask test"]
async fn a_pod_that_ends_finishes_its_stream_and_calls_until_its_last_line() {
    let _installed = shared().await;
    let story = Story::injected().await;
    story.apply(&slow("slow", 12)).await;
    story.apply(&policy(&["slow"])).await;
    // It streams; told to end it reads on, and calls once more before it goes.
    let application = "import openai, signal, sys, threading\n\
        c = openai.OpenAI(max_retries=0)\n\
        ask = lambda **more: c.chat.completions.create(model='assistant', messages=[{'role': 'user', 'content': 'hi'}], **more)\n\
        told = threading.Event()\n\
        signal.signal(signal.SIGTERM, lambda *_: told.set())\n\
        parts = []\n\
        for part in ask(stream=True):\n    \
        parts.append(part.choices[0].delta.content or '' if part.choices else '')\n    \
        print('part', flush=True)\n\
        print('whole' if ''.join(parts).split() == [str(i) for i in range(12)] else 'broken', told.is_set(), flush=True)\n\
        told.wait()\n\
        print(ask().choices[0].message.content, flush=True)";
    let pod = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: app}}\nspec:\n  terminationGracePeriodSeconds: 40\n  \
         restartPolicy: Never\n  containers:\n  - name: app\n    image: {PYTHON}\n    imagePullPolicy: Never\n    \
         args: [-c, {application:?}]\n"
    );
    story.ready("pod/slow").await;
    story.apply(&pod).await;
    wait_for("the first part", SOON, async || {
        let said = story.try_kubectl(&["logs", "app", "--container", "app"]).await;
        String::from_utf8_lossy(&said.stdout).contains("part").then_some(())
    })
    .await;
    // What it says is read to its end, after which the pod is gone.
    let (said, deleted) = tokio::join!(
        story.kubectl(&["logs", "app", "--container", "app", "--follow"]),
        story.kubectl(&["delete", "pod", "app", "--wait=false"]),
    );
    assert!(deleted.contains("deleted"), "{deleted}");
    let last: Vec<&str> = said.lines().filter(|line| *line != "part").collect();
    assert_eq!(last, ["whole True", "last words"], "{said}");
}
