import { outcomeOfCallError } from '@fermata/orchestrator/adapters/lambda/call-errors'
import { failureOfFunctionError } from '@fermata/orchestrator/adapters/lambda/function-errors'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

const service = (name: string, httpStatusCode: number, extra: object = {}) => ({
  name,
  message: 'said Lambda',
  $metadata: { httpStatusCode },
  ...extra,
})

describe('an error of the call', () => {
  it.each<[string, unknown, string]>([
    ['throttling', service('TooManyRequestsException', 429), 'throttled'],
    ['throttling by a proxy', service('Unknown', 429), 'throttled'],
    ['throttling of the network interface', service('EC2ThrottledException', 502), 'throttled'],
    ['a request that is too large', service('RequestTooLargeException', 413), 'too-large'],
    ['no permission', service('AccessDeniedException', 403), 'rejected'],
    ['a missing function', service('ResourceNotFoundException', 404), 'rejected'],
    [
      'a function without a network',
      service('SubnetIPAddressLimitReachedException', 502),
      'rejected',
    ],
    ['a failed mount', service('EFSMountTimeoutException', 408), 'rejected'],
    ['a refused connection', { code: 'ECONNREFUSED' }, 'rejected'],
    ['a host without address', { code: 'ENOTFOUND', syscall: 'getaddrinfo' }, 'rejected'],
    ['a connection that never came', { code: 'ETIMEDOUT', syscall: 'connect' }, 'rejected'],
    [
      'a connection timeout',
      {
        name: 'TimeoutError',
        message: 'the request socket did not establish a connection with the server',
      },
      'rejected',
    ],
    ['a bad certificate', { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }, 'rejected'],
    ['an error within Lambda', service('ServiceException', 500), 'lost'],
    ['a proxy that gave up', service('Unknown', 504), 'lost'],
    ['a proxy that gave up waiting', service('Unknown', 408), 'lost'],
    ['a reset connection', { code: 'ECONNRESET' }, 'lost'],
    ['a broken pipe', { code: 'EPIPE', syscall: 'write' }, 'lost'],
    ['a silent connection', { code: 'ETIMEDOUT', syscall: 'read' }, 'lost'],
    ['giving up', { name: 'AbortError' }, 'lost'],
    ['something unheard of', undefined, 'lost'],
  ])('%s is seen for what it is', (_what, error, kind) => {
    expect(outcomeOfCallError(error, true).kind).toBe(kind)
  })

  it('before the request was handed to the network means that nothing started', () => {
    const outcome = outcomeOfCallError({ name: 'CredentialsProviderError', message: 'none' }, false)
    expect(outcome).toEqual({
      kind: 'rejected',
      failure: {
        code: 'deployment-unreachable',
        name: 'CredentialsProviderError',
        message: 'CredentialsProviderError: none. No AWS credentials were found',
      },
    })
  })

  it('says when to come again, by field or by header', () => {
    const byField = service('TooManyRequestsException', 429, { retryAfterSeconds: '2' })
    const byHeader = service('TooManyRequestsException', 429, {
      $response: { headers: { 'retry-after': '5' } },
    })
    expect([byField, byHeader].map((error) => outcomeOfCallError(error, true))).toEqual([
      { kind: 'throttled', retryAfterMs: 2_000 },
      { kind: 'throttled', retryAfterMs: 5_000 },
    ])
  })
})

describe('the error of a function', () => {
  it('is a timeout by its type, or by what older runtimes say', () => {
    const bodies = [
      { errorType: 'Sandbox.Timedout', errorMessage: 'RequestId: 1 Error: Task timed out' },
      { errorMessage: '2026-11-22T06:00:00.000Z 1234 Task timed out after 3.00 seconds' },
    ]
    const codes = bodies.map((body) => failureOfFunctionError(JSON.stringify(body)).code)
    expect(codes).toEqual(['function-timed-out', 'function-timed-out'])
  })

  it('keeps type, message and trace', () => {
    const body = {
      errorType: 'TypeError',
      errorMessage: 'no',
      trace: ['TypeError: no', '    at f'],
    }
    expect(failureOfFunctionError(JSON.stringify(body))).toEqual({
      code: 'function-failed',
      name: 'TypeError',
      message: 'no',
      stack: 'TypeError: no\n    at f',
    })
  })

  it('is a failure whatever its body is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (body) => {
        expect(failureOfFunctionError(body)).toMatchObject({ message: expect.any(String) })
      }),
    )
  })
})
