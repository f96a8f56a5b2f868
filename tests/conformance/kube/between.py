"""Stands between an agent and the API server, and spoils what it is told to: with
the server's own certificate, so that the agent cannot know."""

import contextlib
import http.client
import json
import socket
import ssl
import threading

# Of a hop.
HOP = ('connection', 'transfer-encoding', 'content-length', 'keep-alive')
REASONS = {409: 'Conflict', 429: 'TooManyRequests', 500: 'InternalError',
           503: 'ServiceUnavailable'}


class Fault:
    """Of the next `count` requests by that method, or 'WRITE'. status: the
    answer, without the server being asked; lost: no answer at all, 'before' the
    server was asked or 'after' it did what was asked. deadly: then nothing else
    gets through until other faults are set."""

    def __init__(self, method, status=0, retry=None, lost=None, count=3,
                 deadly=False):
        self.method, self.status, self.retry = method, status, retry
        self.lost, self.left, self.deadly = lost, count, deadly

    def meets(self, method):
        return self.left > 0 and (
            self.method == method or
            (self.method == 'WRITE' and method not in ('GET', 'WATCH')))

    def __repr__(self):
        return '%s %s' % (self.method, self.lost or self.status)


class Between:
    def __init__(self, pki, upstream, ca):
        self.upstream = upstream
        self.into = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.into.load_cert_chain(pki / 'server.crt', pki / 'server.key')
        self.out = ssl.create_default_context(cafile=ca)
        self.lock = threading.Lock()
        self.faults = ()
        self.dead = False
        self.watches = set()  # sockets
        self.held = False
        self.telling = threading.Event()
        self.telling.set()
        self.gone = 0  # watches that were answered with 410
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.url = 'https://127.0.0.1:%d' % self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    # ---- what it is told ----

    def spoil(self, *faults):
        """These, and no others."""
        with self.lock:
            self.faults, self.dead = faults, False

    def cut(self):
        """All watches end."""
        with self.lock:
            had = list(self.watches)
        for s in had:
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)
        return len(had)

    def hold(self, on):
        """No watch lives, nor is begun."""
        self.held = on
        return self.cut() if on else 0

    def mute(self, on):
        """Watches are there and tell nothing; what they miss comes late."""
        (self.telling.clear if on else self.telling.set)()

    def close(self):
        self.hold(True)
        self.mute(False)
        self.listener.close()

    # ---- connections ----

    def accept(self):
        while True:
            try:
                s = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve, args=(s,),
                             daemon=True).start()

    def serve(self, raw):
        up = http.client.HTTPSConnection(
            self.upstream.hostname, self.upstream.port, timeout=60,
            context=self.out)
        with contextlib.suppress(OSError, ValueError,
                                 http.client.HTTPException), \
                self.into.wrap_socket(raw, server_side=True) as s, \
                s.makefile('rb') as f:
            while self.request(s, f, up):
                pass
        up.close()
        raw.close()

    def request(self, s, f, up):
        """One; false: the connection ends."""
        line = f.readline().split()
        if len(line) != 3:
            return False
        method, target = line[0].decode(), line[1].decode()
        headers = http.client.parse_headers(f)
        body = f.read(int(headers.get('Content-Length', 0)))
        watch = 'watch=' in target
        fault, dead = self.take('WATCH' if watch else method)
        if dead:
            return False
        if fault and fault.status:
            refuse(s, fault)
            return True
        if (fault and fault.lost == 'before') or (watch and self.held):
            return False
        up.request(method, target, body or None, {
            k: v for k, v in headers.items() if k.lower() not in HOP})
        r = up.getresponse()
        if watch:
            self.follow(s, r)
            return False
        data = r.read()
        if fault:
            return False
        answer(s, r.status, r.reason, r.getheaders(), data)
        return True

    def take(self, method):
        """The fault that this request meets; whether it is dead anyway."""
        with self.lock:
            if self.dead:
                return None, True
            for fault in self.faults:
                if fault.meets(method):
                    fault.left -= 1
                    self.dead = fault.deadly
                    return fault, False
        return None, False

    def follow(self, s, r):
        with self.lock:
            self.watches.add(s)
        try:
            head(s, r.status, r.reason, r.getheaders(),
                 ('Transfer-Encoding', 'chunked'))
            self.gone += r.status == 410
            while True:
                data = r.read1(1 << 16)
                self.telling.wait()
                self.gone += b'"code":410' in data
                s.sendall(b'%x\r\n%s\r\n' % (len(data), data))
                if not data:
                    return
        finally:
            with self.lock:
                self.watches.discard(s)
            r.close()


def head(s, status, reason, headers, *more):
    rows = ['%s: %s' % kv for kv in headers if kv[0].lower() not in HOP]
    rows += ['%s: %s' % kv for kv in more]
    s.sendall(('HTTP/1.1 %d %s\r\n%s\r\n\r\n' % (
        status, reason, '\r\n'.join(rows))).encode())


def answer(s, status, reason, headers, data):
    head(s, status, reason, headers, ('Content-Length', len(data)))
    s.sendall(data)


def refuse(s, fault):
    word = REASONS[fault.status]
    headers = [('Content-Type', 'application/json')]
    if fault.retry is not None:
        headers.append(('Retry-After', fault.retry))
    answer(s, fault.status, word, headers, json.dumps({
        'kind': 'Status', 'apiVersion': 'v1', 'metadata': {},
        'status': 'Failure', 'reason': word, 'code': fault.status,
        'message': 'refused on the way'}).encode())
