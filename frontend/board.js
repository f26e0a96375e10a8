/* Charts: [data-chart] draws the JSON of the <script type="application/json"> it names.

   {"kind": "line" | "bar" | "hbar" | "range" | "heat", "x": […], "y": […] (heat only), "unit": "h", "digits": 2,
    "series": [{"name", "data": […], "tone": "primary|closed|on|warned|overdue|emergency|paused",
                "dash": true, "area": true, "stack": "a", "faint": true, "links": [url, …]}],
    "links": [url per x], "target": {"value", "label"}, "band": {"low", "high"}, "between": [low, high] (two series by
    number, tinted between), "plain": true (a small line without axes), "sort": false}
   A "range" has [low, middle, high] or null per x, "tones" per x, and "most", the end of its axis. An "hbar" that is
   "diverge" goes both ways from nought; its series' "below" is the tone of what is less.
   The server writes the same numbers as a table beside it, which is what stands there without scripts. */
import { BarChart, HeatmapChart, LineChart, ScatterChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, MarkAreaComponent, MarkLineComponent, TooltipComponent, VisualMapComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { CanvasRenderer, SVGRenderer } from "echarts/renderers";
import { savePicture, saveFile } from "./js/pictures.js";

echarts.use([BarChart, HeatmapChart, LineChart, ScatterChart, AriaComponent, GridComponent, LegendComponent, MarkAreaComponent, MarkLineComponent, TooltipComponent, VisualMapComponent, CanvasRenderer, SVGRenderer]);

const root = document.documentElement;
const charts = new Map();
const TONES = ["primary", "closed", "on", "warned", "emergency", "paused"];

function tokens() {
  const style = getComputedStyle(root);
  const read = (name) => style.getPropertyValue(`--${name}`).trim();
  const names = ["ink", "muted", "faint", "line", "surface", "canvas", "sunken", "primary", "tint", "tint-line", "on", "warned", "overdue", "emergency", "paused", "closed", "track", "line-strong", "sans"];
  const look = Object.fromEntries(names.map((name) => [name, read(name)]));
  // Charts write the fonts into an attribute as they are: a double quote would end it.
  return { ...look, sans: look.sans.replaceAll('"', "'") };
}

function formatter(spec, fixed = true) {
  const digits = spec.digits ?? 0;
  const format = new Intl.NumberFormat(root.lang, { minimumFractionDigits: fixed ? digits : 0, maximumFractionDigits: digits });
  return (value) => (value === null || value === undefined || Number.isNaN(value) ? "—" : format.format(value));
}

function optionOf(spec, look) {
  const show = formatter(spec);
  const unit = spec.unit ? ` ${spec.unit}` : "";
  const text = { fontFamily: look.sans, fontSize: 12, color: look.muted };
  const isAcross = spec.kind === "hbar";
  const base = {
    animation: false,
    textStyle: text,
    aria: { enabled: true },
    color: TONES.map((tone) => look[tone]),
    tooltip: {
      // Rich text is drawn on the canvas: an HTML tooltip would need inline styles.
      renderMode: "richText",
      confine: true,
      trigger: spec.kind === "heat" ? "item" : "axis",
      axisPointer: { type: spec.kind === "line" ? "line" : "shadow", lineStyle: { color: look.faint }, shadowStyle: { color: look.ink, opacity: 0.05 } },
      backgroundColor: look.surface,
      borderColor: look.line,
      borderWidth: 1,
      padding: [8, 12],
      textStyle: { ...text, color: look.ink, lineHeight: 18 },
      valueFormatter: (value) => show(value) + unit,
    },
  };
  if (spec.kind === "heat") return { ...base, ...heatOf(spec, look, text, show, unit) };
  if (spec.kind === "range") return { ...base, ...rangeOf(spec, look, text, show, unit) };
  const category = {
    type: "category",
    data: spec.x,
    inverse: isAcross,
    axisTick: { show: false },
    axisLine: { lineStyle: { color: look.line } },
    axisLabel: { ...text, color: isAcross ? look.ink : look.muted, hideOverlap: !isAcross, interval: isAcross ? 0 : "auto", width: isAcross ? 132 : undefined, overflow: isAcross ? "truncate" : undefined },
    boundaryGap: spec.kind !== "line",
    triggerEvent: true,
    show: !spec.plain,
  };
  const value = {
    type: "value",
    // A small line shows its shape, and how far its target is; it needs no zero. Everything else does.
    min: spec.diverge ? (range) => Math.min(0, range.min * 1.35) : spec.min ?? (spec.kind === "line" && spec.plain ? (range) => Math.min(range.min, spec.target?.value ?? range.min) : 0),
    max: spec.diverge ? (range) => Math.max(0, range.max * 1.35) : spec.band ? (range) => Math.max(range.max, spec.band.high) : spec.plain && spec.target ? (range) => Math.max(range.max, spec.target.value) : spec.max,
    splitNumber: 4,
    minInterval: spec.digits ? 0 : 1,
    axisLabel: { ...text, formatter: formatter(spec, false), show: !isAcross },
    splitLine: { show: !isAcross, lineStyle: { color: look.line } },
    axisLine: { show: false },
    show: !spec.plain,
  };
  const isMany = spec.series.length > 1;
  if (spec.diverge) category.axisLine = { show: false };
  return {
    ...base,
    grid: {
      left: spec.plain ? 6 : 4, right: spec.diverge ? 12 : isAcross ? 64 : spec.kind === "line" && !isMany ? 52 : spec.plain ? 56 : 16,
      top: isMany && !spec.plain ? 34 : isAcross && spec.target ? 28 : spec.plain && spec.target ? 22 : 14, bottom: spec.plain ? 6 : 4, containLabel: !spec.plain,
    },
    legend: isMany && !spec.plain ? { data: spec.series.map((series) => series.name), top: 0, right: 0, icon: "roundRect", itemWidth: 12, itemHeight: 8, itemGap: 16, textStyle: text, inactiveColor: look.faint } : undefined,
    xAxis: isAcross ? value : category,
    yAxis: isAcross ? category : value,
    series: [...spec.series.map((series, index) => seriesOf(spec, series, index, look, show)), ...betweenOf(spec, look)],
  };
}

/* The space between two lines, tinted: a base that nobody sees, and on it what lies between. */
function betweenOf(spec, look) {
  if (!spec.between) return [];
  const [low, high] = spec.between.map((place) => spec.series[place].data);
  const color = look[spec.series[spec.between[0]].tone];
  const quiet = { type: "line", stack: "between", symbol: "none", silent: true, lineStyle: { opacity: 0 }, tooltip: { show: false }, z: 1 };
  return [
    { ...quiet, data: low },
    { ...quiet, data: high.map((value, at) => (value === null ? null : value - low[at])), areaStyle: { color, opacity: 0.16 } },
  ];
}

/* What rounds to nought has no sign. */
function signed(value, show) {
  const text = show(Math.abs(value));
  return Number(text.replace(/[^\d]/g, "")) ? (value > 0 ? "+" : "−") + text : text;
}

function seriesOf(spec, series, index, look, show) {
  const color = look[series.tone ?? TONES[index % TONES.length]];
  const isLine = spec.kind === "line";
  const last = series.data.length - 1;
  const target = index === 0 && spec.target
    ? {
        silent: true, symbol: "none", animation: false, z: 1,
        lineStyle: { color: look.muted, type: [4, 4], width: 1 },
        label: { formatter: spec.target.label, color: look.muted, fontSize: 12, position: spec.kind === "hbar" ? "start" : "insideStartTop", fontFamily: look.sans },
        data: [spec.kind === "hbar" ? { xAxis: spec.target.value } : { yAxis: spec.target.value }],
      }
    : undefined;
  // What is usual, behind the lines: a number without its interval would say too much.
  const band = index === 0 && spec.band
    ? { silent: true, animation: false, itemStyle: { color: look.ink, opacity: 0.09 }, data: [[{ yAxis: spec.band.low }, { yAxis: spec.band.high }]] }
    : undefined;
  const common = { name: series.name, data: series.data, itemStyle: { color, opacity: series.faint ? 0.5 : 1 }, markLine: target, markArea: band, cursor: spec.links || series.links ? "pointer" : "default", emphasis: { disabled: true } };
  if (isLine) {
    return {
      ...common,
      type: "line",
      lineStyle: { color, width: spec.plain && series.dash ? 1.25 : 2, type: series.dash ? [5, 4] : "solid" },
      areaStyle: series.area ? { color, opacity: 0.08 } : undefined,
      symbol: "circle",
      symbolSize: (_value, params) => (params.dataIndex === last || series.data.length === 1 ? 7 : 4),
      showSymbol: series.data.length <= 31 && !(spec.plain && series.dash),
      showAllSymbol: true,
      triggerLineEvent: true,
      connectNulls: false,
      endLabel: (spec.plain && !series.dash) || spec.series.length === 1 ? { show: true, formatter: (point) => show(point.value), color, fontSize: 12, fontWeight: 600 } : undefined,
    };
  }
  if (spec.diverge) {
    const less = look[series.below ?? series.tone];
    return {
      ...common,
      type: "bar",
      barMaxWidth: 14,
      data: series.data.map((value) => ({
        value,
        itemStyle: { color: value < 0 ? less : color, borderRadius: 2 },
        label: { show: true, position: value < 0 ? "left" : "right", color: look.ink, fontSize: 12, formatter: () => signed(value, show) },
      })),
      markLine: { silent: true, symbol: "none", animation: false, label: { show: false }, lineStyle: { color: look["line-strong"] ?? look.line, type: "solid", width: 1 }, data: [{ xAxis: 0 }] },
    };
  }
  return {
    ...common,
    type: "bar",
    stack: series.stack,
    barMaxWidth: spec.kind === "hbar" ? 14 : 36,
    itemStyle: { ...common.itemStyle, borderRadius: series.stack ? 0 : 2 },
    // A stack says its total, at its end.
    label: spec.kind === "hbar" && (!series.stack || index === spec.series.length - 1)
      ? { show: true, position: "right", color: look.ink, fontSize: 12, backgroundColor: look.surface, padding: [2, 4], formatter: (point) => show(series.stack ? spec.series.reduce((sum, one) => sum + (one.data[point.dataIndex] ?? 0), 0) : point.value) + (spec.unit ? ` ${spec.unit}` : "") }
      : undefined,
  };
}

/* A dot with its interval for each row; the dashed line is the whole. */
function rangeOf(spec, look, text, show, unit) {
  const rows = spec.series[0].data;
  const ends = rows.flatMap((row) => row ?? []).concat(spec.target ? [spec.target.value] : []);
  const low = Math.min(...ends), high = Math.max(...ends), margin = (high - low) * 0.08 || 0.5;
  const tone = (index) => look[spec.tones?.[index] ?? spec.series[0].tone ?? "primary"];
  const bar = (value, index, opacity) => ({ value, itemStyle: { color: opacity ? tone(index) : "transparent", opacity } });
  return {
    grid: { left: 4, right: 64, top: spec.target ? 26 : 8, bottom: 4, containLabel: true },
    xAxis: { type: "value", min: Math.max(0, low - margin), max: Math.min(spec.most ?? Infinity, high + margin), axisLabel: { ...text, showMinLabel: false, formatter: (value) => formatter(spec, false)(value) }, splitNumber: 4, splitLine: { lineStyle: { color: look.line } } },
    yAxis: { type: "category", data: spec.x, inverse: true, axisTick: { show: false }, axisLine: { show: false }, triggerEvent: true, axisLabel: { ...text, color: look.ink, interval: 0, width: 132, overflow: "truncate" } },
    tooltip: {
      renderMode: "richText", confine: true, trigger: "axis", axisPointer: { type: "shadow", shadowStyle: { color: look.ink, opacity: 0.05 } }, backgroundColor: look.surface, borderColor: look.line, borderWidth: 1, textStyle: { ...text, color: look.ink },
      formatter: (points) => {
        const index = points[0].dataIndex, row = rows[index], middle = row?.[1] ?? spec.middles?.[index];
        const base = spec.bases ? `\n${spec.baseName} ${spec.bases[index]}` : "";
        return `${spec.x[index]}\n${show(middle)}${unit}${row ? ` (${show(row[0])}–${show(row[2])})` : ""}${base}`;
      },
    },
    series: [
      { type: "bar", stack: "r", barWidth: 3, silent: true, data: rows.map((row, index) => bar(row ? row[0] : 0, index, 0)), emphasis: { disabled: true } },
      { type: "bar", stack: "r", barWidth: 3, silent: true, data: rows.map((row, index) => bar(row ? row[2] - row[0] : 0, index, 0.5)), emphasis: { disabled: true }, label: { show: true, position: "right", distance: 4, color: look.ink, backgroundColor: look.surface, padding: [1, 2], fontSize: 12, formatter: (point) => (rows[point.dataIndex] ? show(rows[point.dataIndex][1]) : "") } },
      {
        type: "scatter", name: spec.series[0].name, symbolSize: 10, emphasis: { disabled: true }, cursor: spec.links ? "pointer" : "default",
        data: rows.map((row, index) => ({ value: [row?.[1] ?? spec.middles?.[index] ?? null, index], symbol: spec.tones?.[index] === "overdue" ? "diamond" : row ? "circle" : "emptyCircle", itemStyle: { color: tone(index) }, label: { show: !row, position: "right", distance: 8, color: look.muted, fontSize: 12, formatter: () => show(spec.middles?.[index]) } })),
        markLine: spec.target ? { silent: true, symbol: "none", animation: false, lineStyle: { color: look.muted, type: [4, 4], width: 1 }, label: { formatter: spec.target.label, color: look.muted, fontSize: 12, position: "start", fontFamily: look.sans }, data: [{ xAxis: spec.target.value }] } : undefined,
      },
    ],
  };
}

function heatOf(spec, look, text, show, unit) {
  const cells = spec.series[0].data;
  const values = cells.map((cell) => cell[2]).filter((value) => value !== null);
  const axis = { type: "category", axisTick: { show: false }, axisLine: { show: false }, axisLabel: { ...text, hideOverlap: true }, splitArea: { show: false } };
  return {
    grid: { left: 4, right: 8, top: 8, bottom: 40, containLabel: true },
    xAxis: { ...axis, data: spec.x },
    yAxis: { ...axis, data: spec.y, inverse: true, axisLabel: { ...text, interval: 0, color: look.ink } },
    visualMap: {
      type: "continuous", min: Math.min(...values, 0), max: Math.max(...values, 1), calculable: false, orient: "horizontal", left: "right", bottom: 0,
      itemHeight: 100, itemWidth: 10, text: [show(Math.max(...values, 1)), show(Math.min(...values, 0))], textStyle: text,
      inRange: { color: [look.sunken, look["tint-line"], look.primary] },
    },
    tooltip: {
      renderMode: "richText", confine: true, backgroundColor: look.surface, borderColor: look.line, textStyle: { ...text, color: look.ink },
      formatter: (point) => `${spec.y[point.value[1]]} · ${spec.x[point.value[0]]}\n${show(point.value[2])}${unit}`,
    },
    series: [{ type: "heatmap", data: cells, itemStyle: { borderColor: look.surface, borderWidth: 2, borderRadius: 2 }, cursor: spec.series[0].links ? "pointer" : "default", emphasis: { disabled: true } }],
  };
}

function linkOf(spec, event) {
  if (event.componentType === "xAxis" || event.componentType === "yAxis") return spec.links?.[spec.x.indexOf(event.value)];
  return spec.series[event.seriesIndex]?.links?.[event.dataIndex] ?? spec.links?.[event.dataIndex];
}

function islandOf(element) {
  return document.getElementById(element.dataset.chart) ?? element.parentElement.querySelector('script[type="application/json"]');
}

function draw(element) {
  const island = islandOf(element);
  if (!island) return;
  const spec = JSON.parse(island.textContent);
  let chart = charts.get(element);
  if (!chart) {
    if (spec.kind === "range" || spec.diverge) element.style.height = `${Math.max(200, spec.x.length * 28 + 40)}px`;
    chart = echarts.init(element, null, { renderer: "canvas" });
    charts.set(element, chart);
    new ResizeObserver(() => chart.resize()).observe(element);
    chart.on("click", (event) => {
      const link = linkOf(spec, event);
      if (link) location.assign(link);
    });
    // A line's points are small targets: a click anywhere in a column opens that column's cases.
    chart.getZr().on("click", (event) => {
      if (event.target || spec.kind === "heat" || !spec.links) return; // a mark tells by itself
      const at = chart.convertFromPixel({ gridIndex: 0 }, [event.offsetX, event.offsetY]);
      if (!at || !chart.containPixel({ gridIndex: 0 }, [event.offsetX, event.offsetY])) return;
      const link = spec.links[Math.round(spec.kind === "hbar" || spec.kind === "range" ? at[1] : at[0])];
      if (link) location.assign(link);
    });
  }
  chart.setOption(optionOf(spec, tokens()), { notMerge: true });
}

function csvOf(table) {
  const quote = (cell) => {
    const text = cell.textContent.trim().replace(/\s+/g, " ");
    // A spreadsheet would run a cell that begins like a formula.
    const safe = /^[=+\-@\t]/.test(text) && Number.isNaN(Number(text.replace(/[,%]/g, ""))) ? `'${text}` : text;
    return `"${safe.replace(/"/g, '""')}"`;
  };
  return "\uFEFF" + [...table.rows].map((row) => [...row.cells].map(quote).join(",")).join("\r\n");
}

/* The chart of a card as SVG, as wide as on a desk and with its finding above it: what a phone saves can be printed. */
function svgOf(card) {
  const drawn = card.querySelector("svg[data-picture], .leaflet-overlay-pane svg");
  if (drawn) return drawn;
  const element = card.querySelector("[data-chart]");
  const island = element ? islandOf(element) : card.querySelector('script[type="application/json"]');
  const spec = JSON.parse(island.textContent);
  const rows = spec.kind === "hbar" || spec.kind === "range" ? spec.x.length * 28 + 60 : 340;
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width: 880, height: Math.max(200, rows) });
  chart.setOption({ ...optionOf(spec, tokens()), tooltip: undefined });
  // A style sheet inside it would be refused by the page's policy, and a picture has nothing that hovers.
  const text = chart.renderToSVGString().replace(/<style[\s\S]*?<\/style>/g, "");
  chart.dispose();
  return new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-chart-tool]");
  if (!button) return;
  const card = button.closest(".chart-card");
  const chart = card.querySelector("[data-chart]"), table = card.querySelector(".chart-table");
  const title = card.querySelector("h2").textContent.trim();
  const name = title.replace(/[\\/:*?"<>|\s]+/g, "-");
  const tool = button.dataset.chartTool;
  if (tool === "table") {
    const showsTable = table.hidden;
    table.hidden = !showsTable;
    chart.hidden = showsTable;
    button.setAttribute("aria-pressed", String(showsTable));
    if (!showsTable) charts.get(chart)?.resize();
  } else if (tool === "png" || tool === "svg") {
    const notes = [card.querySelector("header p")?.textContent.trim(), card.querySelector("[data-credit]")?.dataset.credit];
    savePicture(svgOf(card), { name, title, notes: notes.filter(Boolean), kind: tool, look: tokens() });
  } else if (tool === "csv") {
    saveFile(new Blob([csvOf(table.querySelector("table"))], { type: "text/csv" }), `${name}.csv`);
  }
});

/* Long tables fold their tail away, and their tools work without a chart. */
function fold() {
  for (const tool of document.querySelectorAll(".chart-card [data-chart-tool]")) tool.hidden = false;
  // A year is read from its end.
  for (const wide of document.querySelectorAll("[data-scroll-end]")) wide.scrollLeft = wide.scrollWidth;
  for (const button of document.querySelectorAll("[data-more][hidden]")) {
    const parts = button.closest(".chart-card").querySelectorAll(".more-rows");
    for (const rows of parts) rows.hidden = true;
    button.hidden = false;
    button.addEventListener("click", () => {
      for (const rows of parts) rows.hidden = false;
      parts[0].querySelector("a")?.focus(); // where the button was there is nothing now
      button.remove();
    });
  }
}

function drawAll() {
  for (const [element, chart] of charts) {
    if (!element.isConnected) { chart.dispose(); charts.delete(element); }
  }
  for (const element of document.querySelectorAll("[data-chart]")) {
    const card = element.closest(".chart-card");
    if (!charts.has(element)) element.hidden = false;
    if (card && !charts.has(element)) {
      for (const hidden of card.querySelectorAll(".chart-table")) hidden.hidden = true;
      for (const tool of card.querySelectorAll("[data-chart-tool]")) tool.hidden = false;
    }
    draw(element);
  }
}

fold();
drawAll();
for (const kind of ["yw:look", "yw:swapped", "htmx:load"]) document.addEventListener(kind, drawAll);
// System fonts may arrive after the first drawing.
document.fonts?.ready.then(drawAll);

/* Paper is white: charts and maps are drawn in light colours while the page is printed. */
let themeBefore = null;
addEventListener("beforeprint", () => {
  themeBefore = root.dataset.bsTheme;
  root.dataset.bsTheme = "light";
  drawAll();
});
addEventListener("afterprint", () => {
  if (themeBefore) root.dataset.bsTheme = themeBefore;
  drawAll();
});
