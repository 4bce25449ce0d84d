import type { Failure } from '@fermata/lambda-runtime/protocol'
import { FermataError } from '../../domain/errors.ts'
import {
  groupIdOf,
  parseSubscription,
  type Subscription,
  stateSubscription,
} from '../../domain/subscriptions/subscription.ts'
import {
  decideSubscribe,
  type SubscribedBy,
} from '../../domain/subscriptions/subscription-document.ts'
import type {
  Admin,
  Clock,
  FaultPoints,
  Logger,
  Payloads,
  RecordSource,
  RegistryStore,
  SubscriptionSpec,
  SubscriptionView,
} from '../../ports/index.ts'
import { plainPayloads } from '../payloads/plain-payloads.ts'
import { createDeadLetters, type DeadLetters } from './dead-letters.ts'
import { createHandlerCheck, type HandlerCheck } from './handler-check.ts'
import type { HandlerDirectory, RecordAcceptor } from './record-acceptor.ts'
import {
  createSubscriptionRegistry,
  type StoredSubscription,
  type SubscriptionRegistry,
} from './subscription-registry.ts'
import { handlerNotFound, type RunDeps, SubscriptionRun } from './subscription-run.ts'

export type SubscriptionsDeps = {
  readonly registry: RegistryStore
  readonly source: RecordSource
  readonly acceptor: RecordAcceptor
  readonly handlers: HandlerDirectory
  readonly clock: Clock
  readonly logger: Logger
  readonly faults: FaultPoints
  /** Made at start. */
  readonly configured?: readonly SubscriptionSpec[]
  /** The configured clusters, where they are known: a subscription to another one is refused at once. */
  readonly clusters?: readonly string[]
  /** Where values go; as they are, if absent. */
  readonly payloads?: Payloads | undefined
  /** Larger records can have no invocation. */
  readonly maxRecordBytes?: number | undefined
  /** How often the registry is asked what other replicas have subscribed to. 2 s. */
  readonly pollMs?: number
  /** Between two tries to start a subscription that cannot start. 10 s. */
  readonly retryMs?: number
}

/** What is consumed, by all replicas together. */
export interface Subscriptions {
  start(): Promise<void>
  /** Takes nothing new, lets accepts under way end, commits, leaves the groups. */
  stop(): Promise<void>
  subscribe: Admin['subscribe']
  unsubscribe: Admin['unsubscribe']
  list: Admin['subscriptions']
  dead: Admin['dead']
}

export function createSubscriptions(deps: SubscriptionsDeps): Subscriptions {
  return new SharedSubscriptions(deps)
}

class SharedSubscriptions implements Subscriptions {
  readonly #deps: SubscriptionsDeps
  readonly #registry: SubscriptionRegistry
  readonly #handlers: HandlerCheck
  readonly #deadLetters: DeadLetters
  readonly #runDeps: RunDeps
  readonly #runs = new Map<string, SubscriptionRun>()
  readonly #stops = new Map<string, Promise<void>>()
  readonly #stopping = new AbortController()
  #unmade: readonly SubscriptionSpec[]
  #turn: Promise<void> = Promise.resolve()
  #polling: Promise<void> | undefined

  constructor(deps: SubscriptionsDeps) {
    this.#deps = deps
    this.#unmade = deps.configured ?? []
    this.#registry = createSubscriptionRegistry(deps.registry, deps.logger)
    this.#handlers = createHandlerCheck(deps.handlers)
    this.#deadLetters = createDeadLetters(deps.registry, deps.payloads ?? plainPayloads)
    this.#runDeps = {
      ...deps,
      handlers: this.#handlers,
      deadLetters: this.#deadLetters,
      retryMs: deps.retryMs ?? 10_000,
      onStopped: (name, rev, failure) => this.#markStopped(name, rev, failure),
    }
  }

  async start(): Promise<void> {
    await this.#tick()
    this.#polling = this.#poll()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    for (const name of [...this.#runs.keys()]) this.#end(name)
    await Promise.all([this.#polling, this.#turn])
    await Promise.all(this.#stops.values())
  }

  async subscribe(spec: SubscriptionSpec): Promise<SubscriptionView> {
    const wanted = parseSubscription(spec, this.#deps.clusters)
    await this.#require(wanted)
    await this.#make(wanted, 'admin')
    await this.#sync()
    const view = (await this.list()).find(({ name }) => name === wanted.name)
    return view ?? { ...stateSubscription(wanted), status: { kind: 'starting' } }
  }

  async unsubscribe(name: string): Promise<void> {
    await this.#registry.change(name, (existing) => {
      if (existing === undefined || existing.state.kind === 'removed') {
        throw new FermataError('subscription-not-found', `There is no subscription "${name}"`)
      }
      return { ...existing, state: { kind: 'removed' } }
    })
    await this.#sync()
    await this.#stops.get(name)
  }

  async list(): Promise<readonly SubscriptionView[]> {
    const stored = await this.#registry.all()
    return stored
      .filter(({ state }) => state.kind !== 'removed')
      .map((one) => ({ ...stateSubscription(one.subscription), status: this.#statusOf(one) }))
  }

  dead: Admin['dead'] = (subscription, after, limit) =>
    this.#deadLetters.list(subscription, after, limit)

  #statusOf({ subscription, state, rev }: StoredSubscription): SubscriptionView['status'] {
    if (state.kind === 'stopped') return state
    const run = this.#runs.get(subscription.name)
    return run?.stored.rev === rev ? run.status : { kind: 'starting' }
  }

  /** Asks the world whether a subscription makes sense before anybody relies on it. */
  async #require(wanted: Subscription): Promise<void> {
    if (!(await this.#handlers.serves(wanted))) throw handlerNotFound(wanted)
    const { name, cluster, topic } = wanted
    await this.#deps.source.positions({ cluster, topics: [topic], groupId: groupIdOf(name) })
  }

  #make(wanted: Subscription, by: SubscribedBy): Promise<void> {
    return this.#registry.change(wanted.name, (existing) => decideSubscribe(existing, wanted, by))
  }

  async #poll(): Promise<void> {
    const { clock, pollMs = 2_000 } = this.#deps
    while (!this.#stopping.signal.aborted) {
      await clock.sleep(pollMs, this.#stopping.signal)
      if (!this.#stopping.signal.aborted) await this.#tick()
    }
  }

  /** Never rejects: a store that is away now is asked again. */
  async #tick(): Promise<void> {
    try {
      await this.#makeConfigured()
      await this.#sync()
    } catch (error) {
      this.#deps.logger.warn(
        { error: String(error) },
        'The registry of subscriptions cannot be read',
      )
    }
  }

  /** A configured subscription that cannot be made is reported; it keeps no other from starting. */
  async #makeConfigured(): Promise<void> {
    while (this.#unmade.length > 0) {
      const [spec, ...rest] = this.#unmade
      try {
        await this.#make(parseSubscription(spec, this.#deps.clusters), 'configuration')
      } catch (error) {
        if (!(error instanceof FermataError) || error.code === 'store-unreachable') throw error
        const fields = { subscription: spec?.name, failure: error.toFailure() }
        this.#deps.logger.error(fields, 'A configured subscription cannot be made')
      }
      this.#unmade = rest
    }
  }

  /** Brings what runs here in line with the registry. One at a time. */
  #sync(): Promise<void> {
    const synced = this.#turn.then(async () => this.#adjust(await this.#registry.all()))
    this.#turn = synced.catch(() => undefined)
    return synced
  }

  #adjust(stored: readonly StoredSubscription[]): void {
    const active = new Map(
      stored
        .filter(({ state }) => state.kind === 'active')
        .map((one) => [one.subscription.name, one]),
    )
    for (const [name, run] of this.#runs) {
      if (active.get(name)?.rev !== run.stored.rev) this.#end(name)
    }
    for (const [name, one] of active) {
      if (this.#runs.has(name) || this.#stopping.signal.aborted) continue
      const run = new SubscriptionRun(this.#runDeps, one)
      this.#runs.set(name, run)
      run.start(this.#stops.get(name))
    }
  }

  #end(name: string): void {
    const run = this.#runs.get(name)
    if (run === undefined) return
    this.#runs.delete(name)
    const stop = run.stop().then(() => {
      if (this.#stops.get(name) === stop) this.#stops.delete(name)
    })
    this.#stops.set(name, stop)
  }

  /** Written down, so that the other replicas stop as well and a restart does not begin again. */
  async #markStopped(name: string, rev: number, failure: Failure): Promise<void> {
    try {
      const current = await this.#deps.registry.get('subscriptions', name)
      if (current?.rev !== rev) return
      await this.#registry.change(name, (existing) =>
        existing?.state.kind === 'active'
          ? { ...existing, state: { kind: 'stopped', failure } }
          : undefined,
      )
    } catch (error) {
      const fields = { subscription: name, error: String(error) }
      this.#deps.logger.warn(fields, 'That the subscription stopped could not be written down')
    }
  }
}
