"use strict";
(() => {
  // Tables: a click on a heading sorts by it; the first click puts the best first where there is one.
  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      head.querySelector("button").addEventListener("click", () => {
        const first = head.dataset.better === "higher" ? "descending" : "ascending";
        const other = first === "ascending" ? "descending" : "ascending";
        const order = head.getAttribute("aria-sort") === first ? other : first;
        heads.forEach((h) => h.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", order);
        const sign = order === "ascending" ? 1 : -1;
        const key = (row) => {
          const text = row.cells[column].dataset.value;
          return text === "" ? null : isNaN(text) ? text : Number(text);
        };
        const rows = [...table.tBodies[0].rows];
        rows.sort((a, b) => {
          const [x, y] = [key(a), key(b)];
          if (x === null || y === null) return (x === null) - (y === null);
          return sign * (typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y)));
        });
        table.tBodies[0].append(...rows);
      });
    });
  }

  // Figures: unpack the library once, then make each figure interactive when it comes near the screen.
  const packed = document.getElementById("plotly");
  const figures = [...document.querySelectorAll("figure[data-figure]")];
  if (!packed || !figures.length || !("DecompressionStream" in window)) return;
  const described = JSON.parse(document.getElementById("figures").textContent);
  const webgl = (() => {
    try { return !!document.createElement("canvas").getContext("webgl"); } catch { return false; }
  })();

  let library = null;
  const load = () => library ??= (async () => {
    const bytes = Uint8Array.from(atob(packed.textContent.trim()), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const script = document.createElement("script");
    script.textContent = await new Response(stream).text();
    document.head.append(script);
    return window.Plotly;
  })();

  const themed = (value) => {
    const style = getComputedStyle(document.documentElement);
    const walk = (v) => {
      if (typeof v === "string" && v.startsWith("var(--")) return style.getPropertyValue(v.slice(4, -1)).trim();
      if (Array.isArray(v)) return v.map(walk);
      if (v && typeof v === "object") return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, walk(x)]));
      return v;
    };
    return walk(value);
  };

  const draw = async (figure) => {
    const Plotly = await load();
    const { data, layout, height } = themed(described[figure.dataset.figure]);
    const place = figure.querySelector(".plot");
    const width = place.clientWidth || figure.clientWidth;
    const entries = data.filter((trace) => trace.showlegend !== false).length;
    const columns = Math.max(1, Math.floor((width - 20) / (layout.legend.entrywidth + 44)));
    layout.height = Math.min(height, Math.max(320, width)) + 20 * Math.ceil(entries / columns);
    layout.margin.b += 6 + 20 * Math.ceil(entries / columns);
    await Plotly.react(place, data, layout, {
      responsive: true, displaylogo: false, plotlyServerURL: "", scrollZoom: false, displayModeBar: "hover",
      modeBarButtonsToRemove: ["sendChartToCloud", "sendDataToCloud", "editInChartStudio", "lasso2d", "select2d", "autoScale2d"],
      toImageButtonOptions: { format: "svg", filename: figure.dataset.figure },
    });
  };

  const show = async (figure, live) => {
    const [still, plot] = [figure.querySelector(".still"), figure.querySelector(".plot")];
    if (live) {
      plot.hidden = false;
      try { await draw(figure); } catch (error) { console.error(error); live = false; }
    }
    plot.hidden = !live;
    still.hidden = live;
    figure.dataset.live = live;
    for (const button of figure.querySelectorAll(".switch button"))
      button.setAttribute("aria-pressed", String((button.value === "live") === live));
  };

  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) {
      seen.unobserve(entry.target);
      show(entry.target, true);
    }
  }, { rootMargin: "400px" });

  for (const figure of figures) {
    if (described[figure.dataset.figure].webgl && !webgl) continue;
    const control = figure.querySelector(".switch");
    control.hidden = false;
    for (const button of control.querySelectorAll("button"))
      button.addEventListener("click", () => { seen.unobserve(figure); show(figure, button.value === "live"); });
    if (!described[figure.dataset.figure].still_first) seen.observe(figure);
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    for (const figure of figures) if (figure.dataset.live === "true") draw(figure);
  });
})();
