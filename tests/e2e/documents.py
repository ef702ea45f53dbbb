"""Every operation has its page, and every command in an `sh` block of these pages and of the README's kind runs."""
import json
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.cases import Cases  # noqa: E402

cases = Cases(sys.argv[1])
root = pathlib.Path(__file__).parents[2]
binary = pathlib.Path(cases.binary)
for operation in json.loads(cases.ruska("list", "--json").stdout)["operations"]:
    family, op = operation["name"].split(".")
    page = root / "ruska/ops" / family / op / f"{op}.md"
    if not cases.check(f"{operation['name']} has its page", page.exists(), page):
        continue
    blocks = re.findall(r"```sh\n(.*?)```", page.read_text(), re.S)
    cases.check(f"{operation['name']}: the page has an example", any(operation["name"] in b for b in blocks))
    for number, block in enumerate(blocks):
        scratch = cases.folder / f"{operation['name']}-{number}"
        scratch.mkdir()
        ended = subprocess.run(["bash", "-eu", "-c", block], cwd=scratch, capture_output=True, text=True,
                               env={"PATH": f"{binary.parent}:/usr/bin:/bin"}, stdin=subprocess.DEVNULL)
        cases.check(f"{operation['name']}: example {number + 1} runs", ended.returncode == 0, ended.stderr[-1500:])
cases.finish()
