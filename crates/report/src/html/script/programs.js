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
  const joined = (...parts) => (binary) => parts.map((part) => text[binary.t[part]]).join("\n");
  const columns = [
    { name: "path", width: "27%", value: joined(IMAGE, PATH), is: PATH, below: IMAGE },
    { name: "go", width: "6.5rem", value: column(GO) },
    { name: "program", width: "21%", value: joined(PROGRAM, VERSION), is: PROGRAM, below: VERSION },
    { name: "port", width: "8.5rem", value: column(PORT) },
    { name: "size", width: "5.5rem", value: (binary) => binary.z, number: true },
    { name: remarks.length ? "findings and notes" : "notes", width: "auto", value: (binary) => worst(binary) * 100 + binary.f.length, number: true, flags: true },
  ].filter((column) => column.name === "path" || binaries.some((binary) => (column.number ? column.value(binary) : column.value(binary).trim())));

  function cell(column, binary, index) {
    const td = make("td", column.number && !column.flags ? "number" : "");
    td.dataset.label = column.name;
    if (column.name === "path") {
      const button = breakable(make("button", "open mono"), text[binary.t[PATH]]);
      button.type = "button";
      button.setAttribute("aria-expanded", "false");
      button.addEventListener("click", () => toggle(index));
      td.append(button);
    } else if (column.name === "go") {
      td.append(breakable(make("span", binary.s === 0 ? "warn" : binary.s === 1 ? "good" : ""), column.value(binary)));
      if (binary.s === 0) td.title = "no longer supported";
    } else if (column.name === "size") {
      td.append(size(binary.z));
    } else if (column.flags) {
      levels.forEach((level) => {
        const count = binary.n.filter((n) => remarks[n][0] === level && !remarks[n][5]).length;
        if (count) td.append(make("span", "flag " + tones[level], counted(count, level)));
      });
      for (const [word, loudness] of binary.f) td.append(breakable(make("span", "flag " + ["bad", "warn", ""][loudness]), text[word]));
    } else {
      breakable(td, column.is === undefined ? column.value(binary) : text[binary.t[column.is]]);
    }
    if (column.below !== undefined && text[binary.t[column.below]]) td.append(breakable(make("div", "second"), text[binary.t[column.below]]));
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
    at("shown").textContent = found.length === binaries.length ? counted(found.length, "program") : found.length + " of " + counted(binaries.length, "program");
  }
  let rest = () => {};

  function detail(index) {
    const binary = binaries[index];
    const box = make("div", "sheet");
    for (const n of binary.n) {
      const [level, rule, code, message, help, waived, evidence] = remarks[n];
      const p = make("p", "", make("b", tones[level], level + " " + rule + (code ? " (" + code + ")" : "")), ": ");
      coded(p, message);
      if (evidence) p.append(shortened(evidence));
      if (help) p.append(advice(make("div"), help));
      if (waived) p.append(make("br"), "Waived: " + waived);
      box.append(p);
    }
    const list = make("dl");
    for (const [label, value] of binary.r) list.append(make("dt", "", text[label]), breakable(make("dd"), text[value]));
    box.append(list);
    for (const [title, items] of binary.l) {
      box.append(make("h3", "", text[title]), make("ul", "", ...items.map((item) => breakable(make("li"), text[item]))));
    }
    const rows = (title, all) => make("div", "", make("h3", "", title + " (" + all.length + ")"), make("table", "mono", make("tbody", "", ...all.map((cells) => make("tr", "", ...cells.map((c) => breakable(make("td"), c)))))));
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
