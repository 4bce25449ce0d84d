import { randomUUID } from 'node:crypto'
import type { EventEmitter } from 'node:events'
import {
  functionNotFound,
  serviceException,
  type ThrottleReason,
  tooManyRequests,
} from './api-error.ts'
import type { DeployedFunction, DeployedVersion } from './deployed-function.ts'
import type { EmulatorEvents } from './events.ts'
import type { Fault } from './faults.ts'
import { responseTooLarge } from './function-error.ts'
import { functionArn, qualifiedArn } from './function-spec.ts'
import type { InvokeAnswer, InvokeCall } from './invoke-call.ts'
import { maxResponseBytes } from './limits.ts'
import type { RunningInvoke, RunningInvokes } from './running-invokes.ts'
import type { Outcome } from './worker.ts'

export interface InvokerDeps {
  readonly functions: ReadonlyMap<string, DeployedFunction>
  readonly running: RunningInvokes
  readonly events: EventEmitter<EmulatorEvents>
  readonly accountConcurrency: number
  /** Sent with every 429; 0 sends none. */
  readonly retryAfterSeconds: number
}

interface Target {
  readonly fn: DeployedFunction
  readonly version: DeployedVersion
  readonly invokedArn: string
}

/** Decides what a call meets (a limit, a fault, a worker) and runs it. */
export class Invoker {
  readonly #deps: InvokerDeps

  constructor(deps: InvokerDeps) {
    this.#deps = deps
  }

  async invoke(call: InvokeCall): Promise<InvokeAnswer> {
    const target = this.#find(call)
    if (target === undefined) return { kind: 'refused', error: functionNotFound(arnOf(call)) }
    target.fn.statistics.add('bytesIn', call.bytes)
    if (call.type === 'DryRun') return { kind: 'accepted', status: 204 }
    if (call.type === 'Event') {
      void this.#runLater(target, call)
      return { kind: 'accepted', status: 202 }
    }
    const fault = target.fn.faults.take(call.payload)
    return this.#beforeRun(target, call, fault) ?? (await this.#runFaulty(target, call, fault))
  }

  #find({ reference, ...call }: InvokeCall): Target | undefined {
    const fn = this.#deps.functions.get(reference.name)
    const version = fn?.find(reference.qualifier)
    if (fn === undefined || version === undefined) return undefined
    return { fn, version, invokedArn: arnOf({ ...call, reference }) }
  }

  /** What keeps a handler from running at all. */
  #beforeRun({ fn }: Target, call: InvokeCall, fault?: Fault): InvokeAnswer | undefined {
    switch (fault?.kind) {
      case 'throttle':
        return this.#throttle(fn, call, fault.reason, fault.retryAfterSeconds)
      case 'service-error':
        return { kind: 'refused', error: serviceException() }
      case 'drop-request':
        call.cut()
        return { kind: 'cut' }
      default:
    }
    if (fn.isFull) return this.#throttle(fn, call)
    if (this.#accountIsFull()) return this.#throttle(fn, call, 'ConcurrentInvocationLimitExceeded')
    return undefined
  }

  #throttle(
    fn: DeployedFunction,
    { payload }: InvokeCall,
    reason?: ThrottleReason,
    retryAfterSeconds = this.#deps.retryAfterSeconds,
  ): InvokeAnswer {
    fn.statistics.add('throttles')
    this.#deps.events.emit('throttled', { functionName: fn.name, payload })
    const after = retryAfterSeconds === 0 ? undefined : retryAfterSeconds
    return { kind: 'refused', error: tooManyRequests(reason, after) }
  }

  #accountIsFull(): boolean {
    const all = [...this.#deps.functions.values()]
    const running = all.reduce((sum, { statistics }) => sum + statistics.concurrent, 0)
    return running >= this.#deps.accountConcurrency
  }

  async #runFaulty(target: Target, call: InvokeCall, fault?: Fault): Promise<InvokeAnswer> {
    const first = this.#run(target, call)
    // A twin is let past the limits: the platform delivered it, nobody asked.
    const second = fault?.kind === 'twin' ? this.#run(target, call) : first
    const useSecond = fault?.kind === 'twin' && fault.reply === 'second'
    const answer = await (useSecond ? second : first)
    if (fault?.kind === 'hold-reply') await fault.until
    if (fault?.kind !== 'drop-reply') return answer
    call.cut()
    return { kind: 'cut' }
  }

  /** An asynchronous invoke waits for room instead of being refused; its result goes nowhere. */
  async #runLater(target: Target, call: InvokeCall): Promise<void> {
    await target.fn.room()
    await this.#run(target, call)
  }

  async #run({ fn, version, invokedArn }: Target, call: InvokeCall): Promise<InvokeAnswer> {
    const { running, events } = this.#deps
    const { statistics } = fn
    const { payload } = call
    const requestId = randomUUID()
    const worker = version.pool.acquire()
    const { pid } = worker
    const invoke: RunningInvoke = {
      requestId,
      functionName: fn.name,
      version: version.spec.version,
      pid,
      payload,
    }
    const onHandlerStart = () => {
      statistics.add('invocations')
      running.add({ invoke, worker, cut: call.cut })
      events.emit('invokeStarted', invoke)
    }
    fn.enter()
    const outcome = await worker.run({ requestId, payload, invokedArn, onHandlerStart })
    running.remove(requestId)
    fn.leave()
    events.emit('invokeEnded', { invoke, outcome })
    const answer = toAnswer(version.spec.version, outcome)
    if (answer.isError) statistics.add('functionErrors')
    statistics.add('bytesOut', Buffer.byteLength(answer.payload))
    return answer
  }
}

type RanAnswer = Extract<InvokeAnswer, { kind: 'ran' }>

function toAnswer(version: string, outcome: Outcome): RanAnswer {
  if (outcome.kind !== 'returned') {
    return { kind: 'ran', version, isError: true, payload: JSON.stringify(outcome.error) }
  }
  const { payload } = outcome
  const bytes = Buffer.byteLength(payload)
  if (bytes <= maxResponseBytes) return { kind: 'ran', version, isError: false, payload }
  const error = responseTooLarge(bytes, maxResponseBytes)
  return { kind: 'ran', version, isError: true, payload: JSON.stringify(error) }
}

function arnOf({ reference }: Pick<InvokeCall, 'reference'>): string {
  const { name, qualifier } = reference
  return qualifier === undefined ? functionArn(name) : qualifiedArn(name, qualifier)
}
