"""Official SDKs through the sidecar, each in its own environment and as its users use it.

    cargo xtask sdk [FAMILY]

One sidecar and one provider serve all families, which run one after the other. A family is a program that takes the
sidecar's address from OUTRIGGER_URL, prints a line per check and `N passed, N failed` last.
"""

import argparse
import contextlib
import pathlib
import re
import shutil
import subprocess
import sys
import time

import stage

HERE = pathlib.Path(__file__).parent
# A family that takes longer hangs.
LIMIT = 120.0
# LangChain's environment has both SDKs that the checks of vidaimock need.
BORROWED = {"vidaimock": "langchain"}
TOTAL = re.compile(r"^(\d+) passed, (\d+) failed$")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--outrigger", required=True, help="the binary")
    parser.add_argument("--tools", required=True, type=pathlib.Path, help="the folder with an environment per family")
    parser.add_argument("--node", help="the command")
    parser.add_argument("--vidaimock", help="the command; it answers in place of aimock")
    parser.add_argument("families", nargs="+")
    args = parser.parse_args()

    passed, failed, started = 0, 0, time.monotonic()
    with contextlib.ExitStack() as stack:
        port, log = stack.enter_context(stage.sidecar(args.outrigger, policy(args, stack)))
        for family in args.families:
            begun = time.monotonic()
            text, counts = tell(command(args, family), f"http://127.0.0.1:{port}")
            print(f"{text.rstrip()}\n     {family} took {time.monotonic() - begun:.1f} s", flush=True)
            passed, failed = passed + counts[0], failed + counts[1]
        if "panicked" in log.read_text():
            failed += 1
            print(f"FAIL the sidecar panicked:\n{log.read_text()[-3000:]}")

    print(f"in {time.monotonic() - started:.0f} s")
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


def policy(args, stack):
    """Starts the provider that answers and the one that says what it saw; returns the policy that leads to them."""
    witness = stack.enter_context(stage.provider([sys.executable, "-u", HERE / "witness.py"]))
    if args.vidaimock:
        return stage.policy(stack.enter_context(stage.vidaimock(args.vidaimock)), witness, known=False)
    aimock = [args.node, placed(HERE / "aimock", "provider.mjs", args.tools / "sdk-aimock")]
    return stage.policy(stack.enter_context(stage.provider(aimock)), witness)


def command(args, family):
    folder, installed = HERE / family, args.tools / f"sdk-{BORROWED.get(family, family)}"
    if (folder / "checks.py").exists():
        return [installed / "bin" / "python", "-u", folder / "checks.py"]
    return [args.node, placed(folder, "checks.mjs", installed)]


def placed(folder, name, installed):
    """Puts a program where Node finds its packages: beside node_modules, with the harness."""
    for source in (folder / name, HERE / "harness" / "story.mjs"):
        target = installed / source.name
        shutil.copyfile(source, target)
    return installed / name


def tell(words, url):
    """Runs a family; returns what it said and how many checks passed and failed."""
    env = {**stage.quiet(), "OUTRIGGER_URL": url, "PYTHONPATH": str(HERE / "harness")}
    try:
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, env=env, timeout=LIMIT)
    except subprocess.TimeoutExpired as error:
        return f"{(error.stdout or b'').decode()}\nFAIL {words[-1]}: no end within {LIMIT:.0f} s", (0, 1)
    text = done.stdout.decode()
    total = TOTAL.match(text.rstrip().rpartition("\n")[2])
    counts = (int(total[1]), int(total[2])) if total else (0, 1)
    # A family that ends badly after all its checks passed has not passed.
    if done.returncode and not counts[1]:
        counts = (counts[0], 1)
    if counts[1]:
        text += done.stderr.decode()[-4000:]
    if not total:
        text += f"\nFAIL {words[-1]}: ended with status {done.returncode} and without a total"
    return text, counts


if __name__ == "__main__":
    sys.exit(main())
