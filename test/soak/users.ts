import { deriveInvocationId, type InvocationId } from '@fermata/lambda-runtime/protocol'
import { Kafka, logLevel, type Producer } from 'kafkajs'
import type { Recorder } from '../history/recorder.ts'
import { Chance } from '../simulation/chance.ts'
import type { Cluster } from './cluster.ts'
import { rest } from './rest.ts'

export const topics = { till: 'sales', buyer: 'purchases' } as const
const tills = ['north', 'south', 'east', 'west'] as const

export type UsersOptions = {
  readonly brokers: readonly string[]
  readonly cluster: Cluster
  readonly recorder: Recorder
  readonly chance: Chance
}

type Act = () => Promise<void>

/** Those who use the system: each act is asked for until it is taken, and then left alone. */
export class Users {
  /** How often each was done. */
  readonly acts = new Map<string, number>()
  readonly #options: UsersOptions
  /** What happens when; the same for the same seed, however long others take. */
  readonly #choice: Chance
  readonly #producer: Producer
  readonly #underWay = new Map<Promise<void>, string>()
  readonly #failures: unknown[] = []
  #count = 0

  constructor(options: UsersOptions) {
    this.#options = options
    this.#choice = new Chance(options.chance.below(1_000_000))
    const kafka = new Kafka({ brokers: [...options.brokers], logLevel: logLevel.NOTHING })
    this.#producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 })
  }

  async begin(): Promise<void> {
    await this.#producer.connect()
  }

  /** Does something; what it is, chance decides. */
  act(): void {
    const n = this.#count++
    const [name, act] = this.#choice.one(this.#repertoire(n))
    this.acts.set(name, (this.acts.get(name) ?? 0) + 1)
    this.#track(`${name} ${n}`, act())
  }

  /** Somebody outside answers what he was asked. */
  answer(awakeable: string, question: number): void {
    this.#track(`answer to ${question}`, this.#answer(awakeable, question))
  }

  /** What nobody has taken after so long. @throws what went wrong with any of them */
  async finish(withinMs: number): Promise<readonly string[]> {
    const end = performance.now() + withinMs
    while (this.#underWay.size > 0 && performance.now() < end) await rest(100)
    await this.#producer.disconnect()
    if (this.#failures.length > 0) throw this.#failures[0]
    return [...this.#underWay.values()]
  }

  #track(what: string, work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) => void this.#failures.push(error))
      .finally(() => this.#underWay.delete(tracked))
    this.#underWay.set(tracked, what)
  }

  /** What is there several times happens more often. */
  #repertoire(n: number): [readonly [string, Act], ...(readonly [string, Act])[]] {
    return [
      ['sale by Kafka', () => this.#produce(topics.till, n)],
      ['sale by Kafka', () => this.#produce(topics.till, n)],
      ['sale by Kafka', () => this.#produce(topics.till, n)],
      ['purchase by Kafka', () => this.#produce(topics.buyer, n)],
      ['purchase by Kafka', () => this.#produce(topics.buyer, n)],
      ['purchase', () => this.#accepted('buyer/buy', this.#purchase(n), n).then(ignore)],
      ['sale, and its answer', () => this.#sell(n)],
      ['question', () => this.#accepted('asker/ask', n, n).then(ignore)],
      ['wait that is cancelled', () => this.#regret(n)],
      ['vote', () => this.#vote(n)],
    ]
  }

  async #produce(topic: string, n: number): Promise<void> {
    const key = this.#options.chance.one(tills)
    const value = JSON.stringify(topic === topics.till ? n : this.#purchase(n))
    await this.#producer.send({ topic, messages: [{ key, value }] })
  }

  #purchase(item: number) {
    const { chance } = this.#options
    return { item, waitMs: chance.one([0, 0, 100, 700, 2_500]), till: chance.one(tills) }
  }

  async #accepted(path: string, input: unknown, n: number): Promise<InvocationId> {
    const { cluster, recorder } = this.#options
    const invocation = await cluster.send(path, input, `act ${n}`)
    await recorder.note('client', [{ what: 'accepted', invocation }])
    return invocation
  }

  /** Waits for the output, under one key, wherever it is asked. */
  async #sell(n: number): Promise<void> {
    const { chance, cluster, recorder } = this.#options
    const key = chance.one(tills)
    const headers = { 'idempotency-key': `act ${n}` }
    const path = `till/${key}/add`
    const { body } = await cluster.until([200], (replica) => replica.call(path, n, headers))
    const parts = ['key', 'add', `act ${n}`]
    const invocation = deriveInvocationId({ service: 'till', key }, parts)
    await recorder.note('client', [{ what: 'answered', invocation, value: body }])
  }

  async #regret(n: number): Promise<void> {
    const { chance, cluster } = this.#options
    const invocation = await this.#accepted('idler/idle', null, n)
    await rest(chance.between(0, 3_000))
    await cluster.until([202, 409], (replica) => replica.post(`invocations/${invocation}/cancel`))
  }

  async #vote(n: number): Promise<void> {
    const { chance } = this.#options
    await this.#accepted(`vote/${n}/run`, n, n)
    await rest(chance.between(0, 2_000))
    await this.#options.cluster.send(`vote/${n}/say`, n, `say ${n}`)
  }

  async #answer(awakeable: string, question: number): Promise<void> {
    const { chance, cluster } = this.#options
    await rest(chance.between(0, 2_000))
    // 409: the answer to an earlier try was lost.
    await cluster.until([204, 409], (replica) =>
      replica.call(`awakeables/${awakeable}/resolve`, question),
    )
  }
}

const ignore = () => undefined
