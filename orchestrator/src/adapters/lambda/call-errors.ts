import type { ErrorCode } from '../../domain/errors.ts'
import type { InvokeOutcome } from '../../ports/index.ts'

/** Lambda answered 5xx, but says that the function did not start. */
const didNotStart: ReadonlySet<string> = new Set([
  'EC2AccessDeniedException',
  'EC2UnexpectedException',
  'ENILimitReachedException',
  'InvalidRuntimeException',
  'InvalidSecurityGroupIDException',
  'InvalidSubnetIDException',
  'InvalidZipFileException',
  'KMSAccessDeniedException',
  'KMSDisabledException',
  'KMSInvalidStateException',
  'KMSNotFoundException',
  'ResourceNotReadyException',
  'SubnetIPAddressLimitReachedException',
])

const throttles: ReadonlySet<string> = new Set([
  'TooManyRequestsException',
  'ThrottlingException',
  'EC2ThrottledException',
])

const advice: Readonly<Record<string, string>> = {
  AccessDeniedException: 'Allow this role lambda:InvokeFunction on the function',
  ResourceNotFoundException: 'The function or this version of it does not exist (any more)',
  CredentialsProviderError: 'No AWS credentials were found',
  ECONNREFUSED: 'Nothing listens at the endpoint of Lambda',
  ENOTFOUND: 'The endpoint of Lambda has no address: check region, DNS and AWS_ENDPOINT_URL_LAMBDA',
}

/** How a call ends that brings no answer. */
export type CallFailure = Exclude<InvokeOutcome, { readonly kind: 'replied' }>

type Facts = {
  readonly name: string
  readonly code: string | undefined
  readonly message: string
  readonly httpStatus: number | undefined
  readonly retryAfterMs: number | undefined
  /** The failed system call, for errors of sockets. */
  readonly syscall: string | undefined
}

/**
 * What an error of the call itself means. The question is always whether the handler may have started: only then
 * is it `lost`, and its journal must be watched before anyone tries again.
 *
 * @param handedOver whether the request had reached the HTTP client when it failed
 */
export function outcomeOfCallError(error: unknown, handedOver: boolean): CallFailure {
  const facts = factsOf(error)
  const { name, httpStatus } = facts
  if (throttles.has(name) || httpStatus === 429) {
    return { kind: 'throttled', retryAfterMs: facts.retryAfterMs }
  }
  if (httpStatus === 413) return { kind: 'too-large' }
  if (!handedOver || surelyNotStarted(facts)) return rejected('deployment-unreachable', facts)
  const message = `Nobody knows whether the function ran: ${describe(facts)}`
  return { kind: 'lost', failure: { code: 'invoke-lost', message, name } }
}

function surelyNotStarted({ name, code, httpStatus, syscall, message }: Facts): boolean {
  if (httpStatus !== undefined && httpStatus >= 500) return didNotStart.has(name)
  // 408 without a name is a proxy that gave up waiting.
  if (httpStatus === 408) return name.startsWith('EFS')
  if (httpStatus !== undefined && httpStatus >= 400) return true
  if (syscall === 'connect' || syscall === 'getaddrinfo' || code === 'ECONNREFUSED') return true
  return /did not establish a connection/.test(message) || isCertificateProblem(code)
}

function isCertificateProblem(code: string | undefined): boolean {
  return code !== undefined && /CERT|^UNABLE_TO_|^ERR_TLS_|^ERR_SSL_/.test(code)
}

function rejected(code: ErrorCode, facts: Facts): CallFailure {
  const hint = advice[facts.name] ?? advice[facts.code ?? '']
  const message = hint === undefined ? describe(facts) : `${describe(facts)}. ${hint}`
  return { kind: 'rejected', failure: { code, message, name: facts.name } }
}

function describe({ name, code, message, httpStatus }: Facts): string {
  const marks = [code, httpStatus].filter((mark) => mark !== undefined && mark !== name)
  const label = marks.length === 0 ? name : `${name} (${marks.join(', ')})`
  return message === '' ? label : `${label}: ${message}`
}

type Loose = Readonly<Record<string, unknown>>

function factsOf(error: unknown): Facts {
  const fields: Loose = typeof error === 'object' && error !== null ? (error as Loose) : {}
  const response = asObject(fields['$metadata'])
  return {
    name: textOf(fields['name']) ?? 'Error',
    code: textOf(fields['code']),
    message: textOf(fields['message']) ?? String(error),
    httpStatus: numberOf(response['httpStatusCode']),
    retryAfterMs: retryAfterOf(fields),
    syscall: textOf(fields['syscall']),
  }
}

function retryAfterOf(fields: Loose): number | undefined {
  const headers = asObject(asObject(fields['$response'])['headers'])
  const seconds = Number(fields['retryAfterSeconds'] ?? headers['retry-after'])
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : undefined
}

const asObject = (input: unknown): Loose =>
  typeof input === 'object' && input !== null ? (input as Loose) : {}
const textOf = (input: unknown): string | undefined =>
  typeof input === 'string' ? input : undefined
const numberOf = (input: unknown): number | undefined =>
  typeof input === 'number' ? input : undefined
