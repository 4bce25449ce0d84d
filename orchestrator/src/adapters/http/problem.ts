import { STATUS_CODES } from 'node:http'
import { type Failure, ProtocolError } from '@fermata/lambda-runtime/protocol'
import { FermataError, titleOf } from '../../domain/errors.ts'
import { InvalidRequest } from './validation.ts'

/** RFC 9457, with a `code` for programs and `docs` for people. */
export type Problem = {
  readonly type: string
  readonly status: number
  readonly code: string
  readonly title: string
  readonly detail: string
  /** The page about this code, in the project's repository. Absent where the code is a handler's own. */
  readonly docs?: string
  readonly [extension: string]: unknown
}

export const problemType = 'application/problem+json'

/** Of a failure that a handler ended with: its own code, status and message. Stacks stay in the journal. */
export function problemOfFailure({ code, message, status }: Failure): Problem {
  return problem(code, isErrorStatus(status) ? status : 500, message)
}

function isErrorStatus(status: number | undefined): status is number {
  return status !== undefined && Number.isInteger(status) && status >= 400 && status <= 599
}

/** Of whatever was thrown while a request was dealt with. `undefined`: a bug of ours. */
export function problemOfError(error: unknown): Problem | undefined {
  if (error instanceof InvalidRequest) {
    return problem(error.code, error.status, error.message, { mistakes: error.mistakes })
  }
  if (error instanceof FermataError) return problem(error.code, error.status, error.message)
  if (error instanceof ProtocolError) return problem(error.code, statusOf(error), error.message)
  return problemOfFramework(error)
}

/** Ids come from the caller; all else that does not decode is damage on our side. */
function statusOf({ code }: ProtocolError): number {
  return code.startsWith('bad-') ? 400 : 500
}

/** Says nothing of what went wrong: the log does. */
export function internalProblem(): Problem {
  return problem('internal', 500, 'Something went wrong here; the log of the orchestrator has it')
}

/** What Fastify refuses before a route sees it. */
function problemOfFramework(error: unknown): Problem | undefined {
  if (!(error instanceof Error) || !('statusCode' in error)) return undefined
  const { statusCode } = error
  if (statusCode === 413) return problem('body-too-large', 413, error.message)
  if (typeof statusCode !== 'number' || statusCode < 400 || statusCode > 499) return undefined
  return problem('bad-request', statusCode, error.message)
}

export function problem(
  code: string,
  status: number,
  detail: string,
  extensions: Readonly<Record<string, unknown>> = {},
): Problem {
  const title = titleOf(code)
  if (title === undefined) {
    const fallback = STATUS_CODES[status] ?? 'The handler failed'
    return { type: 'about:blank', status, code, title: fallback, detail, ...extensions }
  }
  const known = { type: `urn:fermata:error:${code}`, docs: `docs/errors/${code}.md` }
  return { ...known, status, code, title, detail, ...extensions }
}
