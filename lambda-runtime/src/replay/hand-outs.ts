import { CancelledError, TerminalError } from '../errors.ts'
import { fromFailure } from '../failure.ts'
import {
  type EntryOf,
  type Failure,
  type OpKind,
  type Outcome,
  voidValue,
} from '../protocol/index.ts'
import { decodeValue } from '../values.ts'
import type { News, NewsKey } from './completions.ts'
import { type Durable, given, refused, type Settlement } from './durable.ts'
import type { JournalView, RecordedHandOut } from './journal-view.ts'
import type { OpTable } from './op-table.ts'
import type { EntryRole, Outbox } from './outbox.ts'
import type { StateRead, StateReads } from './state-reads.ts'
import type { Contest } from './step-try.ts'
import type { FinishedStep, Steps } from './steps.ts'

export type HandOutDeps = {
  readonly view: JournalView
  readonly table: OpTable
  readonly outbox: Outbox
  readonly steps: Steps
  readonly reads: StateReads
  /** Epoch ms. */
  readonly clock: () => number
}

/**
 * Gives results to user code, one at a time. First it repeats the hand-outs that the journal shows, each when
 * as many ops have been issued as live (INV-4); then it makes new ones and records them.
 */
export class HandOuts {
  readonly #deps: HandOutDeps
  /** In the order in which the ops were issued. */
  readonly #pending = new Map<number, Durable<unknown>>()
  readonly #awakeables = new Set<number>()
  /** What all that is cancelled rejects with. */
  readonly cancellation = new CancelledError()
  #repeated = 0
  /** How many ops user code had issued when it last let a turn pass; 0: none has passed since the last hand-out. */
  #idleAt = 0
  #now: number
  #isLive = false
  #hasResults = false

  constructor(deps: HandOutDeps) {
    this.#deps = deps
    this.#now = deps.view.createdAt
  }

  /** What `ctx.now()` answers: the moment of the last hand-out. */
  get now(): number {
    return this.#now
  }

  /** Whether this attempt has handed out anything new. */
  get isLive(): boolean {
    return this.#isLive
  }

  /**
   * Whether a step that is asked for now may have begun in an attempt that was cut off. It cannot where it follows from
   * a result of this attempt: that would be durable, had a step begun behind it before (INV-3).
   */
  get mayHaveBegun(): boolean {
    return this.#deps.view.wasCutOff && !this.#hasResults
  }

  /** Whether user code stands where the journal ends: all hand-outs repeated, all ops issued again. */
  get isCaughtUp(): boolean {
    const { view, table } = this.#deps
    return this.#repeated === view.handOuts.length && table.count >= view.ops
  }

  /** `promise` is to get the outcome of `op`. */
  expect(op: number, kind: OpKind, promise: Durable<unknown>): void {
    if (kind === 'awakeable') this.#awakeables.add(op)
    this.#pending.set(op, promise)
  }

  /** The op `op` is to get the next signal of this name that no other op gets. */
  expectSignal(op: number, name: string): void {
    this.#deps.view.completions.waits(op, name)
  }

  /** A turn has passed in which nothing could be handed out. */
  idle(): void {
    this.#idleAt = this.#deps.table.count
  }

  /**
   * Whether the result of another op could have come in before what now happens to `op`. What user code does in the
   * turn after a hand-out follows from that. Later it does something of itself, after a wait that is not durable, and
   * another attempt may have got the other result by then.
   */
  contestOf(op: number): Contest {
    for (const oldest of this.#pending.keys()) {
      if (oldest !== op) return oldest < this.#idleAt ? 'open' : 'settled'
    }
    return 'none'
  }

  /** Repeats the next recorded hand-out, if user code has come to where it was made. */
  repeat(): 'repeated' | 'not-yet' | 'loading' | Failure {
    const { view, table } = this.#deps
    const recorded = view.handOuts[this.#repeated]
    if (recorded === undefined || table.count < recorded.after) return 'not-yet'
    const outcome = recorded.kind === 'cancelled' ? undefined : this.#outcomeOf(recorded)
    if (outcome === 'loading') return 'loading'
    this.#repeated += 1
    this.#now = recorded.at
    if (recorded.kind === 'cancelled') this.#reject(recorded.spared, recorded.after)
    else if (outcome === undefined) return corrupt(recorded)
    else this.#give(recorded.op, outcome)
    return 'repeated'
  }

  /**
   * Hands out the oldest news that user code waits for. What stood in the journal when the attempt began is handed
   * out in the order of the log as soon as it is awaited, and at the time of the `attempt` entry: unless that was
   * contested, any later attempt would do the same, so nothing has to become durable first (INV-3).
   */
  handOutNews(upTo: 'cancel' | 'end'): boolean {
    const { table, view } = this.#deps
    const { completions } = view
    for (const [key, news] of completions.news) {
      if (key === 'cancel' && upTo === 'cancel') return false
      const op = completions.opOf(key)
      if (op === undefined) continue
      const promise = this.#pending.get(op)
      if (promise?.isObserved && this.#isFor(key, op)) {
        this.#handOutNewsOf(op, news)
        return true
      }
      if (promise === undefined && op < table.count) completions.forget(op)
    }
    return false
  }

  #handOutNewsOf(op: number, { outcome, allowedAt }: News): void {
    const isForced = allowedAt !== undefined && this.contestOf(op) !== 'open'
    const at = allowedAt ?? this.#deps.clock()
    this.#record(isForced ? 'note' : 'result', at, (moment) => this.#seen(op, moment))
    this.#give(op, outcome)
  }

  /** What came before its op is for an awakeable or for nothing; a signal may come early. */
  #isFor(key: NewsKey, op: number): boolean {
    return key !== op || this.#awakeables.has(op) || !this.#deps.view.completions.precede(op)
  }

  handOutStep({ op, name, outcome: result }: FinishedStep): void {
    const now = this.#deps.clock()
    this.#record('result', now, (moment) => ({ kind: 'run', op, name, result, ...moment }))
    this.#give(op, result)
  }

  /** A sleep of this handler is over: whoever holds the journal may complete it. */
  handOutSleep(op: number, result: Outcome): void {
    this.#deps.outbox.add('note', { kind: 'completion', op, result })
    this.#record('result', this.#deps.clock(), (moment) => this.#seen(op, moment))
    this.#give(op, result)
  }

  handOutRead({ entry, outcome }: StateRead): void {
    this.#record('result', this.#deps.clock(), (moment) => ({ ...entry, ...moment }))
    this.#give(entry.op, outcome)
  }

  /**
   * Rejects the promises of `ops`, once for the invocation. All others that have no outcome are recorded as spared, so
   * that replay need not know what user code waited for at this moment.
   */
  cancel(ops: ReadonlySet<number>): void {
    const spared = [...this.#pending.keys()].filter((op) => !ops.has(op))
    const upTo = this.#deps.view.next - 1
    this.#record('result', this.#deps.clock(), (moment) => {
      return { kind: 'cancelled', upTo, spared, ...moment }
    })
    this.#reject(spared, this.#deps.table.count)
  }

  /** Rejects what is pending of the first `count` ops, but for the spared. */
  #reject(spared: readonly number[], count: number): void {
    const kept = new Set(spared)
    const { view, steps, reads } = this.#deps
    view.completions.forgetCancel()
    this.#idleAt = 0
    for (const [op, promise] of [...this.#pending]) {
      if (op >= count || kept.has(op)) continue
      this.#pending.delete(op)
      view.completions.forget(op)
      steps.drop(op)
      reads.drop(op)
      promise.settle(refused(this.cancellation))
    }
    steps.release()
  }

  #outcomeOf(
    recorded: Exclude<RecordedHandOut, { kind: 'cancelled' }>,
  ): Outcome | 'loading' | undefined {
    switch (recorded.kind) {
      case 'run':
        return recorded.result
      case 'seen':
        return this.#deps.view.completions.outcomeOf(recorded.op)
      case 'state-get':
        if (recorded.lazy !== undefined) {
          return this.#deps.reads.loadedOf(recorded.op) ?? 'loading'
        }
        return { kind: 'value', value: recorded.value ?? voidValue }
      case 'state-keys':
        return { kind: 'value', value: { json: recorded.names } }
      default:
        return recorded satisfies never
    }
  }

  #seen(op: number, moment: Moment): EntryOf<'seen'> {
    return { kind: 'seen', op, upTo: this.#deps.view.next - 1, ...moment }
  }

  #record(role: EntryRole, at: number, entryAt: (moment: Moment) => RecordedHandOut): void {
    const { outbox, table } = this.#deps
    this.#isLive = true
    this.#hasResults ||= role === 'result'
    this.#now = Math.max(this.#now, at)
    outbox.add(role, entryAt({ at: this.#now, after: table.count }))
  }

  #give(op: number, outcome: Outcome): void {
    const promise = this.#pending.get(op)
    this.#idleAt = 0
    this.#pending.delete(op)
    this.#deps.view.completions.forget(op)
    promise?.settle(settlementOf(outcome))
  }
}

type Moment = { readonly at: number; readonly after: number }

/** User code gets the decoded form of what is stored, live as on replay. */
export function settlementOf(outcome: Outcome): Settlement<unknown> {
  if (outcome.kind === 'failure') return refused(fromFailure(outcome.failure))
  try {
    return given(decodeValue(outcome.value))
  } catch (cause) {
    return refused(
      new TerminalError('A stored result cannot be read', { code: 'value-unreadable', cause }),
    )
  }
}

function corrupt({ op }: { readonly op: number }): Failure {
  return {
    code: 'journal-corrupt',
    message: `The journal says that the result of op ${op} was handed out, but holds no such result`,
  }
}
