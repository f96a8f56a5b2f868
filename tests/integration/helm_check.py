"""Does a chart give the objects that kustomize gives? Used by helm.sh.

usage: helm_check.py KUSTOMIZE.json HELM.json
Both are Lists as an API server answered. Prints what differs, object by object and
field by field; exit status 1 if anything does.
"""
import json
import sys

# What a server writes into each object by itself.
SERVERS = ('creationTimestamp', 'generation', 'managedFields',
           'resourceVersion', 'uid')
KEEP = 'helm.sh/resource-policy'


def objects(path):
    with open(path, encoding='utf-8') as f:
        items = json.load(f)['items']
    found = {}
    for o in items:
        meta = {k: v for k, v in o['metadata'].items() if k not in SERVERS}
        name = ' '.join((o['apiVersion'], o['kind'],
                         meta.get('namespace', '-'), meta['name']))
        if name in found:
            print('%s: is there twice' % name)
            sys.exit(1)
        o.pop('status', None)
        found[name] = dict(o, metadata=meta)
    return found


def kept(name, o):
    """Takes off what the chart alone gives its CRDs; what is wrong."""
    if o['kind'] != 'CustomResourceDefinition':
        return []
    notes = o['metadata'].get('annotations', {})
    if notes.pop(KEEP, None) != 'keep':
        return ['%s: uninstalling would delete it and all its objects' % name]
    if not notes:
        o['metadata'].pop('annotations')
    return []


def differences(a, b, path=''):
    if isinstance(a, dict) and isinstance(b, dict):
        for k in sorted(set(a) | set(b)):
            yield from differences(a.get(k), b.get(k), path + '.' + k)
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for i, pair in enumerate(zip(a, b)):
            yield from differences(*pair, '%s[%d]' % (path, i))
    elif a != b:
        yield '%s: kustomize %s, helm %s' % (
            path, json.dumps(a), json.dumps(b))


def main():
    want, got = objects(sys.argv[1]), objects(sys.argv[2])
    wrong = []
    for name in sorted(set(want) | set(got)):
        if name not in got:
            wrong.append('%s: helm lacks it' % name)
        elif name not in want:
            wrong.append('%s: helm alone has it' % name)
        else:
            wrong += kept(name, got[name])
            wrong += ['%s%s' % (name, d) for d in
                      differences(want[name], got[name])]
    if not want:
        wrong.append('nothing was compared')
    for what in wrong:
        print(what)
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
