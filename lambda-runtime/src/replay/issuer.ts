import type { OpKind, Outcome, Target, Value } from '../protocol/index.ts'
import type { Step } from '../types/context.ts'
import type { Bell } from './bell.ts'
import { Durable, type DurableEnv } from './durable.ts'
import type { HandOuts } from './hand-outs.ts'
import type { CommandRecord } from './journal-view.ts'
import type { OpLabel } from './op-label.ts'
import type { OpTable } from './op-table.ts'
import type { Outbox } from './outbox.ts'
import type { ResolvedRunOptions } from './step-policy.ts'
import type { Steps } from './steps.ts'

export type IssuerDeps = {
  readonly table: OpTable
  readonly handOuts: HandOuts
  readonly outbox: Outbox
  readonly steps: Steps
  readonly env: DurableEnv
  readonly bell: Bell
  readonly clock: () => number
  readonly isOver: () => boolean
}

/**
 * Ops that somebody else carries out. An awakeable can be completed before it is durable, and while the attempt
 * lives it sees itself to its sleeps.
 */
const hurries: ReadonlySet<CommandRecord['kind']> = new Set(['call', 'send', 'awakeable-complete'])

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

  constructor(deps: IssuerDeps) {
    this.#deps = deps
  }

  /** When the sleep `op` is over (epoch ms); `undefined` for what is no sleep. */
  wakeTimeOf(op: number): number | undefined {
    return this.#sleeps.get(op)
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
    const spec = { op, name, options, contest: this.#deps.handOuts.contestOf(op), execute }
    if (step?.result === undefined) this.#deps.steps.add(spec, step)
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

  send(errand: Errand, notBefore: number | undefined): void {
    const { target } = errand
    const delay = notBefore === undefined ? {} : { notBefore }
    this.#command({ kind: 'send', target }, (op) => ({ kind: 'send', op, ...errand, ...delay }))
  }

  awakeable(): Durable<unknown> {
    const entry = this.#command({ kind: 'awakeable' }, (op) => ({ kind: 'awakeable', op }))
    return entry === undefined ? this.#never() : this.#promiseOf(entry.op, 'awakeable')
  }

  completeAwakeable(awakeable: string, result: Outcome): void {
    const label = { kind: 'awakeable-complete', awakeable } as const
    this.#command(label, (op) => ({ ...label, op, result }))
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
