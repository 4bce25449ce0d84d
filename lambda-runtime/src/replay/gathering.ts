import { isTerminal, TerminalError } from '../errors.ts'
import type { Waiting } from '../protocol/index.ts'
import { Durable, type DurableEnv, given, isThenable, refused, type Settlement } from './durable.ts'

export type GatheringOptions = {
  /** How many branches there are. */
  readonly count: number
  /** How many may be under way at once. */
  readonly concurrency: number
  /** How many may fail; `undefined`: the first failure is that of the whole. */
  readonly tolerance: number | undefined
  /** Begins a branch; what it throws or answers is the branch's outcome, or a promise of it. */
  readonly begin: (index: number) => unknown
}

/**
 * Several branches, so many at a time, and what comes of them. All that it does follows from the hand-outs, so it
 * begins the same branches in the same order on replay. While there are branches left to begin, the handler wakes
 * for each that ends; after that once for all the rest. A branch that is a plain promise waits for itself.
 */
export class Gathering {
  readonly whole: Durable<unknown>
  readonly #options: GatheringOptions
  readonly #outcomes: (Settlement<unknown> | undefined)[]
  /** The branches under way; those that are durable with their promises. */
  readonly #underWay = new Map<number, Durable<unknown> | undefined>()
  readonly #failures: unknown[] = []
  #begun = 0
  #ended = 0
  #isFilling = false

  constructor(env: DurableEnv, options: GatheringOptions) {
    this.#options = options
    this.#outcomes = Array.from({ length: options.count }, () => undefined)
    this.whole = new Durable<unknown>(env, {
      kind: 'changing',
      of: () => this.#durables(),
      waiting: () => this.#waiting(),
    })
    this.#fill()
  }

  /** Begins branches while there is room. One that ends at once is not begun from within itself. */
  #fill(): void {
    if (this.#isFilling) return
    this.#isFilling = true
    while (this.#hasRoom) this.#begin(this.#begun++)
    this.#isFilling = false
    this.#conclude()
  }

  get #hasRoom(): boolean {
    const { count, concurrency } = this.#options
    const isOpen = this.whole.settlement === undefined
    return isOpen && this.#begun < count && this.#underWay.size < concurrency
  }

  #begin(index: number): void {
    let branch: unknown
    try {
      branch = this.#options.begin(index)
    } catch (reason) {
      this.#take(index, refused(reason))
      return
    }
    if (!isThenable(branch)) {
      this.#take(index, given(branch))
      return
    }
    this.#underWay.set(index, branch instanceof Durable ? branch : undefined)
    const end = (settlement: Settlement<unknown>): void => {
      this.#underWay.delete(index)
      this.#take(index, settlement)
      this.#fill()
    }
    if (branch instanceof Durable) {
      if (this.whole.isObserved) branch.observe()
      branch.listen(end)
    } else {
      Promise.resolve(branch).then(
        (value: unknown) => end(given(value)),
        (reason: unknown) => end(refused(reason)),
      )
    }
  }

  #take(index: number, settlement: Settlement<unknown>): void {
    this.#outcomes[index] = settlement
    this.#ended += 1
    if (settlement.status === 'rejected') this.#fail(settlement.reason)
  }

  /** Only what is in the journal can be tolerated: an error of the code itself may not come again on replay. */
  #fail(reason: unknown): void {
    const { tolerance } = this.#options
    this.#failures.push(reason)
    if (tolerance === undefined || !isTerminal(reason) || reason.code === 'cancelled') {
      this.whole.settle(refused(reason))
    } else if (this.#failures.length > tolerance) {
      this.whole.settle(refused(exceeded(this.#failures, this.#options.count, tolerance)))
    }
  }

  #conclude(): void {
    if (this.#ended < this.#options.count) return
    const keepsFailures = this.#options.tolerance !== undefined
    this.whole.settle(
      given(this.#outcomes.map((outcome) => (keepsFailures ? outcome : resultOf(outcome)))),
    )
  }

  #durables(): readonly Durable<unknown>[] {
    return [...this.#underWay.values()].filter((branch) => branch !== undefined)
  }

  #waiting(): Waiting | undefined {
    const of = this.#durables()
      .map((branch) => branch.waiting())
      .filter((tree) => tree !== undefined)
    if (of.length === 0) return undefined
    const { count, tolerance } = this.#options
    if (this.#begun < count) return { kind: 'race', of }
    if (tolerance === undefined) return { kind: 'all', of }
    return { kind: 'allSettled', of, tolerance: tolerance - this.#failures.length }
  }
}

function exceeded(failures: readonly unknown[], count: number, tolerance: number): TerminalError {
  const message = `${failures.length} of ${count} branches failed, and ${tolerance} may`
  return new TerminalError(message, {
    code: 'tolerance-exceeded',
    cause: new AggregateError(failures, message),
  })
}

function resultOf(outcome: Settlement<unknown> | undefined): unknown {
  return outcome?.status === 'fulfilled' ? outcome.value : undefined
}
