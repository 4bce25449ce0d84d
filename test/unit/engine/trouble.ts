import type { Entry, InvocationId, Segment } from '@fermata/lambda-runtime/protocol'
import {
  childInvocationId,
  deriveInvocationId,
  parseInvocationId,
} from '@fermata/lambda-runtime/protocol'
import type { Random } from '@fermata/orchestrator/ports'
import { createSeededRandom } from '../../support/sim-clock.ts'
import { call, during, policy, send, submission, waitsForOp0, worldOf, yes } from './scenes.ts'
import { completed, type Replica, type Script, type World } from './world.ts'

export type TroubleOptions = {
  /** The longest pause between two things that happen, ms. */
  readonly paceMs: number
  /** How often a store fails before it has done what it was asked for; as often it does and its answer is lost. */
  readonly errors: number
  /** How often a replica dies at a fault point. */
  readonly deaths: number
  readonly retentionMs: number
}

/** How many attempts a replica runs at once. */
const running = 4

/** Replicas, functions and stores to which anything may happen, until it is calm. Same seed, same story. */
export class Trouble {
  readonly world: World
  readonly replicas: Replica[] = []
  readonly #random: Random
  readonly #options: TroubleOptions
  readonly #seed: number
  readonly #dead = new Set<Replica>()
  /** Service by id of what was acknowledged. */
  readonly #accepted = new Map<InvocationId, string>()
  readonly #written = new Map<InvocationId, Segment[]>()
  #isTroubled = false
  #submissions = 0
  #together = 0

  constructor(seed: number, options: TroubleOptions) {
    this.#seed = seed
    this.#options = options
    this.#random = createSeededRandom(seed)
    this.world = worldOf(this.#services(), seed)
    this.#observe()
    this.#spoilStores()
  }

  async begin(): Promise<void> {
    await this.#startOne()
    await this.#startOne()
  }

  async last(ms: number): Promise<void> {
    const { clock } = this.world
    const acts = [
      () => this.#submit(),
      () => this.#submit(),
      () => this.#submit(),
      () => this.#approve(),
      () => this.#spoilInvoker(),
      () => this.#pauseOne(),
      () => this.#replaceOne(),
    ]
    this.#isTroubled = true
    for (const end = clock.now() + ms; clock.now() < end; ) {
      await acts[this.#below(acts.length)]?.()
      await clock.advance(this.#random.next() * this.#options.paceMs)
    }
    this.#isTroubled = false
  }

  /** Nothing fails any more, and at least two replicas live. */
  async calm(): Promise<void> {
    const alive = this.replicas.filter((replica) => !this.#dead.has(replica))
    this.replicas.splice(0, this.replicas.length, ...alive)
    while (this.replicas.length < 2) await this.#startOne()
    await this.world.clock.advance(8_000)
    await this.#approve()
  }

  /** What was acknowledged, and everything that follows from it. */
  promised(): readonly InvocationId[] {
    const ids = new Set(this.#accepted.keys())
    for (const id of ids) {
      for (const { entries } of this.#written.get(id) ?? []) {
        for (const child of entries.flatMap((entry) => childOf(id, entry))) ids.add(child)
      }
    }
    return [...ids]
  }

  /** How often an output was stored, in each life of the id. */
  outputsOf(id: InvocationId): readonly number[] {
    const lives = new Map<string, number>()
    for (const { born, entries } of this.#written.get(id) ?? []) {
      const outputs = entries.filter(({ kind }) => kind === 'output').length
      if (outputs > 0) lives.set(born, (lives.get(born) ?? 0) + outputs)
    }
    return [...lives.values()]
  }

  /** Whether a replica runs as many attempts at once as it may: a permit that was lost would be missed. */
  async runsAll({ engine }: Replica): Promise<boolean> {
    for (let n = 0; n < 4 * running; n++) {
      await during(this.world, engine.ingress.submit(submission('leaf')))
    }
    await this.world.clock.advance(30_000)
    const all = Array.from({ length: running }, () => engine.ingress.submit(submission('together')))
    const ids = (await during(this.world, Promise.all(all))) ?? []
    await this.world.clock.advance(10_000)
    return ids.every(
      ({ invocationId }) => this.outputsOf(parseInvocationId(invocationId)).length > 0,
    )
  }

  #services(): Readonly<Record<string, Script>> {
    const random = this.#random
    const now = () => this.world.clock.now()
    const failure = { code: 'x', message: 'x' }
    return {
      leaf: async () => {
        await this.world.clock.sleep(random.next() * 2_000)
        return { status: completed('leaf') }
      },
      sleeper: inTwoParts(() => [{ kind: 'sleep', op: 0, wakeAt: now() + random.next() * 20_000 }]),
      caller: inTwoParts(() => [call(0, 'leaf'), send(1, 'leaf'), send(2, 'sleeper')]),
      sharing: inTwoParts(() => [call(0, 'leaf', 'shared')]),
      approval: inTwoParts(() => [{ kind: 'awakeable', op: 0 }]),
      flaky: ({ epoch }) =>
        epoch % 3 === 0 ? { status: completed('at last') } : { status: { kind: 'retry', failure } },
      together: async () => {
        this.#together += 1
        while (this.#together % running !== 0) await this.world.clock.sleep(100)
        return { status: completed('together') }
      },
    }
  }

  /** Remembers what is stored, by the journals' own rules: what expires is not forgotten here. */
  #observe(): void {
    const { journals } = this.world.stores
    const append = journals.append.bind(journals)
    Object.assign(journals, {
      append: async (...[id, segment, expires]: Parameters<typeof append>) => {
        const result = await append(id, segment, expires)
        const known = this.#written.get(id) ?? []
        const isNew = !known.some(({ n, born }) => n === segment.n && born === segment.born)
        if (result.kind === 'appended' && isNew) this.#written.set(id, [...known, segment])
        return result
      },
    })
  }

  #spoilStores(): void {
    const { journals, agenda } = this.world.stores
    const spoil =
      <A extends readonly unknown[], R>(work: (...args: A) => Promise<R>) =>
      async (...args: A): Promise<R> => {
        const errors = this.#isTroubled ? this.#options.errors : 0
        const chance = this.#random.next()
        if (chance < errors) throw new Error('it did not arrive')
        const answer = await work(...args)
        if (chance < 2 * errors) throw new Error('the answer was lost')
        return answer
      }
    Object.assign(journals, {
      append: spoil(journals.append.bind(journals)),
      load: spoil(journals.load.bind(journals)),
      tail: spoil(journals.tail.bind(journals)),
    })
    Object.assign(agenda, { put: spoil(agenda.put.bind(agenda)) })
  }

  #spoilInvoker(): void {
    const kinds = ['throttle', 'refuse', 'drop-request', 'drop-reply', 'twin'] as const
    const kind = kinds[this.#below(kinds.length)] ?? 'twin'
    this.world.invoker.inject({ kind, when: () => this.#isTroubled }, 1 + this.#below(4))
  }

  async #startOne(): Promise<void> {
    const { deaths, retentionMs } = this.#options
    const wasTroubled = this.#isTroubled
    this.#isTroubled = false
    const { retry } = policy({})
    const replica = await this.world.start({
      options: {
        policy: policy({ retry: { ...retry, maxAttempts: 1_000 }, retentionMs }),
        limits: { running, perFunction: 100, queued: 1_000 },
      },
      onFault: (_point, _subject, self) => {
        if (!this.#isTroubled || this.#random.next() >= deaths) return
        self().kill()
        this.#dead.add(self())
      },
    })
    this.replicas.push(replica)
    this.#isTroubled = wasTroubled
  }

  async #pauseOne(): Promise<void> {
    const one = this.replicas[this.#below(this.replicas.length)]
    one?.pause()
    await this.world.clock.advance(this.#random.next() * 8_000)
    one?.resume()
  }

  async #replaceOne(): Promise<void> {
    const [one] = this.replicas.splice(this.#below(this.replicas.length), 1)
    const isGraceful = this.#random.next() < 0.5
    if (isGraceful && one !== undefined) await during(this.world, one.engine.stop(), 20_000)
    one?.kill()
    await this.#startOne()
  }

  /** Asks again, maybe another replica, until it is acknowledged; but not for ever. */
  async #submit(): Promise<void> {
    const services = ['leaf', 'sleeper', 'caller', 'sharing', 'approval', 'flaky']
    const service = services[this.#submissions % services.length] ?? 'leaf'
    const key = `${this.#seed}-${this.#submissions++}`
    for (let tries = 0; tries < 3; tries++) {
      const { ingress } = this.#anyEngine()
      const answer = await during(this.world, ingress.submit(submission(service, { key })), 1_500)
      if (answer === undefined) continue
      this.#accepted.set(parseInvocationId(answer.invocationId), service)
      return
    }
  }

  async #approve(): Promise<void> {
    for (const [id, service] of this.#accepted) {
      if (service !== 'approval') continue
      await during(this.world, this.#anyEngine().ingress.completeAwakeable(`${id}.0`, yes), 200)
    }
  }

  #anyEngine() {
    const replica = this.replicas[this.#below(this.replicas.length)]
    if (replica === undefined) throw new Error('there is no replica')
    return replica.engine
  }

  #below(count: number): number {
    return Math.floor(this.#random.next() * count)
  }
}

/** Does `first` and waits for op 0; goes on when that is completed. */
function inTwoParts(first: () => readonly Entry[]): Script {
  return ({ journal }) => {
    const entries = journal.flatMap((segment) => segment.entries)
    if (entries.some(({ kind }) => kind === 'completion')) return { status: completed('done') }
    const isBegun = journal.some(({ by }) => by === 'handler')
    return { entries: isBegun ? [] : first(), status: waitsForOp0 }
  }
}

function childOf(id: InvocationId, entry: Entry): readonly InvocationId[] {
  if (entry.kind !== 'call' && entry.kind !== 'send') return []
  const { target, op, idempotencyKey } = entry
  if (idempotencyKey === undefined) return [childInvocationId(target.service, id, op)]
  return [deriveInvocationId(target.service, ['key', target.handler, idempotencyKey])]
}
