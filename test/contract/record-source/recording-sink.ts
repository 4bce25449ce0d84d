import type { RecordSink, SourceRecord } from '@fermata/orchestrator/ports'

type Assigned = Parameters<NonNullable<RecordSink['assigned']>>[0]

/** A sink that remembers what it was offered, and accepts at once unless told to wait. */
export class RecordingSink implements RecordSink {
  readonly offered: SourceRecord[] = []
  readonly accepted: string[] = []
  readonly aborted: string[] = []
  readonly failures: Error[] = []
  readonly assignments: Assigned[] = []
  readonly #held = new Map<string, () => void>()
  #holds: (position: string) => boolean = () => false
  #refuses: (position: string) => boolean = () => false

  get positions(): string[] {
    return this.offered.map(position)
  }

  /** How many accepts wait. */
  get waiting(): number {
    return this.#held.size
  }

  /** The positions (`partition:offset`) that wait for `release`. */
  hold(holds: (position: string) => boolean): this {
    this.#holds = holds
    return this
  }

  refuse(refuses: (position: string) => boolean): this {
    this.#refuses = refuses
    return this
  }

  /** Lets these go on, those that wait and those to come. */
  release(releases: (position: string) => boolean = () => true): void {
    const holds = this.#holds
    this.#holds = (one) => holds(one) && !releases(one)
    for (const [one, go] of [...this.#held]) if (releases(one)) go()
  }

  async accept(record: SourceRecord, signal: AbortSignal): Promise<void> {
    const at = position(record)
    this.offered.push(record)
    if (this.#refuses(at)) throw new Error(`refused ${at}`)
    if (this.#holds(at)) await this.#wait(at, signal)
    this.accepted.push(at)
  }

  assigned(partitions: Assigned): void {
    this.assignments.push(partitions)
  }

  failed(error: Error): void {
    this.failures.push(error)
  }

  /** An abort is noted, but the accept stays under way: the slow write that arrives all the same. */
  #wait(at: string, signal: AbortSignal): Promise<void> {
    const noteAbort = (): void => {
      this.aborted.push(at)
    }
    signal.addEventListener('abort', noteAbort)
    return new Promise((resolve) => {
      this.#held.set(at, () => {
        signal.removeEventListener('abort', noteAbort)
        this.#held.delete(at)
        resolve()
      })
    })
  }
}

function position(record: SourceRecord): string {
  return `${record.partition}:${record.offset}`
}

/** The positions of one partition, in the order given. */
export function ofPartition(positions: readonly string[], partition: number): string[] {
  return positions.filter((one) => one.startsWith(`${partition}:`))
}

export function range(partition: number, from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, index) => `${partition}:${from + index}`)
}
