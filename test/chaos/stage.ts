import type { InvocationId, Outcome, Target } from '@fermata/lambda-runtime/protocol'
import { FermataError } from '@fermata/orchestrator/domain/errors'
import type { Engine, EngineOptions } from '@fermata/orchestrator/engine/engine'
import type { Ingress, InvocationView, Payloads } from '@fermata/orchestrator/ports'
import type { Definition } from '../../lambda-runtime/src/index.ts'
import type { PayloadCodec } from '../../lambda-runtime/src/types/payload-codec.ts'
import { decodeValue, encodeValue } from '../../lambda-runtime/src/values.ts'
import { createWorld, type Replica, until, type World } from '../unit/engine/world.ts'
import type { CrashPlan } from './crash-plan.ts'
import { functionOf } from './function-process.ts'
import type { Effect, Outside } from './outside.ts'

export type StageOptions = {
  /** Definitions by the name of the function that serves them. */
  readonly functions: Readonly<Record<string, readonly Definition[]>>
  readonly outside: Outside
  readonly plan: CrashPlan
  /** Functions may die wherever their handlers use `ctx`, too. */
  readonly observes?: boolean
  /** Of a function, and of an attempt. */
  readonly timeoutMs?: number
  readonly engine?: Partial<EngineOptions>
  /** What everything stored goes through, for functions and for orchestrators. */
  readonly sealing?: { readonly codec: PayloadCodec; readonly payloads: Payloads }
  /** Epoch ms at the beginning. */
  readonly startMs?: number
}

/** Simulated time that an answer may take, whoever dies meanwhile. */
const patienceMs = 120_000
const defaultTimeoutMs = 900_000
/** A replica that stalls does so until others have long had its work. */
const stallMs = 20_000
const replicas = 2

/** Two orchestrators and some functions with real handlers, in one process, on time of its own. */
export class Stage {
  readonly world: World
  readonly #options: StageOptions
  readonly #replicas: Replica[] = []
  #stalled = 0

  private constructor(options: StageOptions) {
    this.#options = options
    const { startMs, plan, observes = false, sealing, timeoutMs = defaultTimeoutMs } = options
    this.world = createWorld(1, startMs === undefined ? {} : { startMs })
    const { clock, stores } = this.world
    for (const [name, definitions] of Object.entries(options.functions)) {
      const address = `arn:aws:lambda:eu-west-1:000000000000:function:${name}:1`
      const code = functionOf(definitions, {
        ...{ clock, plan, observes, timeoutMs },
        journals: stores.journals,
        objects: stores.objects,
        ...(sealing !== undefined && { codec: sealing.codec }),
      })
      this.world.functions.set(address, code)
    }
  }

  static async open(options: StageOptions): Promise<Stage> {
    const stage = new Stage(options)
    await stage.#reinforce()
    return stage
  }

  /** Accepted, whoever dies meanwhile: the key makes it safe to ask again. */
  async submit(target: Target, input: unknown, key: string): Promise<InvocationId> {
    const submission = {
      target,
      input: encodeValue(input),
      headers: {},
      idempotencyKey: key,
      delayMs: undefined,
    }
    const { invocationId } = await this.ask((ingress) => ingress.submit(submission))
    return invocationId
  }

  /** Submits it, and waits for how it ended. */
  async call(target: Target, input: unknown, key: string): Promise<unknown> {
    return this.outputOf(await this.submit(target, input, key))
  }

  /** How it ended: its value, or its failure; `undefined`: it has not. */
  async output(id: InvocationId): Promise<unknown> {
    const outcome = await this.ask((ingress) => ingress.output(id))
    return outcome === undefined ? undefined : plain(outcome)
  }

  /** How it ended, once it has. */
  outputOf(id: InvocationId, withinMs = patienceMs): Promise<unknown> {
    return this.eventually(`the output of ${id}`, () => this.output(id), withinMs)
  }

  /** How it ended, for somebody who asked before it did. */
  attach(id: InvocationId): Promise<unknown> {
    const never = new AbortController().signal
    return this.ask(async (ingress) => plain(await ingress.attach(id, never)))
  }

  /** Completes an awakeable; a second time changes nothing. */
  async complete(awakeable: string, outcome: Outcome): Promise<void> {
    await this.ask((ingress) =>
      ingress.completeAwakeable(awakeable, outcome).catch((error: unknown) => {
        const isDone = error instanceof FermataError && error.code === 'awakeable-completed'
        if (!isDone) throw error
      }),
    )
  }

  heartbeat(awakeable: string): Promise<void> {
    return this.ask((ingress) => ingress.heartbeat(awakeable))
  }

  /** Sends a signal, once however often it is sent. */
  signal(id: InvocationId, name: string, value?: unknown): Promise<void> {
    const signal = { name, value: encodeValue(value), signalId: 'once' }
    return this.#news((ingress) => ingress.signal(id, signal))
  }

  cancel(id: InvocationId): Promise<void> {
    return this.#news((ingress) => ingress.cancel(id, undefined))
  }

  kill(id: InvocationId): Promise<void> {
    return this.#news((_, { admin }) => admin.kill(id, undefined))
  }

  /** The invocation, once it waits for something that `matches`. */
  waiting(id: InvocationId, kind: string): Promise<InvocationView> {
    return this.eventually(`${id} waiting for a ${kind}`, async () => {
      const view = await this.ask((_, { admin }) => admin.invocation(id))
      const waits = view.status === 'suspended' && view.waits.some((wait) => wait.kind === kind)
      return waits ? view : undefined
    })
  }

  /** The effect that `matches`, once it has happened. */
  effect(matches: (effect: Effect) => boolean, withinMs = patienceMs): Promise<Effect> {
    const { outside } = this.#options
    return this.eventually('an effect', async () => outside.effects.find(matches), withinMs)
  }

  /** Asks any replica that lives, until one answers. */
  async ask<T>(question: (ingress: Ingress, engine: Engine) => Promise<T>): Promise<T> {
    for (;;) {
      await this.#reinforce()
      const [replica] = this.#replicas
      if (replica === undefined) throw new Error('every replica is dead')
      const { engine } = replica
      const answer = await this.#whileAlive(replica, question(engine.ingress, engine))
      if (answer !== undefined) return answer.value
    }
  }

  /** Lets what is still under way end. */
  async rest(ms: number): Promise<void> {
    await this.world.clock.advance(ms)
    await this.#reinforce()
  }

  async close(): Promise<void> {
    for (const replica of this.#replicas.splice(0)) replica.kill()
    await this.world.clock.settle()
  }

  /** Whoever has to ask again may find that the invocation has ended by what he asked for before. */
  #news(bring: (ingress: Ingress, engine: Engine) => Promise<void>): Promise<void> {
    let asked = 0
    return this.ask((ingress, engine) => {
      asked += 1
      return bring(ingress, engine).catch((error: unknown) => {
        const isOver = error instanceof FermataError && error.code === 'invocation-closed'
        if (!isOver || asked === 1) throw error
      })
    })
  }

  async #whileAlive<T>(replica: Replica, work: Promise<T>): Promise<{ value: T } | undefined> {
    let settled: { value: T } | { error: unknown } | undefined
    work.then(
      (value) => {
        settled = { value }
      },
      (error: unknown) => {
        settled = { error }
      },
    )
    await until(
      this.world.clock,
      () => settled !== undefined || !this.#replicas.includes(replica),
      patienceMs,
    )
    if (settled !== undefined && 'error' in settled) throw settled.error
    return settled
  }

  /** What `look` finds, once it finds something. */
  async eventually<T>(
    what: string,
    look: () => Promise<T | undefined>,
    withinMs = patienceMs,
  ): Promise<T> {
    const deadline = this.world.clock.now() + withinMs
    for (let step = 50; ; step = Math.min(step * 1.2, 1_000)) {
      const found = await look()
      if (found !== undefined) return found
      if (this.world.clock.now() > deadline) {
        throw new Error(`${what}: nothing within ${withinMs} ms; ${this.#trouble()}`)
      }
      await this.rest(Math.round(step))
    }
  }

  #trouble(): string {
    const last = this.world.warnings.slice(-5)
    return last.map(({ message, fields }) => `${message} ${JSON.stringify(fields)}`).join('; ')
  }

  /** Somebody looks after them: where one has died, another is started. */
  async #reinforce(): Promise<void> {
    while (this.#replicas.length + this.#stalled < replicas) await this.#startReplica()
  }

  async #startReplica(): Promise<void> {
    let isGone = false
    const { plan, engine = {}, sealing } = this.#options
    const replica = await this.world.start({
      options: engine,
      ...(sealing !== undefined && { payloads: sealing.payloads }),
      onFault: (point, subject, self) => {
        const death = plan.strikes({ where: 'replica', name: `${point} ${subject}` })
        if (death === undefined) return
        isGone = true
        this.#remove(self(), death === 'stalls')
      },
    })
    if (!isGone) this.#replicas.push(replica)
  }

  #remove(replica: Replica, stalls: boolean): void {
    const index = this.#replicas.indexOf(replica)
    if (index >= 0) this.#replicas.splice(index, 1)
    if (stalls && index >= 0) this.#stall(replica)
    else replica.kill()
  }

  #stall(replica: Replica): void {
    replica.pause()
    this.#stalled += 1
    this.world.clock.timer(stallMs, () => {
      this.#stalled -= 1
      this.#replicas.push(replica)
      replica.resume()
    })
  }
}

function plain(outcome: Outcome): unknown {
  if (outcome.kind === 'value') return { value: decodeValue(outcome.value) }
  const { code, message } = outcome.failure
  return { failure: { code, message } }
}
