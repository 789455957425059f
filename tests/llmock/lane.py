"""The processes, the caller, and what is asserted of one scenario."""

import contextlib
import http.client
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

PATIENCE = 30.0

# What each llmock of the fleet is started with. `a` and `b` are two vendors; the others have one trait each.
FLEET = {
    "a": [],
    "b": [],
    "quota": ["--rpm", "2"],
    "narrow": ["--context-window", "20"],
    "flaky": ["--error-rate", "429=0.2", "--error-rate", "500=0.2", "--error-rate", "503=0.2"],
}



def chat(text):
    return {"messages": [{"role": "user", "content": text}]}


# Path, base path at llmock, preset, and how a request is written, by surface.
MAIN = {
    "chat": ("/v1/chat/completions", "/v1", "openai", chat),
    "responses": ("/v1/responses", "/v1", "openai", lambda text: {"input": text}),
    "messages": (
        "/v1/messages",
        "/anthropic/v1",
        "anthropic",
        lambda text: {"max_tokens": 64, "messages": [{"role": "user", "content": text}]},
    ),
}

# Vendors whose chat completions llmock imitates.
VENDORS = {
    "groq": ("/v1/chat/completions", "/groq/openai/v1", "groq", chat),
    "mistral": ("/v1/chat/completions", "/mistral/v1", "mistral", chat),
    "together": ("/v1/chat/completions", "/together/v1", "together", chat),
    "perplexity": ("/v1/chat/completions", "/perplexity/v1", "perplexity", chat),
    "xai": ("/v1/chat/completions", "/xai/v1", "xai", chat),
    "ai21": ("/v1/chat/completions", "/ai21/v1", "ai21", chat),
}
SURFACES = {**MAIN, **VENDORS}

TERMINAL = {"responses": "response.completed", "messages": "message_stop"}


class Llmock:
    """One llmock process."""

    def __init__(self, command, options):
        self.port = free_port()
        # Its own variables would change what it does.
        env = {name: value for name, value in os.environ.items() if not name.startswith("LLMOCK_")}
        self.process = subprocess.Popen(
            [command, "serve", "--host", "127.0.0.1", "--port", str(self.port), "--log-level", "critical", *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=env,
        )

    def is_up(self):
        try:
            return self.ask("GET", "/health")[0] == 200
        except OSError:
            return False

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body=None if body is None else json.dumps(body))
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def script(self, behaviors):
        status, text = self.ask("POST", "/_llmock/scenario", {"behaviors": behaviors})
        assert status == 201, f"llmock refused the script: {text}"

    def reset(self):
        self.ask("POST", "/_llmock/reset")

    def verdict(self):
        return json.loads(self.ask("GET", "/_llmock/verdict")[1])["findings"]

    def requests(self):
        return json.loads(self.ask("GET", "/_llmock/requests")[1])["requests"]


class Fleet:
    """The llmock processes of one worker, each started when it is first asked for."""

    def __init__(self, command):
        self.command, self.running = command, {}

    def __getitem__(self, name):
        if name not in self.running:
            llmock = Llmock(self.command, FLEET[name])
            self.running[name] = llmock
            wait_until(llmock.is_up, f"llmock {name}", llmock.process)
        return self.running[name]

    def reset(self):
        for llmock in self.running.values():
            llmock.reset()

    def stop(self):
        for llmock in self.running.values():
            stop(llmock.process)


class Sidecar:
    """One sidecar on a policy."""

    def __init__(self, binary, folder, policy):
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=folder))
        (self.folder / "policy").mkdir()
        (self.folder / "policy" / "policy.yaml").write_text(policy)
        ready, self.log = self.folder / "ready.json", self.folder / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [binary, "run", "--policy", str(self.folder / "policy"), "--listen", "127.0.0.1:0"]
                + ["--admin-listen", "127.0.0.1:0", "--ready-file", str(ready)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            wait_until(lambda: ready.exists() and ready.read_text().strip(), "outrigger", self.process)
        except AssertionError as error:
            stop(self.process)
            raise AssertionError(f"{error}; it said:\n{self.log.read_text()[-2000:]}") from None
        said = self.log.read_text()
        if "policy_problem" in said:
            stop(self.process)
            raise AssertionError(f"the sidecar has a problem with the policy:\n{said[:2000]}")
        self.port = int(json.loads(ready.read_text())["listen"].rpartition(":")[2])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        stop(self.process)
        shutil.rmtree(self.folder, ignore_errors=True)

    def call(self, surface, body):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            headers = {"content-type": "application/json"}
            connection.request("POST", SURFACES[surface][0], body=json.dumps(body), headers=headers)
            response = connection.getresponse()
            try:
                text, broken = response.read(), False
            except (http.client.IncompleteRead, ConnectionError) as error:
                text, broken = getattr(error, "partial", b""), True
            return Answer(surface, response, text.decode(), broken)
        finally:
            connection.close()


class Answer:
    """What the caller saw."""

    def __init__(self, surface, response, text, broken):
        self.surface, self.status, self.text, self.broken = surface, response.status, text, broken
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.streamed = self.headers.get("content-type", "").startswith("text/event-stream")

    @property
    def data(self):
        """The data of every event."""
        return [line[5:].strip() for line in self.text.splitlines() if line.startswith("data:")]

    @property
    def error(self):
        """The error that the answer carries, as JSON; None if it carries none."""
        for text in self.data if self.streamed else [self.text]:
            with contextlib.suppress(ValueError):
                value = json.loads(text)
                if isinstance(value, dict) and (value.get("error") or value.get("type") in ("error", "response.failed")):
                    return value
        return None

    @property
    def ended(self):
        """Whether a stream said itself that it was over."""
        return TERMINAL.get(self.surface, "[DONE]") in self.text

    def describe(self):
        end = "abnormal end" if self.broken else "normal end"
        ours = {name: value for name, value in self.headers.items() if name.startswith(("x-outrigger", "retry-after"))}
        return f"status {self.status}, {end}, headers {ours}\n{self.text[-1500:]}"


def run_each(scenario, fleet, start):
    """Runs a scenario; returns the warnings of llmock, raises AssertionError when it fails."""
    fleet.reset()
    if scenario.behaviors:
        fleet[scenario.targets[0]].script(scenario.behaviors)
    with start(policy(scenario, fleet)) as sidecar:
        for number, expected in enumerate(scenario.expect, start=1):
            text = f"question {number}" if scenario.distinct else scenario.text
            body = {"model": "story", **SURFACES[scenario.surface][3](text), **scenario.extra}
            if scenario.stream:
                body["stream"] = True
            begun = time.monotonic()
            answer = sidecar.call(scenario.surface, body)
            problem = expected(answer, time.monotonic() - begun)
            log = sidecar.log.read_text()[-1500:]
            assert problem is None, f"answer {number}: {problem}\n{answer.describe()}\nthe sidecar's log:\n{log}"
        for name, calls in scenario.calls.items():
            seen = [record["status"] for record in fleet[name].requests()]
            assert len(seen) == calls, f"llmock {name} was called {len(seen)} times, not {calls}: it answered {seen}"
    return verdicts(scenario, fleet)


def verdicts(scenario, fleet):
    warnings, failures = [], []
    for name in sorted(set(scenario.targets) - {"twin"}):
        for finding in fleet[name].verdict():
            line = f"{finding['code']} at llmock {name}: {finding['title']}"
            (failures if scenario.strict or finding["severity"] == "error" else warnings).append(line)
    assert not failures, "llmock's verdict:\n" + "\n".join(failures)
    return warnings


def policy(scenario, fleet):
    _, base, preset, _ = SURFACES[scenario.surface]
    documents = ["apiVersion: v1\nkind: Secret\nmetadata: {name: keys, namespace: default}\nstringData: {key: sk-test}\n"]
    targets = ""
    for priority, target in enumerate(scenario.targets):
        # `twin` is a second account at the first target's vendor: the same llmock sees both and judges the whole.
        llmock = fleet[scenario.targets[0] if target == "twin" else target]
        documents.append(
            f"{head('ModelProvider', target)}"
            f"  preset: {preset}\n"
            f"  baseURL: http://127.0.0.1:{llmock.port}{base}\n"
            "  credentials:\n"
            "  - {name: main, secretKeyRef: {name: keys, key: key}, weight: 1}\n"
            "  models:\n"
            '  - {model: test/m, upstreamName: mock-1, prices: {input: "1", output: "2"}}\n'
        )
        targets += f"  - {{model: test/m, provider: {target}, priority: {priority}, weight: 1}}\n"
    route = f"{head('ModelRoute', 'story')}  targets:\n{targets}  strategy: Priority\n"
    if scenario.timeouts:
        route += f"  timeouts: {{{scenario.timeouts}}}\n"
    if scenario.failover:
        route += f"  failover: {{{scenario.failover}}}\n"
    return "---\n".join([*documents, route])


def head(kind, name):
    return f"apiVersion: outrigger.dev/v1alpha1\nkind: {kind}\nmetadata: {{name: {name}, namespace: default}}\nspec:\n"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(ready, what, process):
    deadline = time.monotonic() + PATIENCE
    while not ready():
        assert process.poll() is None, f"{what} ended with status {process.returncode} before it was ready"
        assert time.monotonic() < deadline, f"{what} was not ready within {PATIENCE:.0f} s"
        time.sleep(0.02)


def stop(process):
    if process.poll() is None:
        process.kill()
    process.wait()
