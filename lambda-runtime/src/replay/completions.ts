import type { Entry, EntryKind, EntryOf, OpKind, Outcome } from '../protocol/index.ts'

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
 * What the outside has said of the ops of a journal. Of two completions the first counts. One that precedes its op
 * is for an awakeable or for nothing: ids can be guessed, and the result of a call to come must not be forged.
 */
export class Completions {
  /** The ops whose entries stand in the journal. */
  readonly #ops = new Map<number, OpKind>()
  readonly #outcomes = new Map<number, Outcome>()
  readonly #news = new Map<number, News>()

  /** What has not been handed out, by op, in the order of the log. */
  get news(): ReadonlyMap<number, News> {
    return this.#news
  }

  outcomeOf(op: number): Outcome | undefined {
    return this.#outcomes.get(op)
  }

  /** Somebody has got the completion of `op`: it is no news any more. */
  forget(op: number): void {
    this.#news.delete(op)
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
    this.#outcomes.set(op, result)
    this.#news.set(op, { outcome: result, allowedAt: undefined })
  }

  /** An attempt begins at `at`: it may hand out what stands before it. */
  allow(at: number): void {
    for (const [op, news] of this.#news) {
      if (news.allowedAt === undefined) this.#news.set(op, { ...news, allowedAt: at })
    }
  }
}
