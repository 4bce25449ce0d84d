import type { InvocationId, Outcome, Target } from '@fermata/lambda-runtime/protocol'
import { FermataError } from '@fermata/orchestrator/domain/errors'
import type { Ingress } from '@fermata/orchestrator/ports'
import type { Definition } from '../../lambda-runtime/src/index.ts'
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
}

/** Simulated time that an answer may take, whoever dies meanwhile. */
const patienceMs = 120_000
const functionTimeoutMs = 900_000

/** Two orchestrators and some functions with real handlers, in one process, on time of its own. */
export class Stage {
  readonly world: World
  readonly #options: StageOptions
  readonly #replicas: Replica[] = []

  private constructor(options: StageOptions) {
    this.#options = options
    this.world = createWorld()
    for (const [name, definitions] of Object.entries(options.functions)) {
      const address = `arn:aws:lambda:eu-west-1:000000000000:function:${name}:1`
      const code = functionOf(definitions, {
        clock: this.world.clock,
        journals: this.world.stores.journals,
        plan: options.plan,
        timeoutMs: functionTimeoutMs,
      })
      this.world.functions.set(address, code)
    }
  }

  static async open(options: StageOptions): Promise<Stage> {
    const stage = new Stage(options)
    await stage.#startReplica()
    await stage.#startReplica()
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

  /** How it ended: its value, or its failure; `undefined`: it has not. */
  async output(id: InvocationId): Promise<unknown> {
    const outcome = await this.ask((ingress) => ingress.output(id))
    return outcome === undefined ? undefined : plain(outcome)
  }

  /** How it ended, once it has. */
  outputOf(id: InvocationId): Promise<unknown> {
    return this.#eventually(`the output of ${id}`, () => this.output(id))
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

  /** The effect that `matches`, once it has happened. */
  effect(matches: (effect: Effect) => boolean): Promise<Effect> {
    return this.#eventually('an effect', async () => this.#options.outside.effects.find(matches))
  }

  /** Asks any replica that lives, until one answers. */
  async ask<T>(question: (ingress: Ingress) => Promise<T>): Promise<T> {
    for (;;) {
      const [replica] = this.#replicas
      if (replica === undefined) throw new Error('every replica is dead')
      const answer = await this.#whileAlive(replica, question(replica.engine.ingress))
      if (answer !== undefined) return answer.value
    }
  }

  /** Lets what is still under way end. */
  async rest(ms: number): Promise<void> {
    await this.world.clock.advance(ms)
  }

  async close(): Promise<void> {
    for (const replica of this.#replicas.splice(0)) replica.kill()
    await this.world.clock.settle()
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

  async #eventually<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
    const deadline = this.world.clock.now() + patienceMs
    for (;;) {
      const found = await look()
      if (found !== undefined) return found
      if (this.world.clock.now() > deadline) {
        throw new Error(`${what}: nothing within ${patienceMs} ms; ${this.#trouble()}`)
      }
      await this.world.clock.advance(50)
    }
  }

  #trouble(): string {
    const last = this.world.warnings.slice(-5)
    return last.map(({ message, fields }) => `${message} ${JSON.stringify(fields)}`).join('; ')
  }

  async #startReplica(): Promise<void> {
    const replica = await this.world.start({
      onFault: (point, subject, self) => {
        if (!this.#options.plan.strikes({ where: 'replica', name: `${point} ${subject}` })) return
        this.#replicas.splice(this.#replicas.indexOf(self()), 1)
        self().kill()
      },
    })
    this.#replicas.push(replica)
  }
}

function plain(outcome: Outcome): unknown {
  if (outcome.kind === 'value') return { value: decodeValue(outcome.value) }
  const { code, message } = outcome.failure
  return { failure: { code, message } }
}
