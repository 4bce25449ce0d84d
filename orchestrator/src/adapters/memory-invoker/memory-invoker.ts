import {
  decodeManifest,
  type InvokeRequest,
  type Manifest,
  protocolVersion,
} from '@fermata/lambda-runtime/protocol'
import { FermataError } from '../../domain/errors.ts'
import { replyTo } from '../../domain/reply-to.ts'
import type { Clock, InvokeOutcome, Invoker } from '../../ports/index.ts'

/** The part of Lambda's `context` that functions use. */
export interface FunctionContext {
  readonly awsRequestId: string
  readonly functionName: string
  readonly functionVersion: string
  readonly invokedFunctionArn: string
  readonly memoryLimitInMB: string
  readonly logGroupName: string
  readonly logStreamName: string
  callbackWaitsForEmptyEventLoop: boolean
  getRemainingTimeInMillis(): number
}

/** What a deployment runs: the same function that Lambda would call. */
export type FunctionCode = (event: unknown, context: FunctionContext) => unknown

/** Something that goes wrong with one call. */
export type InvokeFault = InvokeFaultKind & {
  /** Which calls it waits for; by default the next. */
  readonly when?: (request: InvokeRequest) => boolean
}
export type InvokeFaultKind =
  | { readonly kind: 'throttle'; readonly retryAfterMs?: number }
  /** Surely not started. */
  | { readonly kind: 'refuse' }
  /** The connection breaks before the function runs. */
  | { readonly kind: 'drop-request' }
  /** The function runs to its end; then the connection breaks. */
  | { readonly kind: 'drop-reply' }
  /** Delivered twice, both run; the caller gets the reply of the first. */
  | { readonly kind: 'twin' }

export interface MemoryInvokerOptions {
  /** The code behind an address, looked up for each call. */
  readonly handlers: (address: string) => FunctionCode | undefined
  /** Of every function. Counts on `clock`; without one, functions may run for ever. */
  readonly timeoutMs?: number
  readonly clock?: Clock
  readonly maxRequestBytes?: number
}

export interface MemoryInvoker extends Invoker {
  /** Requests that reached a function, discoveries not counted. */
  readonly started: readonly InvokeRequest[]
  readonly bytesSent: number
  /** Spoils the next `times` (1) calls. */
  inject(fault: InvokeFault, times?: number): void
}

/**
 * Runs functions in this process. Requests and replies go through JSON, as on the wire; a reply that nobody waits for
 * any more does not stop its function.
 */
export function createMemoryInvoker(options: MemoryInvokerOptions): MemoryInvoker {
  return new InProcessInvoker(options)
}

type Ended =
  | { readonly kind: 'answered'; readonly body: unknown }
  | Exclude<InvokeOutcome, { readonly kind: 'replied' }>

class InProcessInvoker implements MemoryInvoker {
  readonly started: InvokeRequest[] = []
  bytesSent = 0
  readonly #options: MemoryInvokerOptions
  readonly #faults: InvokeFault[] = []
  #calls = 0

  constructor(options: MemoryInvokerOptions) {
    this.#options = options
  }

  inject(fault: InvokeFault, times = 1): void {
    for (let added = 0; added < times; added += 1) this.#faults.push(fault)
  }

  async invoke(
    address: string,
    request: InvokeRequest,
    signal: AbortSignal,
  ): Promise<InvokeOutcome> {
    const code = this.#options.handlers(address)
    const text = JSON.stringify(request)
    if (Buffer.byteLength(text) > (this.#options.maxRequestBytes ?? 6_291_456)) {
      return { kind: 'too-large' }
    }
    const fault = this.#takeFault(request)
    if (code === undefined || fault?.kind === 'refuse') return refused(address)
    this.bytesSent += Buffer.byteLength(text)
    if (fault?.kind === 'throttle') {
      return { kind: 'throttled', retryAfterMs: fault.retryAfterMs }
    }
    if (fault?.kind === 'drop-request') return lost('the connection broke')
    this.started.push(request)
    if (fault?.kind === 'twin') void this.#run(code, address, text)
    const ended = await unlessAborted(this.#run(code, address, text), signal)
    if (fault?.kind === 'drop-reply') return lost('the connection broke')
    return ended.kind === 'answered'
      ? replyTo(request, ended.body, JSON.stringify(ended.body))
      : ended
  }

  async discover(address: string): Promise<Manifest> {
    const code = this.#options.handlers(address)
    if (code === undefined) {
      throw new FermataError('deployment-unreachable', `There is no function ${address}`)
    }
    const request = { protocol: protocolVersion, kind: 'discover' }
    const ended = await this.#run(code, address, JSON.stringify(request))
    try {
      return decodeManifest(ended.kind === 'answered' ? ended.body : undefined)
    } catch (cause) {
      const message = `${address} does not answer as a deployment`
      throw new FermataError('deployment-invalid', message, { cause })
    }
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  #takeFault(request: InvokeRequest): InvokeFault | undefined {
    const index = this.#faults.findIndex(({ when }) => when === undefined || when(request))
    return index < 0 ? undefined : this.#faults.splice(index, 1)[0]
  }

  /** Never rejects: what a function throws is an outcome. */
  async #run(code: FunctionCode, address: string, event: string): Promise<Ended> {
    const { clock, timeoutMs = 900_000 } = this.#options
    const deadline = (clock?.now() ?? 0) + timeoutMs
    const remaining = (): number => Math.max(0, deadline - (clock?.now() ?? 0))
    const timeout = Promise.withResolvers<Ended>()
    const cancel = clock?.timer(timeoutMs, () => timeout.resolve(timedOut(timeoutMs)))
    try {
      const answer = (async () => code(JSON.parse(event), this.#context(address, remaining)))()
      return await Promise.race([answer.then(answered, failed), timeout.promise])
    } finally {
      cancel?.()
    }
  }

  #context(address: string, remaining: () => number): FunctionContext {
    const [name = address, version = '1'] = address.split(':').slice(-2)
    this.#calls += 1
    return {
      awsRequestId: String(this.#calls),
      functionName: name,
      functionVersion: version,
      invokedFunctionArn: address,
      memoryLimitInMB: '128',
      logGroupName: `/aws/lambda/${name}`,
      logStreamName: `[${version}]`,
      callbackWaitsForEmptyEventLoop: true,
      getRemainingTimeInMillis: remaining,
    }
  }
}

function answered(body: unknown): Ended {
  return { kind: 'answered', body: JSON.parse(JSON.stringify(body ?? null)) }
}

function failed(thrown: unknown): Ended {
  const error = thrown instanceof Error ? thrown : undefined
  return {
    kind: 'failed',
    failure: {
      code: 'function-failed',
      name: error?.name ?? typeof thrown,
      message: error?.message ?? String(thrown),
      ...(error?.stack !== undefined && { stack: error.stack }),
    },
  }
}

function timedOut(ms: number): Ended {
  const message = `Task timed out after ${(ms / 1_000).toFixed(2)} seconds`
  return { kind: 'failed', failure: { code: 'function-timed-out', message } }
}

function refused(address: string): InvokeOutcome {
  const message = `There is no function ${address}`
  return { kind: 'rejected', failure: { code: 'deployment-unreachable', message } }
}

function lost(why: string): Exclude<InvokeOutcome, { readonly kind: 'replied' }> {
  const message = `Nobody knows whether the function ran: ${why}`
  return { kind: 'lost', failure: { code: 'invoke-lost', message } }
}

/** A signal may outlive many calls: nobody listens to it any longer than his call takes. */
function unlessAborted(ended: Promise<Ended>, signal: AbortSignal): Promise<Ended> {
  if (signal.aborted) return Promise.resolve(lost('the call was given up'))
  return new Promise((resolve) => {
    const giveUp = () => resolve(lost('the call was given up'))
    signal.addEventListener('abort', giveUp, { once: true })
    void ended.then((outcome) => {
      signal.removeEventListener('abort', giveUp)
      resolve(outcome)
    })
  })
}
