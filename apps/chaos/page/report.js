// Draws the report from the data beside it. Everything is put in as text: nothing in the data can become markup.
(() => {
  const report = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const SLOW_MS = 1_000;
  const seconds = (ms) => `${(ms / 1_000).toFixed(1)} s`;
  const words = (name) => name.replace(/([A-Z0-9]+)/g, " $1").toLowerCase();
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

  function element(name, properties = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(properties)) {
      if (key.includes("-") || key === "scope") made.setAttribute(key, value);
      else made[key] = value;
    }
    made.append(...children);
    return made;
  }

  function svg(name, attributes, ...children) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  const TITLES = {
    kept: "Every promise was kept",
    broken: "A promise was broken",
    interrupted: "Interrupted",
  };
  function showVerdict() {
    const { totals } = report;
    byId("verdict").textContent = TITLES[report.verdict];
    byId("verdict").className = report.verdict;
    const worst = Math.max(0, ...report.cells.map((cell) => cell.recoveryMaxMs ?? 0));
    byId("summary").textContent =
      `${totals.turns} of ${totals.planned} faults in ${seconds(report.durationMs)}, ${totals.requests.toLocaleString("en")} requests meanwhile: ` +
      `${totals.failed - totals.excused} lost, ${totals.excused} ended with the process that had accepted them or with their service. ` +
      `At most ${seconds(worst)} until someone accepted again.`;
    for (const { invariant, promise, broken, examples } of report.invariants) {
      const line = element("li", { className: broken > 0 ? "broken" : "kept" }, `${invariant} ${promise}`);
      line.append(
        element("small", {}, broken === 0 ? "kept" : `broken ${broken} times. ${examples[0] ?? ""}`),
      );
      byId("promises").append(line);
    }
  }

  const VICTIMS = ["parent", "child", "both"];
  function showMatrix() {
    for (const victim of VICTIMS) {
      const cells = report.cells.filter((cell) => cell.victim === victim);
      if (cells.length === 0) continue;
      const moments = [...new Set(report.cells.map(({ moment }) => moment))].sort(
        (a, b) => order(a) - order(b),
      );
      const kinds = [...new Set(cells.map(({ kind }) => kind))].sort();
      const head = element("tr", {}, element("td"));
      for (const moment of moments)
        head.append(element("th", { scope: "col" }, element("span", {}, words(moment))));
      const body = element("tbody");
      for (const kind of kinds) {
        const row = element("tr", {}, element("th", { scope: "row" }, words(kind)));
        for (const moment of moments) {
          const cell = cells.find((one) => one.kind === kind && one.moment === moment);
          row.append(element("td", {}, cell === undefined ? element("i") : squareOf(cell)));
        }
        body.append(row);
      }
      const title = victim === "both" ? "Both at once" : `The ${victim} is struck`;
      byId("matrix").append(
        element("table", {}, element("caption", {}, title), element("thead", {}, head), body),
      );
    }
  }

  const ORDER = [
    "spawned",
    "offerWritten",
    "accepted",
    "adopted",
    "ready",
    "parked",
    "commitSent",
    "commitReceived",
    "accepting",
    "committed",
    "draining",
    "lastConnection",
    "exiting",
    "random",
    "boot",
  ];
  const order = (moment) => ORDER.indexOf(moment);

  function squareOf(cell) {
    const bad = cell.broken + cell.missed > 0;
    const state = bad ? "broken" : (cell.recoveryMaxMs ?? 0) > SLOW_MS ? "slow" : "kept";
    const name = `${cell.kind} on the ${cell.victim} at ${cell.moment}`;
    const label = `${name}: ${cell.rounds} times, ${bad ? `${cell.broken} broken` : "kept"}`;
    const square = element("button", {
      type: "button",
      className: state,
      title: label,
      "aria-label": label,
      "aria-pressed": "false",
    });
    if (bad) square.textContent = cell.broken || "?";
    square.addEventListener("click", () => {
      for (const pressed of document.querySelectorAll('#matrix [aria-pressed="true"]'))
        pressed.setAttribute("aria-pressed", "false");
      square.setAttribute("aria-pressed", "true");
      showStory(cell);
    });
    return square;
  }

  function showStory(cell) {
    const story = cell.stories[0];
    const place = byId("story");
    place.hidden = false;
    place.replaceChildren(
      element("h3", {}, `${words(cell.kind)} on the ${cell.victim} at ${words(cell.moment)}`),
    );
    if (story === undefined) {
      place.append(element("p", {}, "It was not run."));
      return;
    }
    const recovery =
      story.recoveryMs === undefined
        ? ""
        : ` A new connection was answered ${story.recoveryMs} ms after the fault.`;
    const times = `${cell.rounds} times run, ${cell.failed} requests failed, ${cell.excused} of them excused.`;
    place.append(element("p", {}, `${story.turn.side} the step: ${story.outcome}.${recovery} ${times}`));
    for (const { invariant, text } of story.violations) {
      place.append(element("p", { className: "violation" }, `${invariant}: ${text}`));
    }
    const transcript = element("pre", {});
    for (const { at, who, text } of story.transcript) {
      const side = who.split(" ")[0];
      transcript.append(
        element("span", { className: side }, `${at.toFixed(1).padStart(9)}  ${who.padEnd(23)} ${text}\n`),
      );
    }
    place.append(
      element(
        "div",
        { className: "columns" },
        element("div", {}, transcript),
        element("div", {}, timelineOf(story)),
      ),
    );
    if (story.said !== "") place.append(element("pre", {}, story.said));
    place.scrollIntoView({ block: "nearest" });
  }

  const ROW = 14;
  function timelineOf(story) {
    const end = Math.max(
      1,
      ...story.requests.map((one) => one.end),
      ...story.lives.flatMap(({ phases }) => phases.map(({ to }) => to)).filter((to) => to < 30_000),
    );
    const kinds = [...new Set(story.requests.map(({ kind }) => kind))];
    const width = 520;
    const left = 90;
    const x = (at) => left + (Math.max(0, Math.min(at, end)) / end) * (width - left - 4);
    const rows = [...story.lives.map((life) => ({ life })), ...kinds.map((kind) => ({ kind }))];
    const picture = svg("svg", {
      viewBox: `0 0 ${width} ${rows.length * ROW + 24}`,
      role: "img",
      "aria-label": "Processes and requests over time",
    });
    rows.forEach(({ life, kind }, index) => {
      const y = index * ROW + 4;
      picture.append(svg("text", { x: 0, y: y + 9 }, life ? `generation ${life.generation ?? "?"}` : kind));
      for (const { phase, from, to } of life?.phases ?? []) {
        if (to > 0)
          picture.append(
            svg("rect", {
              x: x(from),
              y,
              width: Math.max(1, x(to) - x(from)),
              height: ROW - 4,
              fill: phaseColor(phase),
            }),
          );
      }
      for (const one of story.requests.filter((request) => request.kind === kind)) {
        const bar = svg("rect", {
          x: x(one.start),
          y: y + 2,
          width: Math.max(1.5, x(one.end) - x(one.start)),
          height: ROW - 7,
          fill: one.failure ? color("broken") : color("kept"),
          opacity: one.failure ? 1 : 0.55,
        });
        bar.append(
          svg(
            "title",
            {},
            `${one.failure ?? `generation ${one.generation}`}, ${Math.round(one.end - one.start)} ms`,
          ),
        );
        picture.append(bar);
      }
    });
    const bottom = rows.length * ROW + 4;
    if (story.faultAt !== undefined) {
      picture.append(
        svg("line", {
          x1: x(story.faultAt),
          x2: x(story.faultAt),
          y1: 0,
          y2: bottom,
          stroke: color("broken"),
          "stroke-width": 2,
        }),
      );
    }
    picture.append(
      svg("text", { x: left, y: bottom + 14 }, "0"),
      svg("text", { x: width - 4, y: bottom + 14, "text-anchor": "end" }, seconds(end)),
    );
    return picture;
  }

  const phaseColor = (phase) =>
    color({ boots: "boots", accepts: "kept", parked: "parked", drains: "drains" }[phase]);

  function showCharts() {
    const { bucketMs, requests, p50Ms, p99Ms, failures } = report.series;
    const at = requests.map((_, index) => (index * bucketMs) / 1_000);
    const faults = report.marks.filter(({ what }) => what !== "handoff").map((mark) => mark.at / 1_000);
    const few = faults.length <= 400 ? faults : [];
    const marks = (plot) => {
      const { ctx, bbox } = plot;
      ctx.save();
      ctx.globalAlpha = 0.25;
      ctx.strokeStyle = color("broken");
      ctx.beginPath();
      for (const fault of few) {
        const x = Math.round(plot.valToPos(fault, "x", true)) + 0.5;
        if (x < bbox.left || x > bbox.left + bbox.width) continue;
        ctx.moveTo(x, bbox.top);
        ctx.lineTo(x, bbox.top + 10);
      }
      ctx.stroke();
      ctx.restore();
    };
    const axis = {
      stroke: color("faint"),
      grid: { stroke: color("line"), width: 1 },
      ticks: { stroke: color("line") },
    };
    const chart = (title, series, values, log) => {
      const place = element("div", { className: "chart" });
      byId("charts").append(place);
      const width = () => Math.max(280, byId("charts").clientWidth);
      const plot = new uPlot(
        {
          title,
          width: width(),
          height: 210,
          scales: {
            x: { time: false },
            y: log ? { distr: 3 } : { range: (_, min, max) => [Math.min(0, min), Math.max(1, max)] },
          },
          axes: [
            { ...axis, values: (_, ticks) => ticks.map((tick) => `${tick} s`) },
            { ...axis, size: 60 },
          ],
          series: [
            { label: "at", value: (_, value) => (value == null ? "" : `${value.toFixed(1)} s`) },
            ...series,
          ],
          hooks: { drawAxes: [marks] },
        },
        [at, ...values],
        place,
      );
      addEventListener("resize", () => plot.setSize({ width: width(), height: 210 }));
    };
    const line = (label, name, fill) => ({
      label,
      stroke: color(name),
      width: 1.5,
      points: { show: false },
      ...(fill && { fill: `${color(name)}22` }),
    });
    chart(
      "requests a second",
      [line("requests a second", "kept", true), line("failed", "broken")],
      [requests, failures],
    );
    chart(
      "latency, milliseconds",
      [line("half below", "drains"), line("99 of 100 below", "slow")],
      [p50Ms.map(positive), p99Ms.map(positive)],
      true,
    );
  }
  // A logarithmic axis has no zero.
  const positive = (value) => (value === null ? null : Math.max(0.1, value));

  const WINDOW_MS = 30_000;
  function showLives() {
    report.lanes.forEach((_, lane) => {
      byId("lane").append(element("option", { value: lane }, String(lane + 1)));
    });
    byId("from").max = Math.max(0, report.durationMs - WINDOW_MS);
    byId("lane").addEventListener("change", drawLives);
    byId("from").addEventListener("input", drawLives);
    drawLives();
  }

  function drawLives() {
    const lane = Number(byId("lane").value || 0);
    const from = Number(byId("from").value);
    const to = from + WINDOW_MS;
    const width = 900;
    const left = 100;
    const x = (at) => left + ((Math.max(from, Math.min(at, to)) - from) / WINDOW_MS) * (width - left - 4);
    const lives = (report.lanes[lane] ?? []).filter(({ phases }) =>
      phases.some((phase) => phase.to > from && phase.from < to),
    );
    const picture = svg("svg", {
      viewBox: `0 0 ${width} ${lives.length * ROW + 24}`,
      role: "img",
      "aria-label": "Generations of one service over time",
    });
    lives.forEach(({ generation, phases }, index) => {
      const y = index * ROW + 4;
      picture.append(svg("text", { x: 0, y: y + 9 }, `generation ${generation ?? "?"}`));
      for (const phase of phases) {
        if (phase.to <= from || phase.from >= to) continue;
        picture.append(
          svg("rect", {
            x: x(phase.from),
            y,
            width: Math.max(1, x(phase.to) - x(phase.from)),
            height: ROW - 4,
            fill: phaseColor(phase.phase),
          }),
        );
      }
    });
    const bottom = lives.length * ROW + 4;
    for (const mark of report.marks) {
      if (mark.lane !== lane || mark.what === "handoff" || mark.at < from || mark.at > to) continue;
      const fault = svg("line", {
        x1: x(mark.at),
        x2: x(mark.at),
        y1: 0,
        y2: bottom,
        stroke: color("broken"),
        "stroke-width": 1.5,
      });
      fault.append(svg("title", {}, mark.what));
      picture.append(fault);
    }
    picture.append(
      svg("text", { x: left, y: bottom + 14 }, seconds(from)),
      svg("text", { x: width - 4, y: bottom + 14, "text-anchor": "end" }, seconds(to)),
    );
    byId("lives").replaceChildren(picture);
  }

  function showEnvironment() {
    const { counters } = report;
    const entries = {
      ...report.environment,
      started: report.startedAt,
      "repeat it": report.command,
      "kernel counters": `${counters.listenOverflows} listen overflows, ${counters.listenDrops} listen drops, ${counters.establishedResets} connections reset (the whole network namespace)`,
    };
    for (const [name, value] of Object.entries(entries)) {
      byId("environment").append(element("dt", {}, name), element("dd", {}, value));
    }
  }

  showVerdict();
  showMatrix();
  showCharts();
  showLives();
  showEnvironment();
})();
