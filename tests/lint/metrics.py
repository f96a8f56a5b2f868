#!/usr/bin/env python3
"""The README's table of metrics and the agent's code name the same families:
each that the code makes stands in the table, and the table has no other."""
import re
import sys

import house

NAME = 'metrics'
FAMILY = re.compile(r'"(beskar7_[a-z0-9_]+)"')
ROW = re.compile(r'`(beskar7_[a-z0-9_]+)(?:\{[a-z_,]*\})?`')
# Written by others than the agent.
FOLDERS = ('agent/', 'common/')


def check(tree):
    if 'README.md' not in tree.files():
        return []
    made = {}
    for path in tree.files('.c', '.h'):
        if not path.startswith(FOLDERS):
            continue
        for n, line in enumerate(tree.text(path).split('\n'), 1):
            for name in FAMILY.findall(line):
                made.setdefault(name, (path, n))
    told = {}
    for n, line in enumerate(tree.text('README.md').split('\n'), 1):
        if line.startswith('|'):
            for name in ROW.findall(line):
                told.setdefault(name, n)
    return (['%s:%d: %s is not in the table of README.md' % (*made[m], m)
             for m in sorted(made) if m not in told] +
            ['README.md:%d: nothing makes %s' % (told[m], m)
             for m in sorted(told) if m not in made])


_CODE = 'metrics_add(m, "beskar7_a_total", NULL, 1);\n'
BAD = [{'README.md': 'none', 'agent/a.c': _CODE},
       {'README.md': '| `beskar7_a_total`, `beskar7_b` | x |',
        'agent/a.c': _CODE}]
GOOD = [{'README.md': '| `beskar7_a_total{op}` | x |', 'agent/a.c': _CODE},
        {'README.md': 'none', 'sim/a.c': _CODE}]

if __name__ == '__main__':
    sys.exit(house.main(sys.modules[__name__]))
