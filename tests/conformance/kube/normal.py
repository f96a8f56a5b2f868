"""What differs from run to run (names of the run, UIDs, revisions, times) is
replaced by what it is the same as: "uid-1" is the first UID of a check."""

import json
import re

UID = re.compile(r'[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-'
                 r'[0-9a-f]{12}')
TIME = re.compile(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ')
MICRO = re.compile(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z')
AGE = re.compile(r'^\d+[smhd](\d+[smhd])?$')
REVISIONS = re.compile(
    r'(resource version:? |resourceVersion[":\\ ]+)\d+( \(\d+\))?'
    r'|current: \d+|: \d+, current|precondition \(\d+\)|record \(\d+\)')


class Normal:
    def __init__(self, run):
        self.run = run
        self.uids = {}
        self.revisions = {}
        self.words = {}

    def word(self, text, name):
        """From now on, `text` reads `name`."""
        if text:
            self.words[text] = name

    def uid(self, m):
        return self.uids.setdefault(m.group(0), 'uid-%d' % (
            len(self.uids) + 1))

    def revision(self, text):
        return self.revisions.setdefault(text, 'rv-%d' % (
            len(self.revisions) + 1))

    def text(self, s):
        for text, name in self.words.items():
            s = s.replace(text, name)
        s = s.replace(self.run, 'RUN')
        s = UID.sub(self.uid, s)
        s = MICRO.sub('MICROTIME', s)
        s = TIME.sub('TIME', s)
        for known in re.findall(r'"(\d+)"', s):
            if known in self.revisions:
                s = s.replace('"%s"' % known,
                              '"%s"' % self.revisions[known])
        return REVISIONS.sub('REVISION', s)

    def member(self, key, value, inside):
        if key == 'resourceVersion' and isinstance(value, str):
            if value in ('', '0'):
                return value
            # A list's is the server's, where everybody writes.
            return self.revision(value) if inside.get('uid') or \
                'name' in inside else 'rv-list'
        if key == 'verbs':
            return sorted(value)
        if key == 'continue' and value:
            return 'CONTINUE'
        if key == 'managedFields' and isinstance(value, list):
            return sorted(self.walk(value), key=lambda e: json.dumps(
                [e.get('operation'), e.get('manager'),
                 e.get('subresource', '')]))
        return self.walk(value)

    def walk(self, v):
        if isinstance(v, dict):
            return {self.text(k): self.member(k, m, v) for k, m in v.items()}
        if isinstance(v, list):
            return [self.walk(m) for m in v]
        return self.text(v) if isinstance(v, str) else v

    @staticmethod
    def status(v):
        """A schema's properties are looked at in no order: several causes, and
        the message that tells them all, are sorted."""
        many = re.findall(r'unknown field "[^"]*"', v.get('message') or '')
        if len(many) > 1:
            v['message'] = v['message'][:v['message'].index(many[0])] + \
                ', '.join(sorted(many))
        causes = (v.get('details') or {}).get('causes') or []
        told = ['%s: %s' % (c.get('field'), c.get('message'))
                for c in causes]
        message = v.get('message') or ''
        if len(told) > 1 and '[' in message and all(
                w in message for w in told):
            v['message'] = message[:message.index('[') + 1] + 'all causes]'
        causes.sort(key=lambda c: json.dumps(c, sort_keys=True))
        return v

    def table(self, v):
        """Ages in the rows of a Table. That there is a description is
        compared, not its words: those of builtin kinds are our own."""
        for column in v.get('columnDefinitions') or []:
            column['description'] = column.get('description') != ''
        for row in v.get('rows') or []:
            row['cells'] = ['AGE' if isinstance(c, str) and AGE.match(c)
                            else c for c in row.get('cells') or []]
        return v

    def body(self, raw, kind):
        """bytes of a body, as something to compare."""
        if 'json' not in kind:
            return self.text(raw.decode('utf-8', 'replace').strip())
        try:
            v = self.walk(json.loads(raw))
        except ValueError:
            return 'no JSON: ' + self.text(raw[:200].decode(
                'utf-8', 'replace'))
        if isinstance(v, dict) and v.get('kind') == 'Table':
            v = self.table(v)
        if isinstance(v, dict) and v.get('kind') == 'Status':
            v = self.status(v)
        return v
