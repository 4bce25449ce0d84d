import type { InvocationId, Segment } from '@fermata/lambda-runtime/protocol'
import { MemoryLog } from '@fermata/orchestrator/adapters/kafka/memory-log/memory-log'
import {
  createMemorySource,
  type MemorySource,
} from '@fermata/orchestrator/adapters/kafka/memory-log/memory-source'
import type { EngineOptions } from '@fermata/orchestrator/engine/engine'
import type { CrashPoint, Death } from '../chaos/crash-plan.ts'
import { functionOf } from '../chaos/function-process.ts'
import { type Effect, Outside } from '../chaos/outside.ts'
import { createSeededRandom } from '../support/sim-clock.ts'
import { policy } from '../unit/engine/scenes.ts'
import { createWorld, type Replica, type World } from '../unit/engine/world.ts'
import { letExpire } from './expiry.ts'
import { Faults } from './faults.ts'
import { definitions, dice } from './handlers.ts'
import { History } from './history.ts'
import { pace } from './outside-world.ts'
import type { Scenario } from './scenario.ts'
import { sceneDefinitions } from './scene-handlers.ts'
import { watchSizes } from './size-watch.ts'
import { spoilStores } from './spoiled-stores.ts'
import { Watch } from './watch.ts'

export const topic = 'ledger'
const subscription = 'ledger'
const address = (version: number) => `arn:aws:lambda:eu-west-1:000000000000:function:all:${version}`
const functionTimeoutMs = 60_000
/** Then every call of a function is over. */
const longestCallMs = 900_000
/** How long one that has stood still may go on before it dies. */
const mostMomentMs = 20
/** So long may a stop take, before it is ended. */
const stopMs = 20_000

export type Living = {
  readonly name: string
  readonly replica: Replica
  readonly source: MemorySource
}

/** Orchestrators, functions, stores and Kafka in one process, and everything that can happen to them. */
export class Universe {
  readonly world: World
  readonly log: MemoryLog
  readonly faults: Faults
  readonly history: History
  readonly outside: Outside
  /** What the world outside was told, in order, each key once. */
  readonly told: Effect[] = []
  readonly living: Living[] = []
  readonly partitions: number
  readonly isUndisturbed: boolean
  /** Until when somebody stands still, or takes his leave; ms since the start. */
  unrestUntil = 0
  isCalm = false
  readonly #watch: Watch
  readonly #scenario: Scenario
  readonly #startedAt: number
  #replicas = 0
  #versions = 1
  #nonces = 0

  constructor(scenario: Scenario, only: ReadonlySet<number> | undefined) {
    this.#scenario = scenario
    this.partitions = scenario.partitions
    const isSkewed = scenario.skews.some((ms) => ms !== 0)
    this.isUndisturbed = Object.keys(scenario.rates).length === 0 && !isSkewed
    this.world = createWorld(scenario.seed, { ownTurns: true })
    const { clock } = this.world
    this.#startedAt = clock.now()
    const now = () => this.now()
    this.history = new History(now)
    this.faults = new Faults(createSeededRandom(scenario.seed + 2), scenario, now, only)
    this.outside = new Outside((effect) => {
      this.told.push(effect)
      this.history.add('outside', `${effect.key} ${JSON.stringify(effect.body)}`)
      return { json: null }
    })
    let rolls = 0
    dice.roll = () => rolls++
    dice.turn = () => clock.turn()
    pace.rest = (ms) => clock.sleep(ms)
    this.log = new MemoryLog({ clock })
    this.log.createTopic(topic, scenario.partitions)
    this.#serve(1)
    this.#watch = new Watch(this.world, this.log, this.history, topic)
    this.faults.lastEntry = () => this.#watch.lastEntry
    watchSizes(this.world, (what) => this.#watch.violations.push(what))
    void letExpire(this.world)
    spoilStores(this.world, this.faults, this.history, scenario.slowMs)
  }

  /** What was stored, by the journals' own rules; in the order in which it was. */
  get stored(): ReadonlyMap<InvocationId, readonly Segment[]> {
    return this.#watch.stored
  }

  /** What must never be, found while it happened. */
  get violations(): readonly string[] {
    return this.#watch.violations
  }

  now(): number {
    return this.world.clock.now() - this.#startedAt
  }

  async begin(): Promise<void> {
    for (let n = 0; n < this.#scenario.replicas; n++) await this.startReplica()
  }

  async replaceTheDead(): Promise<void> {
    while (this.living.length < 2) await this.startReplica()
  }

  async startReplica(): Promise<void> {
    const n = this.#replicas++
    const name = `replica ${n}`
    const { clock } = this.world
    const source = createMemorySource({ clusters: { main: this.log }, clock, logger: silent })
    this.history.add(name, 'starts')
    let isDead = false
    const replica = await this.world.start({
      options: options(this.#scenario),
      source,
      wallOffsetMs: this.#scenario.skews[n % this.#scenario.skews.length] ?? 0,
      onFault: (point, subject, self) => {
        if (!this.faults.strikes('replica-dies', point, `${name}, ${subject}`)) return
        isDead = true
        source.disconnect()
        this.#bury(self(), `dies at ${point} ${subject}`)
      },
    })
    if (!isDead) this.living.push({ name, replica, source })
  }

  /** Lets go of everything: a signal that is never given would keep its world for as long as the program runs. */
  async end(): Promise<void> {
    for (const { replica } of [...this.living]) replica.kill()
    await this.world.clock.advance(longestCallMs)
    this.world.clock.end()
  }

  /** What happens to replicas as a whole, and to the next invocation. */
  disturb(): void {
    this.#spoilInvoker()
    for (const one of [...this.living]) {
      const much = this.faults.strikes('replica-stalls', 'a replica', one.name)
      if (much !== undefined) this.#stall(one, Math.round(much * much * this.#scenario.stallMs))
      else if (this.faults.strikes('replica-stops', 'a replica', one.name)) this.#stop(one)
    }
    this.#deploy()
    if (this.faults.strikes('blackout', 'all replicas', '')) this.blackout()
  }

  /** All die at once. */
  blackout(): void {
    for (const { replica } of [...this.living]) this.#bury(replica, 'dies, as all do')
  }

  #stall({ name, replica, source }: Living, ms: number): void {
    this.history.add(name, `stands still for ${ms} ms`)
    this.unrestUntil = Math.max(this.unrestUntil, this.now() + ms)
    replica.pause()
    source.disconnect()
    this.world.clock.timer(ms, () => {
      replica.resume()
      source.reconnect()
      this.history.add(name, 'goes on')
      const much = this.faults.strikes('dies-waking', 'a replica', name)
      if (much === undefined) return
      const momentMs = Math.ceil(much * mostMomentMs)
      this.world.clock.timer(momentMs, () => this.#bury(replica, 'dies, hardly awake'))
    })
  }

  #stop(one: Living): void {
    this.living.splice(this.living.indexOf(one), 1)
    this.history.add(one.name, 'is told to stop')
    this.unrestUntil = Math.max(this.unrestUntil, this.now() + stopMs)
    let isOver = false
    const end = (how: string) => () => {
      if (isOver) return
      isOver = true
      this.#bury(one.replica, how)
      one.source.disconnect()
    }
    one.replica.engine.stop().then(end('has stopped'), end('could not stop'))
    this.world.clock.timer(stopMs, end('is ended'))
  }

  /** The next version of the functions, the same code: running invocations stay on theirs. */
  #deploy(): void {
    if (!this.faults.strikes('deployment', 'functions', '')) return
    this.#versions += 1
    this.#serve(this.#versions)
    const [one] = this.living
    this.history.add('person', `deploys version ${this.#versions}`)
    one?.replica.engine.admin.register(address(this.#versions)).catch(() => undefined)
  }

  #spoilInvoker(): void {
    const kinds = ['throttle', 'refuse', 'drop-request', 'drop-reply', 'twin'] as const
    for (const kind of kinds) {
      if (!this.faults.strikes(kind, 'an invocation', '')) continue
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
    const { clock, stores } = this.world
    const code = functionOf([...definitions, ...sceneDefinitions], {
      ...{ clock, journals: stores.journals, objects: stores.objects },
      plan: { strikes: ({ name }: CrashPoint) => this.#deathAt(name) },
      timeoutMs: functionTimeoutMs,
      nonce: () => `f${this.#nonces++}`,
    })
    this.world.functions.set(address(version), code)
  }

  #deathAt(name: string): Death | undefined {
    for (const [kind, death] of deaths) {
      if (!this.faults.strikes(kind, placeOf(name), name)) continue
      this.history.add('function', `${kind} ${name}`)
      return death
    }
    return undefined
  }
}

const deaths = [
  ['function-dies', 'told'],
  ['function-unheard', 'unheard'],
  ['function-lives-on', 'lives-on'],
] as const

/** `before step x` → `before step`. */
function placeOf(name: string): string {
  return name.split(' ').slice(0, 2).join(' ')
}

function options({ running, agenda }: Scenario): Partial<EngineOptions> {
  const { retry } = policy({})
  return {
    policy: policy({
      retry: { ...retry, maxAttempts: 10_000, maxDelayMs: 5_000 },
      timeoutMs: functionTimeoutMs,
    }),
    // Leases are looked at less often than by default: they are most of what happens where nothing does.
    agenda: { shards: 4, heartbeatMs: 1_000, lookMs: 1_000, cursorIdleMs: 2_000, ...agenda },
    subscriptions: [
      {
        name: subscription,
        source: `kafka://main/${topic}`,
        sink: 'ledger/add',
        options: { startFrom: 'earliest' },
      },
    ],
    clusters: ['main'],
    limits: { running, perFunction: 100, queued: 1_000 },
  }
}

const silent = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
}
