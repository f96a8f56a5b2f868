#!/usr/bin/env python3
"""The README's table of metrics and the agent's code name the same families:
each that the code makes stands in the table, and the table has no other. The
alerts and the dashboard of deploy/monitoring use no other either, histograms
by their series, and the PrometheusRule has the rules of alerts.yaml."""
import json
import re
import sys

import house

NAME = 'metrics'
FAMILY = re.compile(r'"(beskar7_[a-z0-9_]+)"')
ROW = re.compile(r'`(beskar7_[a-z0-9_]+)(?:\{[a-z_,]*\})?`')
# Written by others than the agent.
FOLDERS = ('agent/', 'common/')
HISTOGRAM = re.compile(r'metrics_observe_us\(\s*[^",]*,\s*"(beskar7_[a-z0-9_]+)"')
USED = re.compile(r'\bbeskar7_[a-z0-9_]+')
SERIES = re.compile(r'_(bucket|sum|count)$')
ALERTS = 'deploy/monitoring/alerts.yaml'
DASHBOARD = 'deploy/monitoring/dashboard.json'
WRAPPED = 'deploy/kustomize/components/monitoring/rules.yaml'


def uses(tree):
    """(path, line, name) of each metric in what watches the agent."""
    for path in (ALERTS, DASHBOARD, WRAPPED):
        if path not in tree.files():
            continue
        for n, line in enumerate(tree.text(path).split('\n'), 1):
            for name in USED.findall(line):
                yield path, n, name


def watched(tree, made):
    histograms = set()
    for path in tree.files('.c'):
        if path.startswith(FOLDERS):
            histograms.update(HISTOGRAM.findall(tree.text(path)))
    found = []
    for path, n, name in uses(tree):
        family = SERIES.sub('', name)
        if family in histograms:
            if family == name:
                found.append('%s:%d: %s is a histogram: _bucket, _sum or '
                             '_count' % (path, n, name))
        elif name not in made:
            found.append('%s:%d: nothing makes %s' % (path, n, name))
    return found


def groups(text, indent):
    """The rules of a file, without what leads to them."""
    lines = text.split('\n')
    start = next((i for i, line in enumerate(lines)
                  if line.strip() == 'groups:'), len(lines))
    return [line[indent:] if line[:indent].strip() == '' else line
            for line in lines[start:]]


def wrapped(tree):
    have = [p for p in (ALERTS, WRAPPED) if p in tree.files()]
    if len(have) < 2:
        return []
    if groups(tree.text(ALERTS), 0) != groups(tree.text(WRAPPED), 2):
        return ['%s:1: not the rules of %s' % (WRAPPED, ALERTS)]
    return []


def dashboard(tree):
    if DASHBOARD not in tree.files():
        return []
    try:
        panels = json.loads(tree.text(DASHBOARD)).get('panels', [])
    except ValueError as e:
        return ['%s:1: %s' % (DASHBOARD, e)]
    ids = [p.get('id') for p in panels]
    empty = [p.get('title') for p in panels
             if p.get('type') != 'row' and not p.get('targets')]
    return (['%s:1: two panels have one id' % DASHBOARD]
            if len(set(ids)) != len(ids) else []) + [
        '%s:1: the panel "%s" asks nothing' % (DASHBOARD, t) for t in empty]


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
             for m in sorted(told) if m not in made] +
            watched(tree, made) + wrapped(tree) + dashboard(tree))


_CODE = 'metrics_add(m, "beskar7_a_total", NULL, 1);\n'
_TIMED = 'metrics_observe_us(\n    e->m, "beskar7_a_seconds", NULL, us);\n'
_TABLE = '| `beskar7_a_total{op}` | x |'
_TIMES = '| `beskar7_a_seconds` | x |'
BAD = [{'README.md': 'none', 'agent/a.c': _CODE},
       {'README.md': '| `beskar7_a_total`, `beskar7_b` | x |',
        'agent/a.c': _CODE},
       {'README.md': _TABLE, 'agent/a.c': _CODE,
        ALERTS: 'groups:\n- expr: rate(beskar7_b_total[5m]) > 0\n'},
       {'README.md': _TABLE, 'agent/a.c': _CODE,
        ALERTS: 'groups:\n- expr: beskar7_a_total_count > 0\n'},
       {'README.md': _TIMES, 'agent/a.c': _TIMED,
        DASHBOARD: '{"panels": [{"targets": ["beskar7_a_seconds"]}]}'},
       {'README.md': 'none', ALERTS: 'groups:\n- a\n',
        WRAPPED: 'spec:\n  groups:\n  - b\n'},
       {'README.md': 'none', DASHBOARD: '{"panels": ['},
       {'README.md': 'none', DASHBOARD: '{"panels": [{"title": "x"}]}'},
       {'README.md': 'none', DASHBOARD: '{"panels": [{"id": 1, "targets": '
        '["up"]}, {"id": 1, "targets": ["up"]}]}'}]
GOOD = [{'README.md': _TABLE, 'agent/a.c': _CODE},
        {'README.md': 'none', 'sim/a.c': _CODE},
        {'README.md': _TIMES, 'agent/a.c': _TIMED,
         DASHBOARD: '{"panels": [{"targets": ["beskar7_a_seconds_bucket"]}]}'},
        {'README.md': _TABLE, 'agent/a.c': _CODE,
         ALERTS: '# head\ngroups:\n- expr: beskar7_a_total > 0\n',
         WRAPPED: '# x\nspec:\n  groups:\n  - expr: beskar7_a_total > 0\n'}]

if __name__ == '__main__':
    sys.exit(house.main(sys.modules[__name__]))
