#!/usr/bin/env python3
"""usage: count.py COUNTS JUNIT...

Adds a line "passed failed skipped" to COUNTS for the test cases in JUnit files,
and prints what failed with the end of its output. A test of ours that tells how
many cases it had counts as that many: CUnit's summary, or a line
"N passed, N failed[, N skipped]" (with or without "NAME: " before). One that
failed without a failed case, by a crash or a timeout, counts as one failure.
"""
import re
import sys
import xml.etree.ElementTree as ET

CUNIT = re.compile(r'^\s+tests\s+\d+\s+(\d+)\s+(\d+)\s+(\d+)\s', re.M)
LINE = re.compile(r'^(?:[\w./-]+: )?(\d+) passed, (\d+) failed'
                  r'(?:, (\d+) skipped)?\.?$', re.M)
TAIL = 40


def cases(text):
    """(passed, failed, skipped) as the output tells, or None."""
    found = CUNIT.findall(text)
    if found:
        return (sum(int(p) for _, p, _ in found),
                sum(int(f) for _, _, f in found), 0)
    found = LINE.findall(text)
    if found:
        p, f, s = found[-1]
        return int(p), int(f), int(s or 0)
    return None


def output(case):
    return '\n'.join(e.text or '' for tag in ('system-out', 'system-err')
                     for e in case.findall(tag))


def judge(case):
    """(passed, failed, skipped) of one <testcase>."""
    bad = case.find('failure') is not None or case.find('error') is not None
    skip = case.find('skipped') is not None or \
        case.get('status') in ('notrun', 'disabled')
    if skip and not bad:
        # ctest says "skipped" of a program that it could not find, too.
        why = case.find('skipped')
        said = why.get('message', '') if why is not None else ''
        if 'Unable to find' in said or 'Could not find' in said:
            return 0, 1, 0
        return 0, 0, 1
    told = cases(output(case))
    if told is None:
        return (0, 1, 0) if bad else (1, 0, 0)
    if bad and told[1] == 0:
        return told[0], 1, told[2]
    if not bad and sum(told) == 0:
        return 0, 1, 0
    return told


def show(case, result):
    print('%s: %s' % ('FAILED' if result[1] else 'SKIPPED', case.get('name')))
    lines = output(case).strip().split('\n')
    for tag in ('failure', 'error'):
        for e in case.findall(tag):
            lines += [e.get('message') or ''] + (e.text or '').split('\n')
    marked = [s for s in lines if 'FAILED' in s][:TAIL] if result[1] else []
    for s in marked + [s for s in lines if s.strip()][-TAIL:]:
        print('    ' + s)


def main(argv):
    total = [0, 0, 0]
    for path in argv[2:]:
        try:
            root = ET.parse(path).getroot()
        except (OSError, ET.ParseError) as e:
            print('FAILED: no result to count: %s' % e)
            total[1] += 1
            continue
        for case in root.iter('testcase'):
            result = judge(case)
            total = [a + b for a, b in zip(total, result)]
            if result[1] or result[2]:
                show(case, result)
    with open(argv[1], 'a', encoding='utf-8') as f:
        f.write('%d %d %d\n' % tuple(total))
    return 1 if total[1] else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv))
