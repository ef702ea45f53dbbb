"""The command line as a user meets it: answers, errors, exit statuses, recipes, replay, completion."""
import json
import os
import pathlib
import shutil
import subprocess
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support.cases import Cases  # noqa: E402

cases = Cases(sys.argv[1])
check, ruska, folder = cases.check, cases.ruska, cases.folder

# The description is one: list, schema, help and completion tell the same.
listed = json.loads(ruska("list", "--json").stdout)
names = [operation["name"] for operation in listed["operations"]]
completion = ruska("completion").stdout
for name in names:
    schema = json.loads(ruska("schema", name).stdout)
    text = ruska("help", name).stdout
    missing = [p for p in schema["properties"] if f"--{p} " not in text or f"--{p} " not in completion]
    check(f"{name}: help and completion name every parameter of the schema", not missing, missing)
    check(f"{name}: help by flag is the same", ruska(name, "--help").stdout == text)
    reference = ruska("reference", name).stdout
    check(f"{name}: the reference page is what docs/reference holds",
          (pathlib.Path(__file__).parents[2] / "docs/reference" / f"{name}.md").read_text() == reference,
          "run `make docs`")
script = folder / "completion.bash"
script.write_text(completion + "COMP_WORDS=(ruska unmix.p); COMP_CWORD=1; _ruska; echo ${COMPREPLY[@]}\n")
if shutil.which("bash"):
    out = subprocess.run(["bash", str(script)], capture_output=True, text=True).stdout.split()
    check("completion completes", out == ["unmix.pca", "unmix.phases"] or out == ["unmix.phases", "unmix.pca"], out)

# Data to work on.
ruska("simulate.eds", "-o", "needle.h5", "--tilts", 1, "--y", 20, "--x", 24, "--counts_per_spectrum", 200)
plan = json.loads(ruska("unmix.pca", "needle.h5", "--signal", "data", "--plan", "--json").stdout)
check("the plan names its outputs and memory", plan["fits"] and plan["memory_bytes"] > 0 and plan["outputs"], plan)
check("a plan writes nothing", sorted(p.name for p in folder.iterdir()) == ["completion.bash", "needle.h5"])

# Information and conversion.
info = json.loads(ruska("info", "needle.h5", "--json", "--statistics").stdout)
data = next(s for s in info["signals"] if s["title"] == "data")
check("info tells shape and roles", data["shape"] == [20, 24, 900] and
      [a["role"] for a in data["axes"]] == ["navigation", "navigation", "signal"], data["axes"])
check("info tells the beam energy", data["metadata"]["Acquisition_instrument"]["TEM"]["beam_energy"] > 0)
ruska("convert", "needle.h5", "--signal", "data", "-o", "data.npy")
values = np.load(folder / "data.npy")
check("the converted array is the signal", values.sum() == data["sum"] and list(values.shape) == data["shape"]
      and values.dtype == data["dtype"] and values.max() == data["max"])
ruska("convert", "needle.h5", "--signal", "data", "-o", "data.hspy")
ruska("convert", "data.hspy", "-o", "again.npy")
check("a round trip keeps every value", np.array_equal(values, np.load(folder / "again.npy")))
again = json.loads(ruska("info", "data.hspy", "--json").stdout)["signals"][0]
check("a round trip keeps the axes", again["axes"] == data["axes"])

# Results.
done = ruska("unmix.pca", "needle.h5", "--signal", "data", "-o", "pca.h5", "--components", 3)
check("no bar and no colour off a terminal", "\x1b" not in done.stdout + done.stderr and "\r" not in done.stderr)
ruska("convert", "pca.h5", "--signal", "reconstruction", "-o", "reconstruction.npy")
reconstruction = np.load(folder / "reconstruction.npy")
check("the reconstruction has the data's shape and counts", list(reconstruction.shape) == data["shape"] and
      abs(reconstruction.sum() / values.sum() - 1) < 0.05, reconstruction.sum() / values.sum())
ruska("replay", "pca.h5")
ruska("unmix.pca", "needle.h5", "--signal", "data", "-o", "pca.h5", status=2)
ruska("unmix.pca", "needle.h5", "--signal", "data", "-o", "pca.h5", "--components", 2, "--force")

recipe = {"schema_version": 1, "steps": [
    {"operation": "unmix.pca", "inputs": [{"file": "needle.h5", "signal": "data"}], "parameters": {"components": 2},
     "output": "first.h5"},
    {"operation": "unmix.nmf", "inputs": [{"file": "needle.h5", "signal": "data"}], "parameters": {"components": 3},
     "output": "second"}]}
(folder / "recipe.json").write_text(json.dumps(recipe))
ruska("run", "recipe.json")
check("a recipe writes its outputs", (folder / "first.h5").exists() and (folder / "second/report.html").exists())
ruska("replay", "second")
recipe["steps"][0]["speed"] = "high"
(folder / "recipe.json").write_text(json.dumps(recipe))
check("a recipe with an unknown key is refused", "speed" in ruska("run", "recipe.json", "--force", status=2).stderr)

# Replay knows when its input has changed.
shutil.copy(folder / "data.npy", folder / "input.npy")
ruska("unmix.pca", "input.npy", "-o", "of_npy.h5", "--components", 2)
np.save(folder / "input.npy", values[::-1])
changed = ruska("replay", "of_npy.h5", status=1)
check("replay says that the input has changed", "changed" in changed.stderr, changed.stderr)
(folder / "input.npy").unlink()
ruska("replay", "of_npy.h5", status=4)

# Errors: a sentence, a status, nothing written.
before = sorted(p.name for p in folder.iterdir())
for arguments, status, words in [
    (["unmix.pcs", "needle.h5"], 2, "did you mean 'unmix.pca'"),
    (["unmix.pca", "needle.h5", "--component", "3", "-o", "x.h5"], 2, "--components"),
    (["unmix.pca", "needle.h5", "--signal", "data", "--components", "0", "-o", "x.h5"], 2, "'components'"),
    (["unmix.pca", "needle.h5", "--signal", "data", "--components", "three", "-o", "x.h5"], 2, "'components'"),
    (["unmix.pca", "needle.h5", "--signal", "data", "--weighting", "magic", "-o", "x.h5"], 2, "one of"),
    (["unmix.pca", "needle.h5", "--signal", "data"], 2, "-o"),
    (["unmix.pca", "-o", "x.h5"], 2, "'data'"),
    (["unmix.pca", "needle.h5", "--signal", "no such", "-o", "x.h5"], 4, "there are 0 'data'"),
    (["unmix.pca", "absent.h5", "-o", "x.h5"], 4, "absent.h5"),
    (["unmix.pca", "needle.h5", "--signal", "data", "-o", "nowhere/x.h5"], 6, "nowhere"),
    (["unmix.pca", "needle.h5", "--signal", "data", "-o", "x.h5", "--memory", "1M"], 7, "--memory"),
    (["unmix.pca", "needle.h5", "--signal", "data", "-o", "x.h5", "--memory", "lots"], 2, "lots"),
    (["info", "recipe.json"], 3, "supported are"),
    (["convert", "data.npy", "-o", "data.xyz"], 3, "can be"),
]:
    ended = ruska(*arguments, status=status)
    check(f"  it says {words}", words in ended.stderr and len(ended.stderr.splitlines()) == 1, ended.stderr)
check("failed commands leave nothing", sorted(p.name for p in folder.iterdir()) == before)

# Limits of the process are respected.
one = json.loads(subprocess.run([cases.binary, "doctor", "--json"], capture_output=True, text=True,
                                preexec_fn=lambda: os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[0]})).stdout)
check("doctor sees the processors that it may use", one["threads"] == 1, one["threads"])
cases.finish()
