#!/usr/bin/env python3
"""No mutable global state: many agents and simulators live in one process.
Needs the build folder; reads the sections of our archives' objects."""
import glob
import os
import re
import subprocess
import sys

import house

NAME = 'globals'
MUTABLE = re.compile(r'\.(data|bss|tdata|tbss)(\..*)?|\*COM\*')
CONST = re.compile(r'\.data\.rel\.ro(\..*)?')  # const, but holds addresses
# How much the process has allocated: no behaviour depends on it.
ALLOWED = {('mem.c.o', 'stats')}
# Made by compilers' instrumentation.
GENERATED = re.compile(r'(__)?(a|ub|m|l)?san.*|__odr_asan.*|\.L.*|__sanc.*')


def objects(archive):
    out = subprocess.run(['nm', '-A', '-f', 'sysv', '--defined-only', archive],
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                         check=True).stdout
    for line in out.decode().split('\n'):
        cells = [c.strip() for c in line.split('|')]
        if len(cells) == 7 and cells[3] in ('OBJECT', 'TLS'):
            where, name = cells[0].rsplit(':', 1)
            yield where.rsplit(':', 1)[-1], name, cells[6]


def check(tree):
    build = tree.build or tree.root
    archives = [a for a in glob.glob(build + '/**/libb7_*.a', recursive=True)
                if not a.startswith(build + '/tests/')]
    if not archives:
        return ['%s:1: no library of ours is built there' % build]
    found = set()
    for archive in sorted(archives):
        for obj, name, section in objects(archive):
            if MUTABLE.fullmatch(section) and not CONST.fullmatch(section) \
                    and not GENERATED.fullmatch(name) \
                    and (obj, name) not in ALLOWED:
                found.add('%s:1: %s has mutable state, %s (%s)' % (
                    os.path.basename(archive), obj, name, section))
    return sorted(found)


BAD = house.Archives([
    ('libb7_common.a', 'a.c.o', 'int a_count = 1;\n'),
    ('libb7_common.a', 'a.c.o', 'static int n;\nint f(void);\n'
     'int f(void) { return ++n; }\n'),
    ('libb7_common.a', 'a.c.o', 'int *f(void);\n'
     'int *f(void) { static int n; return &n; }\n'),
])
GOOD = house.Archives([
    ('libb7_common.a', 'a.c.o', 'const char *const t[] = { "a", "b" };\n'),
])

if __name__ == '__main__':
    sys.exit(house.main(sys.modules[__name__]))
