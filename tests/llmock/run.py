"""Every fault that llmock can script, through the sidecar, as an application would meet it.

    cargo xtask llmock [PART OF A NAME]

Each scenario starts a sidecar of its own, so that one scenario's cooldowns are not the next one's. It asserts what the
caller sees, then that llmock's verdict on the sidecar as a client has no FAIL; its WARNs are printed.
"""

import argparse
import collections
import sys
import tempfile
import time
import traceback

from lane import Llmock, Sidecar, run_each
from scenarios import SCENARIOS


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--outrigger", required=True, help="the binary")
    parser.add_argument("--llmock", required=True, help="the command")
    parser.add_argument("filter", nargs="?", default="", help="only scenarios whose name contains this")
    args = parser.parse_args()
    chosen = [scenario for scenario in SCENARIOS if args.filter in scenario.name]

    started = time.monotonic()
    passed, failed = 0, 0
    warned = collections.Counter()
    with tempfile.TemporaryDirectory(prefix="outrigger-llmock-") as folder, Llmock.fleet(args.llmock) as fleet:
        for scenario in chosen:
            try:
                warnings = run_each(scenario, fleet, lambda policy: Sidecar(args.outrigger, folder, policy))
            except AssertionError as error:
                failed += 1
                print(f"FAIL {scenario.name}")
                print("     " + str(error).rstrip().replace("\n", "\n     "))
            except Exception:  # one broken scenario does not hide the others
                failed += 1
                print(f"FAIL {scenario.name}")
                print("     " + traceback.format_exc().rstrip().replace("\n", "\n     "))
            else:
                passed += 1
                print(f"ok   {scenario.name}")
                for warning in warnings:
                    print(f"     WARN {warning}")
                warned.update({warning.partition(" ")[0] for warning in warnings})
    for code, scenarios in warned.items():
        print(f"WARN {code}: in {scenarios} scenarios")
    print(f"in {time.monotonic() - started:.0f} s")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
