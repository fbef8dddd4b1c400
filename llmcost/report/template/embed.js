for (const figure of document.querySelectorAll("figure.chart")) {
  const spec = JSON.parse(figure.querySelector("script").textContent);
  const place = figure.querySelector("div");
  // `ast` keeps expressions out of eval, which the page's policy forbids; the figure itself says what the chart does, not its every mark.
  const options = { mode: "vega-lite", renderer: "svg", actions: false, ast: true, config: { aria: false } };
  vegaEmbed(place, spec, options).catch((problem) => {
    place.textContent = "This chart could not be drawn. " + problem;
  });
}
