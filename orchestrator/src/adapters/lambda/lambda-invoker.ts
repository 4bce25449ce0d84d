import { InvokeCommand } from '@aws-sdk/client-lambda'
import {
  type DiscoverRequest,
  decodeManifest,
  type InvokeRequest,
  type Manifest,
  ProtocolError,
  protocolVersion,
} from '@fermata/lambda-runtime/protocol'
import { FermataError } from '../../domain/errors.ts'
import { replyTo } from '../../domain/reply-to.ts'
import type { InvokeOutcome, Invoker } from '../../ports/index.ts'
import { type CallFailure, outcomeOfCallError } from './call-errors.ts'
import { type FunctionAddress, parseFunctionAddress } from './function-address.ts'
import { excerpt, failureOfFunctionError, parseJson } from './function-errors.ts'
import { type LambdaClientOptions, LambdaClients } from './lambda-clients.ts'

export interface LambdaInvokerOptions extends LambdaClientOptions {
  /** Bytes of each request that was handed to the network. */
  readonly onSent?: (bytes: number) => void
  /** Covers a cold start. */
  readonly discoverTimeoutMs?: number
}

/** What Lambda takes in one request. */
export const maxRequestBytes = 6_291_456

type Answer = { readonly kind: 'answered'; readonly body: string } | CallFailure

/** Runs handlers by Lambda's synchronous `Invoke`. Each call is sent once at most. */
export function createLambdaInvoker(options: LambdaInvokerOptions): Invoker {
  return new LambdaInvoker(options)
}

class LambdaInvoker implements Invoker {
  readonly #clients: LambdaClients
  readonly #options: LambdaInvokerOptions

  constructor(options: LambdaInvokerOptions) {
    this.#clients = new LambdaClients(options)
    this.#options = options
  }

  async invoke(
    address: string,
    request: InvokeRequest,
    signal: AbortSignal,
  ): Promise<InvokeOutcome> {
    const parsed = parseFunctionAddress(address)
    if ('problem' in parsed) {
      return {
        kind: 'rejected',
        failure: { code: 'deployment-invalid', message: parsed.problem },
      }
    }
    const answer = await this.#call(parsed, request, signal)
    return answer.kind === 'answered'
      ? replyTo(request, parseJson(answer.body), excerpt(answer.body))
      : answer
  }

  async discover(address: string): Promise<Manifest> {
    const parsed = parseFunctionAddress(address)
    if ('problem' in parsed) throw new FermataError('deployment-invalid', parsed.problem)
    const request: DiscoverRequest = { protocol: protocolVersion, kind: 'discover' }
    const signal = AbortSignal.timeout(this.#options.discoverTimeoutMs ?? 30_000)
    const answer = await this.#call(parsed, request, signal)
    if (answer.kind !== 'answered') throw undiscovered(address, answer)
    try {
      return decodeManifest(parseJson(answer.body))
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      throw new FermataError(
        'deployment-invalid',
        `${address} does not answer as a deployment (${error.message}; it said: ${excerpt(answer.body)}). Its handler must be what lambda(…) of @fermata/lambda-runtime/lambda returns`,
        { cause: error },
      )
    }
  }

  close(): Promise<void> {
    this.#clients.destroy()
    return Promise.resolve()
  }

  async #call(
    { arn, region }: FunctionAddress,
    request: InvokeRequest | DiscoverRequest,
    abortSignal: AbortSignal,
  ): Promise<Answer> {
    const payload = Buffer.from(JSON.stringify(request))
    if (payload.byteLength > maxRequestBytes) return { kind: 'too-large' }
    const command = new InvokeCommand({
      FunctionName: arn,
      InvocationType: 'RequestResponse',
      Payload: payload,
    })
    let handedOver = false
    // The last step before the network: what fails earlier (credentials, signing) was surely not sent.
    command.middlewareStack.add(
      (next) => (args) => {
        handedOver = true
        this.#options.onSent?.(payload.byteLength)
        return next(args)
      },
      { step: 'deserialize', priority: 'low', name: 'handedOver' },
    )
    try {
      const output = await this.#clients.of(region).send(command, { abortSignal })
      const body = output.Payload?.transformToString() ?? ''
      if (output.FunctionError === undefined) return { kind: 'answered', body }
      return { kind: 'failed', failure: failureOfFunctionError(body) }
    } catch (error) {
      return outcomeOfCallError(error, handedOver)
    }
  }
}

function undiscovered(address: string, answer: CallFailure): FermataError {
  switch (answer.kind) {
    case 'throttled':
      return new FermataError(
        'deployment-unreachable',
        `${address} is throttled by Lambda: try again, or raise its concurrency`,
      )
    case 'too-large':
      return new FermataError(
        'deployment-unreachable',
        `${address} refused the request as too large`,
      )
    case 'rejected':
    case 'lost':
      return new FermataError(
        'deployment-unreachable',
        `${address} cannot be invoked: ${answer.failure.message}`,
      )
    case 'failed':
      return new FermataError(
        answer.failure.code === 'function-timed-out'
          ? 'deployment-unreachable'
          : 'deployment-invalid',
        `${address} failed when it was asked what it serves: ${answer.failure.name ?? 'Error'}: ${answer.failure.message}`,
      )
    default:
      throw answer satisfies never
  }
}
