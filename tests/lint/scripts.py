#!/usr/bin/env python3
"""Scripts: a first line that says by what, the executable bit, valid syntax,
and failures that end them (`set -e`, or `set -u` where statuses are looked at).
"""
import os
import re
import subprocess
import sys

import house

NAME = 'scripts'
SOURCED = re.compile(r'^# sourced by ', re.M)


def shell(tree, path, text):
    first = text.split('\n', 1)[0]
    m = re.match(r'#!/bin/(sh|bash)$|#!/usr/bin/env bash$', first)
    if not m:
        return ['%s:1: starts with neither #!/bin/sh nor #!/bin/bash' % path]
    found = []
    if not re.search(r'^set -[a-z]*[eu]', text, re.M) and \
            not SOURCED.search(text):
        found.append('%s:1: has neither set -e nor set -u' % path)
    shell_name = 'sh' if m.group(1) == 'sh' else 'bash'
    done = subprocess.run([shell_name, '-n', os.path.join(tree.root, path)],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False)
    if done.returncode != 0:
        said = done.stdout.decode(errors='replace').strip()
        found.append('%s:1: %s' % (path, said.split('\n')[0]))
    return found


def python(path, text):
    try:
        compile(text, path, 'exec')
    except SyntaxError as e:
        return ['%s:%d: %s' % (path, e.lineno or 1, e.msg)]
    return []


def check(tree):
    found = []
    for path in tree.files('.sh', '.py') + [
            f for f in tree.files() if f == '.ci/run']:
        text = tree.text(path)
        if path.endswith('.py'):
            found += python(path, text)
        else:
            found += shell(tree, path, text)
        runs = text.startswith('#!') and not SOURCED.search(text)
        if runs and not os.access(os.path.join(tree.root, path), os.X_OK):
            found.append('%s:1: is not executable' % path)
    return found


BAD = [{'a.sh': 'echo hi\n'}, {'a.sh': '#!/bin/sh\nset -eu\nif then\n'},
       {'a.py': 'def f(:\n'}, {'a.sh': '#!/bin/sh\nset -eu\ntrue\n'}]
GOOD = [{'a.sh': '#!/bin/sh\n# sourced by b.sh\ntrue\n', 'a.py': 'A = 1\n'}]

if __name__ == '__main__':
    sys.exit(house.main(sys.modules[__name__]))
