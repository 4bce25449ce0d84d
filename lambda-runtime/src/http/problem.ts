/** RFC 9457, as the orchestrator reads it. */
export interface Problem {
  readonly type: string
  readonly status: number
  readonly code: string
  readonly title: string
  readonly detail: string
  readonly [extension: string]: unknown
}

export const problemType = 'application/problem+json'

/** What this side refuses, or how an attempt ends without a reply. */
const catalogue = {
  'bad-request': [400, 'The request cannot be understood'],
  'protocol-json': [400, 'A message is not JSON'],
  'protocol-shape': [400, 'A message is not as the protocol says'],
  'protocol-version': [400, 'Two sides speak different versions of the protocol'],
  'signature-invalid': [401, 'The signature of the request is not good'],
  'signature-missing': [401, 'The request is not signed'],
  'not-found': [404, 'There is nothing at this address'],
  'method-not-allowed': [405, 'This method is not served at this address'],
  'body-too-large': [413, 'The body is too large'],
  overloaded: [429, 'Too much is waiting already'],
  'function-failed': [500, 'The function ended without a reply'],
  'not-ready': [503, 'This replica does not accept yet, or no longer'],
  'function-timed-out': [504, 'The function ran into its timeout'],
} as const satisfies Readonly<Record<string, readonly [status: number, title: string]>>

export type ProblemCode = keyof typeof catalogue

export function problem(
  code: ProblemCode,
  detail: string,
  extensions: Readonly<Record<string, unknown>> = {},
): Problem {
  const [status, title] = catalogue[code]
  return { type: `urn:fermata:error:${code}`, status, code, title, detail, ...extensions }
}

export function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(catalogue, code)
}

/** Refuses a call; becomes its answer. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly problem: Problem

  constructor(code: ProblemCode, detail: string) {
    super(detail)
    this.problem = problem(code, detail)
  }
}
