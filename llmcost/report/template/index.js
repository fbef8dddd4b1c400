const table = document.querySelector("table.book");
const body = table.tBodies[0];
const heads = [...table.tHead.rows[0].cells];

// What a cell sorts by: its value where it has one, a number where it is one; nothing comes last, whichever way.
function key(row, column) {
  const cell = row.cells[column];
  const text = cell.dataset.value ?? cell.textContent.trim();
  return text === "" || text === "–" ? null : isNaN(text) ? text : Number(text);
}

function compare(a, b) {
  return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en");
}

function sort(column) {
  const down = heads[column].getAttribute("aria-sort") === "ascending";
  const rows = [...body.rows].map((row) => [key(row, column), row]);
  rows.sort(([a], [b]) => (a === null || b === null ? (a === null) - (b === null) : down ? compare(b, a) : compare(a, b)));
  for (const head of heads) head.removeAttribute("aria-sort");
  heads[column].setAttribute("aria-sort", down ? "descending" : "ascending");
  body.append(...rows.map(([, row]) => row));
}

heads.forEach((head, column) => {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...head.childNodes);
  button.addEventListener("click", () => sort(column));
  head.append(button);
});

const tools = document.querySelector(".tools");
const search = tools.querySelector("input");
const words = [...body.rows].map((row) => [row, row.textContent.toLowerCase()]);
function filter() {
  const wanted = search.value.toLowerCase().trim();
  let shown = 0;
  for (const [row, text] of words) shown += !(row.hidden = !text.includes(wanted));
  tools.querySelector("output").textContent = wanted ? `${shown} of ${words.length}` : "";
}
search.addEventListener("input", filter);
tools.hidden = false;
filter();
