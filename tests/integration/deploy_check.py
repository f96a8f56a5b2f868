"""Do the objects of a deployment fit together? Used by deploy.sh.

usage: deploy_check.py NAME LIST.json [HELP-OF-AGENT [HELP-OF-SIM]]
Prints what is wrong; exit status 1 if anything is.
"""
import json
import re
import sys

PROVIDER = 'cluster.x-k8s.io/provider'
NAMESPACE = 'beskar7-system'
# Who owns them is others' matter, or they are shared.
ANY_NAME = ('CustomResourceDefinition', 'Namespace')


class Objects:
    def __init__(self, items):
        self.items = items
        self.wrong = []

    def of(self, *kinds):
        return [o for o in self.items if o['kind'] in kinds]

    def has(self, kind, name):
        return any(o['metadata']['name'] == name for o in self.of(kind))

    def say(self, o, what):
        self.wrong.append('%s %s: %s' % (
            o['kind'], o['metadata']['name'], what))


def names(all_, provider):
    for o in all_.items:
        meta = o['metadata']
        if provider and \
                meta.get('labels', {}).get(PROVIDER) != 'infrastructure-beskar7':
            all_.say(o, 'is not labelled %s' % PROVIDER)
        if 'namespace' in meta:
            if not all_.has('Namespace', meta['namespace']):
                all_.say(o, 'its namespace %s is not here' % meta['namespace'])
        elif provider and o['kind'] not in ANY_NAME and \
                not meta['name'].startswith(NAMESPACE + '-'):
            # clusterctl deletes only what is named so.
            all_.say(o, 'does not begin with the namespace')


def bindings(all_):
    for o in all_.of('RoleBinding', 'ClusterRoleBinding'):
        ref = o['roleRef']
        if not all_.has(ref['kind'], ref['name']):
            all_.say(o, 'there is no %s %s' % (ref['kind'], ref['name']))
        for s in o['subjects']:
            if not all_.has('ServiceAccount', s['name']):
                all_.say(o, 'there is no ServiceAccount %s' % s['name'])
            if not all_.has('Namespace', s['namespace']):
                all_.say(o, 'there is no Namespace %s' % s['namespace'])
    for o in all_.of('Role', 'ClusterRole'):
        if not any(b['roleRef']['name'] == o['metadata']['name']
                   for b in all_.of('RoleBinding', 'ClusterRoleBinding')):
            all_.say(o, 'nobody has this role')
    for o in all_.of('ValidatingAdmissionPolicyBinding'):
        if not all_.has('ValidatingAdmissionPolicy', o['spec']['policyName']):
            all_.say(o, 'there is no policy %s' % o['spec']['policyName'])


def pods(all_, selector):
    """The Deployments that these labels select."""
    return [d for d in all_.of('Deployment') if selector and
            all(d['spec']['template']['metadata'].get('labels', {}).get(k) == v
                for k, v in selector.items())]


def ports(deployment):
    return {p.get('name', p['containerPort']): p['containerPort']
            for c in deployment['spec']['template']['spec']['containers']
            for p in c.get('ports', [])}


def port_known(found, port):
    return any(port in ports(d) or port in ports(d).values() for d in found)


def selectors(all_):
    for o in all_.of('Deployment', 'PodDisruptionBudget'):
        if not pods(all_, o['spec']['selector']['matchLabels']):
            all_.say(o, 'selects no Pods')
    for o in all_.of('Service'):
        found = pods(all_, o['spec']['selector'])
        if not found:
            all_.say(o, 'selects no Pods')
        for p in o['spec']['ports']:
            if not port_known(found, p.get('targetPort', p['port'])):
                all_.say(o, 'no Pod has the port %s' %
                         p.get('targetPort', p['port']))
    for o in all_.of('NetworkPolicy'):
        found = pods(all_, o['spec']['podSelector'].get('matchLabels'))
        if not found:
            all_.say(o, 'selects no Pods')
        for rule in o['spec'].get('ingress', []):
            for p in rule.get('ports', []):
                if not port_known(found, p['port']):
                    all_.say(o, 'no Pod has the port %s' % p['port'])
    for o in all_.of('ServiceMonitor'):
        want = o['spec']['selector']['matchLabels']
        found = [s for s in all_.of('Service') if all(
            s['metadata'].get('labels', {}).get(k) == v
            for k, v in want.items())]
        if not any(p.get('name') == o['spec']['endpoints'][0]['port']
                   for s in found for p in s['spec']['ports']):
            all_.say(o, 'selects no Service with such a port')


def containers(all_, helps):
    for d in all_.of('Deployment'):
        pod = d['spec']['template']['spec']
        account = pod.get('serviceAccountName')
        if account and not all_.has('ServiceAccount', account):
            all_.say(d, 'there is no ServiceAccount %s' % account)
        if account and not any(s['name'] == account for b in all_.of(
                'ClusterRoleBinding') for s in b['subjects']):
            all_.say(d, '%s may do nothing' % account)
        for c in pod['containers']:
            known = [p.get('name') for p in c.get('ports', [])]
            for probe in ('livenessProbe', 'readinessProbe'):
                port = c[probe]['httpGet']['port']
                if isinstance(port, str) and port not in known:
                    all_.say(d, '%s: there is no port %s' % (probe, port))
            options(all_, d, c, helps)


def options(all_, deployment, container, helps):
    program = re.sub(r'.*/', '', container['image']).split(':')[0]
    args = [a.split('=')[0] for a in container.get('args', [])]
    text = helps.get(program)
    for a in args:
        if text is not None and a.startswith('--') and \
                not re.search(r'%s\b' % re.escape(a), text):
            all_.say(deployment, '%s has no option %s' % (program, a))
    if program != 'beskar7-agent':
        return
    if container['name'] != 'manager':
        all_.say(deployment, "the agent's container is not named manager")
    if deployment['spec'].get('replicas', 1) > 1:
        if '--leader-elect' not in args:
            all_.say(deployment, 'several replicas, and no --leader-elect')
        if not all_.of('PodDisruptionBudget'):
            all_.say(deployment, 'there is no PodDisruptionBudget')


def main():
    name, path = sys.argv[1:3]
    helps = {}
    for program, file in zip(('beskar7-agent', 'beskar7-sim'), sys.argv[3:]):
        with open(file, encoding='utf-8') as f:
            helps[program] = f.read()
    with open(path, encoding='utf-8') as f:
        all_ = Objects(json.load(f)['items'])
    if not all_.of('Deployment'):
        all_.wrong.append('%s: there is no Deployment' % name)
    names(all_, provider=name != 'kind')
    bindings(all_)
    selectors(all_)
    containers(all_, helps)
    for what in all_.wrong:
        print(what)
    return 1 if all_.wrong else 0


if __name__ == '__main__':
    sys.exit(main())
