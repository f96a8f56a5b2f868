#!/usr/bin/env python3
"""Each test file is a test that ctest knows. Needs the build folder."""
import json
import os
import re
import subprocess
import sys

import house

NAME = 'registered'
# (files, the test's name made of the file's)
KINDS = [
    (r'tests/unit/test_(\w+)\.c', 'unit-%s'),
    (r'tests/integration/it_(\w+)\.c', 'integration-%s'),
    (r'tests/integration/(\w+)\.sh', 'integration-%s'),
    (r'tests/fuzz/fuzz_(\w+)\.c', 'fuzz-%s'),
    (r'tests/lint/(?!house\.py|selftest\.py)(\w+)\.(?:py|sh)', 'lint-%s'),
    (r'scenarios/([\w-]+)\.yaml', 'scenario-%s'),
]
# A line that only makes other scripts possible: sourced, not run.
SOURCED = re.compile(r'^# sourced by ', re.M)


def known(build):
    out = subprocess.run(['ctest', '--show-only=json-v1'], cwd=build,
                         stdout=subprocess.PIPE, check=True).stdout
    return {t['name'] for t in json.loads(out)['tests']}


def check(tree):
    if tree.build is None and os.path.exists(tree.root + '/TESTS'):
        names = set(tree.text('TESTS').split())  # samples
    elif tree.build is None:
        return ['tests:1: no build folder was named']
    else:
        names = known(tree.build)
    found = []
    for path in tree.files():
        for pattern, name in KINDS:
            m = re.fullmatch(pattern, path)
            if not m or (path.endswith('.sh') and
                         SOURCED.search(tree.text(path))):
                continue
            want = name % m.group(1)
            if want not in names:
                found.append('%s:1: ctest knows no test %s' % (path, want))
    return found


BAD = [{'TESTS': 'unit-b\n', 'tests/unit/test_a.c': ''},
       {'TESTS': 'unit-a\n', 'tests/integration/it_a.c': ''},
       {'TESTS': 'unit-a\n', 'tests/fuzz/fuzz_a.c': ''},
       {'TESTS': 'unit-a\n', 'scenarios/01-a.yaml': ''}]
GOOD = [{'TESTS': 'unit-a fuzz-a\n', 'tests/unit/test_a.c': '',
         'tests/unit/rig.c': '', 'tests/fuzz/fuzz_a.c': ''}]

if __name__ == '__main__':
    sys.exit(house.main(sys.modules[__name__]))
