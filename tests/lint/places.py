#!/usr/bin/env python3
"""No path of a machine and no registry's or mirror's host in any file, and
nothing at the top level but what DESIGN lists."""
import os
import re
import sys

import house

NAME = 'places'
TOP = {'CMakeLists.txt', 'README.md', 'LICENSE', 'common', 'agent', 'sim',
       'scenarios', 'crds', 'deploy', 'tests'}
# Written so that this file does not match itself.
PATHS = re.compile(
    r'(?<![\w.])/(w[o]rk/|f[a]rm/|h[o]me/[a-z]|r[o]ot/\w|U[s]ers/\w|m[n]t/\w)'
    r'|/t[m]p/(b-|brief)|\.libr[a]ry/')
HOSTS = re.compile(
    r'(?<![\w-])((docker|ghcr|quay|gcr|k8s\.gcr)\.i[o]|registry\.k8s\.i[o]'
    r'|(deb|security|ftp)\.debian\.o[r]g|snapshot\.debian\.o[r]g'
    r'|(www\.)?pypi\.o[r]g|files\.pythonhosted\.o[r]g|registry\.npmjs\.o[r]g'
    r'|proxy\.golang\.o[r]g|crates\.i[o]|mcr\.microsoft\.c[o]m)\b', re.I)
BINARY = ('.png', '.iso', '.tar', '.xz', '.gz', '.der', '.bin')


def check(tree):
    found = []
    for name in sorted(os.listdir(tree.root)):
        if not (name in TOP or name.startswith('.') or
                name.startswith('build')):
            found.append('%s:1: does not belong at the top level' % name)
    for path in tree.files():
        if path.endswith(BINARY) or '/corpus/' in path:
            continue
        for n, line in enumerate(tree.text(path).split('\n'), 1):
            m = PATHS.search(line) or HOSTS.search(line)
            if m:
                found.append('%s:%d: names a place, "%s"' % (
                    path, n, m.group(0)))
    return found


BAD = [{'notes.txt': ''}, {'bin/x': ''},
       {'agent/a.c': '/* see /w' 'ork/main */\n'},
       {'tests/a.sh': 'cd /ho' 'me/somebody\n'},
       {'deploy/a.yaml': 'image: gh' 'cr.io/some/thing:1\n'},
       {'deploy/a.sh': 'deb http://deb.deb' 'ian.org/debian x main\n'}]
GOOD = [{'agent/a.c': '/* framework/a, a/work/b, /workload */\n', 'README.md': '',
         'deploy/a.yaml': 'image: beskar7-agent:dev\n'}]

if __name__ == '__main__':
    sys.exit(house.main(sys.modules[__name__]))
