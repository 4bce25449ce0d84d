import type { InvocationId, Segment } from '@fermata/lambda-runtime/protocol'
import { MemoryLog } from '@fermata/orchestrator/adapters/kafka/memory-log/memory-log'
import {
  createMemorySource,
  type MemorySource,
} from '@fermata/orchestrator/adapters/kafka/memory-log/memory-source'
import { groupIdOf } from '@fermata/orchestrator/domain/subscriptions/subscription'
import type { EngineOptions } from '@fermata/orchestrator/engine/engine'
import { type Effect, Outside } from '../chaos/outside.ts'
import { policy } from '../unit/engine/scenes.ts'
import { createWorld, type Replica, type World } from '../unit/engine/world.ts'
import { letExpire } from './expiry.ts'
import { Faults } from './faults.ts'
import { functionsOf, functionTimeoutMs } from './functions.ts'
import { dice } from './handlers.ts'
import { History } from './history.ts'
import { mortal, mortalSource } from './mortal-ports.ts'
import { pace } from './outside-world.ts'
import type { Scenario } from './scenario.ts'
import { watchSizes } from './size-watch.ts'
import { spoilInvoker } from './spoiled-invoker.ts'
import { spoilStores } from './spoiled-stores.ts'
import { mostSkewMs } from './times.ts'
import { Versions } from './versions.ts'
import { Watch } from './watch.ts'

export const topic = 'ledger'
const subscription = 'ledger'
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
  /** All tell the same time. */
  readonly clocksAgree: boolean
  /** Nothing goes wrong, and there is room for all that can run. */
  readonly isPrompt: boolean
  /** Until when somebody stands still, or takes his leave; ms since the start. */
  unrestUntil = 0
  isCalm = false
  readonly #watch: Watch
  readonly #versions: Versions
  readonly #scenario: Scenario
  readonly #startedAt: number
  #replicas = 0

  constructor(scenario: Scenario, only: ReadonlySet<string> | undefined) {
    this.#scenario = scenario
    this.partitions = scenario.partitions
    const isSkewed = scenario.skews.some((ms) => ms !== 0)
    this.isUndisturbed = Object.keys(scenario.rates).length === 0 && !isSkewed
    this.clocksAgree =
      !isSkewed && scenario.rates['function-clock'] === undefined && !scenario.rates['clock-jumps']
    this.isPrompt = this.isUndisturbed && scenario.hasRoom
    this.world = createWorld(scenario.seed, { ownTurns: true })
    const { clock } = this.world
    this.#startedAt = clock.now()
    const now = () => this.now()
    this.history = new History(now)
    const { seed, rates, places, slowMs } = scenario
    this.faults = new Faults({ seed, rates, places, now, only })
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
    let nonces = 0
    this.#versions = new Versions(
      this.world.functions,
      () => functionsOf(this.world, this.faults, this.history, () => `f${nonces++}`),
      (what) => this.history.add('person', what),
    )
    this.#watch = new Watch(this.world, this.log, this.history, topic)
    this.faults.lastEntry = () => this.#watch.lastEntry
    watchSizes(this.world, (what) => this.#watch.violations.push(what))
    void letExpire(this.world)
    const { faults, history } = this
    spoilStores(this.world, { faults, history, slowMs })
    spoilInvoker(this.world, faults, history)
  }

  /** What was stored, by the journals' own rules; in the order in which it was. */
  get stored(): ReadonlyMap<InvocationId, readonly Segment[]> {
    return this.#watch.stored
  }

  /** What was forgotten because somebody asked for it. */
  get purged(): ReadonlySet<InvocationId> {
    return this.#watch.purged
  }

  /** What must never be, found while it happened. */
  get violations(): readonly string[] {
    return this.#watch.violations
  }

  /** Every slot has had its turn (INV-10). */
  get openKeys(): readonly string[] {
    return this.#watch.ledger.openKeys
  }

  /** How far the records of a partition are committed. */
  committedOf(partition: number): bigint {
    return this.log.group(groupIdOf(subscription)).committed({ topic, partition }) ?? 0n
  }

  now(): number {
    return this.world.clock.now() - this.#startedAt
  }

  async begin(): Promise<void> {
    for (let n = 0; n < this.#scenario.replicas; n++) await this.startReplica()
  }

  /** Until `untilMs` after the start: whoever comes may die, too. */
  async replaceTheDead(untilMs = Number.POSITIVE_INFINITY): Promise<void> {
    while (this.living.length < 2 && this.now() < untilMs) await this.startReplica()
  }

  async startReplica(): Promise<void> {
    const n = this.#replicas++
    const name = `replica ${n}`
    const { clock } = this.world
    const source = createMemorySource({ clusters: { main: this.log }, clock, logger: silent })
    this.history.add(name, 'starts')
    let isDead = false
    const die = (self: () => Replica, how: string): void => {
      isDead = true
      source.disconnect()
      this.#bury(self(), how)
    }
    const asks =
      (self: () => Replica) =>
      (where: string, what: string): boolean => {
        if (isDead) return true
        const dies = this.faults.strikes('replica-dies-asking', where, what) !== undefined
        if (dies) die(self, `dies ${where} ${what}`)
        return dies
      }
    const starts = this.world.start({
      options: options(this.#scenario),
      source: (self) => mortalSource(source, asks(self)),
      wallOffsetMs: this.#scenario.skews[n % this.#scenario.skews.length] ?? 0,
      ports: (port, real, self) => mortal(port, real, asks(self)),
      onFault: (point, subject, self) => {
        if (isDead || !this.faults.strikes('replica-dies', point, subject)) return
        die(self, `dies at ${point} ${subject}`)
      },
    })
    const replica = await starts.catch(async (error: unknown) => {
      this.history.add(name, `could not start: ${String(error)}`)
      await clock.advance(1_000)
    })
    if (replica === undefined) return
    if (!isDead) this.living.push({ name, replica, source })
  }

  /** Lets go of everything: a signal that is never given would keep its world for as long as the program runs. */
  async end(): Promise<void> {
    for (const { replica } of [...this.living]) replica.kill()
    await this.world.clock.advance(longestCallMs)
    this.world.clock.end()
  }

  /** What happens to replicas as a whole, and by people. */
  disturb(): void {
    for (const one of [...this.living]) {
      const much = this.faults.strikes('replica-stalls', 'a replica', one.name)
      if (much !== undefined) this.#stall(one, Math.round(much * much * this.#scenario.stallMs))
      else if (this.faults.strikes('replica-stops', 'a replica', one.name)) this.#stop(one)
      const jump = this.faults.strikes('clock-jumps', 'a replica', one.name)
      if (jump !== undefined) this.#setClock(one, Math.round((2 * jump - 1) * mostSkewMs))
    }
    this.#deploy()
    if (this.faults.strikes('rebalance', 'a group', '')) {
      this.history.add('kafka', 'gives partitions to others')
      this.log.group(groupIdOf(subscription)).shuffle()
    }
    if (this.faults.strikes('blackout', 'all replicas', '')) this.blackout()
  }

  /** All die at once. */
  blackout(): void {
    for (const { replica } of [...this.living]) this.#bury(replica, 'dies, as all do')
  }

  #stall(one: Living, ms: number): void {
    const { name, replica, source } = one
    this.history.add(name, `stands still for ${ms} ms`)
    this.unrestUntil = Math.max(this.unrestUntil, this.now() + ms)
    replica.pause()
    source.disconnect()
    this.world.clock.timer(ms, () => {
      // One that has died meanwhile does not come back to its group.
      if (!this.living.includes(one)) return
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

  #setClock({ name, replica }: Living, ms: number): void {
    this.history.add(name, `has a wall clock that is ${ms} ms ahead`)
    replica.setWallOffset(ms)
  }

  #deploy(): void {
    const engine = this.living[0]?.replica.engine
    if (this.faults.strikes('deployment', 'functions', '')) this.#versions.deploy(engine)
    if (engine === undefined || !this.faults.strikes('undeployment', 'functions', '')) return
    this.#versions.undeploy(engine).catch(() => undefined)
  }

  #bury(replica: Replica, how: string): void {
    const index = this.living.findIndex((one) => one.replica === replica)
    const [dead] = index < 0 ? [] : this.living.splice(index, 1)
    this.history.add(dead?.name ?? 'a replica', how)
    dead?.source.disconnect()
    replica.kill()
  }
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
