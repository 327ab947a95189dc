// Places boxes in columns and draws lines between them: from left to right, crossing as little as easily possible.

/** A line from one box to another. */
export interface Link {
  from: string;
  to: string;
}

/** Where a box stands, in pixels. */
export interface Box {
  x: number;
  y: number;
}

/** Where everything stands. */
export interface Layout {
  width: number;
  height: number;
  boxes: Map<string, Box>;
  /** For each link, the corners it goes through. */
  paths: Box[][];
}

/** Sizes in pixels. */
export const SIZE = { width: 190, height: 60, columnGap: 140, rowGap: 20, margin: 16 } as const;

interface Cell {
  /** `undefined` where a line passes through a column. */
  id: string | undefined;
  before: Cell[];
  after: Cell[];
  row: number;
}

/** Lays out boxes; links to boxes that are not there are left out of account and get no path. */
export function layout(ids: readonly string[], links: readonly Link[]): Layout {
  const known = new Set(ids);
  const valid = links.map(({ from, to }) => from !== to && known.has(from) && known.has(to));
  const forward = withoutCycles(ids, links.filter((_, index) => valid[index]));
  const column = columns(ids, forward);
  const count = Math.max(0, ...column.values()) + 1;
  const grid: Cell[][] = Array.from({ length: ids.length === 0 ? 0 : count }, () => []);
  const cells = new Map<string, Cell>();
  const add = (at: number, id?: string): Cell => {
    const rows = grid[at] as Cell[];
    const cell: Cell = { id, before: [], after: [], row: rows.length };
    rows.push(cell);
    return cell;
  };
  for (const id of ids) cells.set(id, add(column.get(id) ?? 0, id));

  const chains = links.map(({ from, to }, index): Cell[] => {
    if (!valid[index]) return [];
    const [a, b] = (column.get(from) ?? 0) <= (column.get(to) ?? 0) ? [from, to] : [to, from];
    const chain = [cells.get(a) as Cell];
    for (let at = (column.get(a) ?? 0) + 1; at < (column.get(b) ?? 0); at += 1) chain.push(add(at));
    chain.push(cells.get(b) as Cell);
    for (let at = 1; at < chain.length; at += 1) {
      (chain[at - 1] as Cell).after.push(chain[at] as Cell);
      (chain[at] as Cell).before.push(chain[at - 1] as Cell);
    }
    return a === from ? chain : chain.reverse();
  });

  for (let round = 0; round < 4; round += 1) {
    for (const cells of grid) sort(cells, (cell) => cell.before);
    for (const cells of grid.toReversed()) sort(cells, (cell) => cell.after);
  }
  return place(grid, chains);
}

function place(grid: Cell[][], chains: Cell[][]): Layout {
  const step = SIZE.height + SIZE.rowGap;
  const rows = Math.max(0, ...grid.map((cells) => cells.length));
  const boxes = new Map<string, Box>();
  const corner = new Map<Cell, Box>();
  for (const [at, cells] of grid.entries()) {
    // Shorter columns stand in the middle.
    const top = SIZE.margin + ((rows - cells.length) * step) / 2;
    for (const cell of cells) {
      const box = { x: SIZE.margin + at * (SIZE.width + SIZE.columnGap), y: top + cell.row * step };
      corner.set(cell, box);
      if (cell.id !== undefined) boxes.set(cell.id, box);
    }
  }
  const paths = chains.map((chain) => {
    const points: Box[] = [];
    for (let at = 1; at < chain.length; at += 1) {
      const a = corner.get(chain[at - 1] as Cell) as Box;
      const b = corner.get(chain[at] as Cell) as Box;
      const leftToRight = a.x < b.x;
      points.push(
        { x: leftToRight ? a.x + SIZE.width : a.x, y: a.y + SIZE.height / 2 },
        { x: leftToRight ? b.x : b.x + SIZE.width, y: b.y + SIZE.height / 2 },
      );
    }
    return points;
  });
  return {
    width: grid.length === 0 ? 0 : 2 * SIZE.margin + grid.length * (SIZE.width + SIZE.columnGap) - SIZE.columnGap,
    height: rows === 0 ? 0 : 2 * SIZE.margin + rows * step - SIZE.rowGap,
    boxes,
    paths,
  };
}

/** Turns the links round that close a circle. */
function withoutCycles(ids: readonly string[], links: readonly Link[]): Link[] {
  const after = groupBy(links, ({ from }) => from);
  const state = new Map<string, 'open' | 'done'>();
  const forward: Link[] = [];
  const visit = (id: string): void => {
    state.set(id, 'open');
    for (const { from, to } of after.get(id) ?? []) {
      if (state.get(to) === 'open') {
        forward.push({ from: to, to: from });
        continue;
      }
      forward.push({ from, to });
      if (!state.has(to)) visit(to);
    }
    state.set(id, 'done');
  };
  for (const id of ids) if (!state.has(id)) visit(id);
  return forward;
}

/** The column of each box: one to the right of the rightmost that points to it. */
function columns(ids: readonly string[], forward: readonly Link[]): Map<string, number> {
  const before = groupBy(forward, ({ to }) => to);
  const column = new Map<string, number>();
  const of = (id: string): number => {
    const known = column.get(id);
    if (known !== undefined) return known;
    const at = Math.max(-1, ...(before.get(id) ?? []).map(({ from }) => of(from))) + 1;
    column.set(id, at);
    return at;
  };
  for (const id of ids) of(id);
  return column;
}

/** Sorts a column by the mean row of its neighbours; those without any stay where they are. */
function sort(cells: Cell[], neighbours: (cell: Cell) => Cell[]): void {
  const weight = new Map(
    cells.map((cell) => {
      const rows = neighbours(cell).map(({ row }) => row);
      return [cell, rows.length === 0 ? cell.row : rows.reduce((sum, row) => sum + row, 0) / rows.length];
    }),
  );
  cells.sort((a, b) => (weight.get(a) ?? 0) - (weight.get(b) ?? 0) || a.row - b.row);
  for (const [row, cell] of cells.entries()) cell.row = row;
}

function groupBy(links: readonly Link[], key: (link: Link) => string): Map<string, Link[]> {
  const groups = new Map<string, Link[]>();
  for (const link of links) {
    const group = groups.get(key(link));
    if (group) group.push(link);
    else groups.set(key(link), [link]);
  }
  return groups;
}
