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
        const td = make("td", index === 0 && row.tone !== "plain" ? row.tone : "");
        if (typeof inside === "string") coded(td, inside); else td.append(inside);
        td.dataset.label = table.columns[index];
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
      section.append(searchBox("Filter " + table.title, (words) => { wanted = words; fill(); }));
    }
    const open = () => { whole = true; fill(); };
    all.addEventListener("click", open);
    addEventListener("beforeprint", open);
    fill();
    section.append(make("div", "scroll", make("table", fixed ? "fixed" : "", make("thead", "", titles), body)), all);
    return section;
  }

  // Long evidence shows its first lines until it is pointed at or reached by key.
  function shortened(evidence) {
    const element = make("span", "evidence", evidence);
    if (evidence.length > 120) element.tabIndex = 0;
    return element;
  }
