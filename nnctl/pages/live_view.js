// The section's controls: epochs and the probe, by pointer and by keys; when it is drawn anew.
(() => {
  "use strict";

  const PACE = 140; // milliseconds an epoch is shown while playing
  const QUIET = 160; // milliseconds without a move after which all is drawn finely
  const STEPS = { small: 0.01, large: 0.1 }; // of the plane, at an arrow key
  const REST = 400; // milliseconds without a change after which the printed images are made anew

  const { shownNumber } = nnctlCanvas;
  const byId = (name) => document.getElementById(`live-${name}`);
  const dataBox = byId("data");
  if (!dataBox) return;

  const description = JSON.parse(dataBox.textContent);
  const { features, answer, epochs, losses } = description;
  const networks = nnctlNetwork.networksOf(description);
  const overlay = byId("cross");
  const slider = byId("epoch");
  const inputs = [byId("first"), byId("second")];
  // A place within the plane, as fine as it is drawn: a number that can be read and typed again.
  const placeIn = ({ low, high }, value) => {
    const step = 10 ** (Math.floor(Math.log10(high - low)) - 2);
    const rounded = Number((Math.round(value / step) * step).toPrecision(15));
    return Math.max(low, Math.min(high, rounded));
  };
  const state = {
    moment: description.chosen,
    point: features.map((feature) => placeIn(feature, (feature.low + feature.high) / 2)),
    shown: { target: 0 },
    held: false,
    playing: false,
    moving: false,
  };
  const network = () => networks[state.moment];

  const whole = (number) => number.toLocaleString("en-US"); // as the page writes it elsewhere
  const momentText = () => {
    const epoch = epochs[state.moment];
    return epoch ? `epoch ${whole(epoch)} of ${whole(description.last_epoch)}` : "before training";
  };

  const showMoment = () => {
    slider.value = state.moment;
    slider.setAttribute("aria-valuetext", momentText());
    const measured = Object.entries(losses)
      .map(([name, values]) => [name, values[state.moment]])
      .filter(([, value]) => value !== null)
      .map(([name, value]) => `${name} ${shownNumber(value)}`);
    const own = state.moment === description.chosen ? ["the epoch of this report"] : [];
    byId("moment").textContent = [momentText(), ...measured, ...own].join(" · ");
  };

  const layerTables = description.layers.map((layer, index) => {
    const hidden = index < description.layers.length - 1;
    const choose = (unit) => showUnit(index, unit);
    return nnctlTables.layerTable(layer, hidden ? choose : null);
  });
  const answerTable = nnctlTables.answerTable(description);
  const stage = nnctlStage(description, networks[description.chosen], layerTables);

  const sentence = ({ answers, predicted }) => {
    const at = features.map(({ name }, index) => `${name} = ${shownNumber(state.point[index])}`);
    const numbers = answers.map(shownNumber);
    const says = answer.targets
      ? answer.targets.map(({ name }, index) => `${name} = ${numbers[index]}`).join(", ")
      : `class ${answer.classes[predicted].name}, ${answer.score_name} ${numbers[predicted]}`;
    const known = answers.every(Number.isFinite);
    return `At ${at.join(", ")}: ${known ? says : "no number, the values are out of its reach"}.`;
  };

  let saying = 0;
  const showProbe = () => {
    const seen = nnctlNetwork.probe(description, network(), state.point);
    answerTable.show(seen);
    layerTables.forEach((table, index) => table.show(seen.layers[index]));
    inputs.forEach((input, index) => {
      if (input !== document.activeElement) input.value = Number(state.point[index].toPrecision(6));
    });
    const text = sentence(seen);
    byId("sentence").textContent = text;
    overlay.dataset.point = JSON.stringify(state.point);
    clearTimeout(saying); // a screen reader hears where the probe has come to rest
    saying = setTimeout(() => (byId("said").textContent = text), 700);
    nnctlCanvas.drawProbe(overlay, features, state.point, stage.themeOf());
  };

  // Drawn once a frame, however often something changed.
  const waiting = { ground: false, probe: false };
  let frame = 0;
  const redraw = (...parts) => {
    parts.forEach((part) => (waiting[part] = true));
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      drawWaiting();
    });
  };
  const drawWaiting = () => {
    if (!overlay.clientWidth) return; // as on paper, where images stand in its place
    const { ground, probe } = waiting;
    Object.assign(waiting, { ground: false, probe: false });
    Object.assign(stale, { ground: stale.ground || ground, probe: stale.probe || probe });
    clearTimeout(resting);
    resting = setTimeout(makePaper, REST);
    if (ground) stage.draw(network(), state.shown, state.moving);
    if (probe) showProbe();
  };

  const stale = { ground: true, probe: true }; // what has changed since the printed images were made
  let resting = 0;
  const makePaper = () => {
    if (stale.ground) stage.printGround(network(), state.shown);
    if (stale.probe) stage.printProbe(state.point);
    Object.assign(stale, { ground: false, probe: false });
  };
  const redrawNow = () => {
    Object.assign(waiting, { ground: true, probe: true });
    drawWaiting();
  };

  let settling = 0;
  const goTo = (moment) => {
    state.moment = Math.max(0, Math.min(epochs.length - 1, moment));
    state.moving = true;
    clearTimeout(settling);
    settling = setTimeout(() => {
      state.moving = false;
      redraw("ground");
    }, QUIET);
    showMoment();
    redraw("ground", "probe");
  };

  const showUnit = (layer, unit) => {
    const same = state.shown.layer === layer && state.shown.unit === unit;
    const whole = same || unit === undefined;
    state.shown = whole ? { target: Number(byId("target")?.value ?? 0) } : { layer, unit };
    layerTables.forEach((table, index) => table.press(!whole && index === layer ? unit : -1));
    byId("back").hidden = whole;
    byId("drawn").textContent = whole
      ? ""
      : `drawn is what unit ${unit + 1} of ${description.layers[layer].name} sees`;
    redraw("ground");
  };

  const moveTo = (point) => {
    state.point = point;
    redraw("probe");
  };
  const moveWithin = (point) =>
    moveTo(features.map((feature, index) => placeIn(feature, point[index])));

  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  const EDGES = { Home: [0, "low"], End: [0, "high"], PageDown: [1, "low"], PageUp: [1, "high"] };
  const stepBy = (direction, step) =>
    moveWithin(features.map(({ low, high }, index) =>
      state.point[index] + direction[index] * step * (high - low)));
  const goToEdge = ([axis, end]) =>
    moveTo(state.point.map((old, index) => (index === axis ? features[axis][end] : old)));
  const hold = (held) => {
    state.held = held;
    overlay.classList.toggle("live-held", held);
  };

  const onKey = (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const { key, shiftKey } = event;
    if (key === "Escape") hold(false);
    else if (key === " ") hold(!state.held);
    else if (key in ARROWS) stepBy(ARROWS[key], shiftKey ? STEPS.large : STEPS.small);
    else if (key in EDGES) goToEdge(EDGES[key]);
    else return;
    event.preventDefault(); // the page does not scroll away
  };

  const onPress = (event) => {
    if (event.button !== 0) return;
    if (event.pointerType !== "touch") hold(!state.held);
    follow(event);
  };
  const onPointer = (event) => {
    if (!state.held) follow(event);
  };
  const follow = (event) => {
    const { left, top } = overlay.getBoundingClientRect();
    const { toValues } = nnctlCanvas.frameOf(overlay, features);
    moveWithin(toValues([event.clientX - left, event.clientY - top]));
  };

  const play = (playing) => {
    state.playing = playing;
    byId("play").textContent = playing ? "❚❚ Pause" : "▶ Play";
    if (!playing) return;
    if (state.moment === epochs.length - 1) goTo(0);
    let shownSince = performance.now();
    const step = (now) => {
      if (!state.playing) return;
      if (now - shownSince >= PACE) {
        shownSince = now;
        if (state.moment === epochs.length - 1) return play(false);
        goTo(state.moment + 1);
      }
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  };

  const listen = () => {
    slider.addEventListener("input", () => {
      play(false);
      goTo(Number(slider.value));
    });
    byId("play").addEventListener("click", () => play(!state.playing));
    byId("back").addEventListener("click", () => showUnit());
    byId("target")?.addEventListener("change", () => showUnit());
    overlay.addEventListener("keydown", onKey);
    overlay.addEventListener("pointermove", onPointer);
    overlay.addEventListener("pointerdown", onPress);
    inputs.forEach((input, index) =>
      input.addEventListener("input", () => {
        const given = input.valueAsNumber;
        if (!Number.isFinite(given)) return; // in the middle of typing
        moveTo(state.point.map((old, other) => (other === index ? given : old)));
      }));
    new ResizeObserver(() => redraw("ground", "probe")).observe(overlay);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawNow);
  };

  byId("box").hidden = false;
  byId("controls").hidden = epochs.length < 2;
  byId("answer").append(answerTable.element);
  byId("layers").append(...layerTables.map((table) => table.element));
  stage.fillLegend();
  listen();
  showMoment();
  redrawNow();
  makePaper(); // before the page is loaded, after which it may be printed at any time
})();
