"""HTTPS to an API server: nothing is added to or taken from what it says."""

import http.client
import json
import os
import socket
import ssl
import urllib.parse

AGENT = 'conformance/1.0'
TIMEOUT = 30


class Server:
    """Where it is and who we are: B7_URL, B7_CA, and B7_TOKEN or B7_CERT
    and B7_KEY."""

    def __init__(self, env=os.environ):
        self.url = urllib.parse.urlsplit(env['B7_URL'])
        self.token = env.get('B7_TOKEN')
        self.tls = ssl.create_default_context(cafile=env['B7_CA'])
        if env.get('B7_CERT'):
            self.tls.load_cert_chain(env['B7_CERT'], env['B7_KEY'])
        self.bare = ssl.create_default_context(cafile=env['B7_CA'])
        # "sim", or the URL of the etcd below: how history is compacted
        self.history = env.get('B7_HISTORY', '')
        self.kept = None

    def connect(self, tls=None):
        return http.client.HTTPSConnection(
            self.url.hostname, self.url.port or 443, timeout=TIMEOUT,
            context=tls or self.tls)

    def headers(self, more):
        h = {'User-Agent': AGENT, 'Accept': 'application/json'}
        if self.token:
            h['Authorization'] = 'Bearer ' + self.token
        for name, value in more.items():
            h.pop(name, None)
            if value is not None:
                h[name] = value
        return h

    def ask(self, method, target, body=None, headers=None):
        """(status, headers, bytes); on a kept connection."""
        h = self.headers(headers or {})
        # As somebody else, or as nobody: then our certificate stays away, too.
        if headers and 'Authorization' in headers:
            return self.once(method, target, body, h, self.bare)
        for fresh in (False, True):
            if self.kept is None or fresh:
                self.kept = self.connect()
            try:
                return exchange(self.kept, method, target, body, h)
            except (http.client.HTTPException, OSError):
                self.kept.close()
                self.kept = None
                if fresh:
                    raise
        return None

    def once(self, method, target, body, headers, tls):
        c = self.connect(tls)
        try:
            return exchange(c, method, target, body, headers)
        finally:
            c.close()


def exchange(c, method, target, body, headers):
    c.putrequest(method, target, skip_accept_encoding=True)
    for name, value in headers.items():
        c.putheader(name, value)
    if body is not None or method in ('POST', 'PUT', 'PATCH'):
        c.putheader('Content-Length', str(len(body or b'')))
    c.endheaders()
    try:
        if body:
            c.send(body)
    except OSError:
        pass  # refused before it was read: the answer is there
    r = c.getresponse()
    return r.status, r.headers, r.read()


class Watch:
    """The events of one watch, one at a time."""

    def __init__(self, server, target, headers=None):
        self.c = server.connect()
        self.c.request('GET', target, headers=server.headers(headers or {}))
        self.r = self.c.getresponse()
        self.status = self.r.status
        self.type = self.r.headers.get('Content-Type', '')
        self.body = None if self.status == 200 else self.r.read()

    def next(self, seconds=10):
        """An event; None when the watch ended; 'silence' after the time."""
        if self.c.sock is not None:
            self.c.sock.settimeout(seconds)
        else:
            self.r.fp.raw._sock.settimeout(seconds)
        try:
            line = self.r.readline()
        except (socket.timeout, TimeoutError):
            return 'silence'
        return json.loads(line) if line.strip() else None

    def close(self):
        self.r.close()
        self.c.close()
