import type { Entry, EntryKind, EntryOf, OpKind, Outcome, Segment } from '../protocol/index.ts'
import { Completions } from './completions.ts'

/** What the journal holds of an op without a result of its own. */
export type CommandRecord = EntryOf<Exclude<OpKind, 'run'>>

/** What the journal holds of a step: that it started for the only time, how it failed so far, its result. */
export type StepRecord = {
  readonly kind: 'run'
  readonly op: number
  readonly name: string
  readonly started?: true
  readonly failed?: EntryOf<'run-failed'>
  readonly result?: Outcome
}

export type OpRecord = CommandRecord | StepRecord

/** A hand-out of an earlier attempt, to be repeated in its place (INV-4). */
export type RecordedHandOut = EntryOf<'run' | 'seen' | 'state-get' | 'state-keys' | 'cancelled'>

export type Me = { readonly epoch: number; readonly writer: string }

/** A journal as its handler sees it: folded, and folded on as news comes in. */
export class JournalView {
  readonly #me: Me
  readonly #records = new Map<number, OpRecord>()
  readonly #handOuts: RecordedHandOut[] = []
  /** What the outside has said of the handler's ops. */
  readonly completions = new Completions()
  #born: string | undefined
  #created: EntryOf<'created'> | undefined
  #createdAt = 0
  #next = 0
  #epoch = 0
  #running = false
  #writer: string | undefined
  #lastEnd: EntryKind | undefined
  #resumed = false
  #isCutOff = false
  #ops = 0
  #kept = 0
  /** When the holder of an awakeable was last heard of (epoch ms). */
  readonly #heartbeats = new Map<number, number>()

  constructor(me: Me, segments: readonly Segment[]) {
    this.#me = me
    this.take(segments)
  }

  get created(): EntryOf<'created'> | undefined {
    return this.#created
  }

  /** When the invocation was created: the `now` of its handler until the first hand-out. */
  get createdAt(): number {
    return this.#createdAt
  }

  get born(): string {
    return this.#born ?? ''
  }

  /** The number of the next segment. */
  get next(): number {
    return this.#next
  }

  /** How many ops the journal shows to have been issued. */
  get ops(): number {
    return this.#ops
  }

  get handOuts(): readonly RecordedHandOut[] {
    return this.#handOuts
  }

  /** Whether the attempt before this one ran until it was blocked. */
  get wasSuspended(): boolean {
    return this.#resumed
  }

  /** Whether an attempt before this one may have left steps that had begun: it did not come to a rest. */
  get wasCutOff(): boolean {
    return this.#isCutOff
  }

  /** How many of the ops are those of another invocation, that this one does again from there on. */
  get kept(): number {
    return this.#kept
  }

  heartbeatOf(op: number): number | undefined {
    return this.#heartbeats.get(op)
  }

  recordOf(op: number): OpRecord | undefined {
    return this.#records.get(op)
  }

  /** Whether a newer attempt, a twin or an end stands in the way of this attempt (INV-2). */
  get isFenced(): boolean {
    if (this.#epoch !== this.#me.epoch) return this.#epoch > this.#me.epoch
    return !this.#running || (this.#writer !== undefined && this.#writer !== this.#me.writer)
  }

  /** Takes segments in; those it knows, and those of another life, change nothing. */
  take(segments: readonly Segment[]): void {
    for (const segment of segments) {
      this.#born ??= segment.born
      if (segment.n < this.#next || segment.born !== this.#born) continue
      this.#next = segment.n + 1
      this.#takeOne(segment)
    }
  }

  /** This attempt has appended a segment: what is in it, the attempt knows. */
  appended({ n, entries }: Segment): void {
    this.#next = Math.max(this.#next, n + 1)
    this.#writer = this.#me.writer
    for (const entry of entries) {
      this.completions.stands(entry)
      if (entry.kind === 'completion') this.completions.take(entry)
    }
  }

  #takeOne(segment: Segment): void {
    if (segment.by === 'orchestrator') {
      for (const entry of segment.entries) this.#fold(entry, segment)
      return
    }
    if (!this.#admits(segment)) return
    this.#writer = segment.writer
    if (segment.writer === this.#me.writer) this.appended(segment)
    else for (const entry of segment.entries) this.#fold(entry, segment)
  }

  /** The rule of both sides: a handler segment that its epoch does not allow is nothing but a number (INV-2). */
  #admits(segment: Segment): boolean {
    if (!this.#running || segment.epoch !== this.#epoch) return false
    return this.#writer === undefined || this.#writer === segment.writer
  }

  #fold(entry: Entry, segment: Segment): void {
    this.completions.stands(entry)
    const fold = this.#folds[entry.kind] as (entry: Entry, segment: Segment) => void
    fold(entry, segment)
  }

  readonly #folds: { readonly [K in EntryKind]: (entry: EntryOf<K>, segment: Segment) => void } = {
    created: (entry, { at }) => {
      if (this.#created !== undefined) return
      this.#created = entry
      this.#createdAt = entry.restartOf?.kept?.at ?? at
      this.#kept = this.#ops
    },
    attempt: (entry, { at }) => {
      this.#resumed = !this.#running && this.#lastEnd === 'suspended'
      this.#isCutOff = this.#epoch > 0 && !this.#resumed
      this.#running = true
      this.#epoch = entry.epoch
      this.#writer = undefined
      this.completions.allow(at)
    },
    run: (entry) => {
      if (this.#stepOf(entry).result !== undefined) return
      this.#record({ ...this.#stepOf(entry), result: entry.result })
      this.#handedOut(entry)
    },
    'run-started': (entry) =>
      this.#record({ ...this.#stepOf(entry), ...(entry.again ? {} : { started: true }) }),
    'run-failed': (entry) => this.#record({ ...this.#stepOf(entry), failed: entry }),
    sleep: (entry) => this.#record(entry),
    call: (entry) => this.#record(entry),
    send: (entry) => this.#record(entry),
    awakeable: (entry) => this.#record(entry),
    'awakeable-complete': (entry) => this.#record(entry),
    'state-get': (entry) => {
      this.#record(entry)
      this.#handedOut(entry)
    },
    'state-keys': (entry) => {
      this.#record(entry)
      this.#handedOut(entry)
    },
    'state-set': (entry) => this.#record(entry),
    'state-clear': (entry) => this.#record(entry),
    'state-clear-all': (entry) => this.#record(entry),
    'signal-wait': (entry) => this.#record(entry),
    'signal-send': (entry) => this.#record(entry),
    'cancel-invocation': (entry) => this.#record(entry),
    attach: (entry) => this.#record(entry),
    'promise-get': (entry) => this.#record(entry),
    'promise-peek': (entry) => this.#record(entry),
    'promise-complete': (entry) => this.#record(entry),
    completion: (entry) => this.completions.take(entry),
    seen: (entry) => this.#handedOut(entry),
    signal: (entry) => this.completions.takeSignal(entry),
    heartbeat: ({ op }, { at }) => {
      this.#heartbeats.set(op, at)
    },
    cancel: () => this.completions.takeCancel(),
    cancelled: (entry) => this.#handedOut(entry),
    killed: () => undefined,
    waiter: () => undefined,
    alive: () => undefined,
    suspended: () => this.#end('suspended'),
    'attempt-failed': () => this.#end('attempt-failed'),
    paused: () => this.#end('paused'),
    output: () => this.#end('output'),
  }

  #stepOf({ op, name }: { readonly op: number; readonly name: string }): StepRecord {
    const known = this.#records.get(op)
    return known?.kind === 'run' ? known : { kind: 'run', op, name }
  }

  #record(record: OpRecord): void {
    this.#records.set(record.op, record)
    this.#ops = Math.max(this.#ops, record.op + 1)
  }

  #handedOut(entry: RecordedHandOut): void {
    this.#handOuts.push(entry)
    this.#ops = Math.max(this.#ops, entry.after)
  }

  #end(kind: EntryKind): void {
    this.#running = false
    this.#lastEnd = kind
  }
}
