#!/usr/bin/env python3
"""Does results.py fail where it must? It is what turns reports into verdicts."""

import subprocess
import sys
import tempfile
from pathlib import Path

HEAD = "Assertion\tMethod\tStatus code\tURI\tResult\tMessage\tRequirement\n"
PASS = "A_ONE\tGET\t200\t/redfish/v1\tPASS\tTest passed\tfirst\n"
FAIL = "A_TWO\tPATCH\t500\t/redfish/v1/Systems/1[2]\tFAIL\tgot 500, not 200\tsecond\n"
LISTED = "protocol FAIL | A_TWO | PATCH */Systems/1[2] | got 500* | it is so\n"

GIVES_UP = "protocol FAIL | (no report) | - | * | it gives up\n"

# (what is shown, report, deviations, does it pass, a text of the output)
CASES = [
    ("all passed", PASS, "", True, "1 PASS, 0 WARN, 0 FAIL"),
    ("an unlisted failure", PASS + FAIL, "", False, "    FAIL | A_TWO | PATCH"),
    ("a listed failure", PASS + FAIL, LISTED, True, "1 listed as deviations, 0 not"),
    ("another validator's", PASS + FAIL, "service" + LISTED[8:], False, "1 not"),
    ("a WARN for a FAIL", PASS + FAIL, LISTED.replace("FAIL", "WARN"), False, "1 not"),
    ("nothing was found for it", PASS, LISTED, False, "dev.txt:1: remove it"),
    ("it may be missing", PASS, LISTED.replace("FAIL", "FAIL?"), True, "0 not"),
    ("nothing passed", FAIL, LISTED, False, "0 PASS"),
    ("no report", None, "", False, "left no report"),
    ("no report, unlisted", None, LISTED, False, "left no report"),
    ("no report, known", None, GIVES_UP, None, "skip p/protocol: it gives up"),
    ("a report after all", PASS, GIVES_UP, False, "dev.txt:1: remove it"),
    ("no reason", PASS, LISTED.replace(" | it is so", ""), False, "dev.txt:1"),
    ("no [ of a shell", PASS + FAIL.replace("1[2]", "12"), LISTED, False, "1 not"),
]


def judged(report, deviations):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "dev.txt").write_text(deviations)
        if report is not None:
            (folder / "report.tsv").write_text(HEAD + report)
        script = Path(__file__).with_name("results.py")
        return subprocess.run(
            [sys.executable, script, "protocol", "p", folder, folder / "dev.txt"],
            capture_output=True,
            text=True,
        )


def main():
    failed = 0
    for what, report, deviations, passes, text in CASES:
        run = judged(report, deviations)
        lines = run.stdout.splitlines() or [""]
        good = lines[0].startswith("ok p/protocol:") == bool(passes)
        good &= (run.returncode == 0) == (passes is not False)
        good &= text in run.stdout
        if not good:
            failed += 1
            print(f"{what}: status {run.returncode}\n{run.stdout}{run.stderr}")
    print(f"{len(CASES) - failed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
