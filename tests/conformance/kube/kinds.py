"""The kinds of the suite: Widgets have everything that a CRD can say, Gadgets
are cluster-wide, Plains have neither a status subresource nor columns."""

import copy
import time

from frame import GROUP

TEXT = {'type': 'string'}
NUMBER = {'type': 'integer'}


def obj(**properties):
    return {'type': 'object', 'properties': properties}


PART = {'type': 'object', 'required': ['name'],
        'properties': {'name': TEXT, 'size': NUMBER,
                       'mode': {'type': 'string', 'default': 'on'}}}

SPEC = {
    'type': 'object',
    'properties': {
        'size': {'type': 'integer', 'minimum': 0, 'maximum': 100,
                 'description': 'How large it is.'},
        'ratio': {'type': 'number', 'multipleOf': 0.5},
        'color': {'type': 'string', 'enum': ['red', 'green', 'blue'],
                  'default': 'red'},
        'code': {'type': 'string', 'pattern': '^[a-z]{2,4}$',
                 'maxLength': 4},
        'on': {'type': 'boolean'},
        'when': {'type': 'string', 'format': 'date-time'},
        'amount': {'anyOf': [{'type': 'integer'}, {'type': 'string'}],
                   'x-kubernetes-int-or-string': True},
        'maybe': {'type': 'string', 'nullable': True},
        'free': {'type': 'object',
                 'x-kubernetes-preserve-unknown-fields': True},
        'labels': {'type': 'object', 'additionalProperties': TEXT,
                   'maxProperties': 3},
        'parts': {'type': 'array', 'items': PART, 'maxItems': 4,
                  'x-kubernetes-list-type': 'map',
                  'x-kubernetes-list-map-keys': ['name']},
        'tags': {'type': 'array', 'items': TEXT,
                 'x-kubernetes-list-type': 'set'},
        'steps': {'type': 'array', 'items': TEXT},
        'whole': {'type': 'object', 'x-kubernetes-map-type': 'atomic',
                  'properties': {'a': TEXT, 'b': TEXT}},
        'nest': obj(a=TEXT, b=TEXT, c={'type': 'string', 'default': 'sea'}),
    },
}

STATUS = obj(
    phase=TEXT, seen=NUMBER,
    conditions={
        'type': 'array', 'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['type'],
        'items': {'type': 'object', 'required': ['type', 'status'],
                  'properties': {'type': TEXT, 'status': TEXT,
                                 'reason': TEXT}}})

COLUMNS = [
    {'name': 'Size', 'type': 'integer', 'jsonPath': '.spec.size',
     'description': 'How large it is.'},
    {'name': 'Color', 'type': 'string', 'jsonPath': '.spec.color'},
    {'name': 'On', 'type': 'boolean', 'jsonPath': '.spec.on'},
    {'name': 'Ready', 'type': 'string', 'jsonPath':
     '.status.conditions[?(@.type=="Ready")].status'},
    {'name': 'Parts', 'type': 'string', 'jsonPath': '.spec.parts[*].name',
     'priority': 1},
    {'name': 'When', 'type': 'date', 'jsonPath': '.spec.when',
     'priority': 1},
    {'name': 'Age', 'type': 'date', 'jsonPath':
     '.metadata.creationTimestamp'},
]


def crd(kind, plural, scope, spec, **version):
    v = {'name': 'v1', 'served': True, 'storage': True, 'schema': {
        'openAPIV3Schema': {'type': 'object', 'properties': {
            'spec': spec, 'status': STATUS}}}}
    v.update(version)
    return {
        'apiVersion': 'apiextensions.k8s.io/v1',
        'kind': 'CustomResourceDefinition',
        'metadata': {'name': plural + '.' + GROUP},
        'spec': {
            'group': GROUP, 'scope': scope, 'versions': [v],
            'names': {'plural': plural, 'singular': kind.lower(),
                      'kind': kind, 'listKind': kind + 'List'}}}


def widgets():
    c = crd('Widget', 'widgets', 'Namespaced', SPEC,
            subresources={'status': {}},
            additionalPrinterColumns=COLUMNS,
            selectableFields=[{'jsonPath': '.spec.color'}])
    c['spec']['names'].update(shortNames=['wi'], categories=['all'])
    old = copy.deepcopy(c['spec']['versions'][0])
    old.update(name='v1alpha1', storage=False, deprecated=True,
               deprecationWarning='use v1 of Widget')
    off = copy.deepcopy(old)
    off.update(name='v0', served=False)
    c['spec']['versions'] += [old, off]
    return c


def all_kinds():
    return [widgets(),
            crd('Gadget', 'gadgets', 'Cluster', obj(size=NUMBER),
                subresources={'status': {}}),
            crd('Plain', 'plains', 'Namespaced', obj(size=NUMBER))]


def install(t):
    path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
    for c in all_kinds():
        name = c['metadata']['name']
        t.ask('DELETE', path + '/' + name)
        for _ in range(100):
            if t.get(path + '/' + name).status == 404:
                break
            time.sleep(0.1)
        t.post(path, c, want=201)
    for c in all_kinds():
        list_path = '/apis/%s/v1/%s' % (GROUP, c['spec']['names']['plural'])
        for _ in range(200):
            if t.get(list_path).status == 200:
                break
            time.sleep(0.1)


def remove(t):
    for c in all_kinds():
        t.delete('/apis/apiextensions.k8s.io/v1/customresourcedefinitions/' +
                 c['metadata']['name'])
