//! The ledger as its own program, on a file: what sidecars tell it is booked once, survives whatever becomes of it, and is
//! shown to those who may see it.

mod left;
mod wire;

use std::{
    ffi::OsString,
    net::SocketAddr,
    path::Path,
    process::Stdio,
    sync::Arc,
    time::{Duration, SystemTime},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::*;
use wire::{Message, Told, append, batch, begun, record};

const NAME: &str = "outrigger-control-plane";

/// A running ledger. Dropping it kills the process.
pub struct Ledger {
    pub program: Restarting,
    home: Arc<TempDir>,
}

fn now_ms() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis() as u64
}

fn booked(through: u64) -> Option<Told> {
    Some(Told { status: 0, message: String::new(), through })
}

impl Ledger {
    async fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        let state = home.path().join("state");
        Self::of(home, &state, &[]).await
    }

    /// One that takes the tokens of a control plane, with more arguments.
    pub async fn beside(plane: &ControlPlane, more: &[&str]) -> Self {
        Self::of(tempfile::tempdir().unwrap(), &plane.state_folder(), more).await
    }

    /// The same on a disk of its own.
    pub async fn on_disk(plane: &ControlPlane, disk: &SmallDisk, more: &[&str]) -> Self {
        let store = format!("sqlite:{}", disk.path().join("ledger.db").display());
        let home = tempfile::tempdir().unwrap();
        Self::at(home, &plane.state_folder(), &store, disk.within(), more).await
    }

    /// The same in PostgreSQL.
    pub async fn in_postgres(plane: &ControlPlane, server: &Postgres, more: &[&str]) -> Self {
        Self::at(tempfile::tempdir().unwrap(), &plane.state_folder(), &server.url(), Vec::new(), more).await
    }

    async fn of(home: TempDir, state: &Path, more: &[&str]) -> Self {
        let store = format!("sqlite:{}", home.path().join("ledger.db").display());
        Self::at(home, state, &store, Vec::new(), more).await
    }

    async fn at(home: TempDir, state: &Path, store: &str, within: Vec<OsString>, more: &[&str]) -> Self {
        let home = Arc::new(home);
        let args = ["--insecure", "--state", &state.display().to_string(), "--store", store];
        let args = args.iter().chain(more).map(Into::into).collect();
        let mut program = Restarting::new(NAME, home.path(), args).word("ledger").within(within);
        program.start().await;
        Self { program, home }
    }

    pub fn addr(&self) -> SocketAddr {
        self.program.listen()
    }

    async fn says(&self, token: &str, batch: &Message) -> Option<Told> {
        append(self.addr(), Some(token), batch).await
    }

    /// What the command line says to these words about its state folder.
    fn run(&self, words: &[&str], args: &[&str]) -> String {
        let mut command = process_command(NAME, self.home.path());
        let command = command.args(words).arg("--state").arg(self.home.path().join("state")).args(args);
        let run = command.stdout(Stdio::piped()).output().unwrap();
        assert!(run.status.success(), "{words:?}: {}", String::from_utf8_lossy(&run.stderr));
        String::from_utf8_lossy(&run.stdout).trim().to_owned()
    }

    fn token(&self, namespace: &str) -> String {
        self.run(&["token"], &["--namespace", namespace, "--service-account", "web"])
    }

    /// Its page of metrics.
    pub async fn metrics_page(&self) -> String {
        Client::new(self.program.admin()).get("/metrics").await.text()
    }

    /// A page of this machine.
    pub async fn page(&self, path: &str) -> Value {
        let answer = Client::new(self.program.admin()).get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }

    pub async fn metrics(&self) -> Metrics {
        Metrics::parse(&Client::new(self.program.admin()).get("/metrics").await.text())
    }

    /// What `outrigger usage` prints with these arguments: exit code, standard output, standard error.
    pub async fn usage(&self, args: &[&str]) -> (i32, String, String) {
        let mut command = process_command("outrigger", self.home.path());
        command.arg("usage").args(args).args(["--from", &format!("http://{}", self.program.admin())]);
        let run = tokio::task::spawn_blocking(move || command.stdout(Stdio::piped()).output()).await.unwrap().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (run.status.code().unwrap_or(-1), text(&run.stdout), text(&run.stderr))
    }

    /// What `outrigger report` says with these arguments: exit code, standard output, standard error.
    async fn report(&self, args: &[&str]) -> (i32, String, String) {
        let mut command = process_command("outrigger", self.home.path());
        command.arg("report").args(args).args(["--from", &format!("http://{}", self.program.admin())]);
        let run = tokio::task::spawn_blocking(move || command.stdout(Stdio::piped()).output()).await.unwrap().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (run.status.code().unwrap_or(-1), text(&run.stdout), text(&run.stderr))
    }

    /// The pages that a token sees on the port of sidecars, by HTTP/2.
    async fn with_token(&self, token: &str, path: &str) -> (u16, Value) {
        self.asks(http::Method::GET, token, path, "").await
    }

    /// What a token is answered there that sends this.
    async fn posts(&self, token: &str, path: &str, body: &str) -> u16 {
        self.asks(http::Method::POST, token, path, body).await.0
    }

    async fn asks(&self, method: http::Method, token: &str, path: &str, sent: &str) -> (u16, Value) {
        let socket = tokio::net::TcpStream::connect(self.addr()).await.unwrap();
        let (send, connection) = h2::client::handshake(socket).await.unwrap();
        let connected = tokio::spawn(connection);
        let request = http::Request::builder().method(method).uri(format!("http://{}{path}", self.addr()));
        let request = request.header("authorization", format!("Bearer {token}")).body(()).unwrap();
        let (answer, mut out) = send.ready().await.unwrap().send_request(request, false).unwrap();
        // A question may be refused before its body has come.
        let _ = out.send_data(sent.to_owned().into(), true);
        let answer = answer.await.unwrap();
        let (head, mut body) = answer.into_parts();
        let mut bytes = Vec::new();
        while let Some(part) = body.data().await {
            let part = part.unwrap();
            let _ = body.flow_control().release_capacity(part.len());
            bytes.extend_from_slice(&part);
        }
        connected.abort();
        (head.status.as_u16(), serde_json::from_slice(&bytes).unwrap_or_default())
    }
}

/// The sum of everything, as requests and nano-dollars.
async fn total(ledger: &Ledger) -> (i64, i64) {
    let usage = ledger.page("/usage").await;
    let booked = &usage["total"]["booked"];
    (booked["requests"].as_i64().unwrap(), booked["nano"].as_i64().unwrap())
}

/// However often and in whatever order a batch comes, each entry is booked once; and under the token's namespace, whatever the
/// message says.
#[tokio::test]
async fn an_entry_is_booked_once() {
    let ledger = Ledger::start().await;
    let (token, now) = (ledger.token("prod"), now_ms());
    let first = batch(1, 3, now, vec![record(1, "gen-1", "search", now, 1_000), record(2, "gen-2", "search", now, 20)]);
    let last = batch(1, 3, now, vec![record(3, "gen-3", "ads", now, 300_000)]);
    // What lies before it never came so far.
    assert_eq!(ledger.says(&token, &last).await, booked(0));
    assert_eq!(ledger.says(&token, &first).await, booked(3));
    for again in [&first, &last, &first] {
        assert_eq!(ledger.says(&token, again).await, booked(3));
    }
    assert_eq!(total(&ledger).await, (3, 301_020));
    let usage = ledger.page("/usage?by=namespace,team").await;
    let names: Vec<&Value> = usage["rows"].as_array().unwrap().iter().map(|row| &row["names"]).collect();
    assert_eq!(names, [&json!(["prod", "ads"]), &json!(["prod", "search"])], "{usage:#}");
    let metrics = Client::new(ledger.program.admin()).get("/metrics").await.text();
    assert!(metrics.contains("outrigger_ledger_calls_total{outcome=\"booked\"} 5"), "{metrics}");
    assert!(metrics.contains("outrigger_ledger_entries_total{kind=\"record\"} 8"), "{metrics}");
}

/// What was answered is on disk: a ledger that is killed has it when it is back, and says so.
#[tokio::test]
async fn what_was_answered_survives_a_kill() {
    let mut ledger = Ledger::start().await;
    let token = ledger.token("prod");
    let mut told = 0;
    for round in 1..=5 {
        // Somebody tells on while it dies, and tells again what was not answered.
        let (addr, shared) = (ledger.addr(), token.clone());
        let telling = tokio::spawn(async move {
            let mut answered = told;
            for number in told + 1..told + 400 {
                let now = now_ms();
                let id = format!("gen-{number}");
                match append(addr, Some(&shared), &batch(9, number, now, vec![record(number, &id, "a", now, 7)])).await
                {
                    Some(Told { status: 0, through, .. }) => answered = through,
                    _ => break,
                }
            }
            answered
        });
        tokio::time::sleep(Duration::from_millis(60 * round)).await;
        ledger.program.kill();
        let answered = telling.await.unwrap();
        assert!(answered >= told, "{answered} {told}");
        ledger.program.start().await;
        let (requests, nano) = total(&ledger).await;
        // One more may be on disk that died before it was answered.
        assert!((answered..=answered + 1).contains(&(requests as u64)), "{answered} answered, {requests} booked");
        assert_eq!(nano, requests * 7);
        told = requests as u64;
    }
    assert!(told > 0, "nothing was ever told");
    let now = now_ms();
    assert_eq!(ledger.says(&token, &batch(9, told, now, Vec::new())).await, booked(told));
}

/// A file has one process: the second one says so, and the first goes on.
#[tokio::test]
async fn two_programs_on_one_file_are_refused() {
    let ledger = Ledger::start().await;
    let token = ledger.token("prod");
    let mut command = process_command(NAME, ledger.home.path());
    command.args(["ledger", "--insecure", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--state"]);
    command.arg(ledger.home.path().join("state")).arg("--store");
    command.arg(format!("sqlite:{}", ledger.home.path().join("ledger.db").display()));
    let run = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(!run.status.success() && said.contains("in use by another process"), "{said}");
    let now = now_ms();
    assert_eq!(ledger.says(&token, &batch(1, 1, now, vec![record(1, "gen-1", "a", now, 1)])).await, booked(1));
}

/// Whose token is not good books nothing, and neither does a message that breaks a rule.
#[tokio::test]
async fn what_is_not_good_is_refused() {
    let ledger = Ledger::start().await;
    let (token, now) = (ledger.token("prod"), now_ms());
    let good = batch(1, 1, now, vec![record(1, "gen-1", "a", now, 1)]);
    let status = |told: Option<Told>| told.map(|told| (told.status, told.message));
    let (code, why) = status(append(ledger.addr(), None, &good).await).unwrap();
    assert!(code == 16 && why.starts_with("token_missing"), "{why}");
    let forged = format!("{}x", &token[..token.len() - 1]);
    let (code, why) = status(ledger.says(&forged, &good).await).unwrap();
    assert!(code == 16 && !why.contains(&forged), "{why}");
    let (code, why) =
        status(ledger.says(&token, &batch(1, 1, now, vec![record(2, "gen-2", "a", now, 1)])).await).unwrap();
    assert!(code == 3 && why.contains("order"), "{why}");
    let long = "x".repeat(2 << 20);
    let (code, _) = status(ledger.says(&token, &Message::default().bytes(1, long)).await).unwrap();
    assert_eq!(code, 8);
    assert_eq!(total(&ledger).await, (0, 0));
    // Taken back while it is used.
    assert_eq!(ledger.says(&token, &good).await, booked(1));
    let file = ledger.home.path().join("token");
    std::fs::write(&file, &token).unwrap();
    ledger.run(&["token", "revoke"], &["--token-file", file.to_str().unwrap()]);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (code, why) = status(ledger.says(&token, &good).await).unwrap();
    assert!(code == 16 && why.starts_with("token_revoked"), "{why}");
}

/// A namespace's token reads what is booked under it, and the system namespace's reads all; nobody else's epoch is taken.
#[tokio::test]
async fn a_namespaces_reader_sees_its_own() {
    let ledger = Ledger::start().await;
    let [prod, dev, system] = ["prod", "dev", "outrigger-system"].map(|namespace| ledger.token(namespace));
    let now = now_ms();
    assert_eq!(ledger.says(&prod, &batch(1, 1, now, vec![record(1, "gen-1", "a", now, 5)])).await, booked(1));
    assert_eq!(ledger.says(&dev, &batch(2, 1, now, vec![record(1, "gen-2", "a", now, 70)])).await, booked(1));
    let stolen = ledger.says(&dev, &batch(1, 2, now, vec![record(2, "gen-3", "a", now, 900)])).await.unwrap();
    assert_eq!(stolen.status, 7, "{}", stolen.message);
    let nano = |(status, usage): (u16, Value)| (status, usage["total"]["booked"]["nano"].as_i64());
    assert_eq!(nano(ledger.with_token(&prod, "/usage").await), (200, Some(5)));
    assert_eq!(nano(ledger.with_token(&dev, "/usage?where=namespace%3Ddev").await), (200, Some(70)));
    assert_eq!(nano(ledger.with_token(&system, "/usage").await), (200, Some(75)));
    for path in ["/usage?where=namespace%3Dprod", "/usage/gaps?namespace=prod", "/api/v1/activity?namespace=prod"] {
        assert_eq!(ledger.with_token(&dev, path).await.0, 403, "{path}");
    }
    // Of records, what is somebody else's is as if it were not there.
    assert_eq!(ledger.with_token(&dev, "/api/v1/generation?id=gen-1").await.0, 404);
    let (status, own) = ledger.with_token(&prod, "/api/v1/generation?id=gen-1").await;
    assert_eq!((status, &own["data"]["model"]), (200, &json!("m")), "{own:#}");
    assert_eq!(ledger.with_token("nobody", "/usage").await.0, 401);
    assert_eq!(ledger.with_token(&prod, "/usage?by=tema").await.0, 400);
}

/// People ask by the command line: a table with what is not in its sums, exact figures for a spreadsheet, and what is missing.
#[tokio::test]
async fn people_ask_by_the_command_line() {
    let ledger = Ledger::start().await;
    let (token, now) = (ledger.token("prod"), now_ms());
    let entries = vec![
        begun(1, "gen-0", now),
        record(2, "gen-1", "search", now, 1_500_000_001),
        record(5, "gen-2", "ads", now, 7),
    ];
    assert_eq!(ledger.says(&token, &batch(1, 5, now, entries)).await, booked(2));
    // While its process may still tell, nothing of it is missing; once that has ended, what never came is.
    assert_eq!(ledger.page("/usage/gaps").await, json!([]));
    assert_eq!(ledger.says(&token, &batch(1, 5, now, Vec::new()).number(5, 1)).await, booked(2));
    let (code, table, complaint) = ledger.usage(&["--since", "1d", "--by", "team,model", "--order", "cost"]).await;
    assert_eq!(code, 0, "{complaint}");
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("TEAM") && lines[1].starts_with("search") && lines[1].contains("1.5000"), "{table}");
    assert!(table.contains("2 entries of 1 processes are missing"), "{table}");
    let (_, csv, _) = ledger.usage(&["--by", "team", "-o", "csv", "--where", "team=search"]).await;
    assert!(csv.lines().nth(1).unwrap().starts_with("search,1.500000001,"), "{csv}");
    let (_, gaps, _) = ledger.usage(&["gaps"]).await;
    assert!(gaps.contains("web-1") && gaps.contains("3-4"), "{gaps}");
    let (code, forgotten, complaint) = ledger.usage(&["forget", "--user", "h:00112233445566778899aabbccddeeff"]).await;
    assert!(code == 0 && forgotten.contains("2 records"), "{forgotten}{complaint}");
    let (code, _, complaint) = ledger.usage(&["--by", "tema"]).await;
    assert!(code == 1 && complaint.contains("did you mean `team`"), "{complaint}");
    let today = &ledger.page("/usage?by=day").await["rows"][0]["names"][0].as_str().unwrap().to_owned();
    let bill = ledger.home.path().join("bill.csv");
    std::fs::write(&bill, format!("date,model,amount\n{today},m,1.500000008\n{today},other,2\n")).unwrap();
    let (code, lines, complaint) = ledger.usage(&["reconcile", "--bill", bill.to_str().unwrap()]).await;
    assert!(code == 0 && lines.contains("not_ours") && lines.contains("2.0000"), "{lines}{complaint}");
    // A period that is not over cannot be closed.
    let (code, _, complaint) = ledger.usage(&["close", &today[..7]]).await;
    assert!(code == 1, "{complaint}");
}

/// Management reads a page: of the quarter that runs, with what it cost, who spent it, the dearest request, and what is missing.
#[tokio::test]
async fn a_quarter_is_reported_as_a_page() {
    let ledger = Ledger::start().await;
    let (token, now) = (ledger.token("prod"), now_ms());
    let entries = vec![
        record(1, "gen-1", "search", now, 2_000_000_000),
        record(2, "gen-2", "<b>ads</b>", now, 1_500_000_000),
        record(5, "gen-3", "search", now, 500_000_000),
    ];
    assert_eq!(ledger.says(&token, &batch(1, 5, now, entries)).await, booked(2));
    assert_eq!(ledger.says(&token, &batch(1, 5, now, Vec::new()).number(5, 1)).await, booked(2));
    let quarter = ledger.page("/usage?since=1h&by=quarter").await["rows"][0]["names"][0].as_str().unwrap().to_owned();
    let dear = ledger.page(&format!("/usage/expensive?period={quarter}&limit=2")).await;
    let ids: Vec<&Value> = dear.as_array().unwrap().iter().map(|one| &one["id"]).collect();
    assert_eq!(ids, ["gen-1", "gen-2"], "{dear:#}");
    let out = ledger.home.path().join("page");
    let (code, said, complaint) = ledger.report(&["--quarter", &quarter, "--out", out.to_str().unwrap()]).await;
    assert_eq!(code, 0, "{complaint}");
    assert!(said.contains("report.html") && said.contains("report.md"), "{said}");
    let read = |name: &str| std::fs::read_to_string(out.join(name)).unwrap();
    let (html, markdown) = (read("report.html"), read("report.md"));
    assert!(markdown.contains("| Spent | $4.00 |") && markdown.contains("gen-1"), "{markdown}");
    assert!(markdown.contains("| search | 2 | 20 | 0.0% | $2.50 | 62.5% |"), "{markdown}");
    assert!(markdown.contains("2 entries of 1 processes never came"), "{markdown}");
    assert!(html.contains("&lt;b&gt;ads") && !html.contains("<b>") && html.contains("$4.00"));
    assert!(read("weeks.svg").starts_with("<svg") && read("saved.svg").starts_with("<svg"));
    // Another namespace spent nothing, and which months are closed is not its readers' to know.
    let (code, _, complaint) =
        ledger.report(&["--quarter", &quarter, "-n", "dev", "--out", out.to_str().unwrap()]).await;
    assert_eq!(code, 0, "{complaint}");
    assert!(read("report.md").contains("the namespace dev") && read("report.md").contains("| Spent | $0.00 |"));
    let (code, _, complaint) = ledger.report(&["--quarter", "2026Q5"]).await;
    assert!(code != 0 && complaint.contains("2026Q4"), "{complaint}");
    let (code, _, complaint) = ledger.report(&["--quarter", "2999Q1"]).await;
    assert!(code == 1 && complaint.contains("has not begun"), "{complaint}");
}

/// Two sidecars of a namespace book one user alike, whoever they are to each other: she is one row, is asked about by her name,
/// and when she is forgotten by it, both have forgotten her. Another namespace's user of that name is somebody else.
#[tokio::test]
async fn a_user_is_one_across_sidecars_and_is_forgotten_by_name() {
    let upstream = Upstream::start([chat_ok_usage("hello", 11, 7)]).await;
    let policy = Policy::new().provider("a", upstream.base_url()).route("r", &["a"]);
    let plane = ControlPlane::setup(policy).insecure().start().await;
    let ledger = Ledger::beside(&plane, &[]).await;
    let setup =
        || plane.sidecar().arg("--ledger").arg(format!("http://{}", ledger.addr())).arg("--log-format").arg("json");
    let (one, two) = (setup().start().await, setup().start().await);
    let other = setup().token(plane.token("dev", &["--service-account", "web"])).start().await;
    for (sidecar, user) in [(&one, "ann"), (&two, "ann"), (&two, "bob"), (&other, "ann")] {
        sidecar.wait_log("user_key_known").await;
        let mut request = chat("r");
        request["user"] = json!(user);
        let answer = sidecar.client().post("/v1/chat/completions", request).await;
        assert!(answer.status == 200 || std::ptr::eq(sidecar, &other), "{}", answer.text());
    }
    let begun = std::time::Instant::now();
    while total(&ledger).await.0 < 4 {
        assert!(begun.elapsed() < PATIENCE, "four records");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let rows = |usage: &Value| -> Vec<(String, i64)> {
        let row = |row: &Value| {
            let name = row["names"][0].as_str().unwrap().to_owned();
            (name, row["booked"]["requests"].as_i64().unwrap())
        };
        usage["rows"].as_array().unwrap().iter().map(row).collect()
    };
    let users = rows(&ledger.page("/usage?by=user").await);
    assert!(users.iter().all(|(user, _)| user.starts_with("n:") && user.len() == 34), "{users:?}");
    let mut counts: Vec<i64> = users.iter().map(|(_, requests)| *requests).collect();
    counts.sort_unstable();
    assert_eq!(counts, [1, 1, 2], "ann, bob, and the other namespace's ann: {users:?}");
    let namespace = "default".to_owned();
    let asked = format!("where=user%3Dann&namespace={namespace}");
    assert_eq!(rows(&ledger.page(&format!("/usage?by=namespace&{asked}")).await), [(namespace.clone(), 2)]);
    assert_eq!(rows(&ledger.page("/usage?by=namespace&where=user%3Dann").await).len(), 2);
    let (code, said, complaint) = ledger.usage(&["forget", "--user", "ann", "-n", &namespace]).await;
    assert!(code == 0 && said.contains("2 records"), "{said}{complaint}");
    let left = rows(&ledger.page("/usage?by=user").await);
    let nobody = |rows: &[(String, i64)]| rows.iter().find(|(user, _)| user.is_empty()).map(|(_, requests)| *requests);
    assert_eq!((left.len(), nobody(&left)), (3, Some(2)), "{left:?}");
    assert_eq!(rows(&ledger.page(&format!("/usage?by=namespace&{asked}")).await), []);
    let (code, said, complaint) = ledger.usage(&["forget", "--user", "ann"]).await;
    assert!(code == 0 && said.contains("1 records") && !said.contains("hashed by keys"), "{said}{complaint}");
    // What it all rests on is told nobody.
    for sidecar in [&one, &two, &other] {
        assert!(sidecar.log().iter().all(|line| !line.contains("user_key\":")), "a key is in a log");
    }
}

/// Other prices are looked at before they are booked; what was booked stays, the difference stands beside it, and asking again
/// finds nothing.
#[tokio::test]
async fn other_prices_are_looked_at_and_then_booked_beside_the_old_ones() {
    let ledger = Ledger::start().await;
    let (token, now) = (ledger.token("prod"), now_ms());
    let entries = vec![record(1, "gen-1", "search", now, 1_000), record(2, "gen-2", "ads", now, 500)];
    assert_eq!(ledger.says(&token, &batch(1, 2, now, entries)).await, booked(2));
    let before = ledger.page("/usage?by=model,vendor").await;
    let names = &before["rows"][0]["names"];
    let (model, vendor) = (names[0].as_str().unwrap().to_owned(), names[1].as_str().unwrap().to_owned());
    let prices = ledger.home.path().join("prices.csv");
    std::fs::write(&prices, format!("vendor,model,input,output\n{vendor},{model},1000,1000\n")).unwrap();
    let prices = prices.to_str().unwrap();
    let (code, look, complaint) = ledger.usage(&["reprice", "--prices", prices]).await;
    assert!(code == 0 && look.contains("Nothing is booked: --apply"), "{look}{complaint}");
    let line = look.lines().nth(1).unwrap().to_owned();
    assert!(line.starts_with(&vendor) && line.contains("open"), "{look}");
    assert_eq!(ledger.page("/usage?by=model,vendor").await, before, "a look changes nothing");
    let (code, done, complaint) = ledger.usage(&["reprice", "--prices", prices, "--apply"]).await;
    assert!(
        code == 0 && done.contains("Booked as adjustments") && done.lines().nth(1) == Some(&*line),
        "{done}{complaint}"
    );
    let after = ledger.page("/usage?by=model,vendor").await;
    assert_eq!(after["total"]["booked"], before["total"]["booked"], "the old figure is kept");
    assert!(after["total"]["adjusted"]["nano"].as_i64().unwrap() > 0, "{after:#}");
    let (code, again, complaint) = ledger.usage(&["reprice", "--prices", prices, "--apply"]).await;
    assert!(code == 0 && again.contains("Nothing costs anything else"), "{again}{complaint}");
    std::fs::write(ledger.home.path().join("prices.csv"), "vendor,model,input,output\na,b,dear,1\n").unwrap();
    let (code, _, complaint) = ledger.usage(&["reprice", "--prices", prices]).await;
    assert!(code == 1 && complaint.contains("row 1"), "{complaint}");
    // What changes the books is the system namespace's, and a look at it is too.
    let system = ledger.token("outrigger-system");
    assert_eq!(ledger.posts(&token, "/usage/reprice", "").await, 403);
    assert_eq!(ledger.posts(&system, "/usage/reprice", "").await, 200);
    assert_eq!(ledger.posts(&token, "/usage/forget?namespace=prod", r#"{"user": "ann"}"#).await, 403);
    assert_eq!(ledger.posts(&system, "/usage/forget?namespace=prod", r#"{"user": "ann"}"#).await, 200);
    // Which months are closed, a namespace's reader knows of its own.
    assert_eq!(ledger.with_token(&token, "/usage/closed?namespace=prod").await, (200, json!([])));
    assert_eq!(ledger.with_token(&token, "/usage/closed?namespace=dev").await.0, 403);
}
