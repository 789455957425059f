"""The processes that a lane needs, and the policy that leads the sidecar to them."""

import contextlib
import json
import os
import pathlib
import queue
import shutil
import socket
import subprocess
import tempfile
import threading
import time

PATIENCE = 30.0
DIALECTS = ("openai", "anthropic")
# As a ModelProvider writes them.
WORDS = {"openai": ["ChatCompletions", "Responses"], "anthropic": ["Messages"]}
# Real models, since the sidecar, the SDKs and aimock decide by them what may be asked.
MODELS = {"openai": "openai/gpt-5.4", "anthropic": "anthropic/claude-sonnet-4.5"}
UPSTREAM = {"openai": "gpt-5.4", "anthropic": "claude-sonnet-4-5"}


@contextlib.contextmanager
def provider(command):
    """A provider's process, which prints its port first. Yields the port."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=quiet())
    try:
        yield first_number(process, command)
    finally:
        stop(process)


@contextlib.contextmanager
def vidaimock(command):
    """vidaimock, which is told its port. Yields the port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # It reads settings from the folder that it is started in.
    with tempfile.TemporaryDirectory(prefix="outrigger-vidaimock-") as folder:
        process = subprocess.Popen(
            [command, "--host", "127.0.0.1", "--port", str(port), "--workers", "1"],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=quiet(),
        )
        try:
            wait_until(lambda: is_open(port), "vidaimock", process)
            yield port
        finally:
            stop(process)


@contextlib.contextmanager
def sidecar(binary, documents):
    """The sidecar on this policy. Yields its port and the file of its log."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="outrigger-sdk-"))
    (folder / "policy").mkdir()
    (folder / "policy" / "policy.yaml").write_text("\n---\n".join(json.dumps(document) for document in documents))
    ready, log = folder / "ready.json", folder / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [binary, "run", "--policy", folder / "policy", "--listen", "127.0.0.1:0"]
            + ["--admin-listen", "127.0.0.1:0", "--ready-file", ready],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
        )
    try:
        wait_until(lambda: ready.exists() and ready.read_text().strip(), "outrigger", process, log)
        assert "policy_problem" not in log.read_text(), f"the policy has a problem:\n{log.read_text()[:3000]}"
        yield int(json.loads(ready.read_text())["listen"].rpartition(":")[2]), log
    finally:
        stop(process)
        shutil.rmtree(folder, ignore_errors=True)


def quiet():
    """Our environment without what would lead an SDK elsewhere, and with telemetry off."""
    # Keys, base URLs, proxies and tracing settings of whoever runs this are not part of the test.
    foreign = ("OPENAI_", "ANTHROPIC_", "OPENROUTER_", "LANGSMITH_", "LANGCHAIN_", "LOGFIRE_", "AIMOCK_", "VIDAIMOCK_")
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(foreign) and not name.lower().endswith("_proxy") and not name.startswith("OTEL_")
    }
    off = {"LANGSMITH_TRACING": "false", "LANGCHAIN_TRACING_V2": "false", "OTEL_SDK_DISABLED": "true", "DO_NOT_TRACK": "1"}
    return {**env, **off, "NO_PROXY": "*", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"}


def policy(answering, witness, known=True):
    """The routes of `Behind` in the harness. Of providers that are not `known`, nothing but the dialect is told."""
    documents = [secret()]
    for dialect in DIALECTS:
        other = DIALECTS[1 - DIALECTS.index(dialect)]
        accounts = {
            f"answering-{dialect}": account(dialect, answering, known),
            # Failures cool what fails: in accounts of their own they disturb nothing else.
            f"refusing-{dialect}": account(dialect, answering, known),
            f"down-{dialect}": account(dialect, answering, known, upstream="down"),
            f"witness-{dialect}": account(dialect, witness, known),
            f"stranger-{dialect}": account(dialect, witness, known=False),
        }
        documents += [document("ModelProvider", name, spec) for name, spec in accounts.items()]
        documents += [
            route(f"via-{dialect}", (f"answering-{dialect}", dialect), known=known),
            route(f"seen-by-{dialect}", (f"witness-{dialect}", dialect), known=known),
            route(f"seen-by-stranger-{dialect}", (f"stranger-{dialect}", dialect), known=False),
            route(
                f"refused-by-{dialect}",
                (f"refusing-{dialect}", dialect),
                known=known,
                failover={"attempts": 1, "maxWait": "1ms"},
            ),
            route(f"after-failure-{dialect}", (f"down-{other}", other), (f"answering-{dialect}", dialect), known=known),
        ]
    # What no catalogue says of a model for chat: that it makes vectors too.
    documents.append(document("ModelProvider", "embedding", account("openai", answering, known=False)))
    documents.append(route("vectors-openai", ("embedding", "openai"), known=False))
    return documents


def secret():
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "stringData": {"key": "sk-of-the-vendor"}}


def account(dialect, port, known, upstream=None):
    spec = {
        "baseURL": f"http://127.0.0.1:{port}/v1",
        "credentials": [{"name": "main", "secretKeyRef": {"name": "keys", "key": "key"}, "weight": 1}],
    }
    named = UPSTREAM[dialect] if known else f"local-{dialect}"
    model = {"model": model_of(dialect, known), "upstreamName": upstream or named}
    if known:
        return {"preset": dialect, **spec, "models": [model]}
    # Prices let the answers carry `usage.cost`: SDKs have to bear that too.
    return {"dialects": WORDS[dialect], **spec, "models": [{**model, "prices": {"input": "1", "output": "2"}}]}


def model_of(dialect, known):
    return MODELS[dialect] if known else f"test/{dialect}"


def route(name, *targets, known, **more):
    listed = [
        {"model": model_of(dialect, known), "provider": account, "priority": priority}
        for priority, (account, dialect) in enumerate(targets)
    ]
    return document("ModelRoute", name, {"targets": listed, **more})


def document(kind, name, spec):
    return {"apiVersion": "outrigger.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def first_number(process, command):
    """The number on the first line that the process prints, within the patience."""
    lines = queue.SimpleQueue()
    # A pipe cannot be waited for with a limit, a thread's answer can. It goes on reading: a full pipe would block.
    threading.Thread(target=lambda: [lines.put(line) for line in process.stdout] or lines.put(b""), daemon=True).start()
    try:
        return int(lines.get(timeout=PATIENCE))
    except (queue.Empty, ValueError):
        raise AssertionError(f"{command} did not print its port") from None


def wait_until(ready, what, process, log=None):
    deadline = time.monotonic() + PATIENCE
    while not ready():
        said = f"; it said:\n{log.read_text()[-2000:]}" if log else ""
        assert process.poll() is None, f"{what} ended with status {process.returncode} before it was ready{said}"
        assert time.monotonic() < deadline, f"{what} was not ready within {PATIENCE:.0f} s{said}"
        time.sleep(0.02)


def is_open(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def stop(process):
    if process.poll() is None:
        process.kill()
    process.wait()
