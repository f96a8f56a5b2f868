#!/usr/bin/env python3
"""Reads what the agent delivers with cloud-init's own code.

usage: delivery_guest.py seed DIR CMDLINE PAYLOAD   a NoCloud seed in a folder
       delivery_guest.py volume DIR PAYLOAD         the same, as if mounted
       delivery_guest.py nested FILE                an autoinstall document
"""
import os
import subprocess
import sys
import tempfile

sys.path.append('/usr/lib/python3/dist-packages')

import yaml
from cloudinit import dmi, helpers, user_data, util
from cloudinit.config import schema
from cloudinit.sources import DataSourceNoCloud as nocloud

FAILED = []


def check(what, ok):
    if not ok:
        FAILED.append(what)


def paths(run):
    for d in ('cloud', 'run'):
        os.makedirs(os.path.join(run, d), exist_ok=True)
    return helpers.Paths({'cloud_dir': os.path.join(run, 'cloud'),
                          'run_dir': os.path.join(run, 'run'),
                          'templates_dir': run})


class Distro:
    """As much of a distribution as a data source asks for."""
    name = 'debian'

    def __getattr__(self, name):
        return lambda *a, **k: None


def read(where, cmdline, device=None):
    run = tempfile.mkdtemp()
    util.get_cmdline = lambda: cmdline
    dmi.read_dmi_data = lambda key: None
    ds = nocloud.DataSourceNoCloud({}, Distro(), paths(run))
    ds._get_devices = lambda label: [where] if label == device else []
    util.mount_cb = lambda dev, fn, data=None, **k: fn(dev, data)
    check('the data source takes it', ds.get_data())
    return ds, run


def parts(ds, run):
    message = user_data.UserDataProcessor(paths(run)).process(ds.userdata_raw)
    out = []
    for part in message.walk():
        if part.get_content_maintype() != 'multipart':
            out.append((part.get_content_type(), part.get_filename(),
                        util.fully_decoded_payload(part)))
    return out


def rendered(run, text):
    """By `cloud-init devel render`, of what the data source left behind."""
    left = [os.path.join(d, f) for d, _, files in os.walk(run) for f in files
            if f == 'instance-data-sensitive.json']
    with tempfile.NamedTemporaryFile('w') as f:
        f.write(text)
        f.flush()
        return subprocess.run(
            ['cloud-init', 'devel', 'render', '-i', left[0], f.name],
            check=True, stdout=subprocess.PIPE, text=True).stdout


def valid(config):
    schema.validate_cloudconfig_schema(
        config, schema.get_schema(), strict=True, log_details=False)


def as_bytes(x):
    return x if isinstance(x, bytes) else x.encode()


def seed(ds, run, payload):
    with open(payload, 'rb') as f:
        want = f.read()
    found = parts(ds, run)
    check('two parts', len(found) == 2)
    check('the first is the payload', as_bytes(found[0][2]) == want)
    check('the second runs last', found[1][1] == 'zz-beskar7-report.sh')
    check('and is a script', found[1][0] == 'text/x-shellscript')
    check('with the URL', b"\nB7_REPORT_URL='http://" in as_bytes(found[1][2]))
    check('instance-id', ds.get_instance_id() == 'claim-1')
    check('provider_id', ds.metadata['provider_id'] == 'b7://ns/host')
    check('metaData', ds.metadata['rack'] == '07')
    check('hostname', ds.metadata['local-hostname'] == 'worker-1')
    text = as_bytes(found[0][2]).decode()
    if found[0][0] == 'text/jinja2':
        text = rendered(run, text)
        check('a template is rendered',
              'provider-id: "b7://ns/host"' in text and
              "name: 'worker-1'" in text)
    if '#cloud-config' in text[:80]:
        valid(yaml.safe_load(text))


def nested(path):
    with open(path, encoding='utf-8') as f:
        text = f.read()
    check('a cloud-config', text.startswith('#cloud-config\n'))
    doc = yaml.safe_load(text)
    user = doc['autoinstall']['user-data']
    check('version', doc['autoinstall']['version'] == 1)
    valid(user)
    files = {f['path']: f['content'] for f in user['write_files']}
    check('the name of the machine', user['hostname'] == 'worker-1')
    check('rendered', 'provider-id: "b7://ns/host"' in
          files['/run/kubeadm/kubeadm.yaml'])
    report = files['/var/lib/cloud/instance/scripts/zz-beskar7-report']
    check('report', "\nB7_REPORT_URL='http://" in report)
    check('of the installed system alone', "B7_INSTALLED_ONLY='1'" in report)
    check('odd characters', user['write_files'][1]['content'] ==
          'tab\there, "quotes", back\\slash, \u00e9 \u2028 \U0001f600\x85\n')
    print(report)


def main(argv):
    if argv[1] == 'nested':
        nested(argv[2])
    elif argv[1] == 'volume':
        seed(*read(argv[2], '', 'cidata'), argv[3])
    else:
        seed(*read(argv[2], argv[3]), argv[4])
    for what in FAILED:
        print('delivery_guest: not so: ' + what, file=sys.stderr)
    return 1 if FAILED else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv))
