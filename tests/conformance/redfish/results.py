#!/usr/bin/env python3
"""What a validator found against what is written down that it may find.

usage: results.py VALIDATOR PROFILE REPORT-DIR DEVIATIONS...

VALIDATOR is service, protocol, usecase or interop. Reads the report that it
left below REPORT-DIR and prints one line, "ok PROFILE/VALIDATOR: counts" or
"not ok ...", and below it, indented, each finding that no deviation covers and
each deviation that covers nothing. See README.md for the deviations' format.
"""

import csv
import sys
from pathlib import Path

FOUND = ("FAIL", "WARN")
SHOWN = 40


class Finding:
    def __init__(self, result, subject, detail, message):
        self.result, self.subject = result, subject
        self.detail, self.message = detail, message

    def __str__(self):
        text = " ".join(self.message.split())
        return f"{self.result} | {self.subject} | {self.detail} | {text[:300]}"


class Deviation:
    """VALIDATOR RESULT | SUBJECT | DETAIL | MESSAGE | REASON, * is anything.

    RESULT with a question mark: may be found or not."""

    def __init__(self, where, line):
        parts = [p.strip() for p in line.split(" | ")]
        if len(parts) != 5 or not all(parts):
            raise ValueError(f"{where}: five fields divided by ' | ' are needed")
        head = parts[0].split()
        if len(head) != 2 or head[1].rstrip("?") not in FOUND:
            raise ValueError(f"{where}: begins with VALIDATOR FAIL or WARN")
        self.where, self.hits = where, 0
        self.validator, self.result = head[0], head[1].rstrip("?")
        self.must = not head[1].endswith("?")
        self.subject, self.detail, self.message, self.reason = parts[1:]

    def covers(self, finding):
        return (
            finding.result == self.result
            and fits(self.subject, finding.subject)
            and fits(self.detail, finding.detail)
            and fits(self.message, " ".join(finding.message.split()))
        )


def fits(pattern, text):
    """Like a shell's *, and nothing else is special: names hold [ and ?."""
    first, *rest = pattern.split("*")
    if not rest:
        return text == pattern
    if not text.startswith(first):
        return False
    at = len(first)
    for part in rest[:-1]:
        at = text.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return text.endswith(rest[-1]) and len(text) - len(rest[-1]) >= at


def read_deviations(files, validator):
    found = []
    for name in files:
        for number, line in enumerate(Path(name).read_text().splitlines(), 1):
            if line.strip() and not line.startswith("#"):
                found.append(Deviation(f"{Path(name).name}:{number}", line))
    return [d for d in found if d.validator == validator]


class NoReport(Exception):
    """The validator ended before its report."""


def newest(folder, ending):
    files = sorted(Path(folder).rglob("*" + ending))
    if not files:
        raise NoReport
    return files[-1]


def why_none(folder, profile, validator, deviations):
    """A line for a validator that gave up: skipped if it is known to."""
    out = Path(folder).parent / "out"
    text = out.read_text(errors="replace")[-2000:] if out.exists() else ""
    given_up = Finding("FAIL", "(no report)", "-", text)
    for d in deviations:
        if d.covers(given_up):
            print(f"skip {profile}/{validator}: {d.reason}")
            return 0
    print(f"not ok {profile}/{validator}: the validator left no report")
    print(f"    {' '.join(text.split())[-300:]}")
    return 1


def read_model(folder):
    """Service- and Interop-Validator, as model.py writes them."""
    with open(newest(folder, "findings.tsv"), newline="") as f:
        return [Finding(*row) for row in csv.reader(f, delimiter="\t")]


def read_use_cases(folder):
    import openpyxl

    book = openpyxl.load_workbook(newest(folder, ".xlsx"), read_only=True)
    rows = book["Results"].iter_rows(values_only=True)
    head = next(rows)
    cells = [dict(zip(head, ["" if v is None else str(v) for v in r])) for r in rows]
    return [
        Finding(
            c["Result"], f'{c["Category"]}/{c["Test Name"]}', c["Operation"], c["Message"]
        )
        for c in cells
    ]


def read_protocol(folder):
    with open(newest(folder, ".tsv"), newline="") as f:
        return [
            Finding(
                r["Result"], r["Assertion"], f'{r["Method"]} {r["URI"]}', r["Message"]
            )
            for r in csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE)
        ]


READERS = {
    "service": read_model,
    "protocol": read_protocol,
    "usecase": read_use_cases,
    "interop": read_model,
}


def judge(rows, deviations):
    """The findings that nothing covers; counts hits in the deviations."""
    open_findings = []
    for row in rows:
        if row.result not in FOUND:
            continue
        cover = [d for d in deviations if d.covers(row)]
        for d in cover[:1]:
            d.hits += 1
        if not cover:
            open_findings.append(row)
    return open_findings


def main():
    if len(sys.argv) < 4 or sys.argv[1] not in READERS:
        sys.exit(__doc__)
    validator, profile, folder, *files = sys.argv[1:]
    try:
        deviations = read_deviations(files, validator)
        rows = READERS[validator](folder)
    except NoReport:
        return why_none(folder, profile, validator, deviations)
    except (ValueError, KeyError, OSError) as problem:
        print(f"not ok {profile}/{validator}: {problem}")
        return 1
    unlisted = judge(rows, deviations)
    idle = [d for d in deviations if d.must and not d.hits]
    count = {r: sum(row.result == r for row in rows) for r in ("PASS", "WARN", "FAIL")}
    other = len(rows) - sum(count.values())
    good = count["PASS"] > 0 and not unlisted and not idle
    print(
        f'{"ok" if good else "not ok"} {profile}/{validator}: '
        f'{count["PASS"]} PASS, {count["WARN"]} WARN, {count["FAIL"]} FAIL, '
        f"{other} not tested; {sum(d.hits for d in deviations)} listed as deviations, "
        f"{len(unlisted)} not"
    )
    for row in unlisted[:SHOWN]:
        print(f"    {row}")
    if len(unlisted) > SHOWN:
        print(f"    ... and {len(unlisted) - SHOWN} more")
    for d in idle:
        print(f"    nothing was found for {d.where}: remove it")
    return 0 if good else 1


sys.exit(main())
