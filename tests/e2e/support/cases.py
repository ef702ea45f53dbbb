"""Counts and prints checks; each end-to-end script is a list of them."""
import os
import pathlib
import resource
import subprocess
import sys
import tempfile


class Cases:
    def __init__(self, binary):
        self.binary = str(pathlib.Path(binary).resolve())
        self.passed = self.failed = self.skipped = 0
        self._folder = tempfile.TemporaryDirectory(prefix="ruska-e2e-")
        self.folder = pathlib.Path(self._folder.name)

    def check(self, name, holds, seen=""):
        if holds:
            self.passed += 1
        else:
            self.failed += 1
        print(f"{'ok  ' if holds else 'FAIL'} {name}" + (f": {seen}" if seen != "" and not holds else ""), flush=True)
        return holds

    def skip(self, name, why):
        self.skipped += 1
        print(f"skip {name}: {why}", flush=True)

    def ruska(self, *arguments, status=0, **options):
        """Runs ruska in the scratch folder and checks its exit status."""
        ended = subprocess.run([self.binary, *map(str, arguments)], cwd=self.folder, capture_output=True, text=True,
                               stdin=subprocess.DEVNULL, **options)
        self.check(f"ruska {' '.join(map(str, arguments))} → {status}", ended.returncode == status,
                   f"{ended.returncode}\n{ended.stdout[-2000:]}{ended.stderr[-2000:]}")
        return ended

    def peak_memory(self, *arguments):
        """Peak resident bytes of a run."""
        started = subprocess.Popen([self.binary, *map(str, arguments)], cwd=self.folder, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(started.pid, 0)
        started.returncode = os.waitstatus_to_exitcode(status)
        self.check(f"ruska {' '.join(map(str, arguments))} ends well", status == 0, status)
        return usage.ru_maxrss * 1024

    def finish(self):
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped")
        sys.exit(1 if self.failed else 0)


def limit_file_size(size):
    """For preexec_fn: writes beyond `size` fail as on a full disk."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
