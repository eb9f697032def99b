// Draws every <figure class="chart" data-chart="{...}">; the same numbers stand in a table beside it.
// data-chart: {kind: "bar" | "line", horizontal?, categories: [..], series: [{name, values, urls?, line?}], unit?}
// Numbers arrive exact and are made floats here only to be drawn. A click on a bar opens the rows behind it.

const library = new URL("../vendor/echarts.min.js", import.meta.url);
let loading;

function load() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = library;
    script.onload = () => resolve(window.echarts);
    script.onerror = reject;
    document.head.append(script);
  });
  return loading;
}

const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const short = (value) => (Math.abs(value) >= 1e4 ? `${trim(value / 1e4)} ${wan}` : trim(value));
const trim = (value) => value.toLocaleString("zh-CN", { maximumFractionDigits: 1 });
const full = (value) => value.toLocaleString("zh-CN", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const wan = document.documentElement.lang.startsWith("zh") ? "万" : "×10⁴";
const clip = (text, length) => (text.length > length ? `${text.slice(0, length)}…` : text);

function option(chart, width) {
  const narrow = width < 560;
  const names = { type: "category", data: chart.categories, inverse: Boolean(chart.horizontal), axisTick: { show: false },
    axisLine: { lineStyle: { color: style("--line-strong") } },
    axisLabel: { color: style("--text-2"), formatter: (text) => clip(text, narrow ? 7 : 14), hideOverlap: true } };
  const values = { type: "value", splitNumber: 4, splitLine: { lineStyle: { color: style("--line") } },
    axisLabel: { color: style("--text-3"), formatter: short, hideOverlap: true } };
  const colours = [style("--line-strong"), style("--chart-2") || "#7aa6c2", style("--accent")];
  const picked = chart.series.length === 3 ? colours : [style("--accent"), style("--text-3")];
  return {
    color: picked,
    animationDuration: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 300,
    textStyle: { fontFamily: style("--sans") },
    grid: { left: 8, right: 20, top: 36, bottom: 8, containLabel: true },
    legend: { top: 0, left: 0, itemWidth: 12, itemHeight: 8, textStyle: { color: style("--text-2") } },
    tooltip: { trigger: "axis", renderMode: "richText", axisPointer: { type: "shadow" }, valueFormatter: full,
      backgroundColor: style("--raised"), borderColor: style("--line"), textStyle: { color: style("--text") } },
    xAxis: chart.horizontal ? values : names,
    yAxis: chart.horizontal ? names : values,
    series: chart.series.map((series) => ({
      name: series.name,
      type: series.line || chart.kind === "line" ? "line" : "bar",
      barMaxWidth: chart.horizontal ? 10 : 24,
      symbolSize: 5,
      cursor: series.urls ? "pointer" : "default",
      data: series.values.map((value) => (value === null ? null : Number(value))), // null: not known, the line ends
    })),
  };
}

async function draw(figure) {
  if (figure.dataset.drawn) return;
  figure.dataset.drawn = "1";
  const chart = JSON.parse(figure.dataset.chart);
  if (!chart.categories.length) return;
  const canvas = figure.querySelector(".chart-canvas");
  try {
    const echarts = await load();
    const drawn = echarts.init(canvas, null, { renderer: "canvas" });
    const paint = () => drawn.setOption(option(chart, canvas.clientWidth), true);
    paint();
    figure.classList.add("drawn");
    drawn.on("click", ({ seriesIndex, dataIndex }) => {
      const url = chart.series[seriesIndex].urls?.[dataIndex];
      if (url) location.assign(url);
    });
    new ResizeObserver(() => { drawn.resize(); paint(); }).observe(canvas);
    new MutationObserver(paint).observe(document.documentElement, { attributeFilter: ["data-theme", "data-accent"] });
  } catch {
    figure.classList.add("failed"); // the table of the same numbers is opened instead
    figure.querySelector("details")?.setAttribute("open", "");
  }
}

export function drawCharts(root = document) {
  root.querySelectorAll("figure.chart[data-chart]").forEach(draw);
}

drawCharts();
document.addEventListener("htmx:after:swap", () => drawCharts());
