import { setTimeout as sleep } from 'node:timers/promises'
import type { Channel } from '../protocol/index.ts'
import { type Credentials, credentialsFrom, type Environment, endpointOf } from './environment.ts'
import { type SigningKeys, signRequest } from './sign-request.ts'
import { TableError } from './table-error.ts'

export type DynamoOperation = 'PutItem' | 'Query'

export type DynamoHttpOptions = {
  readonly channel: Channel
  readonly environment: () => Environment
  /** Instead of those of the environment. */
  readonly credentials: (() => Promise<Credentials>) | undefined
  readonly fetch: typeof fetch
  readonly signingKeys: SigningKeys
  /** Longest wait for one answer, in ms. */
  readonly requestTimeoutMs: number
  readonly maxTries: number
}

const firstBackoffMs = 25
const maxBackoffMs = 1_000

const transientCodes: ReadonlySet<string> = new Set([
  'ExpiredTokenException',
  'InternalServerError',
  'LimitExceededException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'ThrottlingException',
  'TransactionInProgressException',
])

/**
 * One call of DynamoDB's JSON interface, signed and sent without an AWS client. Tried again with a growing,
 * random pause after a broken socket, a timeout, a 5xx or throttling: calls must stand being repeated.
 *
 * @throws TableError
 */
export async function callDynamo(
  options: DynamoHttpOptions,
  operation: DynamoOperation,
  input: unknown,
): Promise<Readonly<Record<string, unknown>>> {
  const body = JSON.stringify(input)
  for (let tries = 1; ; tries++) {
    try {
      return await callOnce(options, operation, body)
    } catch (error) {
      if (!(error instanceof TransientError)) throw error
      if (tries >= options.maxTries) throw error.reason
    }
    await sleep(backoffMs(tries))
  }
}

class TransientError extends Error {
  readonly reason: TableError

  constructor(reason: TableError) {
    super(reason.message)
    this.reason = reason
  }
}

function backoffMs(tries: number): number {
  const ceiling = Math.min(maxBackoffMs, firstBackoffMs * 2 ** tries)
  return ceiling * (0.5 + Math.random() / 2)
}

async function callOnce(
  options: DynamoHttpOptions,
  operation: DynamoOperation,
  body: string,
): Promise<Readonly<Record<string, unknown>>> {
  const environment = options.environment()
  const url = endpointOf(options.channel, environment)
  const headers = await signRequest(
    { url, region: options.channel.region, headers: headersOf(operation), body },
    (await options.credentials?.()) ?? credentialsFrom(environment),
    new Date(),
    options.signingKeys,
  )
  const signal = AbortSignal.timeout(options.requestTimeoutMs)
  let response: Response
  let text: string
  try {
    response = await options.fetch(url, { method: 'POST', headers, body, signal })
    text = await response.text()
  } catch (cause) {
    const message = `The table "${options.channel.table}" at ${url.origin} did not answer`
    throw new TransientError(new TableError('table-unreachable', message, { cause }))
  }
  const answer = parseObject(text)
  if (response.ok && answer !== undefined) return answer
  throw refusal(operation, response.status, answer)
}

function headersOf(operation: DynamoOperation): Readonly<Record<string, string>> {
  return {
    'content-type': 'application/x-amz-json-1.0',
    'x-amz-target': `DynamoDB_20120810.${operation}`,
  }
}

function refusal(
  operation: DynamoOperation,
  status: number,
  answer: Readonly<Record<string, unknown>> | undefined,
): Error {
  const code = String(answer?.['__type'] ?? `http-${status}`).replace(/^.*#/, '')
  const reason = answer?.['message'] ?? answer?.['Message'] ?? 'no reason given'
  const error = new TableError(code, `${operation} was refused: ${code}: ${reason}`, {
    item: answer?.['Item'],
  })
  const transient = status >= 500 || answer === undefined || transientCodes.has(code)
  return transient ? new TransientError(error) : error
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}
