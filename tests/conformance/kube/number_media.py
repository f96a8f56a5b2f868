"""Check 31, and what else needs the media server: bootstrap data gets to the
machine, and only what its image takes."""

import time

from case import number
from payload import CLOUD, IGNITION
from place import condition

def live(c, family):
    return {'url': '%s/live.iso?family=%s' % (c.world.images, family),
            'kind': 'Live'}


def bootstrapped(c, host, form):
    """What the simulated system found on the medium that it booted."""
    for _ in range(150):
        found = c.machine_of(host)['userData']
        if found['state'] == 'Bootstrapped' and found['reported']:
            break
        time.sleep(0.2)
    c.must((found['state'], found['format'], found['reported']) ==
           ('Bootstrapped', form, True), 'the system has it: %s' % found)
    return found


def refused(c, reason=None):
    """And no BMC is written to."""
    c.says('b7m', 'm', 'BootstrapDataReady', 'False', reason)
    time.sleep(2)
    c.still()
    c.must(not any(c.touched().values()), 'nothing is delivered')


@number(31, alone=True)
def format_and_value(c):
    c.world.media()
    try:
        c.hosts(2)
        c.cluster()
        # Not that of the image: refused, and delivered to nobody.
        c.put('secret', 'own', stringData={'format': 'ignition',
                                           'value': CLOUD})
        c.machine(data='own', image=live(c, 'cloud-init'))
        refused(c, 'FormatUnsupported')
        # Empty, then none at all: waited for.
        c.patch('secret', 'own', {'data': {'format': None, 'value': ''}})
        refused(c)
        c.patch('secret', 'own', {'data': {'value': None}})
        refused(c)
        # Without a format it is a cloud-config.
        c.patch('secret', 'own', {'stringData': {'value': CLOUD}})
        o = c.up()
        c.must(condition(o, 'BootstrapDataReady')['reason'] == 'Ready',
               'and said so')
        found = bootstrapped(c, c.host_of('m'), 'cloud-init')
        c.must((found['nodeName'], found['providerID']) ==
               ('m', o['spec']['providerID']), 'and who it is: %s' % found)
        c.put('secret', 'ign', stringData={'format': 'ignition',
                                           'value': IGNITION})
        c.machine('n', data='ign', image=live(c, 'coreos'))
        c.up('n')
        bootstrapped(c, c.host_of('n'), 'ignition')
    finally:
        c.world.one()
