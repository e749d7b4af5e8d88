  // Packages as areas: modules by their bytes of code, and in each its packages. Tab reaches one area, the arrow keys the others.

  // Rectangles for sizes in descending order that fill a box with areas close to squares (Bruls, Huizing, van Wijk: Squarified Treemaps).
  function squarified(sizes, box) {
    const areas = [];
    let { x, y, width, height } = box;
    let left = sizes.reduce((sum, size) => sum + size, 0);
    const worst = (row, sum, side) => {
      const thick = sum / side;
      return Math.max(...[row[0], row[row.length - 1]].map((size) => Math.max(thick * thick / size, size / (thick * thick))));
    };
    for (let next = 0; next < sizes.length;) {
      const scale = (width * height) / left;
      const side = Math.min(width, height);
      const row = [];
      let sum = 0, best = Infinity;
      while (next + row.length < sizes.length) {
        const size = sizes[next + row.length] * scale;
        const ratio = worst([...row.slice(0, 1), size], sum + size, side);
        if (row.length && ratio > best) break;
        best = ratio;
        sum += size;
        row.push(size);
      }
      const thick = side > 0 ? sum / side : 0;
      let along = 0;
      for (const size of row) {
        const long = thick > 0 ? size / thick : 0;
        areas.push(width >= height ? { x, y: y + along, width: thick, height: long } : { x: x + along, y, width: long, height: thick });
        along += long;
      }
      if (width >= height) { x += thick; width -= thick; } else { y += thick; height -= thick; }
      left -= row.reduce((all, size) => all + size, 0) / scale;
      next += row.length;
    }
    return areas;
  }

  function place(element, area) {
    for (const [name, value] of [["left", area.x], ["top", area.y], ["width", area.width], ["height", area.height]]) element.style.setProperty(name, value + "px");
  }

  const HEAD = 20; // pixels for a line of text, such as the name of a module above its packages
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = "12.5px " + getComputedStyle(document.body).fontFamily;
  // The first of the labels that fits in a width of pixels; empty: none fits.
  function fitting(labels, width) {
    return labels.find((label) => pen.measureText(label).width + 8 <= width) ?? "";
  }
  // A module or package by its whole name, and by the last part of it.
  function namesOf(name) {
    const [path, version, ...others] = name.split(" ");
    return others.length || !version ? [name] : [name, path, path.split("/").pop()];
  }
  // Names where they fit, and sizes below or beside them.
  function labelled(element, names, bytes, box) {
    if (box.height < HEAD - 3) return;
    const own = size(bytes);
    const isTall = box.height >= 2 * HEAD;
    const label = fitting(isTall ? names : [...names.map((name) => name + "  " + own), ...names], box.width);
    if (!label) return;
    element.append(make("span", "name", label));
    if (isTall && fitting([own], box.width)) element.append(make("span", "amount", own));
  }
  const sharesOf = (map) => (bytes) => (map.bytes ? (Math.round(1000 * bytes / map.bytes) / 10).toFixed(1) : "0.0") + " %";

  function drawAreas(map) {
    const share = sharesOf(map);
    const drawn = map.modules.filter((module) => module.bytes > 0);
    const stage = make("div", "areas");
    stage.setAttribute("role", "group");
    stage.setAttribute("aria-label", "Packages of " + map.title + " by bytes of code. The arrow keys move, Enter opens a module, Escape goes back.");
    const says = make("output", "says", "Point at an area, or go there with Tab and the arrow keys" + (drawn.length > 1 ? "; Enter opens a module." : "."));
    const back = make("button", "back", "All modules");
    back.type = "button";
    back.hidden = true;
    let opened = drawn.length === 1 ? drawn[0] : null, current = 0, buttons = [];

    const area = (words, box, draw) => {
      const button = make("button", "area");
      button.type = "button";
      button.setAttribute("aria-label", words);
      button.title = words;
      draw(button);
      place(button, box);
      button.tabIndex = -1;
      button.addEventListener("focus", () => { point(buttons.indexOf(button)); says.textContent = words; });
      button.addEventListener("mouseenter", () => { says.textContent = words; });
      return button;
    };
    const point = (number) => {
      buttons.forEach((button, index) => { button.tabIndex = index === number ? 0 : -1; });
      current = number;
    };
    const lay = () => {
      const box = { x: 0, y: 0, width: stage.clientWidth, height: stage.clientHeight };
      if (!box.width) return;
      const marks = [];
      if (opened === null) {
        const boxes = squarified(drawn.map((module) => module.bytes), box);
        buttons = drawn.map((module, index) => {
          const own = boxes[index];
          const words = module.name + ": " + size(module.bytes) + ", " + share(module.bytes) + ", " + counted(module.packages.length, "package");
          const inner = { x: own.x + 3, y: own.y + HEAD, width: own.width - 6, height: own.height - HEAD - 3 };
          const hasParts = inner.width > 12 && inner.height > 12;
          if (hasParts) {
            const packages = module.packages.filter((row) => row[2] > 0);
            squarified(packages.map((row) => row[2]), inner).forEach((part, number) => {
              if (part.width < 3 || part.height < 3) return;
              const [path, , bytes] = packages[number];
              const mark = make("span", "part");
              labelled(mark, [...new Set([tailOf(path, module.name), path.split("/").pop()])], bytes, part);
              place(mark, part);
              marks.push(mark);
            });
          }
          const head = hasParts ? { ...own, height: HEAD } : own;
          const button = area(words, own, (element) => labelled(element, namesOf(module.name), module.bytes, head));
          button.addEventListener("click", () => open(module, index));
          return button;
        });
      } else {
        const packages = opened.packages.filter((row) => row[2] > 0);
        const boxes = squarified(packages.map((row) => row[2]), box);
        buttons = packages.map(([path, functions, bytes, can], index) => {
          const words = path + ": " + size(bytes) + ", " + share(bytes) + ", " + counted(functions, "function") + (can ? ", " + can : "");
          return area(words, boxes[index], (element) => labelled(element, [...new Set([path, tailOf(path, opened.name), path.split("/").pop()])], bytes, boxes[index]));
        });
      }
      // What screen readers need is in the names of the buttons.
      const drawing = make("div", "parts", ...marks);
      drawing.setAttribute("aria-hidden", "true");
      buttons.forEach((button) => { for (const label of button.children) label.setAttribute("aria-hidden", "true"); });
      stage.replaceChildren(...buttons, drawing);
      point(Math.min(current, buttons.length - 1));
    };
    const open = (module, index) => {
      if (!module.packages.some((row) => row[2] > 0)) return;
      opened = module;
      back.hidden = false;
      back.dataset.from = String(index);
      current = 0;
      lay();
      buttons[0]?.focus();
    };
    const close = () => {
      opened = null;
      back.hidden = true;
      current = Number(back.dataset.from);
      lay();
      buttons[current]?.focus();
    };
    back.addEventListener("click", close);
    stage.addEventListener("keydown", (event) => {
      const step = { ArrowRight: current + 1, ArrowDown: current + 1, ArrowLeft: current - 1, ArrowUp: current - 1, Home: 0, End: buttons.length - 1 }[event.key];
      if (event.key === "Escape" && !back.hidden) close();
      else if (step !== undefined) buttons[Math.max(0, Math.min(step, buttons.length - 1))]?.focus();
      else return;
      event.preventDefault();
    });
    new ResizeObserver(() => {
      const hadFocus = stage.contains(document.activeElement);
      lay();
      if (hadFocus) buttons[current]?.focus({ preventScroll: true });
    }).observe(stage);
    return make("div", "map", make("p", "tools", back, says), stage);
  }

  // What a package path adds to that of its module.
  function tailOf(path, module) {
    const [name] = module.split(" ");
    return path.startsWith(name + "/") ? path.slice(name.length + 1) : path;
  }

  function drawMap(map, number) {
    const summary = make("summary", "", breakable(make("b", "mono"), map.title));
    const box = make("details", "program", summary);
    if (map.unknown) {
      summary.append(" ", make("span", "warn", map.unknown));
      return box;
    }
    summary.append(" " + size(map.bytes) + " of code in " + counted(map.modules.length, "module"));
    const draw = () => {
      if (!box.open || box.children.length > 1) return;
      const share = sharesOf(map);
      const rows = map.modules.flatMap((module) => module.packages.map(([path, functions, bytes, can]) =>
        ({ tone: "plain", binary: null, bytes, cells: [path, module.name, functions.toLocaleString("en"), size(bytes), share(bytes), can] })));
      rows.sort((a, b) => b.bytes - a.bytes);
      const columns = ["package", "module", "functions", "code", "share", "can"];
      const can = rows.some((row) => row.cells[5]);
      if (!can) rows.forEach((row) => row.cells.pop());
      const table = { title: "All packages", columns: can ? columns : columns.slice(0, 5), rows };
      box.append(drawAreas(map), drawTable(table, "p" + number));
    };
    box.addEventListener("toggle", draw);
    box.open = number === 0;
    return box;
  }
