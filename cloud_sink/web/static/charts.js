// Draws every element with data-chart by uPlot, in the colours of the page and the numbers of its language.
"use strict";
(() => {
  const language = document.documentElement.lang;
  const digits = (most) => new Intl.NumberFormat(language, { maximumFractionDigits: most });
  const share = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 });
  const say = (unit, value) =>
    value == null ? "–" : unit === "percent" ? share.format(value) : digits(value < 10 ? 1 : 0).format(value);

  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const faint = (name) => `color-mix(in srgb, ${color(name)} 16%, transparent)`;

  const ranges = {
    percent: (_plot, low, high) => {
      if (low == null) return [0, 1];
      const room = Math.max(0.02, (high - low) * 0.15);
      return [Math.max(0, low - room), Math.min(1, high + room)];
    },
    count: (_plot, _low, high) => [0, Math.max(1, (high ?? 0) * 1.1)],
  };

  // A value without neighbours has no line that leads to it.
  const lonely = (values) =>
    values.some((value, place) => value != null && values[place - 1] == null && values[place + 1] == null);

  const series = (one) => {
    const paint = color(one.paint === "quiet" ? "quiet" : one.paint);
    const bars = one.style === "bars";
    return {
      label: one.name,
      scale: one.unit,
      stroke: paint,
      width: bars ? 1 : 2,
      fill: bars ? faint(one.paint) : undefined,
      dash: one.style === "dashed" ? [6, 4] : undefined,
      paths: bars ? uPlot.paths.bars({ size: [0.7, 48] }) : one.style === "dots" ? () => null : uPlot.paths.linear(),
      points: { show: one.style === "dots" || lonely(one.values) ? true : undefined, size: 6 },
      value: (_plot, value) => say(one.unit, value),
    };
  };

  const shade = (stretches) => (plot) => {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.fillStyle = faint("foreign");
    for (const [since, until] of stretches) {
      const from = plot.valToPos(since - 0.5, "x", true);
      const to = plot.valToPos(until - 0.5, "x", true);
      ctx.fillRect(from, bbox.top, Math.max(2, to - from), bbox.height);
    }
    ctx.restore();
  };

  const draw = (element) => {
    const told = JSON.parse(element.dataset.chart);
    const units = [...new Set(told.series.map((one) => one.unit))];
    const axis = (more) => ({
      stroke: color("quiet"),
      font: `12px ${getComputedStyle(document.body).fontFamily}`,
      grid: { stroke: color("line"), width: 1 },
      ticks: { show: false },
      ...more,
    });
    const last = told.labels.length - 1;
    const options = {
      width: Math.max(200, element.clientWidth),
      height: Number(element.dataset.height),
      cursor: { y: false, drag: { x: false, y: false } },
      scales: {
        x: { time: false, range: [-0.6, last + 0.6] },
        ...Object.fromEntries(units.map((unit) => [unit, { range: ranges[unit] ?? ranges.count }])),
      },
      axes: [
        axis({
          grid: { show: false },
          incrs: [1, 2, 3, 4, 7, 14, 28, 56],
          space: 16 + 7 * Math.max(...told.labels.map((label) => [...label].reduce((sum, one) => sum + (one > "⺀" ? 1.8 : 1), 0))),
          values: (_plot, places) => places.map((place) => told.labels[place] ?? ""),
        }),
        ...units.map((unit, place) =>
          axis({
            scale: unit,
            side: place ? 1 : 3,
            grid: place ? { show: false } : { stroke: color("line"), width: 1 },
            size: 48,
            values: (_plot, values) => values.map((value) => (value == null ? "" : say(unit, value))),
          }),
        ),
      ],
      series: [{ label: "x", value: (_plot, place) => told.labels[place] ?? "" }, ...told.series.map(series)],
      hooks: { drawClear: [shade(told.stretches)] },
    };
    element.replaceChildren();
    const places = told.labels.map((_label, place) => place);
    element.plot?.destroy();
    element.plot = new uPlot(options, [places, ...told.series.map((one) => one.values)], element);
    element.drawn = element.dataset.chart;
  };

  const wide = new ResizeObserver((entries) => {
    for (const { target, contentRect } of entries) {
      if (target.plot && Math.abs(target.plot.width - contentRect.width) > 2 && contentRect.width > 0)
        target.plot.setSize({ width: contentRect.width, height: Number(target.dataset.height) });
    }
  });

  const drawAll = () => {
    for (const element of document.querySelectorAll("[data-chart]")) {
      if (element.drawn === element.dataset.chart && element.firstChild) continue;
      draw(element);
      wide.observe(element);
    }
  };

  document.addEventListener("DOMContentLoaded", drawAll);
  document.addEventListener("htmx:afterSettle", drawAll);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    for (const element of document.querySelectorAll("[data-chart]")) element.drawn = null;
    drawAll();
  });
})();
