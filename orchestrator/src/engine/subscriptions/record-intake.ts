import type { Failure } from '@fermata/lambda-runtime/protocol'
import { FermataError } from '../../domain/errors.ts'
import { positionOf } from '../../domain/subscriptions/kafka-record.ts'
import {
  type RecordInvocation,
  type Route,
  routeRecord,
  unroutable,
} from '../../domain/subscriptions/route-record.ts'
import type { Clock, FaultPoints, Logger, RecordSink, SourceRecord } from '../../ports/index.ts'
import { unstorable } from '../invocations/unstorable.ts'
import type { DeadLetters } from './dead-letters.ts'
import type { HandlerCheck } from './handler-check.ts'
import { createLines, type Lines } from './lines.ts'
import type { RecordAcceptor } from './record-acceptor.ts'

export type IntakeDeps = {
  readonly acceptor: RecordAcceptor
  readonly handlers: HandlerCheck
  readonly deadLetters: DeadLetters
  readonly clock: Clock
  readonly logger: Logger
  readonly faults: FaultPoints
  readonly maxRecordBytes?: number | undefined
}

/** Errors of one record that are no reason to try it again. */
const final: ReadonlySet<string> = new Set(['topic-recreated'])

const firstRetryMs = 200
const maxRetryMs = 2_000
const warnEveryMs = 5_000

/**
 * Takes the records of one subscription in: each becomes an invocation or is kept as dead, and only then
 * counts as accepted (INV-8). What stands in the way and may pass (a store that does not answer, a replica
 * that does not accept yet) is waited out: it is no reason to lose a record, or to stop.
 */
export class RecordIntake {
  readonly #deps: IntakeDeps
  readonly #route: Route
  readonly #stopping: AbortSignal
  /** By the signal of the lane that records come in. */
  readonly #lines = new WeakMap<AbortSignal, Lines>()
  #warnedAt = Number.NEGATIVE_INFINITY

  constructor(deps: IntakeDeps, route: Route, stopping: AbortSignal) {
    this.#deps = deps
    this.#route = route
    this.#stopping = stopping
  }

  /**
   * Records of one key are accepted in offset order, each acknowledged before the next, so that they come to their
   * object in that order (INV-6); no other record waits for them (INV-11). Nor do those of the next lane for what the one
   * before it is still at: it comes again, from where that one had committed.
   */
  readonly accept: RecordSink['accept'] = (record, signal) => {
    const { topic, partition, key } = record
    const work = () => this.#accept(record, signal)
    const receiver = this.#deps.handlers.receiver(this.#route.subscription)
    if (key === null || receiver?.isKeyed === false) return work()
    const lines = this.#lines.get(signal) ?? createLines()
    this.#lines.set(signal, lines)
    return lines.take(`${topic}/${partition}/${Buffer.from(key).toString('base64')}`, work)
  }

  readonly #accept: RecordSink['accept'] = async (record, signal) => {
    const either = AbortSignal.any([signal, this.#stopping])
    for (let waitMs = firstRetryMs; ; waitMs = Math.min(2 * waitMs, maxRetryMs)) {
      try {
        await this.#take(record, either)
        break
      } catch (error) {
        if (either.aborted || isFinal(error)) throw error
        this.#warn(record, error)
        await this.#deps.clock.sleep(waitMs, either)
        if (either.aborted) throw error
      }
    }
    await this.#deps.faults.reach('accept.before-commit', positionOf(record))
  }

  async #take(record: SourceRecord, signal: AbortSignal): Promise<void> {
    const { handlers } = this.#deps
    const { subscription } = this.#route
    const isServed = await handlers.serves(subscription)
    const receiver = isServed ? handlers.receiver(subscription) : undefined
    if (receiver === undefined) return this.#bury(record, unroutable(this.#route, record))
    const routed = routeRecord(this.#route, record, receiver)
    if (routed.kind === 'dead') return this.#bury(record, routed.failure)
    await this.#invoke(record, routed.invocation, signal)
  }

  async #invoke(
    record: SourceRecord,
    invocation: RecordInvocation,
    signal: AbortSignal,
  ): Promise<void> {
    const { name, running } = this.#route.subscription
    const limits = { subscription: name, running }
    try {
      await this.#deps.acceptor.accept({ ...invocation, limits }, signal)
    } catch (error) {
      const failure = this.#hopeless(record, error)
      if (failure === undefined) throw error
      await this.#bury(record, failure)
    }
  }

  /** Why it can have no invocation; `undefined`: it may have one later. */
  #hopeless(record: SourceRecord, error: unknown): Failure | undefined {
    // Served a moment ago, and no longer.
    const isUnserved = error instanceof FermataError && error.code === 'handler-not-found'
    if (isUnserved) return unroutable(this.#route, record)
    const reason = unstorable(error)
    if (reason === undefined) return undefined
    const message = `Record ${positionOf(record)} can have no invocation: ${reason.message}`
    return new FermataError('record-too-large', message).toFailure()
  }

  async #bury(record: SourceRecord, failure: Failure): Promise<void> {
    const { name } = this.#route.subscription
    await this.#deps.deadLetters.keep(name, record, failure)
    this.#deps.logger.warn({ record: positionOf(record), failure }, 'A record is kept as dead')
  }

  /** Many records fail at once when a store is away: one line says it. */
  #warn(record: SourceRecord, error: unknown): void {
    const { clock, logger } = this.#deps
    const now = clock.monotonic()
    if (now - this.#warnedAt < warnEveryMs) return
    this.#warnedAt = now
    logger.warn(
      { record: positionOf(record), error: String(error) },
      'Records are not accepted now',
    )
  }
}

function isFinal(error: unknown): boolean {
  return error instanceof FermataError && final.has(error.code)
}
