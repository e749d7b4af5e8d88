  // The page.

  breakable(at("title"), data.title);
  at("about").append(...data.about.map((line) => breakable(make("p"), line)));
  at("tiles").append(...data.tiles.map(drawTile));
  at("charts").append(...data.charts.map(drawChart));
  const first = remarks.length ? 1 : 0;
  const parts = [];
  if (first) {
    at("tables").append(drawFindings(0));
    parts.push(["t0", "Findings"]);
  }
  data.tables.forEach((table, number) => {
    at("tables").append(drawTable(table, first + number));
    parts.push(["t" + (first + number), table.title]);
  });
  if (data.maps.length) {
    at("packages").hidden = false;
    at("packages").append(...data.maps.map(drawMap));
    parts.push(["packages", "Packages"]);
  }
  if (binaries.length) parts.push(["binaries", "Programs"]);
  if (Object.keys(data.rules).length) {
    at("rules").replaceWith(drawRules());
    parts.push(["rules", "Rules"]);
  }
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
    const rule = location.hash.startsWith("#rule-") && at(location.hash.slice(1));
    if (rule) rule.open = true;
  };
  addEventListener("hashchange", fromHash);
  addEventListener("beforeprint", () => {
    rest();
    document.querySelectorAll(".more").forEach((button) => button.click());
  });
  fromHash();
  document.documentElement.dataset.ready = "true";
