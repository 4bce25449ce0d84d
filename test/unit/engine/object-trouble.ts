import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import { parseInvocationId } from '@fermata/lambda-runtime/protocol'
import type { Random } from '@fermata/orchestrator/ports'
import { createSeededRandom } from '../../support/sim-clock.ts'
import { append, inputOf, objectWorld, set, stateOf, submissionOf } from './object-scenes.ts'
import { during, policy } from './scenes.ts'
import { completed, type Replica, type Script, type World } from './world.ts'

export type ObjectTroubleOptions = {
  /** How often a store fails before it has done what it was asked for; as often it does and its answer is lost. */
  readonly errors: number
  /** How often a replica dies at a fault point. */
  readonly deaths: number
  readonly paceMs: number
}

/** What was acknowledged: for which key, and what it put into the list. */
export type Promised = { readonly id: InvocationId; readonly key: string; readonly item: string }

const keys = ['a', 'b', 'c']

/** Clients that call objects, one call after the other, while anything may happen. Same seed, same story. */
export class ObjectTrouble {
  readonly world: World
  readonly promised: Promised[] = []
  readonly replicas: Replica[] = []
  readonly #random: Random
  readonly #options: ObjectTroubleOptions
  readonly #seed: number
  readonly #dead = new Set<Replica>()
  #isTroubled = false
  #items = 0

  constructor(seed: number, options: ObjectTroubleOptions) {
    this.#seed = seed
    this.#options = options
    this.#random = createSeededRandom(seed)
    const nap: Script = (request, writer) => this.#nap(request, writer)
    const flaky: Script = (request, writer) =>
      request.epoch % 2 === 0
        ? append(request, writer)
        : { status: { kind: 'retry', failure: { code: 'x', message: 'x' } } }
    const cart = {
      add: ['exclusive', append],
      nap: ['exclusive', nap],
      flaky: ['exclusive', flaky],
    } as const
    this.world = objectWorld({ cart }, {}, seed)
    this.#spoil()
  }

  async begin(): Promise<void> {
    await this.#startOne()
    await this.#startOne()
  }

  async last(ms: number): Promise<void> {
    const { clock } = this.world
    const acts = [
      ...Array.from({ length: 8 }, () => () => this.#call()),
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

  async calm(): Promise<void> {
    const alive = this.replicas.filter((replica) => !this.#dead.has(replica))
    this.replicas.splice(0, this.replicas.length, ...alive)
    while (this.replicas.length < 2) await this.#startOne()
  }

  /** What a key's list holds in the end. */
  async listOf(key: string): Promise<readonly string[]> {
    const head = await this.world.stores.objects.head({ service: 'cart', key })
    const [cell] = head?.cells ?? []
    if (cell === undefined) return []
    const value =
      'value' in cell
        ? cell.value
        : await this.world.stores.objects.value({ service: 'cart', key }, cell)
    return value !== undefined && 'json' in value ? (value.json as string[]) : []
  }

  /** Suspends after its first set; the second set starts from what was there at first, all the same. */
  #nap: Script = (request, writer) => {
    const entries = request.journal.flatMap((segment) => segment.entries)
    const isRested = entries.some(({ kind }) => kind === 'completion')
    if (isRested) {
      // Its own set is in its journal already: it takes it back, and sets the same again.
      const own = stateOf(request, 'list') as string[]
      const before = own.filter((item) => item !== inputOf(request))
      const list = [...before, String(inputOf(request))]
      return { entries: [set(2, 'list', list)], status: completed(list.length) }
    }
    const suspended = {
      kind: 'suspended',
      waitingOn: { kind: 'op', op: 1 },
    } as const
    if (entries.some(({ kind }) => kind === 'sleep')) return { status: suspended }
    const made = append(request, writer)
    if (made instanceof Promise) throw new Error('append answers at once')
    const wakeAt = this.world.clock.now() + this.#random.next() * 5_000
    const sleep = { kind: 'sleep', op: 1, wakeAt } as const
    return { entries: [...(made.entries ?? []), sleep], status: suspended }
  }

  #spoil(): void {
    const { journals, agenda, objects } = this.world.stores
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
    Object.assign(objects, {
      head: spoil(objects.head.bind(objects)),
      writeHead: spoil(objects.writeHead.bind(objects)),
      append: spoil(objects.append.bind(objects)),
      slots: spoil(objects.slots.bind(objects)),
      lastSlot: spoil(objects.lastSlot.bind(objects)),
    })
  }

  #spoilInvoker(): void {
    const kinds = ['throttle', 'refuse', 'drop-request', 'drop-reply', 'twin'] as const
    const kind = kinds[this.#below(kinds.length)] ?? 'twin'
    this.world.invoker.inject({ kind, when: () => this.#isTroubled }, 1 + this.#below(3))
  }

  async #startOne(): Promise<void> {
    const wasTroubled = this.#isTroubled
    this.#isTroubled = false
    const { retry } = policy({})
    const replica = await this.world.start({
      options: {
        policy: policy({ retry: { ...retry, maxAttempts: 1_000 } }),
        limits: { running: 2, perFunction: 100, queued: 1_000 },
      },
      onFault: (_point, _subject, self) => {
        if (!this.#isTroubled || this.#random.next() >= this.#options.deaths) return
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
  async #call(): Promise<void> {
    const handlers = ['add', 'nap', 'flaky']
    const handler = handlers[this.#below(handlers.length)] ?? 'add'
    const key = keys[this.#below(keys.length)] ?? 'a'
    const item = `${this.#items++}`
    const submission = submissionOf({
      handler,
      key,
      input: item,
      idempotencyKey: `${this.#seed}-${item}`,
    })
    for (let tries = 0; tries < 4; tries++) {
      const replica = this.replicas[this.#below(this.replicas.length)]
      if (replica === undefined) throw new Error('there is no replica')
      const answer = await during(this.world, replica.engine.ingress.submit(submission), 1_500)
      if (answer === undefined) continue
      this.promised.push({ id: parseInvocationId(answer.invocationId), key, item })
      return
    }
  }

  #below(count: number): number {
    return Math.floor(this.#random.next() * count)
  }
}
