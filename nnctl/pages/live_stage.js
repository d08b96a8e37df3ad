// What stands on the plane, drawn as finely as there is time for, and the legend under it.
// `chosen` is the network of the epoch that the page speaks of, which fixes a regression's colours.
const nnctlStage = (description, chosen, layerTables) => {
  "use strict";

  const FINE = { side: 120, milliseconds: 200 };
  const QUICK = { side: 72, milliseconds: 10 }; // while something moves
  const COARSEST = 20;
  const UNIT_SIDE = 26; // cells along a side of a unit's own small picture
  const PAPER = {
    theme: { paper: [255, 255, 255], ink: "#000", quiet: "#444" },
    size: { clientWidth: 560, clientHeight: 500 },
    ratio: 2,
  };

  const { features, answer } = description;
  const { element } = nnctlTables;
  const byId = (name) => document.getElementById(`live-${name}`);
  const canvas = byId("plane");
  const pointValues = Float64Array.from(description.points.values.flat());

  // Colours follow the page: light, dark or on paper.
  const themeOf = () => {
    const { backgroundColor, color } = getComputedStyle(byId("plane-box"));
    return {
      paper: backgroundColor.match(/[\d.]+/g).slice(0, 3).map(Number),
      ink: color,
      quiet: getComputedStyle(byId("legend")).color,
    };
  };

  // As many points along a side as there is time for, by what one took the last time.
  const nWeights = chosen.reduce((sum, { arrays }) => sum + arrays.weights.length, 0);
  let millisecondsAPoint = 2e-6 * (nWeights + 10); // a guess, until something is drawn
  const sideFor = ({ side, milliseconds }) =>
    Math.max(COARSEST, Math.min(side, Math.floor(Math.sqrt(milliseconds / millisecondsAPoint))));

  const ranges = new Map();
  const rangeOf = (target) => {
    if (!ranges.has(target)) ranges.set(target, nnctlSurface.rangeOf(description, chosen, target));
    return ranges.get(target);
  };

  const drawnPoints = (network, shown) => {
    const { values, answers } = description.points;
    if (answer.targets) {
      const target = shown.target ?? 0;
      const [low, high] = rangeOf(target);
      const colour = nnctlSurface.alongMap(answer.colours);
      const colourOf = (row) => colour((answers[row][target] - low) / (high - low));
      return values.map((at, row) => ({ at, colour: colourOf(row), shape: 0 }));
    }
    const count = answer.classes.length;
    const scores = nnctlNetwork.answersFor(description, network, pointValues);
    return values.map((at, row) => ({
      at,
      colour: answer.classes[answers[row][0]].colour,
      shape: answers[row][0],
      wrong: nnctlNetwork.predictedOf(scores, row * count, count) !== answers[row][0],
    }));
  };

  const sceneOf = (network, shown, side, theme) => {
    const grid = nnctlSurface.gridPoints(features, side);
    const range = answer.targets && rangeOf(shown.target ?? 0);
    const what = { ...shown, range };
    const surface = nnctlSurface.surfaceOf(description, network, grid, what, theme.paper);
    return { surface, side, points: drawnPoints(network, shown), features, theme };
  };

  const draw = (network, shown, moving) => {
    const theme = themeOf();
    const side = sideFor(moving ? QUICK : FINE);
    const started = performance.now();
    const scene = sceneOf(network, shown, side, theme);
    nnctlCanvas.drawGround(canvas, scene);
    millisecondsAPoint = Math.max(1e-6, (performance.now() - started) / (side * side));
    showScale(scene.surface.scale);
    showErrors(scene.points);
    const quick = millisecondsAPoint * UNIT_SIDE ** 2 < QUICK.milliseconds;
    if (quick || !moving) drawUnits(network, theme.paper);
  };

  // What is printed are images, made before they are wanted: a canvas drawn while printing is empty.
  const sheet = document.createElement("canvas");
  const imageOf = (name, alt) => {
    const image = element("img", { className: "live-paper", id: `live-paper-${name}`, alt });
    byId("plane-box").append(image);
    return image;
  };
  const images = {
    plane: imageOf("plane", canvas.getAttribute("aria-label")),
    cross: imageOf("cross", "The probe"),
  };
  const printGround = (network, shown) => {
    const { theme, size, ratio } = PAPER;
    const scene = sceneOf(network, shown, sideFor(FINE), theme);
    nnctlCanvas.drawGround(sheet, scene, size, ratio);
    images.plane.src = sheet.toDataURL();
    showOnBar("--paper-bar", scene.surface.scale);
  };
  const printProbe = (point) => {
    const { theme, size, ratio } = PAPER;
    nnctlCanvas.drawProbe(sheet, features, point, theme, size, ratio);
    images.cross.src = sheet.toDataURL();
  };

  const unitGrid = nnctlSurface.gridPoints(features, UNIT_SIDE);
  const drawUnits = (network, paper) => {
    const hidden = layerTables.slice(0, -1);
    const wanted = hidden.flatMap(({ shown }, layer) =>
      Array.from({ length: shown }, (_, unit) => ({ layer, unit })));
    const seen = nnctlSurface.unitsSeen(description, network, unitGrid, wanted);
    for (const { layer, unit, a } of seen) {
      const { colourAt } = nnctlSurface.unitColour(a, paper);
      nnctlCanvas.drawCells(hidden[layer].pictureOf(unit), UNIT_SIDE, colourAt);
    }
  };

  const showOnBar = (property, scale) => {
    if (!scale) return;
    const stops = Array.from({ length: 13 }, (_, stop) =>
      nnctlSurface.css(scale.colour(scale.low + ((scale.high - scale.low) * stop) / 12)),
    );
    byId("scale-bar").style.setProperty(property, `linear-gradient(to right, ${stops.join(", ")})`);
  };

  const showScale = (scale) => {
    byId("scale").hidden = !scale;
    if (!scale) return;
    showOnBar("--bar", scale);
    const [low, high] = scale.names.map((name) =>
      typeof name === "number" ? nnctlCanvas.shownNumber(name) : name,
    );
    byId("scale-low").textContent = low;
    byId("scale-high").textContent = high;
  };

  const showErrors = (points) => {
    const wrong = points.filter((point) => point.wrong).length;
    const about = answer.classes
      ? `◯ misclassified: ${wrong} of ${points.length} drawn points`
      : "Points have the data's own values in the same colours: one that stands out is far off.";
    byId("errors").textContent = points.length ? about : "";
  };

  const fillLegend = () => {
    (answer.classes ?? []).forEach(({ name, colour }, index) => {
      const { mark: textContent } = nnctlCanvas.shapeOf(index);
      const mark = element("span", { className: "live-mark", textContent });
      mark.style.color = nnctlSurface.css(colour);
      mark.setAttribute("aria-hidden", "true");
      byId("classes").append(element("li", {}, [mark, element("bdi", { textContent: name })]));
    });
  };

  return { draw, printGround, printProbe, themeOf, fillLegend };
};
