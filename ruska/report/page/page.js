"use strict";
// Draws the figures of a report and lets them be looked at closely. Plain functions, no library, no network.
(() => {
const report = JSON.parse(document.getElementById("report-data").textContent);

// ---- numbers -------------------------------------------------------------------------------------------------

const bytesOf = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const floatsOf = (text) => new Float32Array(bytesOf(text).buffer);

function superscript(n) {
  return String(n).replace("-", "⁻").replace(/\d/g, (d) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[d]);
}
const exponentOf = (value, digits) => (value === 0 ? 0 : Number(value.toExponential(digits - 1).split("e")[1]));
const withoutZeros = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
const withMinus = (text) => (/[1-9]/.test(text) ? text.replace("-", "−") : text.replace("-", ""));
const isScientific = (exponent) => exponent >= 6 || exponent <= -5;

/** A number with so many significant digits. */
function number(value, digits = 4) {
  if (Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const exponent = exponentOf(value, digits);
  if (!isScientific(exponent)) return withMinus(withoutZeros(value.toFixed(Math.max(0, digits - 1 - exponent))));
  return withMinus(withoutZeros((value / 10 ** exponent).toFixed(digits - 1))) + " × 10" + superscript(exponent);
}

/** "value ± σ", σ with two significant digits and the value to the same place. */
function withSigma(value, sigma) {
  if (sigma === undefined || !(sigma > 0) || !Number.isFinite(sigma) || !Number.isFinite(value)) return number(value);
  const last = exponentOf(sigma, 2);
  const leading = Math.max(value === 0 ? last : exponentOf(value, 3), last);
  if (!isScientific(leading)) {
    const places = Math.max(0, 1 - last);
    return withMinus(value.toFixed(places)) + " ± " + sigma.toFixed(places);
  }
  const unit = 10 ** leading;
  const places = Math.min(20, Math.max(0, 1 - last + leading));
  return `(${withMinus((value / unit).toFixed(places))} ± ${(sigma / unit).toFixed(places)}) × 10${superscript(leading)}`;
}

const withUnit = (text, unit) => (unit ? `${text} ${unit}` : text);
// An axis without a unit counts pixels when its scale is whole (1, or the pixels of a block).
const unitOf = (axis) => axis.units || (Number.isInteger(axis.scale) ? "px" : "");
const titled = (name, unit) => (unit ? `${name} (${unit})` : name);
const coordinate = (axis, i) =>
  axis.values ? axis.values[Math.min(axis.size - 1, Math.max(0, Math.round(i)))] : axis.offset + axis.scale * i;

/** The largest 1, 2 or 5 times a power of ten that is at most the limit. */
function roundBelow(limit) {
  const power = 10 ** Math.floor(Math.log10(limit));
  for (const factor of [5, 2]) if (factor * power <= limit * (1 + 1e-12)) return factor * power;
  return power;
}

function linearTicks(low, high, wanted) {
  if (!(high > low)) return [];
  let step = roundBelow((high - low) / Math.max(1, wanted));
  while ((high - low) / step > 1.6 * wanted) step = roundBelow(step * 2.6);
  const largest = Math.max(Math.abs(low), Math.abs(high));
  const digits = Math.min(12, Math.max(1, Math.floor(Math.log10(largest / step) + 1e-9) + 2));
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; ++i) {
    ticks.push({ at: i * step, text: number(i * step, digits) });
  }
  return ticks;
}

function logarithmicTicks(low, high) {
  if (Math.log10(high / low) < 1) return linearTicks(low, high, 4);
  const first = Math.floor(Math.log10(low)), last = Math.ceil(Math.log10(high));
  const stride = Math.max(1, Math.trunc((last - first) / 8));
  const ticks = [];
  for (let exponent = first; exponent <= last; ++exponent) {
    for (let factor = 1; factor <= (stride > 1 ? 1 : 9); ++factor) {
      const at = factor * 10 ** exponent;
      if (at < low || at > high) continue;
      ticks.push({ at, text: factor === 1 && (exponent - first) % stride === 0 ? number(at, 1) : "" });
    }
  }
  return ticks;
}

// ---- pieces of the page --------------------------------------------------------------------------------------

function element(kind, attributes = {}, ...children) {
  const made = document.createElement(kind);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "style") Object.assign(made.style, value);
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

function drawn(kind, attributes = {}, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", kind);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

/** A button that is on or off; `changed(on)` is called after each click. */
function toggle(text, on, changed, title = "") {
  const button = element("button", { type: "button", "aria-pressed": String(on), title }, text);
  button.addEventListener("click", () => {
    const now = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(now));
    changed(now);
  });
  return button;
}

/** Buttons of which one is on. */
function choice(options, chosen, changed) {
  const group = element("span", { class: "group", role: "group" });
  for (const [value, text] of options) {
    const button = element("button", { type: "button", "aria-pressed": String(value === chosen) }, text);
    button.addEventListener("click", () => {
      for (const other of group.children) other.setAttribute("aria-pressed", String(other === button));
      changed(value);
    });
    group.append(button);
  }
  return group;
}

/** An entry of a legend; a click shows or hides what it stands for. */
function chip(name, colour, changed, share) {
  const button = toggle("", true, changed, "Show or hide");
  button.classList.add("chip");
  button.append(element("span", { class: "line", style: { background: colour } }), element("span", { class: "name" }, name));
  if (share !== undefined) button.append(element("span", { class: "share" }, share));
  return button;
}

const plainButton = (text, title, action) => element("button", { type: "button", title, onclick: action }, text);
const hint = (text) => element("span", { class: "hint" }, text);
const classColour = (i) => (i < 0 ? report.colours.none : report.colours.classes[i % report.colours.classes.length]);
const palettes = Object.fromEntries(["sequential", "diverging", "uncertainty"].map((name) => [name, bytesOf(report.colours[name])]));

/** The box that follows the pointer within `holder`. */
function makeTip(holder) {
  const tip = element("div", { class: "tip", hidden: "" });
  holder.append(tip);
  return {
    show(event, place, rows) {
      tip.replaceChildren(element("div", { class: "place" }, place));
      for (const row of rows) {
        tip.append(element("div", { class: "row" },
          ...(row.colour ? [element("span", { class: "line", style: { background: row.colour } })] : []),
          ...(row.name ? [element("span", { class: "what" }, row.name)] : []), element("b", {}, row.text)));
      }
      tip.hidden = false;
      const box = holder.getBoundingClientRect();
      const x = event.clientX - box.left, y = event.clientY - box.top;
      const left = x + 18 + tip.offsetWidth > box.width ? x - tip.offsetWidth - 18 : x + 18;
      tip.style.left = `${Math.max(0, left)}px`;
      tip.style.top = `${y + 16}px`;
    },
    hide() { tip.hidden = true; },
  };
}

/**
 * Wheel, drag, double click and keys over `surface`. The wheel zooms once the surface has been clicked, or with Ctrl,
 * so that it goes on scrolling the page for whoever only passes over it.
 */
function navigate(surface, { zoom, pan, reset }) {
  let drag = null;
  surface.tabIndex = 0;
  surface.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !surface.classList.contains("active")) return;
    event.preventDefault();
    zoom(Math.exp(-Math.sign(event.deltaY) * 0.22), event);
  }, { passive: false });
  surface.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    surface.classList.add("active");
    drag = { x: event.clientX, y: event.clientY };
    try { surface.setPointerCapture(event.pointerId); } catch { /* a made-up pointer of a test */ }
  });
  surface.addEventListener("pointermove", (event) => {
    if (!drag) return;
    pan(event.clientX - drag.x, event.clientY - drag.y);
    drag = { x: event.clientX, y: event.clientY };
  });
  const end = () => { drag = null; };
  surface.addEventListener("pointerup", end);
  surface.addEventListener("pointercancel", end);
  surface.addEventListener("pointerleave", () => surface.classList.remove("active"));
  surface.addEventListener("dblclick", reset);
  surface.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] };
    if (event.key === "+" || event.key === "=") zoom(1.3);
    else if (event.key === "-") zoom(1 / 1.3);
    else if (event.key === "0" || event.key === "Escape") reset();
    else if (steps[event.key]) pan(...steps[event.key]);
    else return;
    event.preventDefault();
  });
}

// ---- maps ----------------------------------------------------------------------------------------------------

// Maps over the same pixels move together and share the crosshair, across figures.
const grids = new Map();
function gridOf(figure) {
  const key = JSON.stringify([figure.x, figure.y]);
  if (!grids.has(key)) {
    const { size: width } = figure.x, { size: height } = figure.y;
    const grid = { width, height, left: 0, top: 0, zoom: 1, viewers: [] };
    grid.changed = () => {
      grid.left = Math.min(Math.max(0, grid.left), width - width / grid.zoom);
      grid.top = Math.min(Math.max(0, grid.top), height - height / grid.zoom);
      for (const viewer of grid.viewers) viewer.paint();
    };
    grid.zoomBy = (factor, u = 0.5, v = 0.5) => {
      const zoom = Math.min(Math.max(1, grid.zoom * factor), Math.max(4, Math.min(width, height) / 4));
      grid.left += (u * width) * (1 / grid.zoom - 1 / zoom);
      grid.top += (v * height) * (1 / grid.zoom - 1 / zoom);
      grid.zoom = zoom;
      grid.changed();
    };
    grid.reset = () => { grid.zoom = 1; grid.left = grid.top = 0; grid.changed(); };
    grid.point = (x, y) => { for (const viewer of grid.viewers) viewer.point(x, y); };
    grids.set(key, grid);
  }
  return grids.get(key);
}

const metres = { pm: 1e-12, "Å": 1e-10, nm: 1e-9, "µm": 1e-6, "μm": 1e-6, um: 1e-6, mm: 1e-3, m: 1 };

/** A bar of 1, 2 or 5 times a power of ten, at most `fraction` of the pixels in view. */
function scaleBar(axis, pixels, fraction) {
  const scale = Math.abs(axis.values ? (axis.values[axis.size - 1] - axis.values[0]) / Math.max(1, axis.size - 1) : axis.scale);
  if (!(scale > 0) || !Number.isFinite(scale)) return null;
  const length = roundBelow(fraction * pixels * scale);
  const unit = metres[axis.units];
  if (!unit) return { pixels: length / scale, text: withUnit(number(length), unitOf(axis)) };
  let best = "pm";
  for (const name of ["nm", "µm", "mm", "m"]) if (length * unit >= metres[name] * (1 - 1e-9)) best = name;
  return { pixels: length / scale, text: `${number((length * unit) / metres[best], 3)} ${best}` };
}

/** A canvas over a grid. `picture()` gives one RGBA canvas pixel per map pixel. */
function makeViewer(figure, grid, width, height, picture, hovered, left) {
  const canvas = element("canvas", {});
  const cross = element("div", { class: "cross", hidden: "" });
  const view = element("div", {
    class: "view hatched", style: { width: `${width + 2}px`, height: `${height + 2}px` },
    role: "img", "aria-label": figure.title,
  }, canvas, cross);
  const ruler = element("div", { class: "ruler" }, element("i"), element("span"));
  const viewer = {
    node: element("div", {}, view, ruler), view,
    paint() {
      const ratio = Math.max(2, window.devicePixelRatio || 1);
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      const pen = canvas.getContext("2d");
      const columns = grid.width / grid.zoom, rows = grid.height / grid.zoom;
      // Shrinking without smoothing would drop whole pixels.
      pen.imageSmoothingEnabled = columns > canvas.width || rows > canvas.height;
      pen.drawImage(picture(), grid.left, grid.top, columns, rows, 0, 0, canvas.width, canvas.height);
      const bar = scaleBar(figure.x, columns, 0.4);
      ruler.firstChild.style.width = bar ? `${(bar.pixels / columns) * width}px` : "0";
      ruler.lastChild.textContent = bar ? bar.text : "";
      view.dataset.zoom = grid.zoom.toFixed(3);
      viewer.point(null);
    },
    point(x, y) {
      cross.hidden = x === null;
      if (cross.hidden) return;
      const sx = (width * grid.zoom) / grid.width, sy = (height * grid.zoom) / grid.height;
      const size = [Math.max(5, sx), Math.max(5, sy)];
      Object.assign(cross.style, {
        width: `${size[0]}px`, height: `${size[1]}px`,
        left: `${(x + 0.5 - grid.left) * sx - size[0] / 2}px`, top: `${(y + 0.5 - grid.top) * sy - size[1] / 2}px`,
      });
    },
  };
  const pixelAt = (event) => {
    const box = canvas.getBoundingClientRect();
    const u = (event.clientX - box.left) / box.width, v = (event.clientY - box.top) / box.height;
    const x = Math.floor(grid.left + (u * grid.width) / grid.zoom), y = Math.floor(grid.top + (v * grid.height) / grid.zoom);
    const inside = u >= 0 && u < 1 && v >= 0 && v < 1 && x < grid.width && y < grid.height;
    return { u, v, x, y, inside };
  };
  navigate(view, {
    zoom(factor, event) {
      if (!event) return grid.zoomBy(factor);
      const { u, v } = pixelAt(event);
      grid.zoomBy(factor, u, v);
    },
    pan(dx, dy) {
      grid.left -= (dx / width) * (grid.width / grid.zoom);
      grid.top -= (dy / height) * (grid.height / grid.zoom);
      grid.changed();
    },
    reset: grid.reset,
  });
  view.addEventListener("pointermove", (event) => {
    const at = pixelAt(event);
    if (!at.inside) return;
    grid.point(at.x, at.y);
    hovered(event, at.x, at.y);
  });
  view.addEventListener("pointerleave", () => { grid.point(null); left(); });
  grid.viewers.push(viewer);
  return viewer;
}

function sizeOf(figure, room, tallest) {
  const ratio = (figure.aspect * figure.y.size) / figure.x.size;
  const width = Math.min(room, tallest / ratio);
  return [Math.max(12, Math.round(width)), Math.max(12, Math.round(width * ratio))];
}

/** Of one map where `wanted` stand side by side, or fewer where the page is narrow. */
function sizeOfPanel(stage, figure, wanted) {
  const columns = Math.max(1, Math.min(wanted, Math.floor(stage.clientWidth / 220)));
  const room = (stage.clientWidth - 22 * (columns - 1)) / columns - 84;
  return sizeOf(figure, Math.min(room, 640), 480);
}

/** A name as wide as its picture, or as a short word where the picture is narrow. */
const headingStyle = (width) => ({ width: `${Math.max(width, 120)}px` });

const placeText = (figure, x, y) =>
  `x ${withUnit(number(coordinate(figure.x, x), 5), unitOf(figure.x))}, ` +
  `y ${withUnit(number(coordinate(figure.y, y), 5), unitOf(figure.y))}`;

/** A canvas with one pixel per value; `colour(i)` is [r, g, b] or null for nothing. */
function pictureOf(width, height, colour) {
  const canvas = element("canvas", { width, height });
  const pen = canvas.getContext("2d");
  const image = pen.createImageData(width, height);
  for (let i = 0; i < width * height; ++i) {
    const c = colour(i);
    if (!c) continue;
    image.data.set(c, 4 * i);
    image.data[4 * i + 3] = 255;
  }
  pen.putImageData(image, 0, 0);
  return canvas;
}

function fillBar(bar, range, height) {
  const ramp = palettes[range.palette];
  const canvas = pictureOf(1, 256, (i) => ramp.subarray(3 * (255 - i), 3 * (256 - i)));
  bar.replaceChildren(canvas);
  bar.style.height = `${height}px`;
  for (const tick of linearTicks(range.low, range.high, Math.min(6, Math.max(2, height / 36)))) {
    const top = 100 * (1 - (tick.at - range.low) / (range.high - range.low));
    bar.append(element("span", { class: "tick", style: { top: `${top}%` } }, tick.text));
  }
  if (range.clipped_high) bar.append(element("span", { class: "over", style: { top: "-10px" }, title: "some values lie above" }, "▲"));
  if (range.clipped_low) bar.append(element("span", { class: "over", style: { bottom: "-10px" }, title: "some values lie below" }, "▼"));
}

function showMaps(stage, figure) {
  const grid = gridOf(figure);
  const state = { sigma: false, same: figure.same_range };
  const tip = makeTip(stage);
  const hasSigma = figure.panels.some((panel) => panel.sigma);
  const many = figure.panels.length;
  const wanted = many === 1 ? 1 : many === 2 || many === 4 ? 2 : 3;
  const [width, height] = sizeOfPanel(stage, figure, wanted);
  const box = element("div", { class: "maps" });
  const panels = figure.panels.map((panel, k) => {
    const values = floatsOf(panel.values);
    const sigma = panel.sigma ? floatsOf(panel.sigma) : null;
    const shown = { panel, values, sigma, visible: true, cache: null };
    shown.viewer = makeViewer(figure, grid, width, height, () => shown.cache, hovered, tip.hide);
    shown.bar = element("div", { class: "bar", "aria-hidden": "true" });
    shown.heading = element("h3", { style: headingStyle(width) });
    shown.node = element("div", { class: "panel", "data-panel": k }, shown.heading,
      element("div", { class: "picture" }, shown.viewer.node, shown.bar));
    box.append(shown.node);
    return shown;
  });

  function hovered(event, x, y) {
    const i = y * grid.width + x;
    const rows = panels.filter((one) => one.visible)
      .map((one) => ({ name: one.panel.name, text: withSigma(one.values[i], one.sigma ? one.sigma[i] : undefined) }));
    tip.show(event, placeText(figure, x, y), rows);
  }

  function commonRange() {
    const key = state.sigma ? "sigma_range" : "range";
    const visible = panels.filter((one) => one.visible).map((one) => one.panel[key]).filter(Boolean);
    if (!visible.length) return null;
    const diverging = visible.some((range) => range.palette === "diverging");
    let low = Math.min(...visible.map((range) => range.low)), high = Math.max(...visible.map((range) => range.high));
    if (diverging) { high = Math.max(-low, high); low = -high; }
    return { low, high, palette: diverging ? "diverging" : visible[0].palette,
      clipped_low: visible.some((range) => range.clipped_low), clipped_high: visible.some((range) => range.clipped_high) };
  }

  function recolour() {
    const common = state.same ? commonRange() : null;
    for (const one of panels) {
      const showSigma = state.sigma && one.sigma;
      const range = common || (showSigma ? one.panel.sigma_range : one.panel.range);
      const values = showSigma ? one.sigma : one.values;
      const ramp = palettes[range.palette];
      const span = range.high - range.low || 1;
      one.cache = pictureOf(grid.width, grid.height, (i) => {
        const value = values[i];
        if (Number.isNaN(value)) return null;
        const place = Math.round(255 * Math.min(1, Math.max(0, (value - range.low) / span)));
        return ramp.subarray(3 * place, 3 * place + 3);
      });
      one.heading.textContent = showSigma ? `σ ${one.panel.name ? "of " + one.panel.name : "(standard uncertainty)"}` : one.panel.name;
      one.heading.title = one.heading.textContent;
      one.heading.hidden = !one.heading.textContent;
      fillBar(one.bar, range, Math.max(40, height + 2));
      one.node.hidden = !one.visible;
      one.viewer.paint();
    }
    stage.dataset.sigma = state.sigma;
    stage.dataset.same = state.same;
    stage.dataset.visible = panels.filter((one) => one.visible).length;
  }

  const tools = element("div", { class: "tools" });
  if (hasSigma) {
    tools.append(choice([[false, "Value"], [true, "Uncertainty σ"]], false, (sigma) => { state.sigma = sigma; recolour(); }));
  }
  if (many > 1) {
    tools.append(toggle("Same scale", state.same, (on) => { state.same = on; recolour(); }, "One colour scale for all maps"));
    panels.forEach((one, k) => tools.append(chip(one.panel.name || String(k + 1), classColour(k), (on) => { one.visible = on; recolour(); })));
  }
  tools.append(...zoomTools(grid), hint(figure.quantity ? `Colour: ${figure.quantity}` : ""));
  stage.prepend(tools);
  stage.append(box);
  recolour();
}

/** Maps at successive angles, one angle at a time. */
function showFilm(stage, figure) {
  const grid = gridOf(figure);
  const [width, height] = sizeOfPanel(stage, figure, Math.min(figure.reels.length, 3));
  const box = element("div", { class: "maps" });
  const nothing = () => {};
  let frame = 0, timer = null;
  const reels = figure.reels.map((reel, k) => {
    const ramp = palettes[reel.range.palette];
    const pictures = reel.frames.map((text) => {
      const steps = bytesOf(text);
      return pictureOf(grid.width, grid.height, (i) => {
        const place = Math.round((steps[i] * 255) / 254);
        return steps[i] === 255 ? null : ramp.subarray(3 * place, 3 * place + 3);
      });
    });
    const viewer = makeViewer(figure, grid, width, height, () => pictures[frame], nothing, nothing);
    const bar = element("div", { class: "bar", "aria-hidden": "true" });
    fillBar(bar, reel.range, Math.max(40, height + 2));
    box.append(element("div", { class: "panel", "data-panel": k },
      element("h3", { style: headingStyle(width), ...(reel.name ? {} : { hidden: "" }) }, reel.name),
      element("div", { class: "picture" }, viewer.node, bar)));
    return viewer;
  });
  const angle = element("output", { class: "hint" });
  const slider = element("input", { type: "range", min: 0, max: figure.angles.length - 1, value: 0, "aria-label": "Angle" });
  const turnTo = (wanted) => {
    frame = wanted % figure.angles.length;
    slider.value = frame;
    angle.textContent = figure.angles[frame];
    stage.dataset.frame = frame;
    for (const viewer of reels) viewer.paint();
  };
  slider.addEventListener("input", () => turnTo(Number(slider.value)));
  const play = (on) => {
    clearInterval(timer);
    timer = on ? setInterval(() => turnTo(frame + 1), 125) : null;
  };
  const moves = !window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  stage.prepend(element("div", { class: "tools" }, toggle("Play", moves, play, "Turn, or stand still"), slider, angle,
    ...zoomTools(grid), hint(figure.quantity ? `Colour: ${figure.quantity}` : "")));
  stage.append(box);
  turnTo(0);
  play(moves);
}

const zoomTools = (grid) => [
  element("span", { class: "group" }, plainButton("+", "Zoom in", () => grid.zoomBy(1.5)),
    plainButton("−", "Zoom out", () => grid.zoomBy(1 / 1.5)), plainButton("Reset", "Whole map", grid.reset)),
];

function showLabels(stage, figure) {
  const grid = gridOf(figure);
  const values = new Int32Array(bytesOf(figure.values).buffer);
  const visible = figure.classes.map(() => true);
  const tip = makeTip(stage);
  const [width, height] = sizeOf(figure, Math.min(Math.max(stage.clientWidth - 260, 200), 600), 520);
  let cache = null;
  const rgb = (text) => [1, 3, 5].map((i) => parseInt(text.slice(i, i + 2), 16));
  const colours = figure.classes.map((_, k) => rgb(classColour(k)));
  const none = rgb(report.colours.none);
  const viewer = makeViewer(figure, grid, width, height, () => cache, (event, x, y) => {
    const k = values[y * grid.width + x];
    tip.show(event, placeText(figure, x, y), [{ colour: classColour(k), text: k < 0 ? "none" : figure.classes[k].name }]);
  }, tip.hide);
  const recolour = () => {
    cache = pictureOf(grid.width, grid.height, (i) => (values[i] < 0 ? none : visible[values[i]] ? colours[values[i]] : [255, 255, 255]));
    stage.dataset.visible = visible.filter(Boolean).length;
    viewer.paint();
  };
  const key = element("div", { class: "key" });
  figure.classes.forEach((one, k) => {
    key.append(chip(one.name, classColour(k), (on) => { visible[k] = on; recolour(); }, `${number(100 * one.fraction, 3)} %`));
  });
  if (figure.none > 0) {
    const entry = chip("none", report.colours.none, () => {}, `${number(100 * figure.none, 3)} % of all`);
    entry.disabled = true;
    key.append(entry);
  }
  key.append(hint("Share of the pixels that have a class. A click on a name hides it."));
  stage.append(element("div", { class: "tools" }, ...zoomTools(grid),
    hint("Click a map, then turn the wheel to zoom; drag to move; double-click to reset. Maps move together.")),
    element("div", { class: "maps" }, viewer.node, key));
  recolour();
}

// ---- curves --------------------------------------------------------------------------------------------------

/** Places nearest to the wanted ones, at least `spacing` apart (isotonic regression), within [low, high]. */
function spread(wanted, spacing, low, high) {
  const blocks = [];
  wanted.forEach((place, i) => {
    blocks.push({ sum: place - i * spacing, number: 1 });
    while (blocks.length > 1) {
      const last = blocks[blocks.length - 1], before = blocks[blocks.length - 2];
      if (before.sum / before.number <= last.sum / last.number) break;
      blocks.pop();
      before.sum += last.sum;
      before.number += last.number;
    }
  });
  const highest = Math.max(low, high - spacing * (wanted.length - 1));
  const places = [];
  for (const block of blocks) {
    for (let k = 0; k < block.number; ++k) {
      places.push(Math.min(highest, Math.max(low, block.sum / block.number)) + places.length * spacing);
    }
  }
  return places;
}

const scales = {
  linear: { to: (v) => v, ticks: (low, high, wanted) => linearTicks(low, high, wanted) },
  root: { to: (v) => Math.sign(v) * Math.sqrt(Math.abs(v)), ticks: rootTicks },
  logarithmic: { to: (v) => Math.log10(v), ticks: (low, high) => logarithmicTicks(low, high) },
};
function rootTicks(low, high, wanted) {
  // Even steps of the root, each moved to a round value.
  const ticks = [{ at: 0, text: "0" }];
  for (let i = 1; i <= wanted; ++i) {
    for (const end of [high, low]) {
      if (end === 0) continue;
      const at = Math.sign(end) * roundBelow(Math.abs(end) * (i / wanted) ** 2);
      if (!ticks.some((tick) => tick.at === at)) ticks.push({ at, text: number(at, 1) });
    }
  }
  return ticks.filter((tick) => tick.at >= low && tick.at <= high);
}

/** Least and greatest of what is drawn, as the ends of the vertical axis. */
function heights(sets, scale) {
  let low = Infinity, high = -Infinity;
  for (const { values, from, to } of sets) {
    for (let i = from; i <= to; ++i) {
      const value = values[i];
      if (!Number.isFinite(value) || (scale === "logarithmic" && value <= 0)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  if (!(high > -Infinity)) return scale === "logarithmic" ? [0.1, 1] : [0, 1];
  if (scale === "logarithmic") return [Math.max(low, high * 1e-6) / 1.3, high * 1.6];
  // Zero belongs to the picture unless the curve stays far from it.
  if (!(low > 0.6 * high)) low = Math.min(low, 0);
  if (!(high < 0.6 * low)) high = Math.max(high, 0);
  if (high === low) high = low + 1;
  const air = 0.05 * (high - low);
  return [low === 0 ? 0 : low - air, high === 0 ? 0 : high + air];
}

/** The path of a curve; of channels within half a pixel only the extremes are kept. */
function pathOf(xs, values, from, to, px, py) {
  let path = "", open = false, column = NaN, low = 0, high = 0, lastY = 0, lastX = 0;
  const flush = () => { if (open && low !== high) path += `L${lastX.toFixed(1)},${low.toFixed(1)}V${high.toFixed(1)}V${lastY.toFixed(1)}`; };
  for (let i = from; i <= to; ++i) {
    const y = py(values[i]);
    if (!Number.isFinite(y)) { flush(); open = false; column = NaN; continue; }
    const x = px(xs[i]);
    const cell = Math.floor(2 * x);
    if (open && cell === column) { low = Math.min(low, y); high = Math.max(high, y); lastY = y; lastX = x; continue; }
    flush();
    path += `${open ? "L" : "M"}${x.toFixed(1)},${y.toFixed(1)}`;
    open = true;
    column = cell;
    low = high = lastY = y;
    lastX = x;
  }
  flush();
  return path;
}

function drawFrame(svg, plot, xTicks, yTicks, px, py, below) {
  for (const tick of xTicks) {
    const x = px(tick.at);
    svg.append(drawn("line", { x1: x, x2: x, y1: plot.top, y2: plot.bottom, class: "grid" }));
    svg.append(drawn("line", { x1: x, x2: x, y1: plot.bottom, y2: plot.bottom + 4, class: "edge" }));
    if (below) svg.append(drawn("text", { x, y: plot.bottom + 17, "text-anchor": "middle", class: "number" }, tick.text));
  }
  for (const tick of yTicks) {
    const y = py(tick.at);
    if (tick.text) svg.append(drawn("line", { x1: plot.left, x2: plot.right, y1: y, y2: y, class: "grid" }));
    svg.append(drawn("line", { x1: plot.left - (tick.text ? 4 : 2), x2: plot.left, y1: y, y2: y, class: "edge" }));
    svg.append(drawn("text", { x: plot.left - 7, y: y + 4, "text-anchor": "end", class: "number" }, tick.text));
  }
  svg.append(drawn("path", { d: `M${plot.left},${plot.top}V${plot.bottom}H${plot.right}`, fill: "none", class: "edge" }));
}

let clips = 0;
function clipTo(svg, plot) {
  const id = `clip${clips++}`;
  const clip = drawn("clipPath", { id });
  clip.append(drawn("rect", { x: plot.left, y: plot.top, width: plot.right - plot.left, height: plot.bottom - plot.top }));
  svg.append(clip);
  const group = drawn("g", { "clip-path": `url(#${id})` });
  svg.append(group);
  return group;
}

function shortened(text, characters) {
  const all = [...text];
  return all.length > characters ? all.slice(0, characters - 1).join("") + "…" : text;
}

function showCurves(stage, figure) {
  const { axis } = figure;
  const xs = Array.from({ length: axis.size }, (_, i) => coordinate(axis, i));
  const rising = xs[xs.length - 1] >= xs[0];
  const curves = figure.curves.map((curve, k) => ({
    name: curve.name, colour: classColour(k), values: floatsOf(curve.values),
    sigma: curve.sigma ? floatsOf(curve.sigma) : null, visible: true,
    marks: figure.marks.filter((mark) => mark.curve === k || mark.curve < 0).sort((a, b) => a.position - b.position),
  }));
  for (const curve of curves) {
    if (!curve.sigma) continue;
    curve.upper = curve.values.map((value, i) => value + curve.sigma[i]);
    curve.lower = curve.values.map((value, i) => value - curve.sigma[i]);
  }
  const all = [Math.min(xs[0], xs[xs.length - 1]), Math.max(xs[0], xs[xs.length - 1])];
  if (all[0] === all[1]) all[1] += 1;
  const ends = [xs[figure.first], xs[figure.last]];
  const start = ends[0] === ends[1] ? all : [Math.min(...ends), Math.max(...ends)];
  const state = { view: [...start], scale: figure.root ? "root" : "linear", overlay: false, sigma: true, lines: true, pointer: null };
  const box = element("div", { class: "plot-box" });
  const svg = drawn("svg", { class: "plot", role: "img", "aria-label": figure.title });
  box.append(svg);
  const tip = makeTip(box);
  const left = 84, right = () => svg.clientWidth - 10;
  const px = (x) => left + ((x - state.view[0]) / (state.view[1] - state.view[0])) * (right() - left);
  const xAt = (event) => {
    const u = (event.clientX - svg.getBoundingClientRect().left - left) / (right() - left);
    return state.view[0] + u * (state.view[1] - state.view[0]);
  };
  const channelAt = (x) => {
    let low = 0, high = axis.size - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (xs[middle] < x === rising) low = middle;
      else high = middle;
    }
    return Math.abs(xs[low] - x) <= Math.abs(xs[high] - x) ? low : high;
  };

  const labelSpacing = 14;
  function marksIn(shown) {
    const marks = [];
    for (const curve of shown) {
      for (const mark of curve.marks) {
        if (mark.position < state.view[0] || mark.position > state.view[1]) continue;
        const same = marks.find((other) => other.label === mark.label && other.position === mark.position);
        if (same) same.shared = true;
        else marks.push({ ...mark, of: curve });
      }
    }
    const height = (mark) => mark.of.values[channelAt(mark.position)] || 0;
    const fit = Math.max(1, Math.floor((right() - left) / labelSpacing));
    if (marks.length > fit) marks.sort((a, b) => height(b) - height(a)).splice(fit);
    return marks.sort((a, b) => a.position - b.position);
  }

  function drawMarks(plot, marks, py) {
    const wanted = marks.map((mark) => px(mark.position));
    const places = spread(wanted, labelSpacing, plot.left, plot.right);
    marks.forEach((mark, i) => {
      const peak = Math.min(plot.bottom, Math.max(plot.top, py(mark.of.values[channelAt(mark.position)]) - 2 || plot.bottom));
      svg.append(drawn("path", { d: `M${places[i]},${plot.top - 12}L${wanted[i]},${plot.top - 1}V${peak}`, class: "leader" }));
      const x = places[i] + 4, y = plot.top - 15;
      const colour = state.overlay && curves.length > 1 && mark.curve >= 0 && !mark.shared ? mark.of.colour : "";
      const label = drawn("text", { x, y, transform: `rotate(-90 ${x} ${y})`, class: "label" }, shortened(mark.label, 16));
      if (colour) label.style.fill = colour;
      svg.append(label);
    });
  }

  function paint() {
    svg.replaceChildren();
    const visible = curves.filter((curve) => curve.visible);
    const groups = state.overlay ? (visible.length ? [visible] : []) : visible.map((curve) => [curve]);
    const height = groups.length <= 1 ? 340 : groups.length <= 4 ? 170 : 110;
    const ia = channelAt(state.view[0]), ib = channelAt(state.view[1]);
    const from = Math.max(0, Math.min(ia, ib) - 1), to = Math.min(axis.size - 1, Math.max(ia, ib) + 1);
    let top = 4;
    groups.forEach((group, g) => {
      const marks = state.lines ? marksIn(group) : [];
      const labelRoom = marks.length ? 24 + Math.min(96, 7 * Math.max(...marks.map((mark) => [...mark.label].length))) : 8;
      const named = group.length === 1 && group[0].name;
      if (named) {
        svg.append(drawn("rect", { x: left, y: top + 6, width: 14, height: 4, fill: group[0].colour }));
        svg.append(drawn("text", { x: left + 20, y: top + 13, class: "name" }, shortened(group[0].name, 90)));
        top += 18;
      }
      const plot = { left, right: right(), top: top + labelRoom, bottom: top + labelRoom + height };
      const [low, high] = heights(group.map((curve) => ({ values: curve.values, from, to })), state.scale);
      const scale = scales[state.scale];
      const py = (y) => {
        if (state.scale === "logarithmic" && !(y > 0)) return y <= 0 ? plot.bottom + 2 : NaN;
        return plot.bottom - ((scale.to(y) - scale.to(low)) / (scale.to(high) - scale.to(low))) * (plot.bottom - plot.top);
      };
      const last = g === groups.length - 1;
      drawFrame(svg, plot, linearTicks(...state.view, 10), scale.ticks(low, high, height > 130 ? 5 : 3), px, py, last);
      if (low < 0 && high > 0) svg.append(drawn("line", { x1: plot.left, x2: plot.right, y1: py(0), y2: py(0), class: "leader" }));
      drawMarks(plot, marks, py);
      const area = clipTo(svg, plot);
      for (const curve of group) {
        if (curve.sigma && state.sigma) {
          const upper = pathOf(xs, curve.upper, from, to, px, py);
          const lower = pathOf(xs, curve.lower, from, to, px, py);
          // One outline per pair of unbroken runs: the upper edge forward, the lower edge back.
          const runs = (path) => path.split("M").filter(Boolean);
          const above = runs(upper), below = runs(lower);
          for (let r = 0; r < Math.min(above.length, below.length); ++r) {
            const points = pointsOf(below[r]).reverse().map(([x, y]) => `L${x},${y}`).join("");
            area.append(drawn("path", { d: `M${above[r]}${points}Z`, fill: curve.colour, "fill-opacity": 0.25, class: "band" }));
          }
        }
        area.append(drawn("path", { d: pathOf(xs, curve.values, from, to, px, py), stroke: curve.colour, class: "curve" }));
      }
      top = plot.bottom + (last ? 22 : 12);
    });
    svg.append(drawn("text", { x: (left + right()) / 2, y: top + 14, "text-anchor": "middle", class: "title" }, titled(axis.name || "Channel", axis.units)));
    if (figure.quantity) {
      svg.append(drawn("text", { x: 14, y: top / 2, transform: `rotate(-90 14 ${top / 2})`, "text-anchor": "middle", class: "title" }, figure.quantity));
    }
    const bottom = top + 24;
    svg.setAttribute("height", bottom);
    svg.setAttribute("viewBox", `0 0 ${svg.clientWidth} ${bottom}`);
    if (state.pointer !== null && state.pointer >= state.view[0] && state.pointer <= state.view[1]) {
      const x = px(state.pointer);
      svg.append(drawn("line", { x1: x, x2: x, y1: 4, y2: top - 22, class: "pointer" }));
    }
    stage.dataset.view = state.view.map((v) => v.toPrecision(6)).join(",");
    stage.dataset.scale = state.scale;
    stage.dataset.visible = visible.length;
    stage.dataset.labels = svg.querySelectorAll(".label").length;
  }

  /** The corners of a path of absolute M, L and V commands. */
  function pointsOf(path) {
    const points = [];
    for (const [, command, text] of `M${path}`.matchAll(/([MLV])([^MLV]*)/g)) {
      if (command === "V") points.push([points[points.length - 1][0], Number(text)]);
      else points.push(text.split(",").map(Number));
    }
    return points;
  }

  function setView(low, high) {
    const least = (all[1] - all[0]) / Math.max(8, axis.size / 8);
    const width = Math.min(all[1] - all[0], Math.max(least, high - low));
    const begin = Math.min(all[1] - width, Math.max(all[0], low + (high - low - width) / 2));
    state.view = [begin, begin + width];
    paint();
  }
  navigate(svg, {
    zoom(factor, event) {
      const [low, high] = state.view;
      const centre = event ? Math.min(high, Math.max(low, xAt(event))) : (low + high) / 2;
      setView(centre - (centre - low) / factor, centre + (high - centre) / factor);
    },
    pan(dx) {
      const step = (-dx / (right() - left)) * (state.view[1] - state.view[0]);
      setView(state.view[0] + step, state.view[1] + step);
    },
    reset: () => setView(...start),
  });
  svg.addEventListener("pointermove", (event) => {
    const x = xAt(event);
    if (x < state.view[0] || x > state.view[1]) { state.pointer = null; tip.hide(); paint(); return; }
    const i = channelAt(x);
    state.pointer = xs[i];
    paint();
    const rows = curves.filter((curve) => curve.visible).map((curve) => ({
      colour: curve.colour, name: curve.name, text: withSigma(curve.values[i], curve.sigma ? curve.sigma[i] : undefined),
    }));
    const near = (7 * (state.view[1] - state.view[0])) / (right() - left);
    const names = [...new Set(figure.marks.filter((mark) => Math.abs(mark.position - x) < near).map((mark) => mark.label))];
    const place = `${axis.name || "Channel"} ${withUnit(number(xs[i], 5), axis.units)}`;
    tip.show(event, names.length ? `${place} · ${names.join(", ")}` : place, rows);
  });
  svg.addEventListener("pointerleave", () => { state.pointer = null; tip.hide(); paint(); });

  const tools = element("div", { class: "tools" });
  tools.append(choice([["linear", "Linear"], ["root", "√"], ["logarithmic", "Log"]], state.scale, (scale) => { state.scale = scale; paint(); }));
  if (curves.length > 1) {
    tools.append(choice([[false, "Stacked"], [true, "Overlaid"]], false, (overlay) => { state.overlay = overlay; paint(); }));
  }
  if (figure.marks.length) tools.append(toggle("Lines", true, (on) => { state.lines = on; paint(); }, "Labels of lines"));
  if (curves.some((curve) => curve.sigma)) tools.append(toggle("±σ", true, (on) => { state.sigma = on; paint(); }, "Band of one standard uncertainty"));
  tools.append(element("span", { class: "group" },
    plainButton("+", "Zoom in", () => zoomBy(1.5)), plainButton("−", "Zoom out", () => zoomBy(1 / 1.5)),
    plainButton("Reset", "The first view", () => setView(...start)), plainButton("Whole axis", "Every channel", () => setView(...all))));
  function zoomBy(factor) {
    const [low, high] = state.view, centre = (low + high) / 2;
    setView(centre - (centre - low) / factor, centre + (high - centre) / factor);
  }
  if (curves.length > 1) {
    curves.forEach((curve, k) => tools.append(chip(curve.name || String(k + 1), curve.colour, (on) => { curve.visible = on; paint(); })));
  }
  tools.append(hint("Click, then wheel to zoom; drag to move."));
  stage.append(tools, box);
  paint();
  window.addEventListener("resize", paint);
}

function showScree(stage, figure) {
  const curves = figure.curves.map((curve, k) => ({
    name: curve.name, colour: classColour(k), values: floatsOf(curve.values).subarray(0, figure.shown),
    sigma: curve.sigma ? floatsOf(curve.sigma) : null,
  }));
  const state = { scale: "logarithmic" };
  const box = element("div", { class: "plot-box" });
  const svg = drawn("svg", { class: "plot", role: "img", "aria-label": figure.title, style: "max-width:760px" });
  box.append(svg);
  const tip = makeTip(box);
  const size = figure.shown;
  const kept = figure.chosen === undefined ? size : figure.chosen;
  function paint() {
    svg.replaceChildren();
    const plot = { left: 84, right: svg.clientWidth - 10, top: 10, bottom: 290 };
    const px = (x) => plot.left + ((x - 0.3) / (size + 0.4)) * (plot.right - plot.left);
    let [low, high] = heights(curves.map(({ values }) => ({ values, from: 0, to: size - 1 })), state.scale);
    if (state.scale === "logarithmic") low = Math.max(low, high * 1e-8);
    const to = scales[state.scale].to;
    const py = (y) => plot.bottom - ((to(y) - to(low)) / (to(high) - to(low))) * (plot.bottom - plot.top);
    const numbers = linearTicks(1, Math.max(2, size), 10).filter((tick) => Number.isInteger(tick.at) && tick.at >= 1 && tick.at <= size);
    drawFrame(svg, plot, numbers, scales[state.scale].ticks(low, high, 5), px, py, true);
    const area = clipTo(svg, plot);
    for (const curve of curves) {
      const xs = Array.from(curve.values, (_, i) => i + 1);
      area.append(drawn("path", { d: pathOf(xs, curve.values, 0, size - 1, px, py), stroke: "#c3cad2", class: "curve" }));
      curve.values.forEach((value, i) => {
        const y = py(value);
        if (!Number.isFinite(y) || y > plot.bottom + 1) return;
        if (curve.sigma && curve.sigma[i] > 0) {
          const below = py(value - curve.sigma[i]);
          area.append(drawn("path", { d: `M${px(i + 1)},${py(value + curve.sigma[i])}V${Number.isFinite(below) ? below : plot.bottom}`, stroke: curve.colour }));
        }
        const isKept = i < kept;
        svg.append(drawn("circle", { cx: px(i + 1), cy: y, r: 4.2, fill: isKept ? curve.colour : "#fff", stroke: isKept ? curve.colour : "#8793a1", class: isKept ? "kept" : "left" }));
      });
    }
    if (figure.chosen !== undefined) {
      const x = px(kept + 0.5);
      svg.append(drawn("line", { x1: x, x2: x, y1: plot.top, y2: plot.bottom, stroke: "#a33b00", "stroke-width": 1.5, "stroke-dasharray": "6 4" }));
      const text = drawn("text", { x: x + 8, y: plot.top + 16, class: "name" }, `${kept} kept`);
      text.style.fill = "#a33b00";
      svg.append(text);
    }
    svg.append(drawn("text", { x: (plot.left + plot.right) / 2, y: plot.bottom + 36, "text-anchor": "middle", class: "title" }, "Number of the component"));
    const middle = (plot.top + plot.bottom) / 2;
    svg.append(drawn("text", { x: 14, y: middle, transform: `rotate(-90 14 ${middle})`, "text-anchor": "middle", class: "title" }, figure.quantity));
    svg.setAttribute("height", 340);
    svg.setAttribute("viewBox", `0 0 ${svg.clientWidth} 340`);
    stage.dataset.scale = state.scale;
  }
  svg.addEventListener("pointermove", (event) => {
    const box0 = svg.getBoundingClientRect();
    const i = Math.round(((event.clientX - box0.left - 84) / (svg.clientWidth - 94)) * (size + 0.4) + 0.3) - 1;
    if (i < 0 || i >= size) { tip.hide(); return; }
    tip.show(event, `Component ${i + 1}${figure.chosen === undefined ? "" : i < kept ? ", kept" : ", left out"}`,
      curves.map((curve) => ({ colour: curve.colour, name: curve.name, text: withSigma(curve.values[i], curve.sigma ? curve.sigma[i] : undefined) })));
  });
  svg.addEventListener("pointerleave", tip.hide);
  const tools = element("div", { class: "tools" },
    choice([["logarithmic", "Log"], ["linear", "Linear"]], "logarithmic", (scale) => { state.scale = scale; paint(); }));
  if (curves.length > 1) {
    curves.forEach((curve) => tools.append(element("span", { class: "chip" },
      element("span", { class: "line", style: { background: curve.colour } }), element("span", { class: "name" }, curve.name))));
  }
  stage.append(tools, box);
  paint();
  window.addEventListener("resize", paint);
}

// ---- the page ------------------------------------------------------------------------------------------------

function showPicture(stage, figure) {
  stage.append(element("img", { src: "data:image/svg+xml;base64," + figure.svg, alt: figure.title,
    style: { width: "100%", maxWidth: "960px" } }));
}

const show = { picture: showPicture, maps: showMaps, film: showFilm, labels: showLabels, curves: showCurves, scree: showScree };
for (const stage of document.querySelectorAll("[data-figure]")) {
  const figure = report.figures[Number(stage.dataset.figure)];
  stage.style.position = "relative";
  stage.dataset.kind = figure.kind;
  show[figure.kind](stage, figure);
}

document.getElementById("copy-command").addEventListener("click", async (event) => {
  const code = document.getElementById("command-text");
  const button = event.currentTarget;
  try {
    await navigator.clipboard.writeText(code.textContent);
  } catch {
    // Pages from disk may have no clipboard; a selection can be copied the old way.
    const range = document.createRange();
    range.selectNodeContents(code);
    const selection = window.getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
    document.execCommand("copy");
  }
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = "Copy"; }, 1600);
});

document.documentElement.dataset.ready = "true";
})();
