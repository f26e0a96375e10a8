/* Points that lie too close to be told apart become one, by distance on the screen. */

const WORST = ["emergency", "overdue", "warned", "on", "paused", "closed"];

/** The state that one disc for all of them shows. */
export function worstOf(states) {
  return WORST.find((state) => states.includes(state)) ?? "on";
}

/** Groups of points within `reach` pixels of the first of each; points carry {x, y}. Stable: the first
    of a group is the first in the order given, so a group keeps its place while others come and go. */
export function grouped(points, reach) {
  const cells = new Map();
  const groups = [];
  for (const point of points) {
    const [column, row] = [Math.floor(point.x / reach), Math.floor(point.y / reach)];
    let home = null;
    for (let x = column - 1; x <= column + 1 && !home; x += 1) {
      for (let y = row - 1; y <= row + 1 && !home; y += 1) {
        home = (cells.get(`${x}:${y}`) ?? []).find(
          (group) => Math.hypot(group[0].x - point.x, group[0].y - point.y) < reach,
        );
      }
    }
    if (home) {
      home.push(point);
      continue;
    }
    const group = [point];
    groups.push(group);
    const key = `${column}:${row}`;
    if (cells.has(key)) cells.get(key).push(group);
    else cells.set(key, [group]);
  }
  return groups;
}
