"""Bootstrap data of a control plane machine, in two formats."""

import json
import urllib.parse

from case import MARKER

JOIN = """apiVersion: kubeadm.k8s.io/v1beta4
kind: JoinConfiguration
nodeRegistration:
  name: %s
"""
CLOUD = """## template: jinja
#cloud-config
# %s
write_files:
- path: /run/kubeadm/kubeadm-join-config.yaml
  content: |
%s
      kubeletExtraArgs:
      - name: provider-id
        value: "{{ ds.meta_data.provider_id }}"
runcmd:
- kubeadm join --config /run/kubeadm/kubeadm-join-config.yaml
""" % (MARKER, ''.join('    %s\n' % x for x in (
    JOIN % '"{{ ds.meta_data.local_hostname }}"').splitlines()).rstrip())
IGNITION = json.dumps({
    'ignition': {'version': '3.4.0'},
    'storage': {'files': [
        {'path': '/etc/marker', 'contents': {'source': 'data:,' + MARKER}},
        {'path': '/etc/kubeadm.yaml', 'contents': {
            'source': 'data:,' + urllib.parse.quote(JOIN % 'node-1')}}]},
    'systemd': {'units': [{
        'name': 'kubeadm.service', 'enabled': True,
        'contents': '[Service]\nExecStart=/usr/bin/kubeadm join --config '
                    '/etc/kubeadm.yaml\n[Install]\n'
                    'WantedBy=multi-user.target\n'}]}})
