import { fromFailure } from '../failure.ts'
import { mediaTypeOf } from './bodies.ts'
import { RequestError } from './request-error.ts'

/** RFC 9457, as far as it matters here. */
export interface Problem {
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
  const { code, detail } = body as Partial<Record<keyof Problem, unknown>>
  return typeof code === 'string' ? { code, detail: String(detail ?? code) } : undefined
}

/** Whether the invocation ended so: trying again would give the same. */
export function isOutcome({ headers }: Response): boolean {
  return headers.has('x-fermata-outcome')
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
  return isOutcome(response)
    ? fromFailure({ code, message: detail, status })
    : new RequestError(code, detail, { status })
}
