"use strict";
// Draws the page from the data block. Foreign text only ever goes into text nodes.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const text = data.strings;
  const remarks = data.remarks.map((row) => row.map((id) => text[id]));
  const order = new Intl.Collator("en", { numeric: true });
  const at = (id) => document.getElementById(id);
  const FIRST = 200, CHUNK = 400;

  function make(tag, className, ...children) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    for (const child of children) element.append(child);
    return element;
  }

  // Long paths break after a slash.
  function breakable(element, path) {
    for (const part of path.split(/(?<=[/!])/)) element.append(part, document.createElement("wbr"));
    return element;
  }

  function size(bytes) {
    const units = ["B", "kB", "MB", "GB", "TB"];
    let unit = 0;
    while (bytes >= 1000 && unit < units.length - 1) { bytes /= 1000; unit++; }
    return (unit ? bytes.toFixed(1) : String(bytes)) + " " + units[unit];
  }

  // Tiles, charts, tables.

  function clickable(filter, className, ...children) {
    const element = make(filter ? "button" : "div", className, ...children);
    if (filter) {
      element.type = "button";
      element.addEventListener("click", () => { setFilter(filter); at("binaries").scrollIntoView(); at("filter").focus({ preventScroll: true }); });
    }
    return element;
  }

  // The end of a module path tells more than its start.
  function tail(label) {
    const letters = [...label];
    return letters.length > 40 ? "…" + letters.slice(-38).join("") : label;
  }

  function drawTile(tile) {
    const value = make("b", tile.tone === "plain" ? "" : tile.tone, tile.value);
    return clickable(tile.filter, "tile", value, make("span", "", tile.label));
  }

  function drawChart(chart) {
    const most = Math.max(1, ...chart.bars.map((bar) => bar.value));
    const bars = make("div", "bars");
    for (const bar of chart.bars) {
      const fill = make("span", "fill");
      fill.style.setProperty("--share", bar.value / most);
      const name = make("span", "name", tail(bar.label));
      const track = make("span", "track", fill, make("span", "value", bar.text));
      const row = clickable(bar.filter, "bar " + bar.tone, name, track);
      row.title = bar.label + ": " + bar.text;
      bars.append(row);
    }
    return make("div", "chart", make("h2", "", chart.title), bars);
  }

  // Column headings that sort; `sort(index, descending)` does the work.
  function heads(columns, sort) {
    const row = make("tr");
    columns.forEach((column, index) => {
      const button = make("button", "", column);
      button.type = "button";
      const head = make("th", "", button);
      head.scope = "col";
      button.addEventListener("click", () => {
        const descending = head.getAttribute("aria-sort") === "ascending";
        for (const other of row.children) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", descending ? "descending" : "ascending");
        sort(index, descending);
      });
      row.append(head);
    });
    return row;
  }

  // Widths by heading; without any of these a table lays itself out. Evidence has no column: it stands under the message.
  const widths = { level: "6rem", rule: "13rem", binary: "24%", message: "auto", "what to do": "28%", port: "9rem", class: "7rem", way: "6rem", program: "26%" };
  const BRIEF = 25;

  function drawTable(table, number) {
    const body = make("tbody");
    const under = table.columns.indexOf("evidence");
    const shown = table.columns.map((_, index) => index).filter((index) => index !== under);
    const draw = (row) => {
      const line = make("tr");
      for (const index of shown) {
        const cell = row.cells[index];
        let inside = cell;
        if (row.binary !== null && table.columns[index] === "binary") {
          inside = breakable(make("button", "open"), cell);
          inside.type = "button";
          inside.addEventListener("click", () => show(row.binary));
        }
        const td = make("td", index === 0 && row.tone !== "plain" ? row.tone : "", inside);
        if (index === under - 1 && row.cells[under]) td.append(shortened(row.cells[under]));
        line.append(td);
      }
      return line;
    };
    // A row is drawn when it is shown for the first time; what comes after the first ones waits until somebody asks.
    const rows = table.rows.map((row) => ({ row, line: null, words: null }));
    let whole = rows.length <= BRIEF * 2;
    let wanted = [];
    const matches = (entry) => {
      entry.words ??= entry.row.cells.join("\n").toLowerCase();
      return wanted.every((word) => entry.words.includes(word));
    };
    const all = make("button", "all");
    all.type = "button";
    const fill = () => {
      const found = wanted.length ? rows.filter(matches) : rows;
      const part = whole ? found : found.slice(0, BRIEF);
      body.replaceChildren(...part.map((entry) => (entry.line ??= draw(entry.row))));
      all.hidden = part.length === found.length;
      all.textContent = "Show all " + found.length;
    };
    const titles = heads(shown.map((index) => table.columns[index]), (position, descending) => {
      const index = shown[position];
      rows.sort((a, b) => order.compare(a.row.cells[index], b.row.cells[index]) * (descending ? -1 : 1));
      fill();
    });
    const fixed = shown.some((index) => widths[table.columns[index]]);
    if (fixed) shown.forEach((index, position) => { titles.children[position].style.width = widths[table.columns[index]] ?? "auto"; });
    const section = make("section", "", make("h2", "", table.title + " (" + rows.length + ")"));
    section.id = "t" + number;
    if (rows.length > 10) {
      const search = make("input", "search");
      search.type = "search";
      search.placeholder = "Filter";
      search.setAttribute("aria-label", "Filter " + table.title);
      search.addEventListener("input", () => {
        wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
        fill();
      });
      section.append(search);
    }
    const open = () => { whole = true; fill(); };
    all.addEventListener("click", open);
    addEventListener("beforeprint", open);
    fill();
    section.append(make("div", "scroll", make("table", fixed ? "fixed" : "", make("thead", "", titles), body)), all);
    return section;
  }

  function findings() {
    if (!remarks.length) return [];
    const owner = [];
    binaries.forEach((binary, index) => binary.n.forEach((n) => { owner[n] = index; }));
    const rows = remarks.map(([level, rule, , message, help, waived, evidence], n) => ({
      binary: owner[n] ?? null,
      cells: [level, rule, n in owner ? text[binaries[owner[n]].t[PATH]] : "", message + (waived ? " (waived: " + waived + ")" : ""), evidence, help],
      tone: waived || !tones[level] ? "plain" : tones[level],
    }));
    return [{ title: "Findings", columns: ["level", "rule", "binary", "message", "evidence", "what to do"], rows }];
  }

  // Long evidence shows its first lines until it is pointed at or reached by key.
  function shortened(evidence) {
    const element = make("span", "evidence", evidence);
    if (evidence.length > 120) element.tabIndex = 0;
    return element;
  }

  // The table of binaries.

  const PATH = 0, IMAGE = 1, GO = 2, PROGRAM = 3, VERSION = 4, PORT = 5;
  const levels = ["error", "warning", "note"];
  const tones = { error: "bad", warning: "warn", note: "" };
  const binaries = data.binaries;
  const words = new Array(binaries.length);
  const lines = new Array(binaries.length);
  const moduleWords = data.modules.map((m) => (m[0] + "@" + m[1] + " " + m[3]).toLowerCase());
  const settingWords = data.settings.map((s) => (s[0] + "=" + s[1]).toLowerCase());
  let found = binaries.map((_, index) => index);
  let drawing = 0;

  const column = (part) => (binary) => text[binary.t[part]];
  const worst = (binary) => binary.n.reduce((sum, n) => sum + [1e6, 1e3, 1][Math.max(0, levels.indexOf(remarks[n][0]))], 0);
  const columns = [
    { name: "path", width: "26%", value: column(PATH) },
    { name: "image", width: "14%", value: column(IMAGE) },
    { name: "go", width: "7.5rem", value: column(GO) },
    { name: "program", width: "22%", value: column(PROGRAM) },
    { name: "version", width: "10%", value: column(VERSION) },
    { name: "port", width: "9.5rem", value: column(PORT) },
    { name: "size", width: "6rem", value: (binary) => binary.z, number: true },
    { name: "findings", width: "6rem", value: worst, number: true },
    { name: "notes", width: "16%", value: (binary) => binary.f.map(([word]) => text[word]).join(" ") },
  ].filter((column) => column.name === "path" || binaries.some((binary) => column.value(binary)));

  function cell(column, binary, index) {
    const td = make("td", column.number ? "number" : "");
    if (column.name === "path") {
      const button = breakable(make("button", "open mono"), column.value(binary));
      button.type = "button";
      button.setAttribute("aria-expanded", "false");
      button.addEventListener("click", () => toggle(index));
      td.append(button);
    } else if (column.name === "go") {
      td.append(make("span", binary.s === 0 ? "warn" : binary.s === 1 ? "good" : "", column.value(binary)));
      if (binary.s === 0) td.title = "no longer supported";
    } else if (column.name === "size") {
      td.append(size(binary.z));
    } else if (column.name === "findings") {
      levels.forEach((level) => {
        const count = binary.n.filter((n) => remarks[n][0] === level && !remarks[n][5]).length;
        if (count) td.append(make("span", "flag " + tones[level], count + " " + level));
      });
    } else if (column.name === "notes") {
      for (const [word, loudness] of binary.f) td.append(make("span", "flag " + ["bad", "warn", ""][loudness], text[word]));
    } else {
      breakable(td, column.value(binary));
    }
    return td;
  }

  function line(index) {
    if (!lines[index]) {
      const row = make("tr");
      row.id = "b" + index;
      for (const column of columns) row.append(cell(column, binaries[index], index));
      lines[index] = [row];
    }
    return lines[index];
  }

  // Rows are put in by pieces so that the first ones are there at once.
  function draw() {
    const body = at("list").tBodies[0];
    const turn = ++drawing;
    body.replaceChildren();
    let next = 0;
    const piece = (count) => {
      const part = document.createDocumentFragment();
      for (const end = Math.min(next + count, found.length); next < end; next++) part.append(...line(found[next]));
      body.append(part);
    };
    const more = () => {
      if (turn !== drawing || next >= found.length) return;
      piece(CHUNK);
      setTimeout(more, 0);
    };
    piece(FIRST);
    setTimeout(more, 50);
    rest = () => piece(found.length);
    at("shown").textContent = found.length === binaries.length ? found.length + " binaries" : found.length + " of " + binaries.length;
  }
  let rest = () => {};

  function detail(index) {
    const binary = binaries[index];
    const box = make("div", "sheet");
    for (const n of binary.n) {
      const [level, rule, code, message, help, waived, evidence] = remarks[n];
      const p = make("p", "", make("b", tones[level], level + " " + rule + (code ? " (" + code + ")" : "")), ": " + message);
      if (evidence) p.append(shortened(evidence));
      if (help) p.append(make("div", "", help));
      if (waived) p.append(make("br"), "Waived: " + waived);
      box.append(p);
    }
    const list = make("dl");
    for (const [label, value] of binary.r) list.append(make("dt", "", text[label]), make("dd", "", text[value]));
    box.append(list);
    for (const [title, items] of binary.l) {
      box.append(make("h3", "", text[title]), make("ul", "", ...items.map((item) => make("li", "", text[item]))));
    }
    const rows = (title, all) => make("div", "", make("h3", "", title + " (" + all.length + ")"), make("table", "mono", make("tbody", "", ...all.map((cells) => make("tr", "", ...cells.map((c) => make("td", "", c)))))));
    const sides = make("div", "columns");
    const modules = moduleIds(binary).map((id) => data.modules[id]).map((m) => [m[0], m[1] + (m[3] ? " → " + m[3] : ""), m[2]]);
    if (modules.length) sides.append(rows("modules", modules));
    if (binary.e.length) sides.append(rows("settings", binary.e.map((id) => data.settings[id])));
    box.append(sides);
    const whole = make("td", "", box);
    whole.colSpan = columns.length;
    return make("tr", "detail", whole);
  }

  function toggle(index, open) {
    const own = line(index);
    const button = own[0].querySelector(".open");
    const isOpen = own.length > 1;
    if (open === isOpen) return;
    button.setAttribute("aria-expanded", String(!isOpen));
    if (isOpen) {
      own.pop().remove();
    } else {
      own.push(detail(index));
      if (own[0].isConnected) own[0].after(own[1]);
      history.replaceState(null, "", "#b" + index);
    }
  }

  function show(index) {
    if (!binaries[index]) return;
    if (!found.includes(index)) setFilter("");
    rest();
    toggle(index, true);
    line(index)[0].scrollIntoView({ block: "start" });
    line(index)[0].querySelector(".open").focus({ preventScroll: true });
  }

  // Filtering. Words are `key:value`, quoted or not, and `-` excludes.

  function moduleIds(binary) {
    let id = 0;
    return binary.m.map((step) => (id += step));
  }

  const includes = (all, part) => all.map((entry) => entry.includes(part));
  const release = (version) => version.replace(/^go/, "");
  const inColumn = (part) => (value) => (binary) => text[binary.t[part]].toLowerCase().includes(value);
  const keys = {
    path: inColumn(PATH),
    image: inColumn(IMAGE),
    program: inColumn(PROGRAM),
    version: inColumn(VERSION),
    port: inColumn(PORT),
    go: (value) => {
      const wanted = release(value);
      return (binary) => {
        const is = release(text[binary.t[GO]].toLowerCase());
        return is === wanted || (is.startsWith(wanted) && !/^\d/.test(is.slice(wanted.length)));
      };
    },
    module: (value) => {
      const hit = includes(moduleWords, value);
      return (binary) => moduleIds(binary).some((id) => hit[id]);
    },
    setting: (value) => {
      const hit = includes(settingWords, value);
      return (binary) => binary.e.some((id) => hit[id]);
    },
    flag: (value) => (binary) => binary.f.some(([word]) => text[word].toLowerCase().includes(value)),
    rule: (value) => (binary) => binary.n.some((n) => remarks[n][1].toLowerCase() === value || remarks[n][2].toLowerCase() === value),
    level: (value) => (binary) => binary.n.some((n) => remarks[n][0] === value && !remarks[n][5]),
    is: (value) => (binary) => (value === "unsupported" ? binary.s === 0 : value === "supported" && binary.s === 1),
  };

  function anywhere(value) {
    return (binary, index) => {
      words[index] ??= [...binary.t.map((id) => text[id]), ...binary.f.map(([word]) => text[word])].join("\n").toLowerCase();
      return words[index].includes(value);
    };
  }

  function tests(query) {
    const all = [];
    for (const [, minus, key, quoted, bare] of query.toLowerCase().matchAll(/(-?)(?:([a-z]+):)?(?:"([^"]*)"|([^\s"]+))/g)) {
      const value = quoted ?? bare;
      const known = key !== undefined && Object.hasOwn(keys, key);
      const test = known ? keys[key](value) : anywhere(key === undefined ? value : key + ":" + value);
      all.push(minus ? (binary, index) => !test(binary, index) : test);
    }
    return all;
  }

  let compare = null;

  function update() {
    const all = tests(at("filter").value);
    found = binaries.map((_, index) => index).filter((index) => all.every((test) => test(binaries[index], index)));
    if (compare) found.sort(compare);
    draw();
  }

  function setFilter(value) {
    at("filter").value = value;
    update();
  }

  function sortBy(index, descending) {
    const { value, number } = columns[index];
    const keys = binaries.map(value);
    const ordered = number ? (a, b) => a - b : order.compare;
    compare = (a, b) => ordered(keys[a], keys[b]) * (descending ? -1 : 1) || a - b;
    update();
  }

  // The page.

  at("title").textContent = data.title;
  at("about").append(...data.about.map((line) => make("p", "", line)));
  at("tiles").append(...data.tiles.map(drawTile));
  at("charts").append(...data.charts.map(drawChart));
  const tables = [...findings(), ...data.tables];
  at("tables").append(...tables.map(drawTable));
  const parts = tables.map((table, number) => ["t" + number, table.title]);
  if (binaries.length) parts.push(["binaries", "Binaries"]);
  if (parts.length > 1) {
    at("nav").append(...parts.map(([id, title]) => {
      const link = make("a", "", title);
      link.href = "#" + id;
      return link;
    }));
  }
  if (binaries.length) {
    at("binaries").hidden = false;
    const head = heads(columns.map((column) => column.name), sortBy);
    columns.forEach((column, index) => { head.children[index].style.width = column.width; });
    at("list").tHead.append(head);
    at("filter").addEventListener("input", update);
    update();
  }
  document.addEventListener("keydown", (event) => {
    const typing = event.target instanceof HTMLInputElement;
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      at("filter").focus();
    }
  });
  at("theme").addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });
  const fromHash = () => {
    const match = /^#b(\d+)$/.exec(location.hash);
    if (match) show(Number(match[1]));
  };
  addEventListener("hashchange", fromHash);
  addEventListener("beforeprint", () => rest());
  fromHash();
  document.documentElement.dataset.ready = "true";
})();
