import type { Failure } from '@fermata/lambda-runtime/protocol'
import * as v from 'valibot'

/** What Lambda answers when the function ended without a reply: an error thrown past the handler, an exit, a timeout. */
const functionErrorSchema = v.object({
  errorType: v.fallback(v.optional(v.string()), undefined),
  errorMessage: v.fallback(v.optional(v.string()), undefined),
  trace: v.fallback(v.optional(v.array(v.string())), undefined),
})

/** `function-timed-out` or `function-failed`, with what the function said of it. Never throws. */
export function failureOfFunctionError(body: string): Failure {
  const { errorType, errorMessage, trace } = readBody(body)
  const timedOut =
    errorType === 'Sandbox.Timedout' || /Task timed out after [\d.]+ seconds/.test(errorMessage)
  return {
    code: timedOut ? 'function-timed-out' : 'function-failed',
    message: errorMessage,
    ...(errorType !== undefined && { name: errorType }),
    ...(trace !== undefined && trace.length > 0 && { stack: trace.join('\n') }),
  }
}

type FunctionError = {
  readonly errorType: string | undefined
  readonly errorMessage: string
  readonly trace: readonly string[] | undefined
}

function readBody(body: string): FunctionError {
  const parsed = v.safeParse(functionErrorSchema, parseJson(body))
  const { errorType, errorMessage, trace } = parsed.success
    ? parsed.output
    : { errorType: undefined, errorMessage: undefined, trace: undefined }
  const message = errorMessage ?? `The function failed and said: ${excerpt(body)}`
  return { errorType, errorMessage: message, trace }
}

/** JSON, or `undefined` where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Enough of an answer to recognise it by. */
export function excerpt(text: string): string {
  if (text === '') return '(nothing)'
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}
