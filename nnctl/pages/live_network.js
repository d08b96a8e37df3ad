// A run's network, computed as NumPy computes it: z = a W + b, normalized, through the activation.
// Rows lie one behind another in flat arrays: values[row * units + unit].
const nnctlNetwork = (() => {
  "use strict";

  const CHUNK = 256; // rows that pass together, so that the buffers stay small
  const GELU_CUBIC = 0.044715; // of its approximation by tanh

  const sigmoid = (z) => 1 / (1 + Math.exp(-z));
  const softplus = (z) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))); // cannot overflow
  const elu = (z, alpha) => (z > 0 ? z : alpha * Math.expm1(z));

  // Phi(z) = erfc(-z / sqrt 2) / 2 with log(erfc(x) / t) + x^2 a polynomial in u = 2 t - 1, where
  // t = 2 / (2 + x): the engine's own coefficients, which come with the document.
  const normalCdf = (z, polynomial) => {
    const x = Math.abs(z) * Math.SQRT1_2;
    const t = 2 / (2 + x);
    const sum = polynomial.reduceRight((value, factor) => value * (2 * t - 1) + factor, 0);
    const tail = (t * Math.exp(sum - x * x)) / 2;
    return z > 0 ? 1 - tail : tail;
  };
  const cdfByTanh = (z) =>
    (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (z + GELU_CUBIC * z * z * z))) / 2;

  const elementwise = (value) => (z, a, rows, units) => {
    for (let place = 0; place < rows * units; place++) a[place] = value(z[place]);
  };

  const softmax = (z, a, rows, units) => {
    for (let start = 0; start < rows * units; start += units) {
      let highest = -Infinity;
      for (let unit = 0; unit < units; unit++) highest = Math.max(highest, z[start + unit]);
      let sum = 0;
      for (let unit = 0; unit < units; unit++) {
        sum += a[start + unit] = Math.exp(z[start + unit] - highest); // exp cannot overflow
      }
      for (let unit = 0; unit < units; unit++) a[start + unit] /= sum;
    }
  };

  // Name -> what makes of a layer's parameters the function that writes a = f(z).
  const ACTIVATIONS = {
    identity: () => elementwise((z) => z),
    step: ({ at_zero }) => elementwise((z) => (z > 0 ? 1 : z === 0 ? at_zero : 0)),
    sigmoid: () => elementwise(sigmoid),
    tanh: () => elementwise(Math.tanh),
    relu: () => elementwise((z) => Math.max(0, z)),
    leaky_relu: ({ slope }) => elementwise((z) => Math.max(z, slope * z)),
    softmax: () => softmax,
    elu: ({ alpha }) => elementwise((z) => elu(z, alpha)),
    selu: ({ alpha, scale }) => elementwise((z) => scale * elu(z, alpha)),
    gelu: ({ approximate }, polynomial) =>
      elementwise(
        approximate === "tanh" ? (z) => z * cdfByTanh(z) : (z) => z * normalCdf(z, polynomial),
      ),
    silu: () => elementwise((z) => z * sigmoid(z)),
    softplus: () => elementwise(softplus),
    softsign: () => elementwise((z) => z / (1 + Math.abs(z))),
    mish: () => elementwise((z) => z * Math.tanh(softplus(z))),
  };

  const byRunningStatistics = (z, rows, { units, normalization, arrays }) => {
    for (let unit = 0; unit < units; unit++) {
      const deviation = Math.sqrt(arrays.running_variance[unit] + normalization.epsilon);
      for (let place = unit; place < rows * units; place += units) {
        const standardized = (z[place] - arrays.running_mean[unit]) / deviation;
        z[place] = standardized * arrays.scale[unit] + arrays.shift[unit];
      }
    }
  };

  const overUnits = (z, rows, { units, normalization, arrays }) => {
    for (let start = 0; start < rows * units; start += units) {
      let mean = 0;
      for (let unit = 0; unit < units; unit++) mean += z[start + unit] / units;
      let variance = 0;
      for (let unit = 0; unit < units; unit++) variance += (z[start + unit] - mean) ** 2 / units;
      const deviation = Math.sqrt(variance + normalization.epsilon);
      for (let unit = 0; unit < units; unit++) {
        const standardized = (z[start + unit] - mean) / deviation;
        z[start + unit] = standardized * arrays.scale[unit] + arrays.shift[unit];
      }
    }
  };

  const NORMALIZATIONS = { batch: byRunningStatistics, layer: overUnits };

  const multiply = (inputs, { units, arrays: { weights, biases } }, z, rows) => {
    const nInputs = weights.length / units;
    for (let row = 0; row < rows; row++) {
      const start = row * units;
      for (let unit = 0; unit < units; unit++) z[start + unit] = biases ? biases[unit] : 0;
      for (let input = 0; input < nInputs; input++) {
        const value = inputs[row * nInputs + input];
        const first = input * units;
        for (let unit = 0; unit < units; unit++) z[start + unit] += value * weights[first + unit];
      }
    }
  };

  // Little-endian whatever the machine is.
  const NUMBERS = {
    float32: [4, (view, place) => view.getFloat32(place, true)],
    float64: [8, (view, place) => view.getFloat64(place, true)],
  };
  const decoded = (text, dtype) => {
    const [size, read] = NUMBERS[dtype];
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    const view = new DataView(bytes.buffer);
    const length = bytes.length / size;
    return Float64Array.from({ length }, (_, place) => read(view, place * size));
  };

  // The network at each moment that the document holds: a list of layers with their own arrays.
  const networksOf = (description) => {
    const { dtype, epochs, layers, erfc_polynomial: polynomial } = description;
    const numbers = decoded(description.numbers, dtype);
    const size = numbers.length / epochs.length;
    return epochs.map((_, moment) => {
      const own = numbers.subarray(moment * size, (moment + 1) * size);
      const arraysOf = (places) =>
        Object.fromEntries(
          Object.entries(places).map(([name, [start, stop]]) => [name, own.subarray(start, stop)]),
        );
      return layers.map((layer) => ({
        ...layer,
        activate: ACTIVATIONS[layer.activation.name](layer.activation, polynomial),
        arrays: arraysOf(layer.places),
      }));
    });
  };

  const buffersFor = (layers, rows) =>
    layers.map(({ units }) => ({
      z: new Float64Array(rows * units),
      a: new Float64Array(rows * units),
    }));

  const pass = (layers, inputs, rows, buffers) => {
    let values = inputs;
    layers.forEach((layer, index) => {
      const { z, a } = buffers[index];
      multiply(values, layer, z, rows);
      if (layer.normalization) NORMALIZATIONS[layer.normalization.name](z, rows, layer);
      layer.activate(z, a, rows, layer.units);
      values = a;
    });
  };

  // A run in single precision rounds what goes in and what comes out, and decides ties after it.
  const roundingOf = ({ dtype }) => (dtype === "float32" ? Math.fround : (value) => value);

  const encode = (description, points, rows) => {
    const { features } = description;
    const round = roundingOf(description);
    const nInputs = features.reduce((sum, { indicator }) => sum + (indicator ? 2 : 1), 0);
    const inputs = new Float64Array(rows * nInputs); // an indicator stays 0: nothing is missing
    let place = 0;
    for (let row = 0; row < rows; row++) {
      features.forEach(({ logarithm, center, scale, indicator }, position) => {
        const given = points[row * features.length + position];
        inputs[place] = round(((logarithm ? Math.log1p(given) : given) - center) / scale);
        place += indicator ? 2 : 1;
      });
    }
    return inputs;
  };

  // One row's scores of the classes, or numbers in the targets' units: written into `answers`.
  const answer = ({ answer: meaning }, round, { z, a }, row, units, answers, start) => {
    const outputs = meaning.by_score ? z : a;
    for (let unit = 0; unit < units; unit++) {
      const output = round(outputs[row * units + unit]);
      if (meaning.targets) {
        answers[start + unit] = output * meaning.targets[unit].scale + meaning.targets[unit].center;
      } else if (units === 1) {
        answers[start] = round(meaning.both - output);
        answers[start + 1] = output;
      } else {
        answers[start + unit] = output;
      }
    }
  };

  // The class of the highest score; at a tie the first, which of a lone step is the one at rest.
  const predictedOf = (answers, start, count) => {
    let best = 0;
    for (let index = 1; index < count; index++) {
      if (answers[start + index] > answers[start + best]) best = index;
    }
    return best;
  };

  const countOf = ({ answer: meaning }) => (meaning.targets ?? meaning.classes).length;

  // What the network says of rows of features in the data's units, one behind another; `look` is
  // called with the buffers of each chunk and its first row.
  const answersFor = (description, layers, points, look = () => {}) => {
    const nFeatures = description.features.length;
    const rows = points.length / nFeatures;
    const count = countOf(description);
    const round = roundingOf(description);
    const answers = new Float64Array(rows * count);
    const buffers = buffersFor(layers, Math.min(rows, CHUNK));
    const last = layers.length - 1;
    for (let first = 0; first < rows; first += CHUNK) {
      const size = Math.min(CHUNK, rows - first);
      const part = points.subarray(first * nFeatures, (first + size) * nFeatures);
      pass(layers, encode(description, part, size), size, buffers);
      for (let row = 0; row < size; row++) {
        const start = (first + row) * count;
        answer(description, round, buffers[last], row, layers[last].units, answers, start);
      }
      look(buffers, first, size);
    }
    return answers;
  };

  // All that the network computes for one point: each layer's z and a, the answers, the class.
  const probe = (description, layers, point) => {
    let seen = [];
    const answers = answersFor(description, layers, Float64Array.from(point), (buffers) => {
      seen = buffers.map(({ z, a }) => ({ z: [...z], a: [...a] }));
    });
    return {
      layers: seen,
      answers: [...answers],
      predicted: description.answer.classes ? predictedOf(answers, 0, answers.length) : null,
    };
  };

  return { ACTIVATIONS, NORMALIZATIONS, networksOf, answersFor, predictedOf, countOf, probe };
})();
