import * as v from 'valibot'
import { type ErrorCode, FermataError } from '../../domain/errors.ts'

export type RequestMistake = { readonly path: string; readonly message: string }

/** A request with mistakes; all of them, each with its path. */
export class InvalidRequest extends FermataError {
  readonly mistakes: readonly RequestMistake[]

  constructor(code: ErrorCode, mistakes: readonly RequestMistake[]) {
    super(code, mistakes.map(({ path, message }) => `${path}: ${message}`).join('; '))
    this.mistakes = mistakes
  }
}

/** An object in which every field that is not named is a mistake of its own. */
export function closed<E extends v.ObjectEntries>(
  entries: E,
): v.ObjectWithRestSchema<E, v.NeverSchema<'there is no such field'>, undefined> {
  return v.objectWithRest(entries, v.never('there is no such field'))
}

/** @throws InvalidRequest with every mistake */
export function check<S extends v.GenericSchema>(
  schema: S,
  input: unknown,
  code: ErrorCode = 'bad-request',
): v.InferOutput<S> {
  const result = v.safeParse(schema, input)
  if (result.success) return result.output
  throw new InvalidRequest(
    code,
    result.issues.map((issue) => ({
      path: v.getDotPath(issue) ?? '(whole)',
      message: isMissing(issue) ? 'is missing' : issue.message,
    })),
  )
}

function isMissing({ received, message }: v.BaseIssue<unknown>): boolean {
  return received === 'undefined' && message.startsWith('Invalid')
}

const emptyQuery = closed({})

/** Refuses parameters that would be ignored. */
export function checkNoQuery(query: unknown): void {
  check(emptyQuery, query)
}
