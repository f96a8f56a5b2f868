#!/usr/bin/env python3
"""Each header compiles alone, and alone twice (its guard works)."""
import json
import os
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import house

NAME = 'headers'


def flags(tree):
    """-isystem of the libraries, from any compile command of the build."""
    got = []
    path = tree.build and os.path.join(tree.build, 'compile_commands.json')
    if path and os.path.exists(path):
        with open(path, encoding='utf-8') as f:
            for entry in json.load(f):
                words = shlex.split(entry['command'])
                for i, word in enumerate(words[:-1]):
                    if word == '-isystem' and words[i + 1] not in got:
                        got.append(words[i + 1])
    return [w for d in got for w in ('-isystem', d)]


def check(tree):
    cc = os.environ.get('CC', 'cc')
    base = [cc, '-std=gnu11', '-D_GNU_SOURCE', '-Wall', '-Wextra', '-Werror',
            '-fsyntax-only', '-I', tree.root] + flags(tree)

    def one(path):
        text = '#include "%s"\n#include "%s"\n' % (path, path)
        done = subprocess.run(base + ['-x', 'c', '-'], input=text.encode(),
                              cwd=tree.root, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        if done.returncode == 0:
            return None
        said = done.stdout.decode(errors='replace').strip().split('\n')
        why = next((s for s in said if 'error' in s), said[0])
        return '%s:1: does not compile alone: %s' % (path, why)

    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        return [f for f in pool.map(one, tree.files('.h')) if f]


BAD = [{'common/a.h': 'int f(struct_of_nobody x);\n'},
       {'common/a.h': '#ifndef A\n#define A\nint f(size_t n);\n#endif\n'},
       {'common/a.h': 'struct a { int b; };\n'}]
GOOD = [{'common/a.h': '#ifndef A\n#define A\n#include <stddef.h>\n'
         'int f(size_t n);\n#endif\n'}]

if __name__ == '__main__':
    sys.exit(house.main(sys.modules[__name__]))
