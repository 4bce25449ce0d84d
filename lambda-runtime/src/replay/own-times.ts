import type { EntryOf } from '../protocol/index.ts'
import type { Awaited } from './awaited.ts'
import type { Issuer } from './issuer.ts'
import type { JournalView } from './journal-view.ts'
import type { Steps } from './steps.ts'

export type OwnTimesDeps = {
  readonly awaited: Awaited
  readonly issuer: Issuer
  readonly view: JournalView
  readonly steps: Steps
}

type Due = { readonly op: number; readonly at: number }

/** What the handler waits for that has a time: its sleeps, and the signs of life of those who hold its awakeables. */
export class OwnTimes {
  readonly #deps: OwnTimesDeps
  /** Awakeables that this attempt has given up. */
  readonly #silent = new Set<number>()

  constructor(deps: OwnTimesDeps) {
    this.#deps = deps
  }

  /** When to look at them. While the tail is read there is nothing to do about the silent ones. */
  at(isReading: boolean): readonly number[] {
    return [...this.#sleeps(), ...(isReading ? [] : this.#deadlines())].map(({ at }) => at)
  }

  /** A sleep that is over. */
  sleepDue(now: number): number | undefined {
    return this.#sleeps().find(({ at }) => at <= now)?.op
  }

  /**
   * Gives up an awakeable whose holder is silent; `knowsOf`: whether the attempt has looked since the deadline. What
   * else may have been said of it until this is durable comes first in the journal, and counts.
   */
  giveUp(now: number, knowsOf: (time: number) => boolean): EntryOf<'completion'> | undefined {
    const due = this.#deadlines().find(({ at }) => at <= now && knowsOf(at))
    if (due === undefined) return undefined
    this.#silent.add(due.op)
    return { kind: 'completion', op: due.op, result: { kind: 'failure', failure: silence } }
  }

  /** Whether user code waits for something that only others can bring. */
  get waitsForOthers(): boolean {
    const { awaited, issuer, steps } = this.#deps
    return [...awaited.ops()].some((op) => issuer.wakeTimeOf(op) === undefined && !steps.has(op))
  }

  #sleeps(): readonly Due[] {
    return this.#due((op) => this.#deps.issuer.wakeTimeOf(op))
  }

  #deadlines(): readonly Due[] {
    const { issuer, view } = this.#deps
    // Asked for in each turn, and nearly always there is none: thousands of ops are not gone through for that.
    if (!issuer.hasHeartbeats) return []
    return this.#due((op) => {
      const beat = issuer.heartbeatOf(op)
      if (beat === undefined || this.#silent.has(op)) return undefined
      return Math.max(beat.at, view.heartbeatOf(op) ?? 0) + beat.everyMs
    })
  }

  #due(timeOf: (op: number) => number | undefined): readonly Due[] {
    return [...this.#deps.awaited.ops()].flatMap((op) => {
      const at = timeOf(op)
      return at === undefined ? [] : [{ op, at }]
    })
  }
}

const silence = {
  code: 'heartbeat-timeout',
  name: 'TimeoutError',
  message: 'The holder of the awakeable showed no sign of life in time',
}
