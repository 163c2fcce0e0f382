"use strict";
// Makes a report's charts zoomable. Where anything that it needs is missing, the static drawings stay as they are.
(async () => {
  const PALETTE = ["blue", "orange", "green", "sky", "purple", "red", "yellow", "grey", "ink", "soft", "line", "band"];
  const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400];
  const FONT = "11px system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";
  const HEIGHT = 156;
  const NARROW = 700;
  const LEAST_COLUMNS = 4;

  const holder = document.getElementById("run-data");
  const root = document.documentElement;
  if (!holder || typeof DecompressionStream === "undefined" || typeof uPlot === "undefined") return;

  const style = getComputedStyle(root);
  if (!style.getPropertyValue("--c-blue")) return;
  let colours = {};
  const readColours = () => {
    colours = Object.fromEntries(PALETTE.map((name) => [name, style.getPropertyValue(`--c-${name}`).trim()]));
  };
  readColours();

  const inflated = async (text) => {
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return JSON.parse(await new Response(stream).text());
  };
  const run = await inflated(holder.textContent.trim());
  const whole = run.axis.seconds;
  const charts = [];
  let shown = [0, whole];
  let moment = null;

  // ---- words ----------------------------------------------------------------------------------

  const digits = (value) => String(Number(value.toPrecision(3)));

  const duration = (seconds) => {
    if (seconds === 0) return "0s";
    if (seconds < 1) return `${digits(seconds * 1000)}ms`;
    if (seconds < 60) return `${Math.round(seconds * 10) / 10}s`;
    const tenths = Math.round(seconds * 10);
    const [hours, minutes, rest] = [Math.floor(tenths / 36000), Math.floor(tenths / 600) % 60, (tenths % 600) / 10];
    const padded = (number) => (number < 10 ? `0${number}` : String(number));
    const tail = rest ? `${padded(rest)}s` : "";
    return hours ? `${hours}h${padded(minutes)}m${tail}` : `${minutes}m${tail}`;
  };

  const after = (seconds) => (seconds === 0 ? "0" : `+${duration(seconds)}`);
  const rate = (value) => (value === 0 ? "0" : `${digits(value)}/s`);

  // ---- data -----------------------------------------------------------------------------------

  // The edges of the columns, and from the top of the stack to its bottom what lies up to each layer's top, per second.
  const stacked = (level) => {
    const edges = Array.from({ length: level.count + 1 }, (_, index) => index * level.width);
    const sums = [];
    let below = new Array(level.count).fill(0);
    for (const counts of level.values) {
      below = below.map((sum, index) => sum + counts[index] / level.width);
      sums.unshift([...below, below[below.length - 1]]);
    }
    return [edges, ...sums];
  };

  // A few empty columns do not break a line (uPlot breaks it at null, not at undefined); more of them do.
  const bridged = (values, most) => {
    const found = [...values];
    let last = -1;
    values.forEach((value, index) => {
      if (value === null) return;
      if (last >= 0 && index - last <= most + 1) found.fill(undefined, last + 1, index);
      last = index;
    });
    return found;
  };

  const lined = (level) => {
    const middles = Array.from({ length: level.count }, (_, index) => (index + 0.5) * level.width);
    return [middles, ...level.values.map((values) => bridged(values, level.bridged))];
  };

  const levelOf = ([from, to]) => (to - from < whole * 0.6 ? 1 : 0);

  // ---- one chart ------------------------------------------------------------------------------

  const hatch = document.createElement("canvas");
  hatch.width = hatch.height = 8;
  const hatched = (context, colour) => {
    const pen = hatch.getContext("2d");
    pen.globalAlpha = 1;
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 8, 8);
    pen.globalAlpha = 0.5;
    pen.strokeStyle = "#ffffff";
    pen.lineWidth = 1.6;
    pen.beginPath();
    for (const shift of [-8, 0, 8]) {
      pen.moveTo(shift - 1, 9);
      pen.lineTo(shift + 9, -1);
    }
    pen.stroke();
    return context.createPattern(hatch, "repeat");
  };

  const layer = (line) => ({
    fill: (plot) => (line.hatched ? hatched(plot.ctx, colours[line.colour]) : colours[line.colour]),
    stroke: null,
    width: 0,
    points: { show: false },
    paths: uPlot.paths.stepped({ align: 1 }),
  });

  const stroke = (line) => ({
    stroke: () => colours[line.colour],
    width: line.width,
    dash: line.dash ? line.dash.split(" ").map(Number) : undefined,
    points: { show: (plot, series, first, last) => last - first < 60, size: 5, fill: () => colours[line.colour] },
  });

  // What was measured in that column, or in one that the line bridges from.
  const latest = (level, number, index) => {
    for (let back = 0; back <= level.bridged && index >= back; back += 1) {
      const value = level.values[number][index - back];
      if (value !== null) return value;
    }
    return null;
  };

  const words = (chart, seconds) => {
    const level = chart.plot.levels[chart.level];
    const index = Math.min(level.count - 1, Math.max(0, Math.floor(seconds / level.width)));
    const told = chart.plot.lines.map((line, number) => {
      const value = chart.plot.kind === "stack" ? level.values[number][index] : latest(level, number, index);
      if (chart.plot.kind === "stack") return value ? `${line.name} ${rate(value / level.width)}` : "";
      return value === null ? "" : `${line.name} ${duration(value / 1000)}`;
    });
    if (chart.plot.kind === "lines") told.reverse();
    return `${after(index * level.width)}   ${told.filter(Boolean).join("   ") || "nothing measured"}`;
  };

  const tell = (chart, seconds) => {
    const text = seconds === null ? "" : words(chart, seconds);
    chart.readout.textContent = text;
    if (seconds !== null) {
      chart.host.setAttribute("aria-valuenow", seconds.toFixed(1));
      chart.host.setAttribute("aria-valuetext", text);
    }
  };

  const upright = (plot, seconds, colour, width) => {
    if (seconds === null || seconds < shown[0] || seconds > shown[1]) return;
    const x = plot.valToPos(seconds, "x", true);
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.strokeStyle = colours[colour];
    ctx.lineWidth = width * devicePixelRatio;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.restore();
  };

  const outage = (plot) => {
    if (!run.band) return;
    const { ctx, bbox } = plot;
    const edge = (seconds) =>
      Math.min(bbox.left + bbox.width, Math.max(bbox.left, plot.valToPos(seconds, "x", true)));
    const [left, right] = run.band.map(edge);
    ctx.save();
    ctx.fillStyle = colours.band;
    ctx.fillRect(left, bbox.top, right - left, bbox.height);
    ctx.restore();
  };

  // Each layer's name within it, in the middle of its widest stretch in view, where there is room.
  const labels = (chart, plot) => {
    const level = chart.plot.levels[chart.level];
    const first = Math.max(0, Math.floor(shown[0] / level.width));
    const after = Math.min(level.count, Math.ceil(shown[1] / level.width));
    const tops = chart.data[chart.level].slice(1).reverse();
    const { ctx } = plot;
    ctx.save();
    ctx.font = `${11.5 * devicePixelRatio}px ${FONT.slice(5)}`;
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    ctx.lineJoin = "round";
    ctx.lineWidth = 3 * devicePixelRatio;
    ctx.strokeStyle = "#ffffff";
    ctx.fillStyle = "#111111";
    chart.plot.lines.forEach((line, number) => {
      const [begin, end] = widest(level.values[number], first, after);
      const middle = (begin + end) >> 1;
      if (end <= begin) return;
      const [left, right] = [begin, end].map((index) => plot.valToPos(index * level.width, "x", true));
      const bottom = plot.valToPos(number ? tops[number - 1][middle] : 0, "y", true);
      const top = plot.valToPos(tops[number][middle], "y", true);
      if (ctx.measureText(line.name).width + 8 * devicePixelRatio > right - left) return;
      if (bottom - top < 16 * devicePixelRatio) return;
      ctx.strokeText(line.name, (left + right) / 2, (top + bottom) / 2);
      ctx.fillText(line.name, (left + right) / 2, (top + bottom) / 2);
    });
    ctx.restore();
  };

  const widest = (counts, first, after) => {
    let best = [first, first];
    let begin = first;
    for (let index = first; index <= after; index += 1) {
      if (index < after && counts[index]) continue;
      if (index - begin > best[1] - best[0]) best = [begin, index];
      begin = index + 1;
    }
    return best;
  };

  const margins = (width) =>
    width < NARROW ? [54, 12] : [(run.axis.left / run.axis.width) * width, (1 - run.axis.right / run.axis.width) * width];

  const options = (chart, width) => ({
    width,
    height: HEIGHT,
    padding: [4, () => margins(chart.host.clientWidth)[1], 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      points: { show: chart.plot.kind === "lines", size: 7 },
      drag: { x: true, y: false, setScale: false, dist: 4 },
      sync: { key: "run", scales: ["x", null], filters: { pub: (type) => type === "mousemove" || type === "mouseleave" } },
      bind: { dblclick: () => () => zoom(0, whole) },
    },
    scales: {
      x: { time: false, auto: false, min: 0, max: whole, range: (plot, min, max) => [min, max] },
      y: { range: (plot, min, max) => [0, Math.max(max, 1e-9) * 1.08] },
    },
    axes: [
      {
        stroke: () => colours.soft,
        font: FONT,
        size: 24,
        gap: 4,
        space: 64,
        incrs: STEPS,
        grid: { stroke: () => colours.line, width: 1 },
        ticks: { show: false },
        values: (plot, splits) => splits.map(after),
      },
      {
        stroke: () => colours.soft,
        font: FONT,
        size: () => margins(chart.host.clientWidth)[0],
        space: 32,
        gap: 8,
        grid: { stroke: () => colours.line, width: 1 },
        ticks: { show: false },
        values: (plot, splits) =>
          splits.map((value) => (chart.plot.kind === "stack" ? rate(value) : value === 0 ? "0" : duration(value / 1000))),
      },
    ],
    series: [{}, ...(chart.plot.kind === "stack" ? [...chart.plot.lines].reverse().map(layer) : chart.plot.lines.map(stroke))],
    hooks: {
      drawClear: [outage],
      draw: [
        (plot) => {
          if (chart.plot.kind === "stack") labels(chart, plot);
          upright(plot, moment, "ink", 1.5);
        },
      ],
      setCursor: [(plot) => follow(chart, plot)],
      setSelect: [
        (plot) => {
          const { left, width: across } = plot.select;
          if (across < 4) return;
          plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
          zoom(plot.posToVal(left, "x"), plot.posToVal(left + across, "x"));
        },
      ],
    },
  });

  const follow = (chart, plot) => {
    const { left } = plot.cursor;
    const seconds = left == null || left < 0 ? null : plot.posToVal(left, "x");
    tell(chart, seconds);
    drawOnTimeline("cursor", seconds);
  };

  const made = (tag, attributes) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };

  const build = (plot) => {
    const still = document.getElementById(`chart-${plot.key}`);
    if (!still) return;
    const host = made("div", {
      class: "live",
      tabindex: "0",
      role: "slider",
      "aria-label": `${plot.label}; arrow keys move, plus and minus zoom, Enter marks the moment, Escape shows the whole run`,
      "aria-valuemin": "0",
      "aria-valuemax": String(whole),
      "aria-valuenow": "0",
      "aria-valuetext": after(0),
    });
    const readout = made("p", { class: "readout num" });
    still.after(readout, host);
    const column = still.parentElement.querySelector(".column");
    const chart = { plot, host, readout, column, level: 0, data: plot.levels.map(plot.kind === "stack" ? stacked : lined) };
    chart.drawn = new uPlot(options(chart, host.clientWidth), chart.data[0], host);
    chart.drawn.over.addEventListener("click", (event) => mark(chart.drawn.posToVal(event.offsetX, "x")));
    host.addEventListener("keydown", (event) => pressed(chart, event));
    new ResizeObserver(() => {
      if (host.clientWidth && host.clientWidth !== chart.drawn.width) {
        chart.drawn.setSize({ width: host.clientWidth, height: HEIGHT });
      }
    }).observe(host);
    charts.push(chart);
  };

  // ---- zoom, cursor, moment: the same in all charts -------------------------------------------

  const zoom = (from, to) => {
    const least = Math.min(whole, LEAST_COLUMNS * Math.min(...charts.map((chart) => chart.plot.levels[1].width)));
    const width = Math.min(whole, Math.max(least, to - from));
    const begin = Math.min(whole - width, Math.max(0, (from + to - width) / 2));
    shown = [begin, begin + width];
    for (const chart of charts) {
      const level = levelOf(shown);
      chart.drawn.batch(() => {
        if (level !== chart.level) chart.drawn.setData(chart.data[level], false);
        chart.level = level;
        chart.column.textContent = `each column is ${duration(chart.plot.levels[level].width)}`;
        chart.drawn.setScale("x", { min: shown[0], max: shown[1] });
      });
    }
    drawOnTimeline("window", width < whole ? shown : null);
    said.textContent = width < whole ? `shown: ${after(shown[0])} to ${after(shown[1])}` : "whole run";
  };

  const about = (middle, factor) => {
    const half = ((shown[1] - shown[0]) / 2) * factor;
    zoom(middle - half, middle + half);
  };

  const centre = () => (moment !== null && moment >= shown[0] && moment <= shown[1] ? moment : (shown[0] + shown[1]) / 2);

  const pointed = (chart) => {
    const { left } = chart.drawn.cursor;
    return left == null || left < 0 ? null : chart.drawn.posToVal(left, "x");
  };

  const point = (chart, seconds) => {
    const kept = Math.min(shown[1], Math.max(shown[0], seconds));
    chart.drawn.setCursor({ left: chart.drawn.valToPos(kept, "x"), top: 1 }, true, true);
  };

  const pressed = (chart, event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = pointed(chart) ?? centre();
    const step = chart.plot.levels[chart.level].width * (event.shiftKey ? 10 : 1);
    const actions = {
      ArrowLeft: () => point(chart, at - step),
      ArrowRight: () => point(chart, at + step),
      Home: () => point(chart, shown[0]),
      End: () => point(chart, shown[1]),
      "+": () => about(at, 0.5),
      "=": () => about(at, 0.5),
      "-": () => about(at, 2),
      Enter: () => mark(at),
      Escape: () => {
        mark(null);
        zoom(0, whole);
      },
    };
    const action = Object.hasOwn(actions, event.key) ? actions[event.key] : null;
    if (!action) return;
    event.preventDefault();
    action();
  };

  // ---- the timeline ---------------------------------------------------------------------------

  const timeline = document.querySelector("#timeline svg");
  const SVG = "http://www.w3.org/2000/svg";
  const overlays = {};
  const pixel = (seconds) =>
    run.axis.left + (Math.min(whole, Math.max(0, seconds)) / whole) * (run.axis.right - run.axis.left);

  const drawOnTimeline = (name, at) => {
    if (!timeline) return;
    overlays[name]?.remove();
    delete overlays[name];
    if (at === null) return;
    const [from, to] = Array.isArray(at) ? at : [at, at];
    const rect = document.createElementNS(SVG, "rect");
    const height = timeline.viewBox.baseVal.height - 18;
    const place = { class: `over-${name}`, x: pixel(from) - (from === to ? 0.75 : 0), y: 0, width: Math.max(1.5, pixel(to) - pixel(from)), height };
    for (const [key, value] of Object.entries(place)) rect.setAttribute(key, String(value));
    rect.setAttribute("pointer-events", "none");
    timeline.append(rect);
    overlays[name] = rect;
  };

  const momentUnder = (event) => {
    const matrix = timeline.getScreenCTM();
    if (!matrix) return null;
    const { x } = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
    if (x < run.axis.left || x > run.axis.right) return null;
    return ((x - run.axis.left) / (run.axis.right - run.axis.left)) * whole;
  };

  // ---- a link to a moment ---------------------------------------------------------------------

  const rows = [...document.querySelectorAll("tr[data-at]")];

  const nearest = (seconds) => {
    let found = null;
    for (const row of rows) if (Number(row.dataset.at) <= seconds + 0.05) found = row;
    return found;
  };

  const show = (seconds) => {
    moment = seconds === null ? null : Math.min(whole, Math.max(0, seconds));
    document.querySelector("tr.near")?.classList.remove("near");
    if (moment !== null) nearest(moment)?.classList.add("near");
    drawOnTimeline("moment", moment);
    if (moment !== null && (moment < shown[0] || moment > shown[1])) zoom(0, whole);
    for (const chart of charts) chart.drawn.redraw(false);
    marked.textContent = moment === null ? "" : `marked: ${after(moment)}`;
  };

  const mark = (seconds) => {
    const address = seconds === null ? location.pathname + location.search : `#t=${Number(seconds.toFixed(1))}`;
    if (seconds !== null || location.hash.startsWith("#t=")) history.replaceState(null, "", address);
    show(seconds);
  };

  const fromAddress = () => {
    const found = /^#t=(\d+(?:\.\d+)?)$/.exec(location.hash);
    if (!found) return;
    show(Number(found[1]));
    document.getElementById("timeline")?.scrollIntoView({ block: "start" });
  };

  // ---- begin ----------------------------------------------------------------------------------

  const bar = document.getElementById("zoombar");
  const said = document.getElementById("zoom-window");
  const marked = document.getElementById("zoom-moment");
  if (!bar || !said || !marked) return;
  root.classList.add("zoomable");
  bar.hidden = false;
  run.plots.forEach(build);
  if (!charts.length) {
    bar.hidden = true;
    return;
  }
  bar.querySelector("[data-zoom='in']").addEventListener("click", () => about(centre(), 0.5));
  bar.querySelector("[data-zoom='out']").addEventListener("click", () => about(centre(), 2));
  bar.querySelector("[data-zoom='all']").addEventListener("click", () => zoom(0, whole));
  if (timeline) {
    timeline.addEventListener("click", (event) => {
      if (event.target.closest("a")) return;
      const seconds = momentUnder(event);
      if (seconds !== null) mark(seconds);
    });
    timeline.addEventListener("pointermove", (event) => {
      const seconds = momentUnder(event);
      if (seconds !== null && seconds >= shown[0] && seconds <= shown[1]) point(charts[0], seconds);
    });
  }
  addEventListener("hashchange", fromAddress);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    readColours();
    for (const chart of charts) chart.drawn.redraw(true);
  });
  fromAddress();
})().catch((error) => {
  document.documentElement.classList.remove("zoomable");
  console.error("the charts stay as they are drawn:", error);
});
