type Due<T> = { readonly at: number; readonly value: T }

/** What is due when: a binary heap. Equal times come out in any order. */
export class DueQueue<T> {
  readonly #heap: Due<T>[] = []

  get size(): number {
    return this.#heap.length
  }

  /** When the first is due. */
  get next(): number | undefined {
    return this.#heap[0]?.at
  }

  push(at: number, value: T): void {
    const heap = this.#heap
    let index = heap.length
    const entry = { at, value }
    while (index > 0) {
      const parent = (index - 1) >>> 1
      const above = heap[parent] as Due<T>
      if (above.at <= at) break
      heap[index] = above
      index = parent
    }
    heap[index] = entry
  }

  /** Takes the first out, if it is due by `now`. */
  pop(now: number): Due<T> | undefined {
    const first = this.#heap[0]
    if (first === undefined || first.at > now) return undefined
    const last = this.#heap.pop() as Due<T>
    if (this.#heap.length > 0) this.#sink(last)
    return first
  }

  clear(): void {
    this.#heap.length = 0
  }

  #sink(entry: Due<T>): void {
    const heap = this.#heap
    let index = 0
    for (let child = this.#lesserChild(0); child !== undefined; child = this.#lesserChild(index)) {
      const below = heap[child] as Due<T>
      if (below.at >= entry.at) break
      heap[index] = below
      index = child
    }
    heap[index] = entry
  }

  #lesserChild(index: number): number | undefined {
    const left = this.#heap[2 * index + 1]
    const right = this.#heap[2 * index + 2]
    if (left === undefined) return undefined
    return right !== undefined && right.at < left.at ? 2 * index + 2 : 2 * index + 1
  }
}
