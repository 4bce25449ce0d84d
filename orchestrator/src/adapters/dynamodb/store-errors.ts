import { FermataError } from '../../domain/errors.ts'

export function hasName(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name
}

/** Refusals that say something about the request, not about the way to the table. */
const answers: ReadonlySet<string> = new Set([
  'ConditionalCheckFailedException',
  'ResourceInUseException',
  'UnknownOperationException',
  'ValidationException',
])

const advice: Readonly<Record<string, string>> = {
  ResourceNotFoundException: 'it does not exist: create it, or let the orchestrator create it',
  AccessDeniedException: 'the role may not use it: grant it the actions on this table',
  UnrecognizedClientException: 'the credentials are not valid there',
  CredentialsProviderError:
    'there are no AWS credentials: set them in the environment or by a role',
  ExpiredTokenException: 'the credentials have expired',
  ThrottlingException: 'it is throttled: raise its limits',
  ProvisionedThroughputExceededException: 'it is throttled: raise its limits or bill by request',
}

/**
 * What a call of the table threw, as callers know it: an answer stays what it is, everything else (after
 * all retries) means that the table cannot be reached.
 */
export function toStoreError(error: unknown, table: string): Error {
  if (error instanceof FermataError) return error
  if (error instanceof Error && answers.has(error.name)) return error
  const { name, message } = error instanceof Error ? error : new Error(String(error))
  const reason = advice[name] ?? 'check the endpoint, the region and the network'
  const detail = message === '' ? name : `${name}: ${message}`
  return new FermataError('store-unreachable', `Table "${table}": ${reason} (${detail})`, {
    cause: error,
  })
}
