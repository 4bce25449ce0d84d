import type { Entry, Segment } from '../protocol/index.ts'
import { protocolVersion } from '../protocol/index.ts'
import type { Bell } from './bell.ts'
import type { JournalView, Me } from './journal-view.ts'
import type { AttemptPayloads, HandlerHost, HandlerJournal } from './ports.ts'
import { fitting } from './segments.ts'

/**
 * What an entry means for those after it. `result`: handed out to user code, so no step starts before it is
 * durable (INV-3); `gate`: the same, because a step is about to start; `command`: somebody else carries it out;
 * `note`: nothing hurries.
 */
export type EntryRole = 'result' | 'gate' | 'command' | 'note'

type Item = { readonly entry: Entry; readonly role: EntryRole; readonly since: number }

/** Nobody else may append for this attempt any more, or the journal is out of reach. */
export type OutboxState = 'open' | 'fenced' | 'unreachable'

export type OutboxDeps = {
  readonly journal: HandlerJournal
  readonly host: HandlerHost
  readonly view: JournalView
  readonly me: Me
  readonly bell: Bell
  readonly maxSegmentBytes: number
  readonly payloads: AttemptPayloads | undefined
}

/** Conflicts in a row without anything new in the tail: something is wrong with the store. */
const maxEmptyConflicts = 5

/** The handler's entries on their way into the journal, in stream order, one append at a time. */
export class Outbox {
  readonly #deps: OutboxDeps
  readonly #items: Item[] = []
  #flight: Promise<void> | undefined
  #state: OutboxState = 'open'
  #base: number | null = null
  #lastAppendAt: number
  #cause: unknown

  constructor(deps: OutboxDeps) {
    this.#deps = deps
    this.#lastAppendAt = deps.host.now()
  }

  get state(): OutboxState {
    return this.#state
  }

  /** Why the journal is out of reach. */
  get cause(): unknown {
    return this.#cause
  }

  /** The last segment that this attempt has appended. */
  get base(): number | null {
    return this.#base
  }

  /** When this attempt last appended, or began (epoch ms). */
  get lastAppendAt(): number {
    return this.#lastAppendAt
  }

  /** Whether an append is under way. */
  get isSending(): boolean {
    return this.#flight !== undefined
  }

  /** What is not known to be durable. */
  get entries(): readonly Entry[] {
    return this.#items.map(({ entry }) => entry)
  }

  /** Whether something must become durable before a step may start (INV-3). */
  get holdsGate(): boolean {
    return this.#items.some(({ role }) => role === 'result' || role === 'gate')
  }

  /** The same, as it is stored. */
  get packed(): Promise<readonly Entry[]> {
    return this.#pack(this.entries)
  }

  get holdsCommand(): boolean {
    return this.#items.some(({ role }) => role === 'command')
  }

  /** Since when a result has been waiting to be appended (epoch ms); while an append is under way, none is. */
  get oldestResultAt(): number | undefined {
    if (this.#flight !== undefined) return undefined
    return this.#items.find(({ role }) => role === 'result')?.since
  }

  add(role: EntryRole, ...entries: readonly Entry[]): void {
    const since = this.#deps.host.now()
    for (const entry of entries) this.#items.push({ entry, role, since })
  }

  /** Begins to append what is there, unless an append is under way. The bell rings when that has ended. */
  flush(): void {
    if (this.#flight !== undefined || this.#items.length === 0) return
    this.#flight = this.#send(this.#items.length).finally(() => {
      this.#flight = undefined
      this.#deps.bell.ring()
    })
  }

  /** Appends everything but the last `keep` entries. */
  async drain(keep: number): Promise<void> {
    await this.#flight
    await this.#send(this.#items.length - keep)
  }

  /** News has shown that this attempt is no longer the one. */
  fence(): void {
    if (this.#state === 'open') this.#state = 'fenced'
  }

  async #send(count: number): Promise<void> {
    for (let left = count; left > 0 && this.#state === 'open'; ) {
      left -= await this.#sendSome(left)
    }
  }

  /** Appends as many of the first `count` entries as fit one segment, and says how many. */
  async #sendSome(count: number): Promise<number> {
    try {
      const given = this.entries.slice(0, count)
      const entries = this.#deps.payloads === undefined ? given : await this.#pack(given)
      const size = fitting(entries, this.#deps.maxSegmentBytes)
      await this.#append(entries.slice(0, size))
      return size
    } catch (cause) {
      this.#state = 'unreachable'
      this.#cause = cause
      return 0
    }
  }

  async #pack(entries: readonly Entry[]): Promise<readonly Entry[]> {
    return this.#deps.payloads === undefined ? entries : this.#deps.payloads.pack(entries)
  }

  async #append(entries: readonly Entry[]): Promise<void> {
    const n = await this.#appendAtEnd(entries)
    if (n === undefined) return this.fence()
    this.#base = n
    this.#lastAppendAt = this.#deps.host.now()
    this.#items.splice(0, entries.length)
  }

  /** Appends at the end of the journal, wherever that is by now; `undefined` when fenced (INV-2). */
  async #appendAtEnd(entries: readonly Entry[]): Promise<number | undefined> {
    const { journal, view } = this.#deps
    for (let empty = 0; empty < maxEmptyConflicts; ) {
      if (view.isFenced) return undefined
      const segment = this.#segment(entries)
      if ((await journal.append(segment)) === 'appended') {
        view.appended(segment)
        return segment.n
      }
      const news = await journal.tail(view.next)
      empty = news.length === 0 ? empty + 1 : 0
      view.take(news)
    }
    throw new Error('The journal refuses a segment but shows nothing in its place')
  }

  #segment(entries: readonly Entry[]): Segment {
    const { view, me, host } = this.#deps
    return {
      protocol: protocolVersion,
      n: view.next,
      born: view.born,
      epoch: me.epoch,
      by: 'handler',
      writer: me.writer,
      at: host.now(),
      entries,
    }
  }
}
