/** A priority queue by time: a binary heap, the earliest first. */
export class Schedule<T> {
  readonly #heap: { readonly due: number; readonly item: T }[] = [];

  /** How many items it holds. */
  get size(): number {
    return this.#heap.length;
  }

  /** When the earliest item is due, `Infinity` without any. */
  get due(): number {
    return this.#heap.length > 0 ? this.#heap[0].due : Infinity;
  }

  /** Adds an item. */
  push(due: number, item: T): void {
    const heap = this.#heap, entry = { due, item };
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const above = at - 1 >> 1;
      if (heap[above].due <= due) break;
      heap[at] = heap[above];
      at = above;
    }
    heap[at] = entry;
  }

  /** Takes the earliest item out. */
  pop(): T {
    const heap = this.#heap, top = heap[0], last = heap.pop()!;
    if (top === undefined) throw new RangeError("Cannot pop: it is empty");
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && heap[below + 1].due < heap[below].due) {
        below++;
      }
      if (heap[below].due >= last.due) break;
      heap[at] = heap[below];
      at = below;
    }
    if (heap.length > 0) heap[at] = last;
    return top.item;
  }

  /** Forgets every item. */
  clear(): void {
    this.#heap.length = 0;
  }
}
