#!/usr/bin/env python3
"""usage: under.py --build DIR --label LABEL --jobs N --timeout S --junit FILE
                [--skip NAME=WHY]... -- COMMAND...

Runs ctest's tests of a label behind COMMAND (valgrind and its options), with
this time limit instead of theirs, and writes a JUnit file. Of many like cases
every seventh runs (BESKAR7_TEST_STRIDE).
"""
import argparse
import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor


def tests(build, label):
    out = subprocess.run(['ctest', '--show-only=json-v1', '-L',
                          '^%s$' % label], cwd=build, check=True,
                         stdout=subprocess.PIPE).stdout
    for t in json.loads(out)['tests']:
        if 'command' in t:
            props = {p['name']: p['value'] for p in t.get('properties', [])}
            yield t['name'], t['command'], props.get('WORKING_DIRECTORY', build)
        else:
            yield t['name'], None, build


def run(test, prefix, timeout, skips):
    name, command, folder = test
    case = ET.Element('testcase', name=name)
    if name in skips:
        ET.SubElement(case, 'skipped', message=skips[name])
        ET.SubElement(case, 'system-out').text = skips[name]
        return case
    if command is None:
        ET.SubElement(case, 'failure', message='not built')
        return case
    try:
        done = subprocess.run(prefix + command, cwd=folder, timeout=timeout,
                              stdout=subprocess.PIPE, check=False,
                              stderr=subprocess.STDOUT, env=dict(os.environ,
                                       BESKAR7_TEST_STRIDE='7'))
        text, status = done.stdout, done.returncode
    except subprocess.TimeoutExpired as e:
        text, status = e.stdout or b'', 'timeout after %d s' % timeout
    text = ''.join(c for c in text.decode(errors='replace')
                   if c >= ' ' or c in '\n\t')
    ET.SubElement(case, 'system-out').text = text
    if status != 0:
        ET.SubElement(case, 'failure', message='status %s' % status)
    print('%s: %s' % (name, 'ok' if status == 0 else status), flush=True)
    return case


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--build', required=True)
    p.add_argument('--label', required=True)
    p.add_argument('--jobs', type=int, default=2)
    p.add_argument('--timeout', type=int, default=600)
    p.add_argument('--junit', required=True)
    p.add_argument('--skip', action='append', default=[])
    p.add_argument('command', nargs='+')
    o = p.parse_args()
    skips = dict(s.split('=', 1) for s in o.skip)
    suite = ET.Element('testsuite', name=o.label)
    with ThreadPoolExecutor(o.jobs) as pool:
        for case in pool.map(lambda t: run(t, o.command, o.timeout, skips),
                             tests(o.build, o.label)):
            suite.append(case)
    ET.ElementTree(suite).write(o.junit, encoding='utf-8')
    bad = sum(1 for c in suite if c.find('failure') is not None)
    return 1 if bad or len(suite) == 0 else 0


if __name__ == '__main__':
    sys.exit(main())
