/** Who waits in a line. `left`: no longer; it is passed over. */
export type Waiting = { readonly line: string; readonly rank: number; left: boolean }

/**
 * First come, first served, in several lines: a line whose first may not go on holds up no other. Of those who
 * may, the least rank goes first, then who came first. Nothing here takes longer because many wait.
 */
export class WaitingLines<W extends Waiting> {
  readonly #lines = new Map<string, Line<W>>()
  #tickets = 0

  get isEmpty(): boolean {
    return this.#lines.size === 0
  }

  join(waiter: W): void {
    const line = this.#lines.get(waiter.line) ?? new Line<W>()
    this.#lines.set(waiter.line, line)
    line.push({ waiter, ticket: this.#tickets++ })
  }

  /** Takes out the first who may go on. */
  next(may: (waiter: W) => boolean): W | undefined {
    let best: Place<W> | undefined
    for (const [name, line] of this.#lines) {
      const first = line.first
      if (first === undefined) this.#lines.delete(name)
      else if (isBefore(first, best) && may(first.waiter)) best = first
    }
    return best && this.#take(best.waiter)
  }

  #take(waiter: W): W {
    const line = this.#lines.get(waiter.line)
    line?.shift()
    if (line?.first === undefined) this.#lines.delete(waiter.line)
    return waiter
  }
}

type Place<W> = { readonly waiter: W; readonly ticket: number }

function isBefore<W extends Waiting>(place: Place<W>, other: Place<W> | undefined): boolean {
  if (other === undefined) return true
  const ranks = place.waiter.rank - other.waiter.rank
  return ranks === 0 ? place.ticket < other.ticket : ranks < 0
}

class Line<W extends Waiting> {
  #places: Place<W>[] = []
  #head = 0

  push(place: Place<W>): void {
    this.#places.push(place)
  }

  get first(): Place<W> | undefined {
    while (this.#places[this.#head]?.waiter.left === true) this.shift()
    return this.#places[this.#head]
  }

  /** What is taken goes in one piece, so that a long line is not moved for each who leaves it. */
  shift(): void {
    this.#head++
    if (this.#head * 2 < this.#places.length) return
    this.#places = this.#places.slice(this.#head)
    this.#head = 0
  }
}
