import { extent, max } from "d3-array";
import { scaleLinear } from "d3-scale";
import { area, curveMonotoneX, line } from "d3-shape";

const WIDTH = 720;
const HEIGHT = 220;
const EDGE = 34;

function add(parent, name, attributes, text = "") {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.textContent = text;
  parent.append(element);
  return element;
}

// A walk from its points: [kilometres, metres above the sea, name or nothing].
export function drawProfile(figure, points) {
  const x = scaleLinear([0, max(points, (p) => p[0])], [EDGE, WIDTH - EDGE]);
  const heights = extent(points, (p) => p[1]);
  const y = scaleLinear(heights, [HEIGHT - EDGE, EDGE]).nice();
  const svg = add(figure, "svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
  for (const tick of y.ticks(4)) {
    add(svg, "line", { x1: EDGE, x2: WIDTH - EDGE, y1: y(tick), y2: y(tick) });
    add(svg, "text", { x: 0, y: y(tick) + 4 }, String(tick));
  }
  const shape = (maker) => maker.x((p) => x(p[0])).curve(curveMonotoneX);
  add(svg, "path", { class: "ground", d: shape(area().y0(HEIGHT - EDGE).y1((p) => y(p[1])))(points) });
  add(svg, "path", { class: "ridge", d: shape(line().y((p) => y(p[1])))(points) });
  for (const [distance, height, name] of points) {
    if (!name) continue;
    add(svg, "text", { x: x(distance), y: y(height) - 9, "text-anchor": "middle" }, name);
  }
  add(svg, "text", { x: WIDTH - EDGE, y: HEIGHT - 8, "text-anchor": "end" }, `${max(points, (p) => p[0])} km`);
}
