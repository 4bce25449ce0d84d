/** Why `Invoke` itself is refused; the function has not run, or its end is not known. */
export interface ApiError {
  readonly status: number
  /** The exception's name, for `x-amzn-errortype`. */
  readonly type: string
  readonly body: Readonly<Record<string, string>>
  readonly retryAfterSeconds?: number
}

/** Why a call got 429, in Lambda's words. */
export type ThrottleReason =
  | 'ReservedFunctionConcurrentInvocationLimitExceeded'
  | 'ConcurrentInvocationLimitExceeded'

export function functionNotFound(arn: string): ApiError {
  return userError(404, 'ResourceNotFoundException', `Function not found: ${arn}`)
}

export function tooManyRequests(
  reason: ThrottleReason = 'ReservedFunctionConcurrentInvocationLimitExceeded',
  retryAfterSeconds?: number,
): ApiError {
  return {
    status: 429,
    type: 'TooManyRequestsException',
    body: { Reason: reason, Type: 'User', message: 'Rate Exceeded.' },
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  }
}

export function requestTooLarge(maxBytes: number): ApiError {
  const message = `Request must be smaller than ${maxBytes} bytes for the InvokeFunction operation`
  return userError(413, 'RequestTooLargeException', message)
}

export function invalidRequestContent(why: string): ApiError {
  const message = `Could not parse request body into json: ${why}`
  return userError(400, 'InvalidRequestContentException', message)
}

export function invalidParameter(message: string): ApiError {
  return userError(400, 'InvalidParameterValueException', message)
}

export function unknownOperation(): ApiError {
  return userError(404, 'UnknownOperationException', 'Only Invoke is served here')
}

export function serviceException(): ApiError {
  return {
    status: 500,
    type: 'ServiceException',
    body: { Type: 'Service', Message: 'An error occurred and the request cannot be processed.' },
  }
}

function userError(status: number, type: string, message: string): ApiError {
  return { status, type, body: { Type: 'User', Message: message } }
}
