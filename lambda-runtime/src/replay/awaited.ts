import type { Waiting } from '../protocol/index.ts'
import type { Durable } from './durable.ts'

/** The durable promises that user code waits for: those whose `then` was called and that have no outcome. */
export class Awaited {
  readonly #roots = new Set<Durable<unknown>>()
  #begun = 0
  #ended = 0

  /** How many waits have begun. */
  get begun(): number {
    return this.#begun
  }

  /** How many waits have ended. */
  get ended(): number {
    return this.#ended
  }

  add(promise: Durable<unknown>): void {
    this.#begun += 1
    this.#roots.add(promise)
  }

  delete(promise: Durable<unknown>): void {
    if (this.#roots.delete(promise)) this.#ended += 1
  }

  /** A tree for each of them that the journal can bring on. */
  trees(): readonly Waiting[] {
    return [...this.#roots].map((root) => root.waiting()).filter((tree) => tree !== undefined)
  }

  /** The ops in those trees. */
  ops(): ReadonlySet<number> {
    return new Set(this.trees().flatMap(opsIn))
  }
}

/** What a suspended handler waits for: the first of its roots, or of the steps' next tries. */
export function waitingOn(trees: readonly Waiting[], retryTimes: readonly number[]): Waiting {
  const timers = retryTimes.map((at): Waiting => ({ kind: 'timer', at }))
  const of = [...trees, ...timers]
  const [only] = of
  return of.length === 1 && only !== undefined ? only : { kind: 'race', of }
}

/** Satisfied at once: the attempt gave up of itself, and the next goes on. */
export const waitingOnNothing: Waiting = { kind: 'all', of: [] }

/** The ops in a tree. */
export function opsIn(tree: Waiting): readonly number[] {
  if (tree.kind === 'op') return [tree.op]
  return tree.kind === 'timer' ? [] : tree.of.flatMap(opsIn)
}
