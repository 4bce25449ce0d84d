import type { PartitionPosition, SourceSpec } from '../../ports/index.ts'

/** Numbers of one period. Ages in seconds. */
export type Numbers = {
  readonly Running: number
  readonly Completed: number
  readonly Failures: number
  readonly Throttles: number
  readonly DeadLetters: number
  readonly Paused: number
}
export type Lag = {
  readonly subscription: string
  readonly seconds: number
  readonly records: number
}

/** Counts since the last report, and what is under way. */
export class Measurements {
  readonly #counts = new Map<keyof Numbers, number>()
  readonly #lines = new Map<string, SubscriptionLag>()
  #running = 0
  #mostRunning = 0

  count(name: Exclude<keyof Numbers, 'Running'>): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1)
  }

  /** An attempt begins; the answer ends it. */
  begin(): () => void {
    this.#running += 1
    this.#mostRunning = Math.max(this.#mostRunning, this.#running)
    return () => {
      this.#running -= 1
    }
  }

  lagOf(spec: SourceSpec): SubscriptionLag {
    const known = this.#lines.get(spec.groupId)
    if (known !== undefined) return known
    const made = new SubscriptionLag(spec)
    this.#lines.set(spec.groupId, made)
    return made
  }

  forget(spec: SourceSpec): void {
    this.#lines.delete(spec.groupId)
  }

  get subscriptions(): readonly SubscriptionLag[] {
    return [...this.#lines.values()]
  }

  /** What was counted; counts begin anew. `Running` is the most that ran at once. */
  take(): Numbers {
    const of = (name: keyof Numbers) => this.#counts.get(name) ?? 0
    const numbers = {
      Running: this.#mostRunning,
      Completed: of('Completed'),
      Failures: of('Failures'),
      Throttles: of('Throttles'),
      DeadLetters: of('DeadLetters'),
      Paused: of('Paused'),
    }
    this.#counts.clear()
    this.#mostRunning = this.#running
    return numbers
  }
}

/** How far one subscription is behind, as this replica sees it. */
export class SubscriptionLag {
  readonly spec: SourceSpec
  /** Timestamps of records that were offered and are not accepted: one number for each. */
  readonly #open = new Map<symbol, number>()
  #oldestMs = 0
  /** Since when nothing moved though there is something to consume. */
  #stuck: { readonly committed: bigint; readonly since: number } | undefined

  constructor(spec: SourceSpec) {
    this.spec = spec
  }

  /** A record is offered; the answer is called when it is accepted, or never will be here. */
  offer(timestamp: number, now: number): () => void {
    const id = Symbol()
    this.#open.set(id, timestamp)
    this.#oldestMs = Math.max(this.#oldestMs, now - timestamp)
    return () => {
      this.#open.delete(id)
    }
  }

  /** The lag of the period. `positions`: of all partitions, or `undefined` where Kafka does not tell. */
  take(positions: readonly PartitionPosition[] | undefined, now: number): Lag {
    const records = positions === undefined ? 0n : behind(positions)
    const offered = [...this.#open.values()].map((timestamp) => now - timestamp)
    const ages = [this.#oldestMs, this.#stuckMs(positions, records, now), ...offered]
    this.#oldestMs = 0
    return {
      subscription: this.spec.groupId.replace(/^fermata\./, ''),
      seconds: Math.max(0, ...ages) / 1_000,
      records: Number(records),
    }
  }

  /** A member that fetches nothing offers nothing: then only time tells. */
  #stuckMs(
    positions: readonly PartitionPosition[] | undefined,
    records: bigint,
    now: number,
  ): number {
    if (positions === undefined) return 0
    const committed = positions.reduce((sum, one) => sum + BigInt(one.committed ?? 0), 0n)
    if (records === 0n) this.#stuck = undefined
    else if (this.#stuck?.committed !== committed) this.#stuck = { committed, since: now }
    return this.#stuck === undefined ? 0 : now - this.#stuck.since
  }
}

function behind(positions: readonly PartitionPosition[]): bigint {
  return positions.reduce(
    (sum, { committed, end }) =>
      // Without a commit nothing is known of where it begins.
      committed === undefined ? sum : sum + BigInt(end) - BigInt(committed),
    0n,
  )
}
