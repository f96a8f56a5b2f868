#!/usr/bin/env python3
"""usage: compare.py REAL STAND-IN KNOWN [--show] [--some]
       compare.py "" STAND-IN KNOWN       what the stand-in alone fails
       compare.py --learn REAL STAND-IN   all differences, as JSON
Compares what two servers answered (see suite.py) and prints "ok NAME", "not ok
NAME: why" and "skip NAME: why" for each check. KNOWN says which differences
there are and why: [{"why": text, "checks": {name: [line, ...]}}]. A known one
that is gone or has changed is a failure as well: the list stays true.
"""

import json
import pathlib
import sys

LONGEST = 300


def text(v):
    s = json.dumps(v, sort_keys=True)
    return s if len(s) <= LONGEST else s[:LONGEST] + '...'


def differences(path, a, b):
    """Lines "where: real ..., stand-in ..."."""
    if isinstance(a, dict) and isinstance(b, dict):
        for k in sorted(set(a) | set(b)):
            if k not in b:
                yield '%s/%s: only real: %s' % (path, k, text(a[k]))
            elif k not in a:
                yield '%s/%s: only stand-in: %s' % (path, k, text(b[k]))
            else:
                yield from differences('%s/%s' % (path, k), a[k], b[k])
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for i, (x, y) in enumerate(zip(a, b)):
            yield from differences('%s/%d' % (path, i), x, y)
    elif a != b or type(a) is not type(b):
        yield '%s: real %s, stand-in %s' % (path, text(a), text(b))


def known_lines(known):
    lines = {}
    for entry in known:
        for name, of in entry['checks'].items():
            lines.setdefault(name, []).extend(of)
    return lines


def verdict(real, sim, known):
    """(word, why): ok, not ok or skip."""
    for who, seen in (('real', real), ('stand-in', sim)):
        if seen is None:
            return 'not ok', '%s: not run' % who
        if 'failed' in seen and not known:
            return 'not ok', '%s: %s' % (who, seen['failed'])
    for seen in (real, sim):
        if 'skipped' in seen:
            return 'skip', seen['skipped']
    found = list(differences('', real['steps'], sim['steps']))
    fresh = [line for line in found if line not in known]
    gone = [line for line in known if line not in found]
    if fresh:
        return 'not ok', '%d differences; %s' % (len(fresh), fresh[0])
    if gone:
        return 'not ok', 'a known difference is gone; ' + gone[0]
    return 'ok', ''


def learn(real, sim):
    a, b = [json.loads(pathlib.Path(p).read_text()) for p in (real, sim)]
    found = {n: list(differences('', a[n]['steps'], b[n]['steps']))
             for n in a}
    print(json.dumps({n: d for n, d in found.items() if d}, indent=1))


def alone(sim, known):
    seen = json.loads(pathlib.Path(sim).read_text())
    known = known_lines(json.loads(pathlib.Path(known).read_text()))
    bad = 0
    for name in sorted(seen):
        why = None if name in known else seen[name].get('failed')
        bad += why is not None
        print('%s kube/%s%s' % ('not ok' if why else 'ok', name,
                                ': ' + why if why else ''))
    return 1 if bad else 0


def main(real, sim, known, *words):
    if real == '--learn':
        return learn(sim, known)
    if real == '':
        return alone(sim, known)
    load = [json.loads(pathlib.Path(p).read_text()) for p in
            (real, sim, known)]
    lines = known_lines(load[2])
    bad = 0
    all_names = set(load[0]) | set(load[1])
    if '--some' not in words:
        all_names |= set(lines)
    for name in sorted(all_names):
        a, b = load[0].get(name), load[1].get(name)
        word, why = verdict(a, b, lines.get(name, []))
        print('%s kube/%s%s' % (word, name, ': ' + why if why else ''))
        bad += word == 'not ok'
        if '--show' in words and word == 'not ok' and a and b:
            for line in differences('', a['steps'], b['steps']):
                print('    ' + line)
    return 1 if bad else 0


if __name__ == '__main__':
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
