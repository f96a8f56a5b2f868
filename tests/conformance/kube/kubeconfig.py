#!/usr/bin/env python3
"""usage: kubectl config view --raw --minify --flatten -o json | kubeconfig.py DIR

Prints the cluster and user of a kubeconfig as variables for client.py; keys and
certificates go into files in DIR.
"""

import base64
import json
import pathlib
import sys


def main(where):
    c = json.load(sys.stdin)
    cluster = c['clusters'][0]['cluster']
    user = c['users'][0]['user']
    out = {'B7_URL': cluster['server']}
    for name, key, of in (
            ('B7_CA', 'certificate-authority-data', cluster),
            ('B7_CERT', 'client-certificate-data', user),
            ('B7_KEY', 'client-key-data', user)):
        if key in of:
            p = pathlib.Path(where, name)
            p.write_bytes(base64.b64decode(of[key]))
            p.chmod(0o600)
            out[name] = str(p)
    if 'token' in user:
        out['B7_TOKEN'] = user['token']
    elif 'B7_CERT' not in out:
        sys.exit('the user of this kubeconfig has neither a token nor a '
                 'certificate')
    if 'B7_CA' not in out:
        sys.exit('the cluster of this kubeconfig has no CA')
    print(' '.join('%s=%s' % m for m in out.items()))


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
