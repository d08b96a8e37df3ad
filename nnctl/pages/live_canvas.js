// The plane on a canvas: surface, lines, the data's points, axes, and the probe over them.
const nnctlCanvas = (() => {
  "use strict";

  const MARGIN = { left: 56, right: 12, top: 10, bottom: 44 };
  const TICKS = 5;
  const RING = 2.1; // a ring's radius, in radii of the point that it surrounds
  const CROWD = 150; // from this many points on they shrink

  // A point's outline about (0, 0), a shape for each class in turn, so that colour is not needed.
  const polygon = (...corners) => (path, radius) => {
    corners.forEach(([x, y], index) => path[index ? "lineTo" : "moveTo"](x * radius, y * radius));
    path.closePath();
  };
  const SHAPES = [
    { mark: "●", draw: (path, radius) => path.arc(0, 0, radius, 0, 2 * Math.PI) },
    { mark: "■", draw: polygon([-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]) },
    { mark: "▲", draw: polygon([0, -1.2], [1.1, 0.8], [-1.1, 0.8]) },
    { mark: "◆", draw: polygon([0, -1.3], [1.1, 0], [0, 1.3], [-1.1, 0]) },
    { mark: "▼", draw: polygon([0, 1.2], [1.1, -0.8], [-1.1, -0.8]) },
  ];
  const shapeOf = (index) => SHAPES[index % SHAPES.length];

  // Round numbers between low and high, about as many as wanted.
  const ticksOf = (low, high, wanted) => {
    const rough = (high - low) / wanted;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].find((factor) => factor * power >= rough) * power;
    const first = Math.ceil(low / step);
    const count = Math.floor(high / step) - first + 1;
    return Array.from({ length: Math.max(0, count) }, (_, index) => (first + index) * step);
  };

  const shownNumber = (value) => {
    if (!Number.isFinite(value)) return String(value);
    const size = Math.abs(value);
    if (size !== 0 && (size >= 1e6 || size < 1e-4)) return value.toExponential(3);
    return String(Number(value.toPrecision(5)));
  };

  // A canvas, or a size, and data: a frame of CSS pixels, and the way from one to the other.
  const frameOf = ({ clientWidth, clientHeight }, [first, second]) => {
    const [left, top] = [MARGIN.left, MARGIN.top];
    const width = Math.max(1, clientWidth - left - MARGIN.right);
    const height = Math.max(1, clientHeight - top - MARGIN.bottom);
    const share = (value, { low, high }) => (value - low) / (high - low);
    return {
      left, top, width, height, clientWidth, clientHeight,
      toPixels: ([x, y]) => [
        left + share(x, first) * width,
        top + (1 - share(y, second)) * height,
      ],
      toValues: ([x, y]) => [
        first.low + ((x - left) / width) * (first.high - first.low),
        second.low + (1 - (y - top) / height) * (second.high - second.low),
      ],
    };
  };

  // The pixels of the screen may be finer than those of CSS.
  const contextOf = (canvas, size, ratio = window.devicePixelRatio || 1) => {
    const width = Math.round(size.clientWidth * ratio);
    const height = Math.round(size.clientHeight * ratio);
    const fits = canvas.width === width && canvas.height === height;
    if (!fits) Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    return context;
  };

  // A colour a cell of the grid, on a canvas of as many pixels.
  const drawCells = (canvas, side, colourAt) => {
    const image = new ImageData(side, side);
    for (let place = 0; place < side * side; place++) {
      const [red, green, blue] = colourAt(place);
      image.data[4 * place] = red;
      image.data[4 * place + 1] = green;
      image.data[4 * place + 2] = blue;
      image.data[4 * place + 3] = 255;
    }
    Object.assign(canvas, { width: side, height: side });
    canvas.getContext("2d").putImageData(image, 0, 0);
  };

  const small = document.createElement("canvas");
  const drawSurface = (context, frame, { isKnown, colourAt }, side, paper) => {
    drawCells(small, side, (place) => (isKnown(place) ? colourAt(place) : paper));
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = "high";
    context.drawImage(small, frame.left, frame.top, frame.width, frame.height);
  };

  const drawLines = (context, frame, surface, side, ink) => {
    const toPixels = ([x, y]) => [
      frame.left + ((x + 0.5) / side) * frame.width,
      frame.top + ((y + 0.5) / side) * frame.height,
    ];
    for (const line of surface.lines) {
      context.beginPath();
      nnctlSurface.contour(line, side, (from, to) => {
        context.moveTo(...toPixels(from));
        context.lineTo(...toPixels(to));
      });
      context.strokeStyle = ink;
      context.globalAlpha = line.faint ? 0.25 : 1;
      context.lineWidth = line.faint ? 1 : 1.6;
      context.stroke();
      context.globalAlpha = 1;
    }
  };

  // `points` are {at, colour, shape, wrong}.
  const drawPoints = (context, frame, points, ink) => {
    const radius = 4.2 * Math.max(0.62, Math.min(1, Math.sqrt(CROWD / (points.length || 1))));
    for (const { at, colour, shape, wrong } of points) {
      context.save();
      context.translate(...frame.toPixels(at));
      context.beginPath();
      shapeOf(shape).draw(context, radius);
      context.fillStyle = nnctlSurface.css(colour);
      context.fill();
      context.strokeStyle = ink;
      context.lineWidth = 0.8;
      context.stroke();
      if (wrong) {
        context.beginPath();
        context.arc(0, 0, radius * RING, 0, 2 * Math.PI);
        context.lineWidth = 1.3;
        context.stroke();
      }
      context.restore();
    }
  };

  const fitted = (context, text, room) => {
    if (context.measureText(text).width <= room) return text;
    let end = text.length;
    while (end > 1 && context.measureText(`${text.slice(0, end)}…`).width > room) end -= 1;
    return `${text.slice(0, end)}…`;
  };

  const drawAxes = (context, frame, [first, second], { ink, quiet }) => {
    const { left, top, width, height, clientHeight } = frame;
    context.strokeStyle = quiet;
    context.lineWidth = 1;
    context.strokeRect(left + 0.5, top + 0.5, width - 1, height - 1);
    context.font = "12px system-ui, sans-serif";
    context.fillStyle = quiet;
    context.textAlign = "center";
    for (const value of ticksOf(first.low, first.high, Math.max(2, Math.min(TICKS, width / 70)))) {
      const [x, y] = frame.toPixels([value, second.low]);
      context.fillText(shownNumber(value), x, y + 16);
    }
    context.textAlign = "right";
    for (const value of ticksOf(second.low, second.high, TICKS)) {
      context.fillText(shownNumber(value), left - 6, frame.toPixels([first.low, value])[1] + 4);
    }
    context.fillStyle = ink;
    context.font = "13px system-ui, sans-serif";
    context.textAlign = "center";
    context.fillText(fitted(context, first.name, width), left + width / 2, clientHeight - 8);
    context.save();
    context.translate(13, top + height / 2);
    context.rotate(-Math.PI / 2);
    context.fillText(fitted(context, second.name, height), 0, 0);
    context.restore();
  };

  const clip = (context, { left, top, width, height }, draw) => {
    context.save();
    context.beginPath();
    context.rect(left, top, width, height);
    context.clip();
    draw();
    context.restore();
  };

  // All but the probe, which moves far more often: {surface, side, points, features, theme}.
  const drawGround = (canvas, scene, size = canvas, ratio = undefined) => {
    const { surface, side, points, features, theme } = scene;
    const context = contextOf(canvas, size, ratio);
    const frame = frameOf(size, features);
    context.clearRect(0, 0, frame.clientWidth, frame.clientHeight);
    clip(context, frame, () => {
      drawSurface(context, frame, surface, side, theme.paper);
      drawLines(context, frame, surface, side, theme.ink);
      drawPoints(context, frame, points, theme.ink);
    });
    drawAxes(context, frame, features, theme);
  };

  const drawProbe = (canvas, features, point, theme, size = canvas, ratio = undefined) => {
    const context = contextOf(canvas, size, ratio);
    const frame = frameOf(size, features);
    context.clearRect(0, 0, frame.clientWidth, frame.clientHeight);
    const [x, y] = frame.toPixels(point);
    const across = () => {
      context.beginPath();
      context.moveTo(x, frame.top);
      context.lineTo(x, frame.top + frame.height);
      context.moveTo(frame.left, y);
      context.lineTo(frame.left + frame.width, y);
      context.moveTo(x + 7, y);
      context.arc(x, y, 7, 0, 2 * Math.PI);
      context.stroke();
    };
    clip(context, frame, () => {
      context.strokeStyle = nnctlSurface.css(theme.paper); // so that it is seen on any colour
      context.lineWidth = 3.5;
      context.globalAlpha = 0.65;
      across();
      context.strokeStyle = theme.ink;
      context.lineWidth = 1.2;
      context.globalAlpha = 0.85;
      across();
    });
  };

  return { drawGround, drawProbe, drawCells, frameOf, shapeOf, shownNumber };
})();
