import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { watchCommits } from '../history/commit-watch.ts'
import { violationsOf } from '../history/expect-sound.ts'
import { encodeHistory } from '../history/lines.ts'
import type { Recorder } from '../history/recorder.ts'
import { createSystem, type System } from '../integration/support/system.ts'
import { Chance } from '../simulation/chance.ts'
import { startDynamoDbLocal } from '../support/real-parts/dynamodb-local.ts'
import { startKafka } from '../support/real-parts/kafka.ts'
import { Cluster } from './cluster.ts'
import { rest } from './rest.ts'
import { functionName, Trouble } from './trouble.ts'
import { topics, Users } from './users.ts'
import { openWorld } from './world.ts'

export type SoakOptions = {
  /** How long things go wrong. */
  readonly troubleMs: number
  /** Acts per second. */
  readonly rate: number
  readonly replicas: number
  readonly seed: number
  /** Time for everything to be taken, and then for everything to come to its end: retries wait for seconds, recovery too. */
  readonly patienceMs: number
  /** Where the history goes. */
  readonly directory: string
  readonly onProgress?: (line: string) => void
}

export type SoakReport = {
  /** What was not as it must be. */
  readonly violations: readonly string[]
  readonly acts: ReadonlyMap<string, number>
  readonly struck: ReadonlyMap<string, number>
  /** What was recorded, by kind. */
  readonly events: ReadonlyMap<string, number>
  readonly invocations: number
  readonly attempts: number
  readonly effects: number
  /** Requests to the world outside, repeated ones too. */
  readonly requests: number
  /** Until all had come to its end, after trouble. */
  readonly calmMs: number
  /** One line for each event. */
  readonly historyFile: string
}

const partitions = 4
const progressMs = 10_000

/** Short times, few shards: more happens in less time. */
const config = {
  agenda: { shards: 8, leaseMs: 2_000, heartbeatMs: 400, marginMs: 300, watchMs: 4_000 },
  attempt: { aliveAfterMs: 2_000, coldStartMarginMs: 1_500 },
  retry: { maxAttempts: 10_000, maxDelay: '2s' },
}

/** Real Kafka, DynamoDB Local, orchestrators and functions in processes of their own; then all is held against the ledger. */
export async function runSoak(options: SoakOptions): Promise<SoakReport> {
  await using closing = new AsyncDisposableStack()
  const [kafka, database] = await Promise.all([startKafka({}), startDynamoDbLocal()])
  closing.defer(async () => void (await Promise.all([kafka.stop(), database.stop()])))
  await kafka.createTopics(Object.values(topics).map((topic) => ({ topic, partitions })))
  const system = await createSystem({
    dynamodb: database.endpoint,
    config: { ...config, kafka: { main: { brokers: kafka.brokers } } },
    isRecorded: true,
  })
  closing.defer(system.close)
  const { recorder } = system
  if (recorder === undefined) throw new Error('nothing is recorded')
  return await new Soak(options, { system, recorder, brokers: kafka.brokers, closing }).run()
}

type Parts = {
  readonly system: System
  readonly recorder: Recorder
  readonly brokers: readonly string[]
  readonly closing: AsyncDisposableStack
}

class Soak {
  readonly #options: SoakOptions
  readonly #parts: Parts
  readonly #cluster: Cluster
  readonly #users: Users
  readonly #trouble: Trouble

  constructor(options: SoakOptions, parts: Parts) {
    const { system, recorder, brokers } = parts
    const chance = (stream: number) => new Chance(options.seed * 10 + stream)
    this.#options = options
    this.#parts = parts
    this.#cluster = new Cluster(system, chance(1))
    this.#users = new Users({ brokers, recorder, cluster: this.#cluster, chance: chance(2) })
    this.#trouble = new Trouble(system.lambda, this.#cluster, chance(3))
  }

  async run(): Promise<SoakReport> {
    const { recorder, brokers, closing } = this.#parts
    const { patienceMs } = this.#options
    const world = await this.#openWorld()
    await this.#deploy(world.url)
    const watches = await Promise.all(
      Object.values(topics).map((topic) =>
        watchCommits(recorder, { brokers, topic, subscription: topic }),
      ),
    )
    closing.defer(async () => void (await Promise.allSettled(watches.map(({ stop }) => stop()))))
    await this.#users.begin()
    await this.#beBusy()
    const began = performance.now()
    await this.#trouble.end()
    const open = await this.#users.finish(patienceMs)
    for (const watch of watches) await watch.noteEnds()
    const violations = [
      ...open.map((act) => `INV-10: nobody has taken ${act}`),
      ...(await violationsOf(recorder, { withinMs: patienceMs })),
    ]
    await Promise.all(watches.map(({ stop }) => stop()))
    const calmMs = performance.now() - began
    const { acts } = this.#users
    const { struck } = this.#trouble
    const told = { violations, acts, struck, calmMs, requests: world.requests() }
    return { ...told, ...(await this.#tell()), effects: world.done.size }
  }

  async #openWorld() {
    const world = await openWorld({
      recorder: this.#parts.recorder,
      chance: new Chance(this.#options.seed * 10 + 4),
      onEffect: ({ name, body }) => {
        if (name !== 'mail') return
        const { awakeable, question } = body as { awakeable: string; question: number }
        this.#users.answer(awakeable, question)
      },
    })
    this.#parts.closing.defer(() => world.close())
    return world
  }

  async #deploy(worldUrl: string): Promise<void> {
    const { system } = this.#parts
    for (let n = 0; n < this.#options.replicas; n++) await this.#cluster.add()
    const arn = system.deploy('../../soak/fixtures/shop', {
      name: functionName,
      concurrentPerProcess: 8,
      environment: { WORLD_URL: worldUrl },
    })
    await this.#cluster.until([201], (replica) => replica.post('deployments', { arn }))
    const sinks = { [topics.till]: 'till/add', [topics.buyer]: 'buyer/buy' }
    for (const [topic, sink] of Object.entries(sinks)) {
      const source = `kafka://main/${topic}`
      const spec = { name: topic, source, sink, options: { startFrom: 'earliest' } }
      await this.#cluster.until([200, 201], (replica) => replica.post('subscriptions', spec))
    }
  }

  /** Users do as they like, and things go wrong, one every second or so. */
  async #beBusy(): Promise<void> {
    const { troubleMs, rate, seed, onProgress } = this.#options
    const chance = new Chance(seed * 10 + 5)
    const began = performance.now()
    const passed = () => performance.now() - began
    let [acts, strikeAt, sayAt] = [0, 0, progressMs]
    while (passed() < troubleMs) {
      while (acts < (passed() / 1_000) * rate) {
        this.#users.act()
        acts += 1
      }
      if (passed() >= strikeAt) {
        this.#trouble.strike()
        strikeAt = passed() + chance.between(300, 2_000)
      }
      if (passed() >= sayAt) {
        onProgress?.(`${Math.round(passed() / 1_000)} s, ${acts} acts`)
        sayAt += progressMs
        // So that it does not all have to be read in the end.
        await this.#parts.recorder.read()
      }
      await rest(50)
    }
  }

  async #tell() {
    const { directory, seed } = this.#options
    const { events, ledger } = this.#parts.recorder
    await mkdir(directory, { recursive: true })
    const historyFile = join(directory, `soak-${seed}.jsonl`)
    await writeFile(historyFile, encodeHistory(events))
    const counts = new Map<string, number>()
    for (const { what } of events) counts.set(what, (counts.get(what) ?? 0) + 1)
    const entries = [...ledger.journals.values()].flat().flatMap((segment) => segment.entries)
    const attempts = entries.filter(({ kind }) => kind === 'attempt').length
    return { events: counts, invocations: ledger.journals.size, attempts, historyFile }
  }
}
