#!/usr/bin/env python3
"""Files of at most 600 lines, functions of at most 80."""
import re
import sys

import house

NAME = 'sizes'
FILE_MAX = 600
FUNCTION_MAX = 80


def functions(lines):
    """(first line, name, lines) of each function; the style puts the name,
    the opening and the closing brace at the start of lines of their own."""
    start = None
    for n, line in enumerate(lines, 1):
        if line.startswith('{'):
            start = n
        elif line.startswith('}') and start is not None:
            name = '?'
            for back in range(start - 2, max(start - 12, -1), -1):
                m = re.match(r'(\w+)\(', lines[back])
                if m:
                    name = m.group(1)
                    break
            yield start, name, n - start + 1
            start = None


def check(tree):
    found = []
    for path in tree.files(*house.SOURCE, '.sh', '.py'):
        lines = tree.text(path).split('\n')
        if lines and lines[-1] == '':
            lines.pop()
        if len(lines) > FILE_MAX:
            found.append('%s:%d: %d lines, at most %d' % (
                path, FILE_MAX, len(lines), FILE_MAX))
        if not path.endswith(house.SOURCE):
            continue
        for start, name, n in functions(tree.code(path).split('\n')):
            if n > FUNCTION_MAX:
                found.append('%s:%d: %s has %d lines, at most %d' % (
                    path, start, name, n, FUNCTION_MAX))
    return found


def _function(n):
    return 'static int\nf(int a)\n{\n' + '\ta++;\n' * n + '}\n'


BAD = [{'a/b.c': '\n' * 601}, {'a/b.h': '/**/\n' * 700},
       {'a/b.c': _function(79)}]
GOOD = [{'a/b.c': '\n' * 600}, {'a/b.c': _function(78) * 3}]

if __name__ == '__main__':
    sys.exit(house.main(sys.modules[__name__]))
