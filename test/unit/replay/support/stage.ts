import { runtimeOf } from '../../../../lambda-runtime/src/definition.ts'
import { object, service, shared, workflow } from '../../../../lambda-runtime/src/index.ts'
import {
  decodeInvokeReply,
  decodeRequest,
  type Entry,
  type Failure,
  type InvokeReply,
  type InvokeRequest,
  invocationIdFrom,
  type Segment,
  type StateCell,
  type Value,
} from '../../../../lambda-runtime/src/protocol/index.ts'
import { type AttemptDeps, runAttempt } from '../../../../lambda-runtime/src/replay/run-attempt.ts'
import type {
  ServiceContext,
  WorkflowContext,
} from '../../../../lambda-runtime/src/types/context.ts'
import type { Definition } from '../../../../lambda-runtime/src/types/definition.ts'
import type { Interceptors } from '../../../../lambda-runtime/src/types/interceptors.ts'
import type { Log } from '../../../../lambda-runtime/src/types/log.ts'
import { encodeValue } from '../../../../lambda-runtime/src/values.ts'
import { MemoryJournal } from './memory-journal.ts'
import { World } from './world.ts'

export type Program = (ctx: ServiceContext, input: unknown) => unknown
/** A program with all that a workflow's `run` has: state and promises. */
export type KeyedProgram = (
  ctx: WorkflowContext<Record<string, unknown>>,
  input: unknown,
) => unknown

/** What kind of handler it is, and what is sent to it. */
export type Setting = {
  readonly kind: 'service' | 'object' | 'workflow'
  readonly shared?: boolean
  readonly inactivityMs?: number
}

export const key = 'k 1'

export type AttemptOptions = Partial<Omit<AttemptDeps, 'host'>> & {
  readonly lifeMs?: number
  /** The request's journal ends here, though the real one goes on. */
  readonly upTo?: number
  readonly journalFrom?: number
}

export const invocation = invocationIdFrom('svc', new Uint8Array(17).fill(7))

/** One invocation of one handler: its journal, its world, and whoever drives it. */
export class Stage {
  readonly world = new World()
  readonly journal = new MemoryJournal()
  /** How often the journal was opened. */
  opened = 0
  /** The state that is sent along: what the holder of a key starts from, or what a shared handler sees by now. */
  cells: readonly StateCell[] = []
  readonly #program: Program
  readonly #around: Interceptors
  readonly #setting: Setting

  constructor(
    program: Program,
    input?: unknown,
    around: Interceptors = {},
    setting: Setting = { kind: 'service' },
  ) {
    this.#program = program
    this.#around = around
    this.#setting = setting
    this.journal.news(this.world.now, {
      kind: 'created',
      target: this.target,
      input: encodeValue(input),
      headers: { tenant: 'a' },
      origin: { kind: 'http' },
      retentionMs: 86_400_000,
    })
  }

  get target(): InvokeRequest['target'] {
    const { kind, shared: isShared = false } = this.#setting
    if (kind === 'service') return { service: 'svc', handler: 'go' }
    return { service: 'svc', handler: kind === 'workflow' && !isShared ? 'run' : 'go', key }
  }

  /** Goes on with another journal, at its time. */
  with(journal: readonly Segment[]): this {
    this.journal.segments.splice(0, Number.POSITIVE_INFINITY, ...structuredClone(journal))
    const at = journal.at(-1)?.at ?? 0
    this.world.skipTo(at)
    return this
  }

  /** Makes time pass until the attempt has ended. */
  async attempt(options: AttemptOptions = {}): Promise<InvokeReply> {
    return this.world.run(this.begin(options))
  }

  /** Begins an attempt: its `attempt` entry, unless one is under way, and the handler. */
  begin(options: AttemptOptions = {}): Promise<InvokeReply> {
    if (!this.isRunning) this.startEpoch()
    return this.invoke(this.request(options), options)
  }

  startEpoch(): void {
    this.journal.news(this.world.now, {
      kind: 'attempt',
      epoch: this.journal.epoch + 1,
      deployment: 'd1',
    })
  }

  request({ upTo, journalFrom }: AttemptOptions = {}): InvokeRequest {
    const journal = this.journal.segments.slice(0, upTo === undefined ? undefined : upTo + 1)
    return decodeRequest({
      protocol: 1,
      kind: 'invoke',
      invocation,
      target: this.target,
      epoch: this.journal.epoch,
      attempt: 1,
      journal: structuredClone(
        journalFrom === undefined ? journal : [journal[0], ...journal.slice(journalFrom)],
      ),
      ...(journalFrom === undefined ? {} : { journalFrom }),
      expires: this.world.now + 86_400_000,
      ...this.#extras(),
      channel: { kind: 'dynamodb', table: 't', region: 'eu-west-1' },
    }) as InvokeRequest
  }

  /** The handler's side alone: what a second delivery of a request does, for instance. */
  async invoke(request: InvokeRequest, options: AttemptOptions = {}): Promise<InvokeReply> {
    const { lifeMs, upTo: _, journalFrom: __, ...deps } = options
    const definition = runtimeOf(this.#definition())
    const reply = await runAttempt(request, new Map([['svc', definition]]), {
      host: this.world.host(lifeMs),
      journal: () => {
        this.opened += 1
        return this.journal
      },
      ...deps,
    })
    return decodeInvokeReply(JSON.parse(JSON.stringify(reply)))
  }

  #extras(): Partial<InvokeRequest> {
    const { kind, shared: isShared = false, inactivityMs } = this.#setting
    const access = isShared ? 'shared' : 'exclusive'
    return {
      ...(inactivityMs !== undefined && { inactivityMs }),
      ...(kind !== 'service' && { state: { access, cells: [...this.cells] } }),
    }
  }

  #definition(): Definition {
    const { kind, shared: isShared = false } = this.#setting
    const head = { name: 'svc', around: this.#around }
    const go = (ctx: unknown, input: unknown) => this.#program(ctx as ServiceContext, input)
    if (kind === 'service') return service(head, { go })
    if (kind === 'workflow') return workflow(head, { run: go, go })
    return isShared ? object(head, { go: shared(go) }) : object(head, { go })
  }

  /** Stores a reply as the orchestrator does. */
  store(reply: InvokeReply): void {
    const end = endOf(reply, this.world.now)
    if (end !== undefined) this.journal.handler(this.world.now, reply.writer, ...reply.entries, end)
  }

  /** Attempts until the handler has ended or waits for something. */
  async drive(options: AttemptOptions = {}): Promise<InvokeReply> {
    const reply = await this.attempt(options)
    this.store(reply)
    return reply
  }

  complete(op: number, value?: unknown): void {
    const result = { kind: 'value', value: encodeValue(value) } as const
    this.journal.news(this.world.now, { kind: 'completion', op, result })
  }

  fail(op: number, failure: Failure): void {
    const result = { kind: 'failure', failure } as const
    this.journal.news(this.world.now, { kind: 'completion', op, result })
  }

  get isRunning(): boolean {
    const last = this.journal.entries.findLast(({ kind }) => kind === 'attempt' || ends.has(kind))
    return last?.kind === 'attempt'
  }
}

const ends: ReadonlySet<string> = new Set(['suspended', 'attempt-failed', 'paused', 'output'])

function endOf({ status }: InvokeReply, now: number): Entry | undefined {
  switch (status.kind) {
    case 'suspended':
      return { kind: 'suspended', waitingOn: status.waitingOn }
    case 'completed':
      return { kind: 'output', result: { kind: 'value', value: status.value } }
    case 'failed':
      return { kind: 'output', result: { kind: 'failure', failure: status.failure } }
    case 'retry':
      return { kind: 'attempt-failed', failure: status.failure, retryAt: now }
    case 'paused':
      return { kind: 'paused', reason: status.failure }
    case 'fenced':
    case 'appended':
      return undefined
    default:
      return status satisfies never
  }
}

export function json(value: unknown): Value {
  return encodeValue(value)
}

export function completed(value?: unknown): InvokeReply['status'] {
  return { kind: 'completed', value: encodeValue(value) }
}

export function kindsOf(entries: readonly Entry[]): readonly string[] {
  return entries.map((entry) => ('op' in entry ? `${entry.kind} ${entry.op}` : entry.kind))
}

/** A log that remembers what it was told. */
export function listeningLog(): Log & { readonly lines: readonly string[] } {
  const lines: string[] = []
  const method = (first: string | object, message?: string): void => {
    lines.push(typeof first === 'string' ? first : `${message} ${JSON.stringify(first)}`)
  }
  return { debug: method, info: method, warn: method, error: method, lines }
}

export function cell(name: string, value: unknown): StateCell {
  return { name, value: encodeValue(value) }
}

/** An invocation of an object's or a workflow's handler, with the state that is sent along. */
export function keyedStage(
  setting: Setting,
  program: KeyedProgram,
  ...cells: readonly StateCell[]
): Stage {
  const stage = new Stage(program as unknown as Program, undefined, {}, setting)
  stage.cells = cells
  return stage
}
