// Tables: a head sorts its column, and the cells leave as CSV and LaTeX.
document.querySelectorAll(".table").forEach((box) => {
  const table = box.querySelector("table");
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  const latex = box.querySelector("template").content.textContent;
  const section = (box.closest("section")?.id || "").replace(/^s-/, "");
  const name = [section, table.dataset.name].filter(Boolean).join("-");

  const key = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.value === undefined ? cell.textContent.trim() : Number(cell.dataset.value);
  };
  const isMissing = (value) => value === "" || value === "-";
  // Missing values stay last in both orders; numbers come before words.
  const compare = (a, b, sign) => {
    if (isMissing(a) || isMissing(b)) return isMissing(a) - isMissing(b);
    if (typeof a === "number" && typeof b === "number") return sign * (a - b);
    if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
    return sign * a.localeCompare(b, "en", { numeric: true });
  };
  const sort = (column) => {
    const head = heads[column];
    const isNumber = rows.some((row) => typeof key(row, column) === "number");
    const order = isNumber ? ["descending", "ascending", null] : ["ascending", "descending", null];
    const next = order[(order.indexOf(head.getAttribute("aria-sort")) + 1) % order.length];
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    if (next) head.setAttribute("aria-sort", next);
    const sign = next === "descending" ? -1 : 1;
    body.append(...(next ? [...rows].sort((a, b) => compare(key(a, column), key(b, column), sign)) : rows));
  };
  if (rows.length > 1) {
    heads.forEach((head, column) => {
      if (!head.textContent.trim()) return;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...head.childNodes);
      button.addEventListener("click", () => sort(column));
      head.append(button);
    });
  }

  const csv = () => pageFiles.csv([...table.rows].map((row) => [...row.cells].map((cell) => cell.textContent.trim())));
  pageFiles.tools(box, box.getAttribute("aria-label").replace("Table: ", "the table "), {
    CSV: () => pageFiles.save(csv(), "text/csv", `${name}.csv`),
    LaTeX: () => pageFiles.save(latex, "application/x-tex", `${name}.tex`),
  });
  pageFiles.watchWidth(box);
});
