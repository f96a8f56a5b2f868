#!/usr/bin/env python3
"""A README.md in the root and in each folder of the first two levels; folders
further down hold data that the folder above explains."""
import sys

import house

NAME = 'readmes'
MIN_CHARS = 120


def check(tree):
    found = []
    files = set(tree.files())
    folders = [''] + [f + '/' for f in tree.folders()
                      if f.count('/') <= 1 and f != '.ci']
    for folder in folders:
        path = folder + 'README.md'
        if path not in files:
            found.append('%s:1: is missing: say what the folder owns and '
                         'what it must not do' % path)
        elif len(tree.text(path).strip()) < MIN_CHARS:
            found.append('%s:1: says next to nothing' % path)
    return found


_TEXT = 'What this folder owns and what it must not do. ' * 4
BAD = [{'agent/kube/a.c': '', 'README.md': _TEXT, 'agent/README.md': _TEXT},
       {'agent/README.md': _TEXT}, {'README.md': 'Short.'}]
GOOD = [{'README.md': _TEXT, 'a/README.md': _TEXT, 'a/b/README.md': _TEXT,
         'a/b/c/x.json': ''}]

if __name__ == '__main__':
    sys.exit(house.main(sys.modules[__name__]))
