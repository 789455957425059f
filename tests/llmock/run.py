"""Every fault that llmock can script, through the sidecar, as an application would meet it.

    cargo xtask llmock [PART OF A NAME]

Each scenario starts a sidecar of its own, so that one scenario's cooldowns are not the next one's. It asserts what the
caller sees, then that llmock's verdict on the sidecar as a client has no FAIL; its WARNs are printed.
"""

import argparse
import collections
import queue
import sys
import tempfile
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

from lane import Fleet, Sidecar, run_each
from scenarios import SCENARIOS

# Scenarios mostly wait.
WORKERS = 3


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--outrigger", required=True, help="the binary")
    parser.add_argument("--llmock", required=True, help="the command")
    parser.add_argument("filter", nargs="?", default="", help="only scenarios whose name contains this")
    args = parser.parse_args()
    chosen = [scenario for scenario in SCENARIOS if args.filter in scenario.name]

    started = time.monotonic()
    counts, warned = collections.Counter(), collections.Counter()
    fleets = [Fleet(args.llmock) for _ in range(WORKERS)]
    free = queue.SimpleQueue()
    for fleet in fleets:
        free.put(fleet)

    with tempfile.TemporaryDirectory(prefix="outrigger-llmock-") as folder, ThreadPoolExecutor(WORKERS) as pool:

        def work(scenario):
            fleet = free.get()
            try:
                return None, run_each(scenario, fleet, lambda policy: Sidecar(args.outrigger, folder, policy))
            except AssertionError as error:
                return str(error), []
            except Exception:  # one broken scenario does not hide the others
                return traceback.format_exc(), []
            finally:
                free.put(fleet)

        try:
            for scenario, (failure, warnings) in zip(chosen, pool.map(work, chosen)):
                counts[failure is None] += 1
                print(f"{'ok  ' if failure is None else 'FAIL'} {scenario.name}")
                if failure is not None:
                    print("     " + failure.rstrip().replace("\n", "\n     "))
                for warning in warnings:
                    print(f"     WARN {warning}")
                warned.update({warning.partition(" ")[0] for warning in warnings})
        finally:
            for fleet in fleets:
                fleet.stop()

    for code, scenarios in warned.items():
        print(f"WARN {code}: in {scenarios} scenarios")
    print(f"in {time.monotonic() - started:.0f} s")
    print(f"{counts[True]} passed, {counts[False]} failed")
    return 0 if counts[True] and not counts[False] else 1


if __name__ == "__main__":
    sys.exit(main())
