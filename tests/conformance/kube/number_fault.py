"""Checks 69, 75 and 76: an agent that dies, a server that refuses, says nothing
or is away."""

import contextlib
import time

import frame
from between import Fault
from case import number
from number_end import off


@number(69, alone=True)
def deletion_and_kills(c):
    """A life of the agent for each of its writes: it dies in the middle of it,
    before the server has it or when it is stored, and is told again to delete.
    An announced shutdown is waited for, for 5 s here."""
    c.hosts()
    c.cluster()
    c.machine(release={'gracefulSeconds': 5})
    c.up()
    c.delete('machine', 'm')
    part = None
    if c.world.server is None:  # nobody may stand between the two
        part = 'in each write: at four moments here'
        for _ in range(4):
            time.sleep(0.4)
            c.world.kill()
            c.delete('machine', 'm', want=None)
        c.released()
    else:
        lives = deaths_in_writes(c)
        c.must(lives >= 8, 'it died at each step: %d' % lives)
    m = c.machine_of()
    c.must(m['counters']['mediumBoots'] == 1 and off(c), 'one release')
    return part


def deaths_in_writes(c):
    """How many, until the host is had by nobody."""
    between, lives = c.world.spoiled(Fault(
        'WRITE', lost='before', count=1, deadly=True)), 0
    try:
        for lives in range(80):
            if not died(c, between):
                break
            c.delete('machine', 'm', want=None)
            c.delete('b7m', 'm', want=None)
            c.world.place.kill('agent')
            between.spoil(Fault('WRITE', count=1, deadly=True,
                                lost='before' if lives % 2 else 'after'))
            c.world.start('agent', url=between.url)
        c.released()
    finally:
        between.close()
        c.world.one()
    return lives


def died(c, between):
    """Or has done all there is to do."""
    for _ in range(300):
        if between.dead:
            return True
        if c.get('b7m', 'm') is None and \
                c.get('host', 'h0')['status'].get('state') == 'Available':
            return False
        time.sleep(0.1)
    raise frame.Failed('the release goes on')


MANY, KILLS = 20, 100


@number(75, alone=True)
def kills(c):
    c.hosts(MANY)
    c.cluster()
    for n in range(MANY):
        c.machine('m%d' % n)
    for n in range(KILLS):
        # Soon after its start, or later.
        time.sleep(0.1 + n * 37 % 100 / 110)
        c.world.place.kill('agent')
        c.world.start()
    for n in range(MANY):
        c.up('m%d' % n, seconds=300)
    hosts = [c.host_of('m%d' % n) for n in range(MANY)]
    c.must(len(set(hosts)) == len(set(c.claims())) == MANY, 'one each')
    for h in c.bmc:
        c.must(c.machine_of(h)['counters']['mediumBoots'] <= 2,
               'one attempt more at most')


@number(76, alone=True)
def a_bad_server(c):
    if c.world.server is None:
        raise frame.Skip('this server is not ours to stop')
    the_server_is_away(c)
    one_by_one(c)


def the_server_is_away(c):
    c.one_up(3)
    touched = c.touched()
    c.machine('n')
    c.wait('host', 'h0', lambda o: True, 'there')
    time.sleep(1)
    for how, seconds in (('kill-api', 4), ('kill-all', 12), ('kill-api', 2)):
        c.world.server(how)
        time.sleep(seconds)
        back(c)
    c.up('n')
    c.says('b7m', 'm', 'Ready', 'True')
    c.machine('o')
    c.up('o')
    c.must(c.touched()[c.host_of('m')] == touched[c.host_of('m')],
           'a running host is left alone')
    for h in (c.host_of('n'), c.host_of('o')):
        c.must(c.machine_of(h)['counters']['mediumBoots'] == 1, 'one boot')


def back(c):
    """Started again until it stays: others may have had its port meanwhile."""
    for _ in range(300):
        c.world.server('start')
        with contextlib.suppress(OSError):
            if c.ask('GET', '/readyz').status == 200:
                return
        time.sleep(0.3)
    raise frame.Failed('the server does not come back')


# The reply to a patch is lost before GET is refused: so an object is read.
FAULTS = (('PATCH', 409), ('PATCH', 429, 1), ('PATCH', 500), ('PATCH', 503),
          ('PATCH', 0, None, 'after'), ('PATCH', 0, None, 'before'),
          ('POST', 0, None, 'after', 1), ('WATCH', 500), ('GET', 503))


def one_by_one(c):
    """Each in a provisioning of its own, then some in releases. A write whose
    fate is unknown is waited for, for half a minute."""
    names = ['f%d' % n for n in range(len(FAULTS) + 2)]
    c.hosts(len(names), first=3)
    between = c.world.spoiled()
    try:
        for name, row in zip(names, FAULTS):
            spoilt(c, between, row, lambda n=name: c.machine(n))
        between.mute(True)
        c.machine(names[-2])
        time.sleep(3)
        c.must(between.cut() > 5, 'watches that said nothing are cut')
        between.mute(False)
        too_old(c, between, names[-1])
        for name in names:
            c.up(name)
        hosts = {c.host_of(name) for name in names}
        c.must(len(hosts) == len(names) == len(set(c.claims()) & set(names)),
               'one each')
        for h in hosts:
            c.must(c.machine_of(h)['counters']['mediumBoots'] == 1,
                   'one boot of ' + h)
        for name, row in zip(names, FAULTS[:5]):
            spoilt(c, between, row, lambda n=name: c.delete('machine', n))
        for name in names[5:]:
            c.delete('machine', name)
        for name in names:
            c.released(name, hosts=())
        c.released('none', hosts=hosts)
        for h in hosts:
            c.must(off(c, h), h + ' is off')
    finally:
        between.close()
        c.world.one()


def spoilt(c, between, row, act, seconds=60):
    """Until that fault was met as often as it should."""
    fault = Fault(*row)
    between.spoil(fault, *(
        [Fault('PATCH', 0, None, 'after', 1)] if row[0] == 'GET' else []))
    if row[0] == 'WATCH':
        between.cut()
    act()
    for _ in range(seconds * 10):
        if not fault.left:
            return
        time.sleep(0.1)
    c.must(False, 'the fault %r was met' % fault)


def too_old(c, between, name):
    """While the agent is blind, history goes on, and is forgotten."""
    c.must(between.hold(True) > 5, 'watches are cut')
    was = between.gone
    c.machine(name)
    time.sleep(1)
    c.world.server('kill-api')
    back(c)
    between.hold(False)
    for _ in range(200):
        if between.gone > was:
            return
        time.sleep(0.1)
    c.must(False, 'a watch was too old')
