import type { Entry, Segment, Value } from '../../../../lambda-runtime/src/protocol/index.ts'
import type { HandlerJournal } from '../../../../lambda-runtime/src/replay/ports.ts'

export type Hooks = {
  /** Before a handler's append takes place; what it throws, the append throws. */
  beforeAppend?: (segment: Segment) => void | Promise<void>
  /** After it took place; what it throws is an answer that was lost. */
  afterAppend?: (segment: Segment) => void | Promise<void>
  beforeTail?: (from: number) => void | Promise<void>
}

/** A journal in memory, with the compare-and-set append of the real one. */
export class MemoryJournal implements HandlerJournal {
  readonly segments: Segment[] = []
  readonly hooks: Hooks = {}
  /** Appends by handlers that took place, and reads. */
  appends = 0
  reads = 0

  async append(segment: Segment): Promise<'appended' | 'conflict'> {
    await this.hooks.beforeAppend?.(segment)
    const answer = this.#put(segment)
    await this.hooks.afterAppend?.(segment)
    return answer
  }

  async tail(from: number, before?: number): Promise<readonly Segment[]> {
    await this.hooks.beforeTail?.(from)
    this.reads += 1
    return structuredClone(this.segments.slice(from, before))
  }

  /** Large values of the state: `<name> <slot>`. */
  readonly stateValues = new Map<string, Value>()

  async stateValue(name: string, slot: number): Promise<Value | undefined> {
    this.reads += 1
    return this.stateValues.get(`${name} ${slot}`)
  }

  /** Appends as the orchestrator does, at the end. */
  news(at: number, ...entries: Entry[]): Segment {
    const n = this.segments.length
    return this.#push({ n, epoch: this.epoch, by: 'orchestrator', writer: `o${n}`, at, entries })
  }

  /** Appends what a handler said, in its name. */
  handler(at: number, writer: string, ...entries: Entry[]): Segment {
    const n = this.segments.length
    return this.#push({ n, epoch: this.epoch, by: 'handler', writer, at, entries })
  }

  get epoch(): number {
    const attempts = this.entries.filter((entry) => entry.kind === 'attempt')
    return attempts.at(-1)?.epoch ?? 0
  }

  get entries(): readonly Entry[] {
    return this.segments.flatMap((segment) => segment.entries)
  }

  #put(segment: Segment): 'appended' | 'conflict' {
    const standing = this.segments[segment.n]
    if (standing !== undefined) {
      return standing.writer === segment.writer ? 'appended' : 'conflict'
    }
    if (segment.n !== this.segments.length) throw new Error(`A gap before segment ${segment.n}`)
    this.appends += 1
    this.segments.push(structuredClone(segment))
    return 'appended'
  }

  #push(segment: Omit<Segment, 'protocol' | 'born'>): Segment {
    const whole: Segment = { protocol: 1, born: 'b1', ...structuredClone(segment) }
    this.segments.push(whole)
    return whole
  }
}
