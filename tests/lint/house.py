"""What every rule of the house shares: the tree of files, C without comments
and strings, include graphs, and the main of a rule.

A rule is a module with
  NAME      what ctest calls it (lint-NAME)
  check(tree) -> list of "path:line: what is wrong"
  BAD       list of {path: text}: trees in which the rule must find something
  GOOD      list of {path: text}: trees in which it must find nothing
Only the standard library is used.
"""
import os
import re
import subprocess
import sys
import tempfile

SOURCE = ('.c', '.h')


class Tree:
    """The files below a root, without dot folders and build folders."""

    def __init__(self, root, build=None):
        self.root = os.path.abspath(root)
        self.build = build
        self._files = None
        self._text = {}

    def files(self, *suffixes):
        if self._files is None:
            self._files = sorted(self._walk())
        return [f for f in self._files if f.endswith(suffixes or ('',))]

    def _walk(self):
        for folder, folders, names in os.walk(self.root):
            at = os.path.relpath(folder, self.root)
            top = at == '.'
            folders[:] = [d for d in folders if not (
                (d.startswith('.') and d != '.ci') or d == '__pycache__' or
                (top and d.startswith('build')))]
            for name in names:
                yield name if top else at + '/' + name

    def folders(self):
        seen = set()
        for f in self.files():
            parts = f.split('/')[:-1]
            for i in range(len(parts)):
                seen.add('/'.join(parts[:i + 1]))
        return sorted(seen)

    def text(self, path):
        if path not in self._text:
            with open(os.path.join(self.root, path), encoding='utf-8',
                      errors='replace') as f:
                self._text[path] = f.read()
        return self._text[path]

    def code(self, path):
        """The text of a C file with comments and strings blanked out."""
        return blank(self.text(path))

    def includes(self, path):
        """[(line, name, is_quoted)] of a C file."""
        found = []
        for n, line in enumerate(self.text(path).split('\n'), 1):
            m = re.match(r'\s*#\s*include\s*(["<])([^">]+)[">]', line)
            if m:
                found.append((n, m.group(2), m.group(1) == '"'))
        return found


_TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"'
                    r"|'(?:\\.|[^'\\\n])*'", re.S)


def blank(text):
    def spaces(m):
        return re.sub(r'[^\n]', ' ', m.group(0))
    return _TOKEN.sub(spaces, text)


def line_of(text, offset):
    return text.count('\n', 0, offset) + 1


def tree_of(files, folder):
    for path, text in files.items():
        full = os.path.join(folder, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        if isinstance(text, str):
            text = text.encode()
        with open(full, 'wb') as f:
            f.write(text)
    return Tree(folder)


class Archives:
    """Samples that are archives: (archive, object, C source) each, compiled
    when asked for, since only the self-test needs a compiler."""

    def __init__(self, samples):
        self.samples = samples

    def __len__(self):
        return len(self.samples)

    def __iter__(self):
        cc = os.environ.get('CC', 'cc')
        for archive, obj, source in self.samples:
            with tempfile.TemporaryDirectory() as folder:
                c, o, a = (os.path.join(folder, f)
                           for f in ('x.c', obj, archive))
                with open(c, 'w', encoding='utf-8') as f:
                    f.write(source)
                subprocess.run([cc, '-w', '-c', '-o', o, c], check=True)
                subprocess.run(['ar', 'rc', a, o], check=True)
                with open(a, 'rb') as f:
                    data = f.read()
            yield {archive: data}


def self_test(rule):
    """What is wrong with the rule itself: [] when it finds all bad samples."""
    wrong = []
    if not rule.BAD:
        wrong.append('%s has no bad sample' % rule.NAME)
    for want, samples in ((True, rule.BAD), (False, rule.GOOD)):
        for i, files in enumerate(samples):
            with tempfile.TemporaryDirectory() as folder:
                found = rule.check(tree_of(files, folder))
            if bool(found) != want:
                wrong.append('%s: %s sample %d (%s): found %s' % (
                    rule.NAME, 'bad' if want else 'good', i + 1,
                    ', '.join(files), found or 'nothing'))
    return wrong


def main(rule):
    """usage: RULE.py [ROOT [BUILD]]; exit status 1 when something was found"""
    here = os.path.dirname(os.path.abspath(__file__))
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(here, '../..')
    build = sys.argv[2] if len(sys.argv) > 2 else None
    found = rule.check(Tree(root, build))
    for what in found:
        print(what)
    print('%s: %d found' % (rule.NAME, len(found)))
    return 1 if found else 0
