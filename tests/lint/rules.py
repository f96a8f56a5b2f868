#!/usr/bin/env python3
"""agent/redfish/RULES.md: a row for each of the 34 rules, and what it names,
functions and tests, exists."""
import re
import sys

import house

NAME = 'rules'
TABLE = 'agent/redfish/RULES.md'
RULES = 34
PLACE = re.compile(r'`([\w/]+\.[ch]): ([\w, ]+)`')
TEST = re.compile(r'`([a-z]\w*)\.([a-z]\w*)`')


def has_function(code, name):
    """Defined, by the style: its name starts a line. Or a struct."""
    return re.search(r'^%s\(' % re.escape(name), code, re.M) or (
        name.startswith('struct ') and
        re.search(r'^%s \{' % re.escape(name), code, re.M))


def is_case(text, name):
    """In a table of cases: then it is defined, or does not compile."""
    return re.search(r'UNIT_CASE\(\s*%s\)|[,\s]%s \}' % (name, name), text)


def places(tree, line):
    for path, names in PLACE.findall(line):
        full = path if '/' in path else 'agent/redfish/' + path
        if full not in tree.files():
            yield '%s does not exist' % full
            continue
        for name in names.split(', '):
            if not has_function(tree.code(full), name):
                yield '%s has no %s' % (full, name)


def tests(tree, line):
    for module, case in TEST.findall(line):
        path = 'tests/unit/test_%s.c' % module
        if path not in tree.files():
            yield '%s does not exist' % path
        elif not is_case(tree.text(path), case):
            yield '%s has no case %s' % (path, case)


def check(tree):
    if TABLE not in tree.files():
        return []
    found, seen = [], []
    for n, line in enumerate(tree.text(TABLE).split('\n'), 1):
        m = re.match(r'\| (\d+) \|', line)
        if not m:
            continue
        seen.append(int(m.group(1)))
        wrong = list(places(tree, line)) + list(tests(tree, line))
        if not PLACE.search(line):
            wrong.append('rule %d names no function' % seen[-1])
        if not TEST.search(line):
            wrong.append('rule %d names no test' % seen[-1])
        found += ['%s:%d: %s' % (TABLE, n, w) for w in wrong]
    if seen != list(range(1, RULES + 1)):
        found.append('%s:1: rows are not 1 to %d' % (TABLE, RULES))
    return found


def _table(row):
    return '\n'.join('| %d | x | %s |' % (n, row)
                     for n in range(1, RULES + 1))


_CODE = {'agent/redfish/a.c': 'static void\nf(void)\n{\n}\n',
         'tests/unit/test_m.c': 'static void\nc(void)\n{\n}\n'
                                'x[] = { UNIT_CASE(c) };\n'}
_ROW = '`a.c: f` | `m.c`'
GOOD = [dict(_CODE, **{TABLE: _table(_ROW)})]
BAD = [dict(_CODE, **{TABLE: _table(_ROW).replace('| 7 |', '| 8 |')}),
       dict(_CODE, **{TABLE: _table('`a.c: g` | `m.c`')}),
       dict(_CODE, **{TABLE: _table('`b.c: f` | `m.c`')}),
       dict(_CODE, **{TABLE: _table('`a.c: f` | `m.d`')}),
       dict(_CODE, **{TABLE: _table('`a.c: f` | none')}),
       dict(_CODE, **{TABLE: _table('here | `m.c`')}),
       dict(_CODE, **{TABLE: _table(_ROW), 'tests/unit/test_m.c':
                      'static void\nc(void)\n{\n}\n'})]

if __name__ == '__main__':
    sys.exit(house.main(sys.modules[__name__]))
