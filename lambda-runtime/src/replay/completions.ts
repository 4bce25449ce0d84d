import {
  type Entry,
  type EntryKind,
  type EntryOf,
  type OpKind,
  type Outcome,
  voidValue,
} from '../protocol/index.ts'

/** A completion that has not been handed out. */
export type News = {
  readonly outcome: Outcome
  /**
   * When an attempt was first allowed to hand it out (epoch ms): its `attempt` entry stands behind the completion.
   * Moment and order of such a hand-out follow from the journal; others are the attempt's own choice.
   */
  readonly allowedAt: number | undefined
}

const opKinds: { readonly [K in EntryKind]?: OpKind } = {
  run: 'run',
  'run-started': 'run',
  'run-failed': 'run',
  sleep: 'sleep',
  call: 'call',
  send: 'send',
  awakeable: 'awakeable',
  'awakeable-complete': 'awakeable-complete',
  'state-get': 'state-get',
  'state-keys': 'state-keys',
  'state-set': 'state-set',
  'state-clear': 'state-clear',
  'state-clear-all': 'state-clear-all',
  'signal-wait': 'signal-wait',
  'signal-send': 'signal-send',
  'cancel-invocation': 'cancel-invocation',
  attach: 'attach',
  'promise-get': 'promise-get',
  'promise-peek': 'promise-peek',
  'promise-complete': 'promise-complete',
}
const completable: ReadonlySet<OpKind> = new Set([
  'sleep',
  'call',
  'awakeable',
  'attach',
  'promise-get',
  'promise-peek',
  'promise-complete',
])

/**
 * What a piece of news is for: an op, the k-th wait for a signal (`<k>:<name>`), or the handler as a whole, which
 * is to be cancelled.
 */
export type NewsKey = number | `${number}:${string}` | 'cancel'

/**
 * What the outside has said of the ops of a journal. Of two completions the first counts. One that precedes its op
 * is for an awakeable or for nothing: ids can be guessed, and the result of a call to come must not be forged. The k-th
 * signal of a name is for the k-th wait for that name, whichever of the two comes first.
 */
export class Completions {
  /** The ops whose entries stand in the journal. */
  readonly #ops = new Map<number, OpKind>()
  readonly #outcomes = new Map<NewsKey, Outcome>()
  readonly #news = new Map<NewsKey, News>()
  /** Waits for signals that user code has begun: op → what it waits for, and back; how many there are of each name. */
  readonly #waitOf = new Map<number, NewsKey>()
  readonly #waiterOf = new Map<NewsKey, number>()
  readonly #waits = new Map<string, number>()
  readonly #signals = new Map<string, number>()
  readonly #signalIds = new Set<string>()

  /** What has not been handed out, in the order of the log. */
  get news(): ReadonlyMap<NewsKey, News> {
    return this.#news
  }

  /** The op that news is for; `undefined` while there is none. */
  opOf(key: NewsKey): number | undefined {
    return typeof key === 'number' ? key : this.#waiterOf.get(key)
  }

  outcomeOf(op: number): Outcome | undefined {
    return this.#outcomes.get(this.#keyOf(op))
  }

  /** Somebody has got the completion of `op`: it is no news any more. */
  forget(op: number): void {
    this.#news.delete(this.#keyOf(op))
  }

  /** User code waits for the next signal of this name. */
  waits(op: number, name: string): void {
    const rank = next(this.#waits, name)
    this.#waitOf.set(op, `${rank}:${name}`)
    this.#waiterOf.set(`${rank}:${name}`, op)
  }

  /** Whether the entry of `op` is not in the journal yet. */
  precede(op: number): boolean {
    return !this.#ops.has(op)
  }

  /** An entry stands in the journal; only the first of an op says something new. */
  stands(entry: Entry): void {
    const kind = opKinds[entry.kind]
    if (kind === undefined || !('op' in entry) || this.#ops.has(entry.op)) return
    this.#ops.set(entry.op, kind)
    if (kind === 'awakeable') return
    this.#outcomes.delete(entry.op)
    this.#news.delete(entry.op)
  }

  take({ op, result }: EntryOf<'completion'>): void {
    const kind = this.#ops.get(op)
    if (this.#outcomes.has(op) || (kind !== undefined && !completable.has(kind))) return
    this.#put(op, result)
  }

  /** Of two signals with one id the first counts. */
  takeSignal({ name, value, id }: EntryOf<'signal'>): void {
    if (id !== undefined && this.#signalIds.has(id)) return
    if (id !== undefined) this.#signalIds.add(id)
    this.#put(`${next(this.#signals, name)}:${name}`, { kind: 'value', value })
  }

  /** The handler is to be cancelled, once it comes to this in the log. */
  takeCancel(): void {
    if (!this.#outcomes.has('cancel')) this.#put('cancel', { kind: 'value', value: voidValue })
  }

  /** Whether the handler is to be cancelled and has not been. */
  get isCancelPending(): boolean {
    return this.#news.has('cancel')
  }

  forgetCancel(): void {
    this.#news.delete('cancel')
  }

  /** An attempt begins at `at`: it may hand out what stands before it. */
  allow(at: number): void {
    for (const [key, news] of this.#news) {
      if (news.allowedAt === undefined) this.#news.set(key, { ...news, allowedAt: at })
    }
  }

  #put(key: NewsKey, outcome: Outcome): void {
    this.#outcomes.set(key, outcome)
    this.#news.set(key, { outcome, allowedAt: undefined })
  }

  #keyOf(op: number): NewsKey {
    return this.#waitOf.get(op) ?? op
  }
}

/** How many there were of that name before. */
function next(counts: Map<string, number>, name: string): number {
  const count = counts.get(name) ?? 0
  counts.set(name, count + 1)
  return count
}
