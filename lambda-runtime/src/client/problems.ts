import { sdkErrorCodes } from '../error-codes.ts'
import { fromFailure } from '../failure.ts'
import { mediaTypeOf } from './bodies.ts'
import { RequestError } from './request-error.ts'

/** RFC 9457, as far as it matters here. */
export interface Problem {
  readonly type: string
  readonly code: string
  readonly detail: string
}

/** What an answer that is no success says; `undefined` if it is none of the orchestrator's. */
export async function problemIn(response: Response): Promise<Problem | undefined> {
  if (mediaTypeOf(response) !== 'application/problem+json') {
    await response.body?.cancel()
    return undefined
  }
  const body: unknown = await response.json().catch(() => undefined)
  if (typeof body !== 'object' || body === null) return undefined
  const { type, code, detail } = body as Partial<Record<keyof Problem, unknown>>
  return typeof code === 'string'
    ? { type: String(type ?? 'about:blank'), code, detail: String(detail ?? code) }
    : undefined
}

/** Whether the handler itself ended so: with a code of its own, or one of the handler's side. */
export function isOfHandler({ type, code }: Problem): boolean {
  return type === 'about:blank' || Object.hasOwn(sdkErrorCodes, code)
}

/** The handler's error as it threw it, or that there is none of the handler. */
export function errorOf(response: Response, problem: Problem | undefined): Error {
  const { status } = response
  if (problem === undefined) {
    return new RequestError('http', `Something else than an orchestrator answered ${status}`, {
      status,
    })
  }
  const { code, detail } = problem
  return isOfHandler(problem)
    ? fromFailure({ code, message: detail, status })
    : new RequestError(code, detail, { status })
}
