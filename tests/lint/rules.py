#!/usr/bin/env python3
"""agent/redfish/RULES.md, agent/kube/RULES.md: a row for each rule, and what it
names, functions and tests, exists."""
import re
import sys

import house

NAME = 'rules'
TABLE = 'agent/redfish/RULES.md'
RULES = 34
TABLES = ((TABLE, RULES), ('agent/kube/RULES.md', 19))
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


def places(tree, folder, line):
    for path, names in PLACE.findall(line):
        full = path if '/' in path else folder + path
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


def check_table(tree, table, rules):
    found, seen = [], []
    folder = table[:table.rindex('/') + 1]
    for n, line in enumerate(tree.text(table).split('\n'), 1):
        m = re.match(r'\| (\d+) \|', line)
        if not m:
            continue
        seen.append(int(m.group(1)))
        wrong = list(places(tree, folder, line)) + list(tests(tree, line))
        if not PLACE.search(line):
            wrong.append('rule %d names no function' % seen[-1])
        if not TEST.search(line):
            wrong.append('rule %d names no test' % seen[-1])
        found += ['%s:%d: %s' % (table, n, w) for w in wrong]
    if seen != list(range(1, rules + 1)):
        found.append('%s:1: rows are not 1 to %d' % (table, rules))
    return found


def check(tree):
    return [w for table, rules in TABLES if table in tree.files()
            for w in check_table(tree, table, rules)]


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
