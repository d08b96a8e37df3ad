// What a network says over the plane of its two features, as colours and as lines between them.
const nnctlSurface = (() => {
  "use strict";

  const UNIT_COLOURS = [[0, 114, 178], [213, 94, 0]]; // of what lowers and what raises a unit
  const UNIT_STRENGTH = 0.85;
  const LEVELS = 9; // lines on a surface of numbers

  const mixed = (from, to, share) => from.map((part, index) => part + (to[index] - part) * share);
  const clamped = (value, low, high) => Math.min(high, Math.max(low, value));
  const css = (colour) => `rgb(${colour.map(Math.round).join(" ")})`;

  // Points in the middle of the cells of a grid, row by row from the top: x, y, x, y ...
  const gridPoints = ([first, second], side) => {
    const points = new Float64Array(2 * side * side);
    const at = ({ low, high }, share) => low + (high - low) * share;
    for (let place = 0; place < side * side; place++) {
      points[2 * place] = at(first, ((place % side) + 0.5) / side);
      points[2 * place + 1] = at(second, 1 - (Math.floor(place / side) + 0.5) / side);
    }
    return points;
  };

  // From low over the paper to high: a number between -1 and 1 becomes a colour.
  const diverging = (paper, [low, high], strength) => (value) =>
    mixed(paper, value < 0 ? low : high, Math.min(1, Math.abs(value)) * strength);

  const alongMap = (colours) => (share) => {
    const place = clamped(share, 0, 1) * (colours.length - 1);
    const index = Math.min(Math.floor(place), colours.length - 2);
    return mixed(colours[index], colours[index + 1], place - index);
  };

  const farthest = (values) => {
    let reach = 0;
    for (const value of values) {
      if (Number.isFinite(value)) reach = Math.max(reach, Math.abs(value));
    }
    return reach || 1;
  };

  // How far a class's score is above the best of the others, at each point.
  const leads = (answers, count, index) =>
    Float64Array.from({ length: answers.length / count }, (_, place) => {
      let best = -Infinity;
      for (let other = 0; other < count; other++) {
        if (other !== index) best = Math.max(best, answers[place * count + other]);
      }
      return answers[place * count + index] - best;
    });

  const ofTwoClasses = ({ classes, graded, strengths }, answers, paper) => {
    const lead = leads(answers, 2, 1);
    const reach = graded ? 1 : farthest(lead);
    const colour = diverging(paper, [classes[0].colour, classes[1].colour], strengths[1]);
    return {
      colourAt: (place) => colour(lead[place] / reach),
      isKnown: (place) => Number.isFinite(lead[place]),
      lines: [{ values: lead, level: 0 }],
      scale: { colour, low: -1, high: 1, names: classes.map(({ name }) => `class ${name}`) },
    };
  };

  const ofManyClasses = ({ classes, graded, strengths }, answers, paper) => {
    const count = classes.length;
    const predicted = Uint16Array.from({ length: answers.length / count }, (_, place) =>
      nnctlNetwork.predictedOf(answers, place * count, count),
    );
    const score = (place) => answers[place * count + predicted[place]];
    const sureness = (place) =>
      graded ? clamped((score(place) - 1 / count) / (1 - 1 / count), 0, 1) : 0.5;
    const strength = (place) => strengths[0] + (strengths[1] - strengths[0]) * sureness(place);
    return {
      colourAt: (place) => mixed(paper, classes[predicted[place]].colour, strength(place)),
      isKnown: (place) => Number.isFinite(score(place)),
      lines: [...new Set(predicted)].map((index) => ({
        values: leads(answers, count, index),
        level: 0,
      })),
      scale: null,
    };
  };

  const ofNumbers = ({ targets, colours }, answers, target, [low, high]) => {
    const count = targets.length;
    const values = answers.filter((_, place) => place % count === target);
    const colour = alongMap(colours);
    const levels = Array.from({ length: LEVELS }, (_, line) => (line + 1) / (LEVELS + 1));
    return {
      colourAt: (place) => colour((values[place] - low) / (high - low)),
      isKnown: (place) => Number.isFinite(values[place]),
      lines: levels.map((share) => ({ values, level: low + (high - low) * share, faint: true })),
      scale: { colour, low: 0, high: 1, names: [low, high] },
    };
  };

  const unitColour = (activations, paper) => {
    const reach = farthest(activations);
    const colour = diverging(paper, UNIT_COLOURS, UNIT_STRENGTH);
    return { colour, reach, colourAt: (place) => colour(activations[place] / reach) };
  };

  // A hidden unit's activation; the line is where its net input is 0.
  const ofUnit = ({ z, a }, paper) => {
    const { colour, reach, colourAt } = unitColour(a, paper);
    return {
      colourAt,
      isKnown: (place) => Number.isFinite(a[place]),
      lines: [{ values: z, level: 0 }],
      scale: { colour, low: -1, high: 1, names: [-reach, reach] },
    };
  };

  // z and a of some units at many points: `wanted` is a list of {layer, unit}.
  const unitsSeen = (description, layers, points, wanted) => {
    const rowsOf = () => new Float64Array(points.length / 2);
    const seen = wanted.map((place) => ({ ...place, z: rowsOf(), a: rowsOf() }));
    nnctlNetwork.answersFor(description, layers, points, (buffers, first, rows) => {
      for (const { layer, unit, z, a } of seen) {
        const { units } = layers[layer];
        for (let row = 0; row < rows; row++) {
          z[first + row] = buffers[layer].z[row * units + unit];
          a[first + row] = buffers[layer].a[row * units + unit];
        }
      }
    });
    return seen;
  };

  // `shown` says what is drawn: {layer, unit} of a hidden unit, else {target} of the answer.
  const surfaceOf = (description, layers, points, shown, paper) => {
    const { answer } = description;
    if (shown.unit !== undefined) {
      return ofUnit(unitsSeen(description, layers, points, [shown])[0], paper);
    }
    const answers = nnctlNetwork.answersFor(description, layers, points);
    if (answer.targets) return ofNumbers(answer, answers, shown.target, shown.range);
    const draw = answer.classes.length === 2 ? ofTwoClasses : ofManyClasses;
    return draw(answer, answers, paper);
  };

  // The lowest and the highest number, of a target's points and of what the network says.
  const rangeOf = (description, layers, target) => {
    const grid = gridPoints(description.features, 24);
    const answers = nnctlNetwork.answersFor(description, layers, grid);
    const count = nnctlNetwork.countOf(description);
    const all = description.points.answers.map((row) => row[target]);
    for (let place = target; place < answers.length; place += count) all.push(answers[place]);
    const finite = all.filter(Number.isFinite);
    if (!finite.length) return [0, 1];
    const [low, high] = [Math.min(...finite), Math.max(...finite)];
    const margin = low < high ? 0 : Math.abs(low) / 2 || 0.5; // a colour scale needs a width
    return [low - margin, high + margin];
  };

  // Marching squares: `line` is called with the ends of each piece, in cells from the top left.
  const contour = ({ values, level }, side, line) => {
    const crossing = (from, to) => {
      const share = (level - values[from]) / (values[to] - values[from]);
      const [x, y] = [from % side, Math.floor(from / side)];
      return to - from === 1 ? [x + share, y] : [x, y + share];
    };
    for (let row = 0; row + 1 < side; row++) {
      for (let column = 0; column + 1 < side; column++) {
        const corner = row * side + column;
        const edges = [
          [corner, corner + 1],
          [corner + 1, corner + side + 1],
          [corner + side, corner + side + 1],
          [corner, corner + side],
        ];
        const crossed = edges.filter(([a, b]) => values[a] > level !== values[b] > level);
        for (let piece = 0; piece + 1 < crossed.length; piece += 2) {
          line(crossing(...crossed[piece]), crossing(...crossed[piece + 1]));
        }
      }
    }
  };

  return { gridPoints, surfaceOf, unitsSeen, unitColour, alongMap, rangeOf, contour, css };
})();
