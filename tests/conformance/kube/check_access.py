"""Who may ask, what exists, which methods and formats."""

from frame import GROUP, check

ROOT = '/apis/' + GROUP


@check('access', 'a wrong token is 401')
def wrong_token(t):
    t.get('/api/v1/namespaces', want=401,
          headers={'Authorization': 'Bearer wrong'})


@check('access', 'a wrong token is 401 where nothing is')
def wrong_token_nowhere(t):
    t.get('/apis/none.example/v1/things', want=401,
          headers={'Authorization': 'Bearer wrong'})


@check('access', 'a wrong token may not write')
def wrong_token_write(t):
    t.post('/api/v1/namespaces', {'metadata': {'name': 'x'}}, want=401,
           headers={'Authorization': 'Bearer wrong'})


@check('paths', 'no such object')
def no_object(t):
    t.get(t.at('widgets', 'none'), want=404)


@check('paths', 'no such cluster-wide object')
def no_gadget(t):
    t.get(t.at('gadgets', 'none', ns=''), want=404)


@check('paths', 'no such builtin object')
def no_secret(t):
    t.get(t.at('secrets', 'none'), want=404)
    t.get(t.at('leases.coordination.k8s.io', 'none'), want=404)
    t.get('/api/v1/namespaces/none-' + t.run, want=404)


@check('paths', 'no such object to update')
def no_update(t):
    t.put(t.at('widgets', 'none'), t.widget(
        'none', meta={'resourceVersion': '1'}), want=404)


@check('paths', 'no such object to patch')
def no_patch(t):
    for kind, body in (('merge', {}), ('json', [])):
        t.patch(t.at('widgets', 'none'), body, kind, want=404)


@check('paths', 'no such object to delete')
def no_delete(t):
    t.delete(t.at('widgets', 'none'), want=404)


@check('paths', 'no such status')
def no_status(t):
    t.get(t.at('widgets', 'none', 'status'), want=404)
    t.patch(t.at('widgets', 'none', 'status'), {'status': {}}, want=404)


@check('paths', 'no such namespace: a list is empty')
def list_nowhere(t):
    t.get(t.at('widgets', ns='none'), want=200)


@check('paths', 'no such resource')
def no_resource(t):
    t.get(ROOT + '/v1/namespaces/default/gizmos', want=404)
    t.get('/api/v1/namespaces/default/gizmos', want=404)


@check('paths', 'no such version')
def no_version(t):
    t.get(ROOT + '/v9/widgets', want=404)
    t.get('/api/v9/pods', want=404)


@check('paths', 'a version that is not served')
def not_served(t):
    t.get(ROOT + '/v0/widgets', want=404)


@check('paths', 'no such group')
def no_group(t):
    t.get('/apis/none.example/v1/things', want=404)
    t.get('/apis/none.example/v1', want=404)
    t.get('/apis/none.example', want=404)


@check('paths', 'no such path')
def no_path(t):
    t.get('/nothing/here', want=404)


@check('paths', 'no such subresource')
def no_sub(t):
    t.have()
    t.get(t.at('widgets', 'one', 'gears'), want=404)


@check('paths', 'a kind without status has no such path')
def plain_status(t):
    t.have(resource='plains')
    t.get(t.at('plains', 'one', 'status'), want=404)


@check('paths', 'a namespaced kind without a namespace')
def no_namespace(t):
    t.get(ROOT + '/v1/widgets/one', want=404)
    t.post(ROOT + '/v1/widgets', t.widget())


@check('paths', 'a cluster-wide kind in a namespace')
def gadget_in_namespace(t):
    t.get(ROOT + '/v1/namespaces/default/gadgets', want=404)


@check('methods', 'POST to an object')
def post_object(t):
    t.have()
    t.post(t.at('widgets', 'one'), t.widget(), want=409)


@check('methods', 'PUT to a collection')
def put_list(t):
    t.put(t.at('widgets'), t.widget(), want=400)
    t.put(t.at('configmaps'), {}, want=405)


@check('methods', 'PATCH of a collection')
def patch_list(t):
    t.patch(t.at('widgets'), {}, want=400)
    t.patch(t.at('configmaps'), {}, want=405)


@check('methods', 'DELETE and POST of a status')
def delete_status(t):
    t.have()
    t.delete(t.at('widgets', 'one', 'status'), want=405)
    t.post(t.at('widgets', 'one', 'status'), t.widget(), want=405)


@check('methods', 'POST to a builtin object')
def post_secret(t):
    t.post(t.at('secrets', 'x'), {}, want=405)


@check('methods', 'a body of unknown type is 415')
def create_type(t):
    t.post(t.at('widgets'), t.widget(), want=415,
           headers={'Content-Type': 'text/plain'})
    t.post(t.at('secrets'), {}, want=415,
           headers={'Content-Type': 'text/plain'})


@check('methods', 'a patch of unknown type is 415')
def patch_type(t):
    t.have()
    t.patch(t.at('widgets', 'one'), {}, 'application/json', want=415)


@check('methods', 'a strategic patch of a custom object is 415')
def strategic_custom(t):
    t.have()
    t.patch(t.at('widgets', 'one'), {}, 'strategic', want=415)


@check('methods', 'an unknown Accept is 406')
def accept(t):
    t.get(t.at('widgets'), want=406, headers={'Accept': 'text/html'})
    t.get(t.at('secrets'), want=406, headers={'Accept': 'text/html'})


@check('methods', 'Accept with a choice takes what can be had')
def accept_choice(t):
    t.get(t.at('widgets'), want=200, headers={
        'Accept': 'text/html;q=0.9, application/json'})
    t.get(t.at('widgets'), want=200, headers={'Accept': '*/*'})


@check('bodies', 'no JSON is 400')
def no_json(t):
    t.post(t.at('widgets'), b'{"a":', want=400)
    t.post(t.at('configmaps'), b'{"a":', want=400)


@check('bodies', 'an empty body')
def empty(t):
    t.post(t.at('widgets'), b'', want=400)


@check('bodies', 'an array')
def array(t):
    t.post(t.at('widgets'), b'[]', want=400)


@check('bodies', 'no kind')
def no_kind(t):
    o = t.widget()
    del o['kind']
    t.post(t.at('widgets'), o, want=400)


@check('bodies', 'no apiVersion')
def no_api_version(t):
    o = t.widget()
    del o['apiVersion']
    t.post(t.at('widgets'), o, want=400)


@check('bodies', 'another kind')
def other_kind(t):
    o = t.widget()
    o['kind'] = 'Gizmo'
    t.post(t.at('widgets'), o, want=422)


@check('bodies', 'another version')
def other_version(t):
    o = t.widget()
    o['apiVersion'] = GROUP + '/v7'
    t.post(t.at('widgets'), o, want=400)


@check('bodies', 'another group in a builtin')
def other_group(t):
    t.post(t.at('configmaps'), t.widget(), want=400)


@check('bodies', 'a builtin without kind and apiVersion')
def bare_builtin(t):
    t.post(t.at('configmaps'), {'metadata': {'name': 'a'}}, want=201)


@check('bodies', 'a member of the wrong type in a builtin')
def wrong_type(t):
    t.post(t.at('configmaps'), {
        'metadata': {'name': 'a'}, 'data': {'a': 1}}, want=400)


@check('bodies', 'metadata of the wrong type')
def wrong_meta(t):
    t.post(t.at('widgets'), t.widget(meta={'labels': {'a': 1}}), want=400)
    t.post(t.at('widgets'), t.widget(meta={'finalizers': 'x'}), want=400)


@check('bodies', 'too large is 413')
def large(t):
    o = t.widget(spec={'steps': ['x' * 3500000]})
    t.post(t.at('widgets'), o, want=413)


@check('bodies', 'YAML creates')
def yaml(t):
    text = ('apiVersion: %s/v1\nkind: Widget\nmetadata:\n  name: one\n'
            'spec:\n  size: 3\n' % GROUP)
    t.ask('POST', t.at('widgets'), text.encode(), want=201,
          headers={'Content-Type': 'application/yaml'})
