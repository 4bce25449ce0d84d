import {
  type Collect,
  type EntryOf,
  type InvocationId,
  type OpKind,
  type Outcome,
  type PromiseRef,
  type Target,
  type Value,
  voidValue,
} from '../protocol/index.ts'
import type { Step } from '../types/context.ts'
import type { Bell } from './bell.ts'
import { Durable, type DurableEnv } from './durable.ts'
import type { HandOuts } from './hand-outs.ts'
import type { CommandRecord } from './journal-view.ts'
import type { OpLabel } from './op-label.ts'
import type { OpTable } from './op-table.ts'
import type { Outbox } from './outbox.ts'
import type { StateRead, StateReads } from './state-reads.ts'
import type { ResolvedRunOptions } from './step-policy.ts'
import type { Steps } from './steps.ts'

export type IssuerDeps = {
  readonly table: OpTable
  readonly handOuts: HandOuts
  readonly outbox: Outbox
  readonly steps: Steps
  readonly reads: StateReads
  readonly env: DurableEnv
  readonly bell: Bell
  readonly clock: () => number
  readonly isOver: () => boolean
}

/**
 * Ops that somebody else carries out. An awakeable can be completed before it is durable, and while the attempt
 * lives it sees itself to its sleeps.
 */
const hurries: ReadonlySet<CommandRecord['kind']> = new Set([
  'call',
  'send',
  'awakeable-complete',
  'signal-send',
  'cancel-invocation',
  'attach',
  'promise-get',
  'promise-peek',
  'promise-complete',
])

type ReadLabel =
  | { readonly kind: 'state-get'; readonly name: string }
  | { readonly kind: 'state-keys' }

/** What goes along with a call or a send. */
export type Errand = {
  readonly target: Target
  readonly input: Value
  readonly headers?: Readonly<Record<string, string>>
  readonly idempotencyKey?: string
}

/**
 * Does what user code asks for through `ctx`: numbers the op, compares it with the journal, records it if it
 * is new. Once the attempt is over, or has gone astray, nothing comes of an op, and its promise never settles.
 */
export class Issuer {
  readonly #deps: IssuerDeps
  /** Sleeps issued in this attempt: op → epoch ms. */
  readonly #sleeps = new Map<number, number>()
  /** Awakeables whose holders are to show signs of life: op → when and how often, in epoch ms and ms. */
  readonly #heartbeats = new Map<number, { readonly at: number; readonly everyMs: number }>()

  constructor(deps: IssuerDeps) {
    this.#deps = deps
  }

  /** When the sleep `op` is over (epoch ms); `undefined` for what is no sleep. */
  wakeTimeOf(op: number): number | undefined {
    return this.#sleeps.get(op)
  }

  /** From when (epoch ms) somebody was to be heard of the awakeable `op`, and how often in ms. */
  heartbeatOf(op: number): { readonly at: number; readonly everyMs: number } | undefined {
    return this.#heartbeats.get(op)
  }

  /** Whether there is any such awakeable. */
  get hasHeartbeats(): boolean {
    return this.#heartbeats.size > 0
  }

  /** The number that the next op gets. */
  get nextOp(): number {
    return this.#deps.table.count
  }

  run(
    name: string,
    options: ResolvedRunOptions,
    execute: (step: Step) => Promise<unknown>,
  ): Durable<unknown> {
    const issued = this.#issue({ kind: 'run', name })
    if (issued === undefined) return this.#never()
    const { op, record } = issued
    const step = record?.kind === 'run' ? record : undefined
    const { handOuts, steps } = this.#deps
    const spec = { op, name, options, contest: handOuts.contestOf(op), execute }
    if (step?.result === undefined) steps.add(spec, step, handOuts.mayHaveBegun)
    return this.#promiseOf(op, 'run')
  }

  sleep(ms: number): Durable<void> {
    const wakeAt = this.#deps.clock() + ms
    const entry = this.#command({ kind: 'sleep' }, (op) => ({ kind: 'sleep', op, wakeAt }))
    if (entry?.kind !== 'sleep') return this.#never() as Durable<void>
    this.#sleeps.set(entry.op, entry.wakeAt)
    return this.#promiseOf(entry.op, 'sleep') as Durable<void>
  }

  call(errand: Errand): Durable<unknown> {
    const { target } = errand
    const entry = this.#command({ kind: 'call', target }, (op) => ({ kind: 'call', op, ...errand }))
    return entry === undefined ? this.#never() : this.#promiseOf(entry.op, 'call')
  }

  send(errand: Errand & { readonly collect?: Collect }, notBefore: number | undefined): void {
    const { target } = errand
    const delay = notBefore === undefined ? {} : { notBefore }
    this.#command({ kind: 'send', target }, (op) => ({ kind: 'send', op, ...errand, ...delay }))
  }

  awakeable(heartbeatMs: number | undefined): Durable<unknown> {
    const beat = heartbeatMs === undefined ? {} : { heartbeatMs, at: this.#deps.clock() }
    const entry = this.#command({ kind: 'awakeable' }, (op) => ({ kind: 'awakeable', op, ...beat }))
    if (entry?.kind !== 'awakeable') return this.#never()
    const { op, heartbeatMs: everyMs, at } = entry
    if (everyMs !== undefined && at !== undefined) this.#heartbeats.set(op, { at, everyMs })
    return this.#promiseOf(op, 'awakeable')
  }

  completeAwakeable(awakeable: string, result: Outcome): void {
    const label = { kind: 'awakeable-complete', awakeable } as const
    this.#command(label, (op) => ({ ...label, op, result }))
  }

  waitForSignal(name: string): Durable<unknown> {
    const label = { kind: 'signal-wait', name } as const
    const entry = this.#command(label, (op) => ({ ...label, op }))
    if (entry === undefined) return this.#never()
    this.#deps.handOuts.expectSignal(entry.op, name)
    return this.#promiseOf(entry.op, 'signal-wait')
  }

  sendSignal(invocation: InvocationId, name: string, value: Value): void {
    const label = { kind: 'signal-send', invocation, name } as const
    this.#command(label, (op) => ({ ...label, op, value }))
  }

  cancelInvocation(invocation: InvocationId): void {
    const label = { kind: 'cancel-invocation', invocation } as const
    this.#command(label, (op) => ({ ...label, op }))
  }

  attach(invocation: InvocationId): Durable<unknown> {
    const label = { kind: 'attach', invocation } as const
    const entry = this.#command(label, (op) => ({ ...label, op }))
    return entry === undefined ? this.#never() : this.#promiseOf(entry.op, 'attach')
  }

  /** Asks for a durable promise, or completes it with `result`. */
  promise(
    kind: 'promise-get' | 'promise-peek' | 'promise-complete',
    promise: PromiseRef,
    result?: Outcome,
  ): Durable<unknown> {
    const entry = this.#command({ kind, promise }, (op) =>
      kind === 'promise-complete'
        ? { kind, op, promise, result: result ?? { kind: 'value', value: voidValue } }
        : { kind, op, promise },
    )
    return entry === undefined ? this.#never() : this.#promiseOf(entry.op, kind)
  }

  /** Reads state that is there, `made` from the op's number. */
  read(label: ReadLabel, made: (op: number) => StateRead): Durable<unknown> {
    return this.#read(label, (op) => this.#deps.reads.offer(made(op)))
  }

  /** Reads a value that has an item of its own. */
  readLazily(
    { name, slot }: { readonly name: string; readonly slot: number },
    made: (op: number, value: Value) => StateRead,
  ): Durable<unknown> {
    return this.#read({ kind: 'state-get', name }, (op) =>
      this.#deps.reads.load({ op, name, slot, made: (value) => made(op, value) }),
    )
  }

  setState(name: string, value: Value): EntryOf<'state-set'> | undefined {
    const label = { kind: 'state-set', name } as const
    const entry = this.#command(label, (op) => ({ ...label, op, value }))
    return entry?.kind === 'state-set' ? entry : undefined
  }

  clearState(name: string): void {
    const label = { kind: 'state-clear', name } as const
    this.#command(label, (op) => ({ ...label, op }))
  }

  clearAllState(): void {
    this.#command({ kind: 'state-clear-all' }, (op) => ({ kind: 'state-clear-all', op }))
  }

  /** A read is in the journal when it has been handed out, with what was read or the item that holds it. */
  #read(label: ReadLabel, begin: (op: number) => void): Durable<unknown> {
    const issued = this.#issue(label)
    if (issued === undefined) return this.#never()
    const { op, record } = issued
    const promise = this.#promiseOf(op, label.kind)
    if (record === undefined) begin(op)
    else if (record.kind === 'state-get' && record.lazy !== undefined) {
      this.#deps.reads.load({ op, name: record.name, slot: record.lazy.slot, made: undefined })
    }
    return promise
  }

  /** Issues an op that is an entry from the start: the journal's, or the one that `make` gives. */
  #command(label: OpLabel, make: (op: number) => CommandRecord): CommandRecord | undefined {
    const issued = this.#issue(label)
    if (issued === undefined) return undefined
    const { op, record } = issued
    if (record !== undefined && record.kind !== 'run') return record
    const entry = make(op)
    this.#deps.outbox.add(hurries.has(entry.kind) ? 'command' : 'note', entry)
    return entry
  }

  #issue(label: OpLabel): ReturnType<OpTable['issue']> {
    const { table, bell, isOver } = this.#deps
    if (isOver() || table.difference !== undefined) return undefined
    const issued = table.issue(label)
    bell.ring()
    return issued
  }

  #promiseOf(op: number, kind: OpKind): Durable<unknown> {
    const promise = new Durable<unknown>(this.#deps.env, { kind: 'op', op })
    this.#deps.handOuts.expect(op, kind, promise)
    return promise
  }

  #never(): Durable<unknown> {
    return new Durable<unknown>(this.#deps.env, { kind: 'none' })
  }
}
