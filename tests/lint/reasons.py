#!/usr/bin/env python3
"""crds/README.md and the agent name the same reasons and conditions: what the
code says in CamelCase stands on that page, and what its tables of conditions
and events say, the code can say."""
import re
import sys

import house

NAME = 'reasons'
PAGE = 'crds/README.md'
CODE = re.compile(r'"([A-Z][a-z]+(?:[A-Z][A-Za-z]*)+)"')
WORD = re.compile(r'\b([A-Z][a-z]+(?:[A-Z][A-Za-z]*)+)\b')
SAYS = ('agent/control/', 'agent/claims/')
# What others say and the agent reads.
OTHERS = {'ControlPlaneInitialized', 'HealthCheckSucceeded'}
# In the tables, and no reason.
NAMES = {'PhysicalHost'}


def literals(tree, folders):
    found = {}
    for path in tree.files():
        if not (path.endswith(('.c', '.h')) and path.startswith(folders)):
            continue
        for n, line in enumerate(tree.text(path).split('\n'), 1):
            for word in CODE.findall(line):
                found.setdefault(word, (path, n))
    return found


def tables(text):
    """Words of the tables under "Conditions" and "Events", with their lines."""
    found, inside = {}, False
    for n, line in enumerate(text.split('\n'), 1):
        if line.startswith('## '):
            inside = line in ('## Conditions', '## Events')
        elif inside and line.startswith('|'):
            plain = re.sub(r'\([^)]*\)', '', line)
            for word in WORD.findall(plain):
                found.setdefault(word, n)
    return found


def check(tree):
    if PAGE not in tree.files():
        return []
    page = tree.text(PAGE)
    said = literals(tree, SAYS)
    known = set(WORD.findall(page))
    able = set(literals(tree, ('agent/',)))
    told = tables(page)
    return (['%s:%d: %s is not in %s' % (*said[w], w, PAGE)
             for w in sorted(said) if w not in known | OTHERS] +
            ['%s:%d: nothing says %s' % (PAGE, told[w], w)
             for w in sorted(told) if w not in able | NAMES])


_PAGE = '## Conditions\n| `HostReady` | TooLarge (or SoOn) |\n## Other\n| NoSuch |\n'
_SAYS = 'say("HostReady", "TooLarge", "Now");\n'
BAD = [{PAGE: _PAGE, 'agent/control/a.c': _SAYS + 'say("NotThere");\n'},
       {PAGE: _PAGE, 'agent/control/a.c': 'say("HostReady");\n'}]
GOOD = [{PAGE: _PAGE, 'agent/control/a.c': _SAYS},
        {PAGE: _PAGE, 'agent/control/a.c': _SAYS,
         'agent/media/a.c': 'f("OtherThing");\n'}]

if __name__ == '__main__':
    sys.exit(house.main(sys.modules[__name__]))
