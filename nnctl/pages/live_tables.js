// The probe's numbers as tables: what the network answers, and each layer's z and a with bars.
const nnctlTables = (() => {
  "use strict";

  const MOST_UNITS = 12; // rows of a layer's table; a count stands for the others

  const element = (name, properties = {}, children = []) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };

  const heading = (text, scope, properties = {}) =>
    element("th", { textContent: text, scope, dir: "auto", ...properties });

  // A cell with a number, and a bar from the middle to where it stands among -reach ... reach; of a
  // share, which is never negative, from the left among 0 ... 1.
  const numberCell = (isShare = false) => {
    const bar = element("span", { className: "live-bar" });
    const figure = element("span", { className: "live-number" });
    bar.setAttribute("aria-hidden", "true");
    const cell = element("td", { className: "live-cell" }, [bar, figure]);
    cell.classList.toggle("live-share", isShare);
    const show = (value, reach) => {
      const share = Number.isFinite(value) ? Math.min(1, Math.abs(value) / reach) : 0;
      bar.style.width = `${(isShare ? 100 : 50) * share}%`;
      bar.classList.toggle("live-negative", value < 0);
      figure.textContent = nnctlCanvas.shownNumber(value);
      cell.dataset.value = String(value);
    };
    return { cell, show };
  };

  const reachOf = (values) => {
    let reach = 1;
    for (const value of values) {
      if (Number.isFinite(value)) reach = Math.max(reach, Math.abs(value));
    }
    return reach;
  };

  const table = (caption, columns, rows) =>
    element("table", {}, [
      caption,
      element("thead", {}, [
        element("tr", {}, columns.map((column) => heading(column, "col"))),
      ]),
      element("tbody", {}, rows),
    ]);

  const unitHeading = (layer, unit, choose) => {
    if (!choose) return heading(String(unit + 1), "row");
    const picture = element("canvas", { className: "live-unit" });
    picture.setAttribute("aria-hidden", "true");
    const button = element("button", { type: "button" }, [picture, String(unit + 1)]);
    button.setAttribute("aria-label", `draw what unit ${unit + 1} of ${layer.name} sees`);
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => choose(unit));
    const made = element("th", { scope: "row" }, [button]);
    return Object.assign(made, { button, picture });
  };

  // One layer: its element, how many units it shows, show({z, a}), press(unit), and pictureOf(unit)
  // to be painted. `choose` is called with a unit that shall be drawn over the plane.
  const layerTable = (layer, choose) => {
    const shown = Math.min(layer.units, MOST_UNITS);
    const rows = Array.from({ length: shown }, (_, unit) => {
      const [z, a, head] = [numberCell(), numberCell(), unitHeading(layer, unit, choose)];
      return { z, a, head, row: element("tr", {}, [head, z.cell, a.cell]) };
    });
    const count = `${layer.units} ${layer.units === 1 ? "unit" : "units"}`;
    const caption = element("caption", {}, [
      element("strong", { textContent: layer.name }),
      element("span", { textContent: ` ${count}, ${layer.activation.name}` }),
    ]);
    caption.title = layer.activation.formula;
    const z = layer.normalization ? "z, normalized" : "z";
    const made = element("div", { className: "live-layer" }, [
      table(caption, ["unit", z, "activation"], rows.map(({ row }) => row)),
    ]);
    if (shown < layer.units) {
      const rest = `and ${layer.units - shown} more units`;
      made.append(element("p", { className: "quiet", textContent: rest }));
    }
    const show = (values) => {
      const [reachZ, reachA] = [reachOf(values.z), reachOf(values.a)];
      rows.forEach((row, unit) => {
        row.z.show(values.z[unit], reachZ);
        row.a.show(values.a[unit], reachA);
      });
    };
    const press = (pressed) =>
      rows.forEach(({ head }, unit) =>
        head.button?.setAttribute("aria-pressed", String(unit === pressed)),
      );
    const pictureOf = (unit) => rows[unit].head.picture;
    return { element: made, shown, show, press, pictureOf };
  };

  // The classes with their scores, or the targets: {element, show(answers, predicted)}.
  const answerTable = ({ answer }) => {
    const named = answer.targets ?? answer.classes;
    const rows = named.map(({ name }) => {
      const value = numberCell(answer.score_name === "probability");
      const row = element("tr", {}, [heading(name, "row"), value.cell]);
      return { value, row };
    });
    const title = element("strong", { textContent: "The network says" });
    const caption = element("caption", {}, [title]);
    const columns = answer.targets ? ["target", "prediction"] : ["class", answer.score_name];
    const made = element("div", { className: "live-layer live-answer" }, [
      table(caption, columns, rows.map(({ row }) => row)),
    ]);
    const show = ({ answers, predicted }) => {
      const reach = reachOf(answers);
      rows.forEach(({ value, row }, index) => {
        value.show(answers[index], reach);
        row.classList.toggle("live-predicted", index === predicted);
      });
    };
    return { element: made, show };
  };

  return { element, layerTable, answerTable };
})();
