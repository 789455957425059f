//! What an edit means is what a pod is answered two seconds after the API server has taken it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::harness::*;

/// From the acknowledgement of an edit to the first answer by it.
pub(crate) const SWIFT: Duration = Duration::from_secs(2);

/// Asks `assistant` fifty times a second, until the pod goes; writes down when what it is told has come to be by another of
/// these words.
const ASKER: &str = "import openai, sys, time\n\
    c, last = openai.OpenAI(max_retries=0), ''\n\
    while True:\n    try:\n        said = c.chat.completions.create(model='assistant', \
    messages=[{'role': 'user', 'content': 'hi'}]).choices[0].message.content\n    \
    except openai.OpenAIError as e:\n        said = str(e)\n    \
    word = next((w for w in sys.argv[1:] if w in said), 'other: ' + said[:200].replace('\\n', ' '))\n    \
    if word != last:\n        print(time.time(), word, flush=True)\n        last = word\n    time.sleep(0.02)";

/// Begins to ask in this pod.
pub(crate) async fn asks_on(story: &Story, pod: &str, words: &[&str]) {
    let begin = ["sh", "-c", "python3 -c \"$@\" > /tmp/changes 2>&1 &", "sh", ASKER];
    story.exec(pod, &[&begin[..], words].concat()).await;
    wait_for("the first answer", SOON, async || {
        let said = story.try_exec(pod, &["cat", "/tmp/changes"]).await;
        (!said.stdout.is_empty()).then_some(())
    })
    .await;
}

/// Edits, and answers how long after that was acknowledged the pod was told this for the first time. The clock is one: the
/// node's pods run on this machine.
pub(crate) async fn swiftly(story: &Story, pod: &str, edit: &str, word: &str) -> Duration {
    let begun = SystemTime::now();
    story.apply(edit).await;
    let acknowledged = SystemTime::now();
    let at = wait_for(&format!("{pod} to be told {word:?}"), Duration::from_secs(30), async || {
        let said = story.exec(pod, &["cat", "/tmp/changes"]).await;
        let lines = said.lines().filter_map(|line| line.split_once(' '));
        let times = lines.filter(|(_, said)| *said == word).filter_map(|(at, _)| at.parse::<f64>().ok());
        let mut times = times.map(|at| UNIX_EPOCH + Duration::from_secs_f64(at));
        times.find(|at| *at > begun)
    })
    .await;
    at.duration_since(acknowledged).unwrap_or_default()
}
