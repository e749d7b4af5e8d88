  const BRIEF = 25;
  const NUMBER = /^(?:[\d,. ]+(?: (?:[kMGT]?B|%))?|)$/;
  const UNITS = { kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 };

  function amount(cell) {
    return parseFloat(cell.replaceAll(",", "") || "0") * (UNITS[cell.split(" ").pop()] ?? 1);
  }

  // A button that shows a list in a row below that of the button, as wide as the table. `lines` has the row, and the one below while it is shown.
  function opener(lines, label, width, list) {
    const button = make("button", "open whole", label);
    button.type = "button";
    button.setAttribute("aria-expanded", "false");
    button.addEventListener("click", () => {
      if (lines.length > 1) {
        lines.pop().remove();
      } else {
        const cell = make("td", "", ...list());
        cell.colSpan = width;
        lines.push(make("tr", "below", cell));
        lines[0].after(lines[1]);
      }
      button.setAttribute("aria-expanded", String(lines.length > 1));
    });
    return button;
  }

  // The first items of a long list, and a button for the others.
  function briefly(all, draw) {
    const list = make("ul", "places");
    list.append(...all.slice(0, BRIEF).map(draw));
    if (all.length <= BRIEF) return [list];
    const more = make("button", "all", "Show all " + all.length);
    more.type = "button";
    more.addEventListener("click", () => { list.append(...all.slice(BRIEF).map(draw)); more.remove(); });
    return [list, more];
  }

  // Text in which words that have an address are links; `draw` writes what is between them.
  const links = data.links ?? {};
  function linked(element, words, draw) {
    let plain = "";
    for (const word of words.split(/(\s+)/)) {
      if (!Object.hasOwn(links, word)) { plain += word; continue; }
      if (plain) draw(element, plain);
      plain = "";
      const link = make("a", "whole", word);
      link.href = links[word];
      link.rel = "noreferrer";
      element.append(link);
    }
    if (plain) draw(element, plain);
    return element;
  }

  function drawTable(table, number) {
    const body = make("tbody");
    const numeric = table.columns.map((_, index) => table.rows.every((row) => NUMBER.test(row.cells[index])));
    const names = table.places ? [...table.columns, table.places.heading] : table.columns;
    const place = ([name, note]) => {
      const item = make("li", "", linked(make("span", "mono"), text[name], breakable));
      if (text[note]) item.append(shortened(text[note]));
      return item;
    };
    const draw = (row) => {
      const lines = [make("tr")];
      row.cells.forEach((cell, index) => {
        const td = make("td", index === 0 && row.tone !== "plain" ? row.tone : numeric[index] ? "number" : "");
        if (row.binary !== null && table.columns[index] === "program") {
          const button = breakable(make("button", "open"), cell);
          button.type = "button";
          button.addEventListener("click", () => show(row.binary));
          td.append(button);
        } else {
          const copies = table.columns[index] === "what to do";
          linked(td, cell, (element, words) => coded(element, words, copies));
        }
        td.dataset.label = table.columns[index];
        lines[0].append(td);
      });
      if (table.places) {
        const where = make("td");
        where.dataset.label = table.places.heading;
        if (row.places?.length === 1) where.append(...place(row.places[0]).childNodes);
        else if (row.places) where.append(opener(lines, row.summary ?? row.places.length + " " + table.places.many, names.length, () => briefly(row.places, place)));
        lines[0].append(where);
      }
      return lines;
    };
    // A row is drawn when it is shown for the first time; what comes after the first ones waits until somebody asks.
    const rows = table.rows.map((row) => ({ row, lines: null, words: null }));
    let whole = rows.length <= BRIEF * 2;
    let wanted = [];
    const matches = (entry) => {
      entry.words ??= [...entry.row.cells, ...(entry.row.places ?? []).flat().map((id) => text[id])].join("\n").toLowerCase();
      return wanted.every((word) => entry.words.includes(word));
    };
    const all = make("button", "all");
    all.type = "button";
    const fill = () => {
      const found = wanted.length ? rows.filter(matches) : rows;
      const part = whole ? found : found.slice(0, BRIEF);
      body.replaceChildren(...part.flatMap((entry) => (entry.lines ??= draw(entry.row))));
      all.hidden = part.length === found.length;
      all.textContent = "Show all " + found.length;
    };
    const titles = heads(names, (index, descending) => {
      const ordered = index === table.columns.length ? (a, b) => (a.row.places ?? []).length - (b.row.places ?? []).length
        : numeric[index] ? (a, b) => amount(a.row.cells[index]) - amount(b.row.cells[index])
        : (a, b) => order.compare(a.row.cells[index], b.row.cells[index]);
      rows.sort((a, b) => ordered(a, b) * (descending ? -1 : 1));
      fill();
    });
    numeric.forEach((is, index) => { if (is && index) titles.children[index].className = "number"; });
    const section = make("section", "", make("h2", "", table.title + " (" + rows.length + ")"));
    section.id = "t" + number;
    if (rows.length > 10) {
      section.append(searchBox("Filter " + table.title, (words) => { wanted = words; fill(); }));
    }
    const open = () => { whole = true; fill(); };
    all.addEventListener("click", open);
    addEventListener("beforeprint", open);
    fill();
    section.append(make("div", "scroll", make("table", "", make("thead", "", titles), body)), all);
    return section;
  }

  // Long evidence shows its beginning, and a button for the rest.
  const LONG_TEXT = 160;
  function shortened(evidence) {
    const element = make("span", "evidence");
    if (evidence.length <= LONG_TEXT + 20) return breakable(element, evidence);
    const start = evidence.slice(0, LONG_TEXT).replace(/[^\s,;]*$/, "") || evidence.slice(0, LONG_TEXT);
    const more = make("button", "more", "… show all");
    more.type = "button";
    more.addEventListener("click", () => { element.replaceChildren(); breakable(element, evidence); });
    breakable(element, start).append(more);
    return element;
  }
