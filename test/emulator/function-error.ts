/** What the body of a reply with `X-Amz-Function-Error` says. */
export interface FunctionErrorBody {
  readonly errorType: string
  readonly errorMessage: string
  readonly trace?: readonly string[]
}

/** A thrown value in the shape that Lambda's Node.js runtime gives it. */
export function describeThrown(thrown: unknown): FunctionErrorBody {
  if (thrown instanceof Error) {
    const trace = (thrown.stack ?? '').split('\n')
    return { errorType: thrown.name, errorMessage: thrown.message, trace }
  }
  try {
    return { errorType: typeof thrown, errorMessage: textOf(thrown), trace: [] }
  } catch {
    const errorMessage =
      'callback called with Error argument, but there was a problem while retrieving one or more ' +
      'of its message, name, and stack'
    return { errorType: 'handled', errorMessage, trace: [] }
  }
}

/** The runtime calls the value's own `toString`, so `undefined` and `null` fail here. */
function textOf(thrown: unknown): string {
  return (thrown as object).toString()
}

export function unhandledRejection(reason: unknown): FunctionErrorBody {
  const { errorMessage, trace = [] } = describeThrown(reason)
  const errorType = 'Runtime.UnhandledPromiseRejection'
  return { errorType, errorMessage: `${reason instanceof Error ? reason : errorMessage}`, trace }
}

export function timedOut(requestId: string, timeoutMs: number): FunctionErrorBody {
  const seconds = (timeoutMs / 1_000).toFixed(2)
  return {
    errorType: 'Sandbox.Timedout',
    errorMessage: `RequestId: ${requestId} Error: Task timed out after ${seconds} seconds`,
  }
}

export function exited(
  requestId: string,
  code: number | null,
  signal: string | null,
): FunctionErrorBody {
  return {
    errorType: 'Runtime.ExitError',
    errorMessage: `RequestId: ${requestId} Error: Runtime exited ${howItEnded(code, signal)}`,
  }
}

function howItEnded(code: number | null, signal: string | null): string {
  if (signal === 'SIGKILL') return 'with error: signal: killed'
  if (signal !== null) return `with error: signal: ${signal}`
  if (code === null) return 'before it had started'
  return code === 0 ? 'without providing a reason' : `with error: exit status ${code}`
}

export function responseTooLarge(bytes: number, maxBytes: number): FunctionErrorBody {
  return {
    errorType: 'Function.ResponseSizeTooLarge',
    errorMessage: `Response payload size (${bytes} bytes) exceeded maximum allowed payload size (${maxBytes} bytes).`,
  }
}
