# SPDX-FileCopyrightText: ruska contributors
# SPDX-License-Identifier: Apache-2.0
"""The report's page in a real browser: report_page.py RUSKA.

Makes a needle, finds its phases, opens both reports in headless Chromium, plays a user's pointer and buttons, and reads
back what the page shows. Nothing is fetched: the browser runs without network and the page must ask for none.
"""

import html
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

# Runs before the page's own script, to see what goes wrong in it.
WATCH = """<script>
window.wrong = [];
window.addEventListener("error", (event) => window.wrong.push(String(event.message)));
document.addEventListener("securitypolicyviolation", (event) => window.wrong.push("asks for " + event.blockedURI));
</script>"""

# Runs after it; what it finds comes back as JSON in the page's last element.
PLAY = r"""<script>
(() => {
const seen = { figures: [] };
const button = (stage, text) => [...stage.querySelectorAll("button")].find((one) => one.textContent.trim() === text);
const point = (target, kind, u, v, extra = {}) => {
  const box = target.getBoundingClientRect();
  const Event = kind === "wheel" ? WheelEvent : kind === "dblclick" ? MouseEvent : PointerEvent;
  target.dispatchEvent(new Event(kind, { bubbles: true, cancelable: true, button: 0, pointerId: 1,
    clientX: box.left + u * box.width, clientY: box.top + v * box.height, ...extra }));
};
const state = (stage) => ({ ...stage.dataset });
const tip = (stage) => { const one = stage.querySelector(".tip"); return one.hidden ? null : one.innerText; };
const overlaps = (stage) => {
  const boxes = [...stage.querySelectorAll(".label")].map((one) => one.getBoundingClientRect());
  let number = 0;
  boxes.forEach((a, i) => boxes.slice(i + 1).forEach((b) => {
    if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1) number += 1;
  }));
  return number;
};

for (const stage of document.querySelectorAll("[data-figure]")) {
  const figure = { kind: stage.dataset.kind, steps: {}, tips: {} };
  const note = (name) => { figure.steps[name] = state(stage); };
  const buttons = (...names) => names.forEach((name) => { const one = button(stage, name); if (one) { one.click(); note(name); } });
  note("start");
  if (figure.kind === "curves") {
    const plot = stage.querySelector("svg.plot");
    figure.overlaps = overlaps(stage);
    figure.axis = [...plot.querySelectorAll(".title")].map((one) => one.textContent);
    point(plot, "wheel", 0.5, 0.5, { deltaY: -100 });
    note("wheel over it");
    point(plot, "wheel", 0.5, 0.5, { deltaY: -100, ctrlKey: true });
    note("wheel with Ctrl");
    point(plot, "pointerdown", 0.6, 0.5);
    point(plot, "pointermove", 0.5, 0.5);
    point(plot, "pointerup", 0.5, 0.5);
    note("drag");
    point(plot, "dblclick", 0.5, 0.5);
    note("double click");
    point(plot, "pointermove", 0.4, 0.5);
    figure.tips.hover = tip(stage);
    point(plot, "pointerleave", 0.4, 0.5);
    figure.tips.left = tip(stage);
    buttons("Whole axis", "Reset", "Log", "√", "Linear", "Overlaid", "Stacked", "Lines", "±σ", "+");
    buttons("Reset");
    const chip = stage.querySelector(".chip");
    if (chip) { chip.click(); note("first hidden"); chip.click(); note("first shown"); }
  } else if (figure.kind === "maps" || figure.kind === "labels") {
    const view = stage.querySelector(".view");
    const zoom = () => view.dataset.zoom;
    figure.zooms = [zoom()];
    point(view, "wheel", 0.5, 0.5, { deltaY: -100 });
    figure.zooms.push(zoom());
    point(view, "pointerdown", 0.5, 0.5);
    point(view, "wheel", 0.5, 0.5, { deltaY: -100 });
    point(view, "pointerup", 0.5, 0.5);
    figure.zooms.push(zoom());
    point(view, "dblclick", 0.5, 0.5);
    figure.zooms.push(zoom());
    point(view, "pointermove", 0.5, 0.5);
    figure.tips.hover = tip(stage);
    figure.crosses = [...document.querySelectorAll(".cross")].filter((one) => !one.hidden).length;
    point(view, "pointerleave", 0.5, 0.5);
    figure.ruler = stage.querySelector(".ruler").innerText;
    const pixels = () => {
      const canvas = view.querySelector("canvas");
      return canvas.getContext("2d").getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data.join(",");
    };
    figure.pixels = [pixels()];
    buttons("Uncertainty σ");
    figure.pixels.push(pixels());
    buttons("Value", "Same scale");
    const chip = stage.querySelector(".chip");
    if (chip) { chip.click(); note("first hidden"); chip.click(); note("first shown"); }
  } else {
    const plot = stage.querySelector("svg.plot");
    figure.kept = plot.querySelectorAll("circle.kept").length;
    point(plot, "pointermove", 0.2, 0.5);
    figure.tips.hover = tip(stage);
    buttons("Linear", "Log");
  }
  seen.figures.push(figure);
}
seen.wrong = window.wrong;
seen.fetched = performance.getEntriesByType("resource").map((one) => one.name);
seen.wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
document.getElementById("copy-command").click();
seen.sections = [...document.querySelectorAll("main > section")].map((one) => one.id);
const out = document.createElement("pre");
out.id = "seen";
out.textContent = JSON.stringify(seen);
document.body.append(out);
})();
</script>"""

failures = []


def expect(condition, *what):
    if not condition:
        failures.append(" ".join(str(one) for one in what))


def look_at(report):
    """The report played through in Chromium, as PLAY tells it."""
    page = report.read_text(encoding="utf-8")
    played = report.with_name("played.html")
    played.write_text(page.replace("</head>", WATCH + "</head>", 1).replace("</body>", PLAY + "</body>", 1), encoding="utf-8")
    with tempfile.TemporaryDirectory() as profile:
        run = subprocess.run(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync",
             "--user-data-dir=" + profile, "--window-size=1300,900", "--virtual-time-budget=5000",
             "--dump-dom", played.as_uri()],
            capture_output=True, timeout=300, check=True)
    found = re.search(r'<pre id="seen">(.*?)</pre>', run.stdout.decode("utf-8"), re.S)
    if not found:
        sys.exit(f"{report}: the page's script did not run to its end\n" + run.stderr.decode("utf-8", "replace")[-2000:])
    return json.loads(html.unescape(found.group(1)))


def check_curves(name, figure):
    steps = figure["steps"]
    width = {step: (lambda low, high: high - low)(*map(float, state["view"].split(","))) for step, state in steps.items()}
    start = steps["start"]["view"]
    expect(figure["overlaps"] == 0, name, "labels overlap:", figure["overlaps"])
    expect(steps["wheel over it"]["view"] == start, name, "the wheel zooms without a click")
    expect(width["wheel with Ctrl"] < 0.9 * width["start"], name, "the wheel with Ctrl does not zoom", width)
    expect(steps["drag"]["view"] != steps["wheel with Ctrl"]["view"], name, "dragging does not move the view")
    expect(abs(width["drag"] - width["wheel with Ctrl"]) < 1e-3 * width["drag"], name, "dragging changes the width of the view")
    expect(steps["double click"]["view"] == start, name, "a double click does not reset")
    expect(width["Whole axis"] >= width["start"] and steps["Reset"]["view"] == start, name, "reset does not reset")
    expect(steps["Log"]["scale"] == "logarithmic" and steps["√"]["scale"] == "root", name, "scale buttons do nothing")
    expect(width["+"] < 0.9 * width["start"], name, "+ does not zoom")
    expect(figure["tips"]["hover"] and figure["tips"]["left"] is None, name, "hovering tells nothing, or goes on telling")
    if "Lines" in steps:
        expect(int(steps["start"]["labels"]) > 0 and steps["Lines"]["labels"] == "0", name, "lines are not toggled")
    if "first hidden" in steps:
        shown = int(steps["start"]["visible"])
        expect(int(steps["first hidden"]["visible"]) == shown - 1, name, "the legend hides nothing")
        expect(int(steps["first shown"]["visible"]) == shown, name, "the legend does not bring back")


def check_map(name, figure):
    zooms = [float(zoom) for zoom in figure["zooms"]]
    expect(zooms[0] == zooms[1] == zooms[3] == 1 and zooms[2] > 1.1, name, "zooming a map:", zooms)
    expect(figure["tips"]["hover"], name, "hovering tells nothing")
    expect(re.match(r"\d+ (pm|nm|µm|mm|px)", figure["ruler"]), name, "no scale bar:", figure["ruler"])
    steps = figure["steps"]
    if "Uncertainty σ" in steps:
        expect(steps["Uncertainty σ"]["sigma"] == "true" and steps["Value"]["sigma"] == "false", name, "σ is not toggled")
    if "Same scale" in steps:
        expect(steps["Same scale"]["same"] != steps["start"]["same"], name, "the common scale is not toggled")
    if "first hidden" in steps:
        expect(int(steps["first hidden"]["visible"]) == int(steps["first shown"]["visible"]) - 1, name, "the legend hides nothing")


def check_report(report):
    seen = look_at(report)
    name = report.parent.name
    expect(seen["wrong"] == [], name, "errors in the page:", seen["wrong"])
    expect(seen["fetched"] == [], name, "the page fetches:", seen["fetched"])
    expect(seen["wide"] <= 0, name, "the page is wider than the window by", seen["wide"])
    expect(seen["sections"][0] == "summary" and seen["sections"][-2:] == ["record", "command"], name, seen["sections"])
    for number, figure in enumerate(seen["figures"]):
        place = f"{name} figure {number} ({figure['kind']})"
        if figure["kind"] == "curves":
            check_curves(place, figure)
        elif figure["kind"] in ("maps", "labels"):
            check_map(place, figure)
        else:
            expect(figure["kept"] > 0 and "Component" in (figure["tips"]["hover"] or ""), place, "scree:", figure)
    return seen


def main(ruska):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        run = lambda *words: subprocess.run([ruska, *map(str, words)], check=True, cwd=folder, stdout=subprocess.DEVNULL)
        run("simulate.eds", "--x", 48, "--y", 40, "--counts_per_spectrum", 300, "-o", "needle", "--quiet")
        run("unmix.phases", "needle/result.h5", "-o", "phases", "--quiet")
        check_report(folder / "needle" / "report.html")
        seen = check_report(folder / "phases" / "report.html")
        kinds = {figure["kind"] for figure in seen["figures"]}
        expect(kinds == {"labels", "maps", "curves", "scree"}, "the phases' report shows", kinds)
        tips = [figure["tips"]["hover"] for figure in seen["figures"] if figure["kind"] == "curves"]
        expect(any("keV" in tip and "±" in tip for tip in tips), "no spectrum tells energy and σ:", tips)
        tips = [figure["tips"]["hover"] for figure in seen["figures"] if figure["kind"] == "maps"]
        expect(any("nm" in tip and "±" in tip for tip in tips), "no map tells place and σ:", tips)
    for failure in failures:
        print(failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(os.path.abspath(sys.argv[1])))
