import type { Failure } from '@fermata/lambda-runtime/protocol'
import { FermataError } from '../../domain/errors.ts'
import { groupIdOf } from '../../domain/subscriptions/subscription.ts'
import type { RecordSource, SubscriptionView } from '../../ports/index.ts'
import { type IntakeDeps, RecordIntake } from './record-intake.ts'
import type { StoredSubscription } from './subscription-registry.ts'

export type RunDeps = IntakeDeps & {
  readonly source: RecordSource
  /** Between two tries to start a subscription that cannot start. */
  readonly retryMs: number
  /** It stopped for a reason that does not pass: no replica should go on. Never rejects. */
  readonly onStopped: (name: string, rev: number, failure: Failure) => Promise<void>
}

/** Trying again would meet the same records, or lose some. */
const final: ReadonlySet<string> = new Set(['topic-recreated', 'offset-out-of-range'])

type Status = SubscriptionView['status']

/** One subscription as this replica consumes it, from its start until it is stopped. */
export class SubscriptionRun {
  readonly stored: StoredSubscription
  readonly #deps: RunDeps
  readonly #stopping = new AbortController()
  #status: Status = { kind: 'starting' }
  #life: Promise<void> | undefined

  constructor(deps: RunDeps, stored: StoredSubscription) {
    this.stored = stored
    this.#deps = {
      ...deps,
      logger: deps.logger.child({ subscription: stored.subscription.name }),
    }
  }

  get status(): Status {
    return this.#status
  }

  /** Begins once `before` is over: an earlier run of the same subscription, say. */
  start(before: Promise<void> = Promise.resolve()): void {
    this.#life = before.then(() => this.#live())
  }

  /** Lets accepts under way end, commits, leaves the group. Never rejects. */
  async stop(): Promise<void> {
    if (this.#status.kind !== 'stopped') this.#status = { kind: 'stopping' }
    this.#stopping.abort(new Error('The subscription stops'))
    await this.#life
  }

  async #live(): Promise<void> {
    const { clock, retryMs } = this.#deps
    while (!this.#stopping.signal.aborted) {
      const failure = await this.#consume()
      if (failure === undefined) return
      this.#status = { kind: 'stopped', failure }
      this.#deps.logger.error({ failure }, 'The subscription stopped')
      if (final.has(failure.code)) {
        return this.#deps.onStopped(this.stored.subscription.name, this.stored.rev, failure)
      }
      await clock.sleep(retryMs, this.#stopping.signal)
    }
  }

  /** Consumes until it is told to stop (`undefined`) or cannot go on (why). */
  async #consume(): Promise<Failure | undefined> {
    const { source, logger } = this.#deps
    const ended = Promise.withResolvers<Failure | undefined>()
    const onStop = (): void => ended.resolve(undefined)
    this.#stopping.signal.addEventListener('abort', onStop, { once: true })
    try {
      await this.#requireHandler()
      const running = await source.open(this.#spec(), {
        accept: this.#intake(),
        assigned: (partitions) => logger.info({ partitions }, 'Partitions assigned'),
        failed: (error) => ended.resolve(toFailure(error)),
      })
      if (!this.#stopping.signal.aborted) this.#status = { kind: 'running' }
      const failure = await ended.promise
      await running.stop()
      return failure
    } catch (error) {
      return toFailure(error)
    } finally {
      this.#stopping.signal.removeEventListener('abort', onStop)
    }
  }

  #intake(): RecordIntake['accept'] {
    const { subscription, generation } = this.stored
    const route = { subscription, generation, maxBytes: this.#deps.maxRecordBytes }
    return new RecordIntake(this.#deps, route, this.#stopping.signal).accept
  }

  async #requireHandler(): Promise<void> {
    const { subscription } = this.stored
    if (await this.#deps.handlers.serves(subscription)) return
    throw handlerNotFound(subscription)
  }

  #spec(): Parameters<RecordSource['open']>[0] {
    const { name, cluster, topic, startFrom } = this.stored.subscription
    return { cluster, topics: [topic], groupId: groupIdOf(name), startFrom }
  }
}

export function handlerNotFound(target: { service: string; handler: string }): FermataError {
  const sink = `${target.service}/${target.handler}`
  return new FermataError(
    'handler-not-found',
    `No deployment serves "${sink}": register one that does, or correct the subscription's sink`,
  )
}

function toFailure(error: unknown): Failure {
  if (error instanceof FermataError) return error.toFailure()
  const message = error instanceof Error ? error.message : String(error)
  return new FermataError('subscription-stopped', message, { cause: error }).toFailure()
}
