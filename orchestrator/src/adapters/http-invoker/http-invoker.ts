import {
  decodeManifest,
  httpTransport,
  type InvokeRequest,
  type Manifest,
  ProtocolError,
} from '@fermata/lambda-runtime/protocol'
import type { Agent } from 'undici'
import { FermataError } from '../../domain/errors.ts'
import { replyTo } from '../../domain/reply-to.ts'
import type { Clock, InvokeOutcome, Invoker } from '../../ports/index.ts'
import { type CallFailure, excerpt, outcomeOf, parseJson } from './outcomes.ts'
import { createAgent, type HttpAnswer, sendOnce } from './send-once.ts'
import type { Signer } from './signer.ts'

export interface HttpInvokerOptions {
  readonly clock: Pick<Clock, 'now'>
  /** Signs every request, where there is one. */
  readonly signer?: Signer | undefined
  /** Bytes of each request that was handed to the network. */
  readonly onSent?: (bytes: number) => void
  readonly connectTimeoutMs?: number
  readonly discoverTimeoutMs?: number
}

/** More than a reply can be: `serve()` keeps its own below 6 MB, as Lambda does. */
const maxAnswerBytes = 8 * 1_024 * 1_024

/** Runs handlers by `POST {url}/invoke`. Each call is sent once at most. */
export function createHttpInvoker(options: HttpInvokerOptions): Invoker {
  return new HttpInvoker(options)
}

type Call = {
  readonly path: string
  readonly method: 'GET' | 'POST'
  readonly body: Uint8Array | undefined
  readonly signal: AbortSignal
}

class HttpInvoker implements Invoker {
  readonly #options: HttpInvokerOptions
  readonly #agent: Agent

  constructor(options: HttpInvokerOptions) {
    this.#options = options
    this.#agent = createAgent(options.connectTimeoutMs ?? 3_000)
  }

  async invoke(
    address: string,
    request: InvokeRequest,
    signal: AbortSignal,
  ): Promise<InvokeOutcome> {
    const body = Buffer.from(JSON.stringify(request))
    if (body.byteLength > httpTransport.maxRequestBytes) return { kind: 'too-large' }
    const path = httpTransport.invokePath
    const answer = await this.#call(address, { path, method: 'POST', body, signal })
    return isOk(answer)
      ? replyTo(request, parseJson(answer.body), excerpt(answer.body))
      : outcomeOf(answer, this.#options.clock.now())
  }

  async discover(address: string): Promise<Manifest> {
    const signal = AbortSignal.timeout(this.#options.discoverTimeoutMs ?? 30_000)
    const path = httpTransport.discoverPath
    const answer = await this.#call(address, { path, method: 'GET', body: undefined, signal })
    if (!isOk(answer)) {
      throw undiscovered(address, outcomeOf(answer, this.#options.clock.now()))
    }
    try {
      return decodeManifest(parseJson(answer.body))
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      throw new FermataError(
        'deployment-invalid',
        `${address} does not answer as a deployment (${error.message}; it said: ${excerpt(answer.body)}). It must be the URL of serve(…) of @fermata/lambda-runtime/http`,
        { cause: error },
      )
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy()
  }

  async #call(address: string, { path, method, body, signal }: Call): Promise<HttpAnswer> {
    const { signer, onSent } = this.#options
    const signature = await signer?.sign(address, path, body ?? new Uint8Array())
    if (body !== undefined) onSent?.(body.byteLength)
    return sendOnce(this.#agent, {
      url: new URL(`${address}${path}`),
      method,
      headers: {
        accept: 'application/json',
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(signature !== undefined && { [httpTransport.signatureHeader]: signature }),
      },
      body,
      signal,
      maxAnswerBytes,
    })
  }
}

function isOk(answer: HttpAnswer): answer is Extract<HttpAnswer, { kind: 'answered' }> {
  return answer.kind === 'answered' && answer.status === 200
}

function undiscovered(address: string, outcome: CallFailure): FermataError {
  switch (outcome.kind) {
    case 'throttled':
    case 'too-large':
      return new FermataError('deployment-unreachable', `${address} takes no requests: try again`)
    case 'rejected':
    case 'lost':
      return new FermataError(
        'deployment-unreachable',
        `${address} cannot be asked what it serves: ${outcome.failure.message}`,
      )
    case 'failed':
      return new FermataError(
        'deployment-invalid',
        `${address} failed when it was asked what it serves: ${outcome.failure.name ?? 'Error'}: ${outcome.failure.message}`,
      )
    default:
      throw outcome satisfies never
  }
}
