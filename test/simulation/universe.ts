import type { InvocationId, Segment } from '@fermata/lambda-runtime/protocol'
import { MemoryLog } from '@fermata/orchestrator/adapters/kafka/memory-log/memory-log'
import {
  createMemorySource,
  type MemorySource,
} from '@fermata/orchestrator/adapters/kafka/memory-log/memory-source'
import type { EngineOptions } from '@fermata/orchestrator/engine/engine'
import type { Random } from '@fermata/orchestrator/ports'
import type { CrashPoint } from '../chaos/crash-plan.ts'
import { functionOf } from '../chaos/function-process.ts'
import { Outside } from '../chaos/outside.ts'
import { cell, interpreter } from '../programs/interpreter.ts'
import { createSeededRandom } from '../support/sim-clock.ts'
import { policy } from '../unit/engine/scenes.ts'
import { createWorld, type Replica, type World } from '../unit/engine/world.ts'
import { type FaultKind, Faults } from './faults.ts'
import { ledger } from './handlers.ts'
import { History } from './history.ts'
import type { Scenario } from './scenario.ts'

export const topic = 'ledger'
export const subscription = 'ledger'
const address = (version: number) => `arn:aws:lambda:eu-west-1:000000000000:function:all:${version}`
const functionTimeoutMs = 900_000
const mostStallMs = 120_000

export type Living = {
  readonly name: string
  readonly replica: Replica
  readonly source: MemorySource
}

export type UniverseOptions = {
  readonly scenario: Scenario
  /** Only these faults strike; all that the seed has, if absent. */
  readonly only?: ReadonlySet<number>
}

/** Orchestrators, functions, stores and Kafka in one process, and everything that can happen to them. */
export class Universe {
  readonly world: World
  readonly log: MemoryLog
  readonly faults: Faults
  readonly history: History
  readonly outside = new Outside(() => ({ json: null }))
  /** What was stored, by the journals' own rules; in the order in which it was. */
  readonly stored = new Map<InvocationId, Segment[]>()
  /** What no store may ever do; found while it happens. */
  readonly violations: string[] = []
  readonly living: Living[] = []
  readonly #scenario: Scenario
  readonly #random: Random
  readonly #startedAt: number
  #replicas = 0
  #versions = 1

  constructor({ scenario, only }: UniverseOptions) {
    this.#scenario = scenario
    this.#random = createSeededRandom(scenario.seed + 1)
    this.world = createWorld(scenario.seed)
    const { clock } = this.world
    this.#startedAt = clock.now()
    const now = () => clock.now() - this.#startedAt
    this.history = new History(now)
    this.faults = new Faults(createSeededRandom(scenario.seed + 2), scenario.rates, now, only)
    this.log = new MemoryLog({ clock })
    this.log.createTopic(topic, scenario.partitions)
    this.#serve(1)
    this.#observeJournals()
    this.#spoilStores()
  }

  async begin(): Promise<void> {
    for (let n = 0; n < this.#scenario.replicas; n++) await this.startReplica()
  }

  async startReplica(): Promise<void> {
    const n = this.#replicas++
    const name = `replica ${n}`
    const { clock } = this.world
    const source = createMemorySource({
      clusters: { main: this.log },
      clock,
      logger: silent,
    })
    const replica = await this.world.start({
      options: options(),
      source,
      wallOffsetMs: this.#scenario.skews[n % this.#scenario.skews.length] ?? 0,
      onFault: (point, subject, self) => {
        if (this.faults.strikes('replica-dies', `${name} at ${point} ${subject}`) === undefined)
          return
        this.#bury(self(), `dies at ${point}`)
      },
    })
    this.living.push({ name, replica, source })
    this.history.add(name, 'starts')
  }

  /** A replica stands still for a while. */
  async stallSome(): Promise<void> {
    for (const { name, replica, source } of [...this.living]) {
      const much = this.faults.strikes('replica-stalls', name)
      if (much === undefined) continue
      const ms = Math.round(much * much * mostStallMs)
      this.history.add(name, `stands still for ${ms} ms`)
      replica.pause()
      source.disconnect()
      this.world.clock.timer(ms, () => {
        replica.resume()
        source.reconnect()
        this.history.add(name, 'goes on')
      })
    }
  }

  /** The next version of the functions, the same code: running invocations stay on theirs. */
  async deploy(): Promise<void> {
    if (this.faults.strikes('deployment', 'functions') === undefined) return
    this.#versions += 1
    this.#serve(this.#versions)
    const [one] = this.living
    this.history.add('person', `deploys version ${this.#versions}`)
    one?.replica.engine.admin.register(address(this.#versions)).catch(() => undefined)
  }

  spoilInvoker(): void {
    const kinds = ['throttle', 'refuse', 'drop-request', 'drop-reply', 'twin'] as const
    for (const kind of kinds) {
      if (this.faults.strikes(kind, 'the next invocation') === undefined) continue
      this.world.invoker.inject({ kind })
      this.history.add('lambda', kind)
    }
  }

  #bury(replica: Replica, how: string): void {
    const index = this.living.findIndex((one) => one.replica === replica)
    const [dead] = index < 0 ? [] : this.living.splice(index, 1)
    this.history.add(dead?.name ?? 'a replica', how)
    dead?.source.disconnect()
    replica.kill()
  }

  #serve(version: number): void {
    const plan = {
      strikes: ({ name }: CrashPoint) => {
        const dies = this.faults.strikes('function-dies', name) !== undefined
        if (dies) this.history.add('function', `dies ${name}`)
        return dies
      },
    }
    const code = functionOf([interpreter, cell, ledger], {
      clock: this.world.clock,
      journals: this.world.stores.journals,
      plan,
      timeoutMs: functionTimeoutMs,
    })
    this.world.functions.set(address(version), code)
  }

  /** INV-1, INV-12: watched where they would be broken. */
  #observeJournals(): void {
    const { journals } = this.world.stores
    const append = journals.append.bind(journals)
    Object.assign(journals, {
      append: async (...[id, segment, expires]: Parameters<typeof append>) => {
        const answer = await append(id, segment, expires)
        if (answer.kind === 'appended') this.#remember(id, segment)
        return answer
      },
    })
  }

  #remember(id: InvocationId, segment: Segment): void {
    const known = this.stored.get(id) ?? []
    this.stored.set(id, known)
    const before = known.find(({ n, born }) => n === segment.n && born === segment.born)
    const kinds = segment.entries.map(({ kind }) => kind).join(' ')
    if (before === undefined) {
      if (segment.n !== known.length) this.violations.push(`${id} has a hole before ${segment.n}`)
      known.push(segment)
      this.history.add(segment.by, `${id} ${segment.n}: ${kinds}`)
    } else if (JSON.stringify(before) !== JSON.stringify(segment)) {
      this.violations.push(`INV-1: segment ${segment.n} of ${id} was written twice`)
    }
  }

  #spoilStores(): void {
    const { journals, agenda, leases, objects, promises } = this.world.stores
    this.#spoil('journals', journals, ['append', 'load', 'tail', 'restamp'])
    this.#spoil('agenda', agenda, ['put', 'list'])
    this.#spoil('leases', leases, ['list', 'putReplica', 'putShard'])
    this.#spoil('objects', objects, ['head', 'writeHead', 'append', 'slots', 'lastSlot'])
    this.#spoil('promises', promises, ['read', 'complete', 'addWaiter', 'waiters'])
  }

  #spoil<S extends object>(name: string, store: S, methods: readonly (keyof S & string)[]): void {
    for (const method of methods) {
      const work: unknown = store[method]
      if (typeof work !== 'function') throw new Error(`${name} has no ${method}`)
      const real = work.bind(store) as (...args: unknown[]) => Promise<unknown>
      const where = `${name}.${method}`
      Object.assign(store, {
        [method]: async (...args: unknown[]) => {
          await this.#delay(where)
          this.#fail('store-refuses', where, 'it did not arrive')
          const answer = await real(...args)
          await this.#delay(where)
          this.#fail('answer-lost', where, 'the answer was lost')
          return answer
        },
      })
    }
  }

  async #delay(where: string): Promise<void> {
    const much = this.faults.strikes('store-slow', where)
    if (much !== undefined) await this.world.clock.sleep(much * much * 5_000)
  }

  #fail(kind: FaultKind, where: string, how: string): void {
    if (this.faults.strikes(kind, where) === undefined) return
    this.history.add(where, how)
    throw new Error(how)
  }

  below(count: number): number {
    return Math.floor(this.#random.next() * count)
  }
}

function options(): Partial<EngineOptions> {
  const { retry } = policy({})
  return {
    policy: policy({ retry: { ...retry, maxAttempts: 10_000, maxDelayMs: 5_000 } }),
    subscriptions: [
      {
        name: subscription,
        source: `kafka://main/${topic}`,
        sink: 'ledger/add',
        options: { startFrom: 'earliest' },
      },
    ],
    clusters: ['main'],
  }
}

const silent = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
}
