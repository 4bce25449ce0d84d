import { type Awaited, opsIn } from './awaited.ts'
import type { HandOuts } from './hand-outs.ts'
import type { JournalView } from './journal-view.ts'
import type { Steps } from './steps.ts'

export type CancellationDeps = {
  readonly view: JournalView
  readonly awaited: Awaited
  readonly steps: Steps
  readonly handOuts: HandOuts
}

/**
 * The end of an invocation from outside. Once a live attempt knows of it no step starts any more, and those that are
 * executing are told to stop; their outcomes still count, for what was done may have to be undone. As soon as user
 * code waits for something else, all that it waits for rejects with a CancelledError. After that it runs as ever.
 */
export class Cancellation {
  readonly #deps: CancellationDeps

  constructor(deps: CancellationDeps) {
    this.#deps = deps
  }

  /** Whether the handler is to get a CancelledError. */
  get isPending(): boolean {
    return this.#deps.view.completions.isCancelPending
  }

  tellSteps(): void {
    if (this.isPending) this.#deps.steps.hold(this.#deps.handOuts.cancellation)
  }

  /** Lets the handler know, if it waits for something that may be taken from it. */
  handOut(): boolean {
    const ops = this.isPending ? this.#due() : undefined
    if (ops === undefined) return false
    this.#deps.handOuts.cancel(ops)
    return true
  }

  /** The ops that are to be rejected: all that is awaited beside what has begun, and the steps that never start. */
  #due(): ReadonlySet<number> | undefined {
    const { awaited, steps } = this.#deps
    const { begun, idle } = steps
    const due = new Set(idle)
    let isAwaited = false
    for (const tree of awaited.trees()) {
      const ops = opsIn(tree)
      const isSpared = ops.some((op) => begun.has(op))
      if (!isSpared) for (const op of ops) due.add(op)
      isAwaited ||= !isSpared || ops.some((op) => idle.has(op))
    }
    return isAwaited ? due : undefined
  }
}
