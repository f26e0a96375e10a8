/* Charts: [data-chart] draws the JSON of the <script type="application/json"> it names.

   {"kind": "line" | "bar" | "hbar" | "heat", "x": […], "y": […] (heat only), "unit": "h", "digits": 2,
    "series": [{"name", "data": […], "tone": "primary|closed|on|warned|overdue|emergency|paused",
                "dash": true, "area": true, "stack": "a", "faint": true, "links": [url, …]}],
    "links": [url per x], "target": {"value", "label"}, "plain": true (a small line without axes), "sort": false}
   The server writes the same numbers as a table beside it, which is what stands there without scripts. */
import { BarChart, HeatmapChart, LineChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent, VisualMapComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

echarts.use([BarChart, HeatmapChart, LineChart, AriaComponent, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent, VisualMapComponent, CanvasRenderer]);

const root = document.documentElement;
const charts = new Map();
const TONES = ["primary", "closed", "on", "warned", "emergency", "paused"];

function tokens() {
  const style = getComputedStyle(root);
  const read = (name) => style.getPropertyValue(`--${name}`).trim();
  const names = ["ink", "muted", "faint", "line", "surface", "canvas", "sunken", "primary", "tint", "tint-line", "on", "warned", "overdue", "emergency", "paused", "closed", "track", "sans"];
  return Object.fromEntries(names.map((name) => [name, read(name)]));
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
    min: spec.min ?? (spec.kind === "line" && spec.plain ? (range) => Math.min(range.min, spec.target?.value ?? range.min) : 0),
    max: spec.plain && spec.target ? (range) => Math.max(range.max, spec.target.value) : undefined,
    splitNumber: 4,
    minInterval: spec.digits ? 0 : 1,
    axisLabel: { ...text, formatter: formatter(spec, false), show: !isAcross },
    splitLine: { show: !isAcross, lineStyle: { color: look.line } },
    axisLine: { show: false },
    show: !spec.plain,
  };
  const isMany = spec.series.length > 1;
  return {
    ...base,
    grid: {
      left: spec.plain ? 6 : 4, right: isAcross ? 64 : spec.kind === "line" && !isMany ? 52 : spec.plain ? 56 : 16,
      top: isMany && !spec.plain ? 34 : isAcross && spec.target ? 28 : spec.plain && spec.target ? 22 : 14, bottom: spec.plain ? 6 : 4, containLabel: !spec.plain,
    },
    legend: isMany && !spec.plain ? { top: 0, right: 0, icon: "roundRect", itemWidth: 12, itemHeight: 8, itemGap: 16, textStyle: text, inactiveColor: look.faint } : undefined,
    xAxis: isAcross ? value : category,
    yAxis: isAcross ? category : value,
    series: spec.series.map((series, index) => seriesOf(spec, series, index, look, show)),
  };
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
  const common = { name: series.name, data: series.data, itemStyle: { color, opacity: series.faint ? 0.5 : 1 }, markLine: target, cursor: spec.links || series.links ? "pointer" : "default", emphasis: { disabled: true } };
  if (isLine) {
    return {
      ...common,
      type: "line",
      lineStyle: { color, width: 2, type: series.dash ? [5, 4] : "solid" },
      areaStyle: series.area ? { color, opacity: 0.08 } : undefined,
      symbol: "circle",
      symbolSize: (_value, params) => (params.dataIndex === last || series.data.length === 1 ? 7 : 4),
      showSymbol: series.data.length <= 31,
      showAllSymbol: true,
      triggerLineEvent: true,
      connectNulls: false,
      endLabel: spec.plain || spec.series.length === 1 ? { show: true, formatter: (point) => show(point.value), color, fontSize: 12, fontWeight: 600 } : undefined,
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

function draw(element) {
  const island = document.getElementById(element.dataset.chart) ?? element.parentElement.querySelector('script[type="application/json"]');
  if (!island) return;
  const spec = JSON.parse(island.textContent);
  let chart = charts.get(element);
  if (!chart) {
    chart = echarts.init(element, null, { renderer: "canvas" });
    charts.set(element, chart);
    new ResizeObserver(() => chart.resize()).observe(element);
    chart.on("click", (event) => {
      const link = linkOf(spec, event);
      if (link) location.assign(link);
    });
    // A line's points are small targets: a click anywhere in a column opens that column's cases.
    chart.getZr().on("click", (event) => {
      if (event.target || spec.kind === "heat" || !spec.links) return;
      const at = chart.convertFromPixel({ gridIndex: 0 }, [event.offsetX, event.offsetY]);
      if (!at || !chart.containPixel({ gridIndex: 0 }, [event.offsetX, event.offsetY])) return;
      const link = spec.links[Math.round(spec.kind === "hbar" ? at[1] : at[0])];
      if (link) location.assign(link);
    });
  }
  chart.setOption(optionOf(spec, tokens()), { notMerge: true });
}

function save(url, name) {
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
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

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-chart-tool]");
  if (!button) return;
  const card = button.closest(".chart-card");
  const chart = card.querySelector("[data-chart]"), table = card.querySelector(".chart-table");
  const name = card.querySelector("h2").textContent.trim().replace(/[\\/:*?"<>|\s]+/g, "-");
  const tool = button.dataset.chartTool;
  if (tool === "table") {
    const showsTable = table.hidden;
    table.hidden = !showsTable;
    chart.hidden = showsTable;
    button.setAttribute("aria-pressed", String(showsTable));
    if (!showsTable) charts.get(chart)?.resize();
  } else if (tool === "png") {
    save(charts.get(chart).getDataURL({ pixelRatio: 2, backgroundColor: tokens().surface }), `${name}.png`);
  } else if (tool === "csv") {
    const url = URL.createObjectURL(new Blob([csvOf(table.querySelector("table"))], { type: "text/csv" }));
    save(url, `${name}.csv`);
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  }
});

/* Long tables fold their tail away, and their tools work without a chart. */
function fold() {
  for (const tools of document.querySelectorAll(".chart-card .chart-tools")) tools.hidden = false;
  for (const button of document.querySelectorAll("[data-more][hidden]")) {
    const rows = button.closest(".chart-card").querySelector(".more-rows");
    rows.hidden = true;
    button.hidden = false;
    button.addEventListener("click", () => { rows.hidden = false; button.remove(); });
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
      for (const tools of card.querySelectorAll(".chart-tools")) tools.hidden = false;
    }
    draw(element);
  }
}

fold();
drawAll();
for (const kind of ["yw:look", "yw:swapped", "htmx:load"]) document.addEventListener(kind, drawAll);
// System fonts may arrive after the first drawing.
document.fonts?.ready.then(drawAll);
