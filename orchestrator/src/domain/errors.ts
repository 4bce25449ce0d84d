import type { Failure } from '@fermata/lambda-runtime/protocol'

/** An error with a code that has a page in `docs/errors/`. `status` is what HTTP answers. */
export class FermataError extends Error {
  override readonly name = 'FermataError'
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.code = code
  }

  get status(): number {
    return errorCatalogue[this.code].status
  }

  toFailure(): Failure {
    return { code: this.code, message: this.message, status: this.status }
  }
}

/** Every code that the orchestrator answers with: its HTTP status and its title. */
export const errorCatalogue = {
  'awakeable-completed': { status: 409, title: 'The awakeable is already completed' },
  'awakeable-not-found': { status: 404, title: 'There is no such awakeable' },
  'bad-request': { status: 400, title: 'The request cannot be understood' },
  'blobs-unreachable': { status: 503, title: 'The blob store cannot be used' },
  'body-too-large': { status: 413, title: 'The body is too large' },
  'config-invalid': { status: 500, title: 'The configuration has mistakes' },
  'deployment-in-use': { status: 409, title: 'The deployment is in use' },
  'deployment-incompatible': {
    status: 409,
    title: 'The deployment does not fit what is served',
  },
  'deployment-invalid': { status: 422, title: 'The deployment does not answer as a deployment' },
  'deployment-not-found': { status: 404, title: 'There is no such deployment' },
  'deployment-unreachable': { status: 502, title: 'The deployment cannot be reached' },
  'function-failed': { status: 500, title: 'The function ended without a reply' },
  'function-timed-out': { status: 504, title: 'The function ran into its timeout' },
  'handler-not-found': { status: 404, title: 'No deployment serves this handler' },
  internal: { status: 500, title: 'A mistake of ours' },
  'invalid-reply': { status: 502, title: 'The function answered something that is no reply' },
  'invocation-closed': { status: 409, title: 'The invocation has ended' },
  'invocation-not-closed': { status: 409, title: 'The invocation has not ended' },
  'invocation-not-found': { status: 404, title: 'There is no such invocation' },
  'invocation-not-paused': { status: 409, title: 'The invocation is not paused' },
  'invocation-queued': { status: 409, title: 'The invocation waits for its key' },
  'invoke-lost': { status: 502, title: 'Nobody knows whether the function ran' },
  'kafka-unreachable': { status: 502, title: 'Kafka cannot be reached' },
  'method-not-allowed': { status: 405, title: 'This method is not served at this address' },
  'not-found': { status: 404, title: 'There is nothing at this address' },
  'not-ready': { status: 503, title: 'This replica does not accept yet, or no longer' },
  'object-not-found': { status: 404, title: 'There is no such object' },
  'offset-out-of-range': { status: 409, title: 'The topic no longer has the next record' },
  overloaded: { status: 429, title: 'Too much is waiting already' },
  'payload-codec-failed': { status: 500, title: 'The payload codec failed' },
  'payload-corrupt': { status: 500, title: 'A stored payload is not what was stored' },
  'payload-key-unknown': {
    status: 500,
    title: 'A payload is sealed with a key that is not known here',
  },
  'payload-missing': { status: 410, title: 'The blob of a payload is not there any more' },
  'promise-completed': { status: 409, title: 'The durable promise is already completed' },
  'record-too-large': { status: 422, title: 'The record is too large' },
  'record-undecodable': { status: 422, title: 'The record cannot be decoded' },
  'record-unroutable': { status: 422, title: 'The record has no handler' },
  'schedule-contention': { status: 503, title: 'The schedule changed again and again' },
  'schedule-invalid': { status: 422, title: 'The schedule has mistakes' },
  'schedule-managed': { status: 409, title: 'The schedule comes from the code' },
  'schedule-not-found': { status: 404, title: 'There is no such schedule' },
  'service-not-found': { status: 404, title: 'There is no such service' },
  'restart-refused': { status: 409, title: 'The invocation cannot be restarted so' },
  'state-names-too-large': { status: 413, title: 'The names in a state take too much room' },
  'state-version-mismatch': { status: 412, title: 'The state has another version' },
  'store-unreachable': { status: 503, title: 'The table cannot be reached' },
  'subscription-exists': { status: 409, title: 'Another subscription has this name' },
  'subscription-invalid': { status: 422, title: 'The subscription has mistakes' },
  'subscription-not-found': { status: 404, title: 'There is no such subscription' },
  'subscription-stopped': { status: 409, title: 'The subscription stopped' },
  'topic-not-found': { status: 404, title: 'There is no such topic' },
  'topic-recreated': { status: 409, title: 'The topic is not the one that was consumed' },
} as const satisfies Record<string, { readonly status: number; readonly title: string }>

export type ErrorCode = keyof typeof errorCatalogue

/** Titles of codes that come from the handler's side and the wire. A test holds them to those of the SDK. */
export const foreignTitles = {
  'agenda-item-too-large': 'A batch of the agenda is too large for the table',
  'append-contention': 'A segment changed again and again while it was appended',
  'awakeable-rejected': 'The awakeable was rejected',
  'bad-awakeable-id': 'This is not the id of an awakeable',
  'bad-invocation-id': 'This is not the id of an invocation',
  cancelled: 'The invocation was cancelled',
  'compensation-failed': 'Something of a saga could not be undone',
  'credentials-missing': 'The function has no credentials for its table',
  'definition-invalid': 'A service is not defined as it must be',
  'duration-invalid': 'A duration is not valid',
  'handler-failed': 'The handler threw an error',
  'handler-inactive': 'The handler did nothing for too long',
  'heartbeat-timeout': 'Nobody showed a sign of life in time',
  'input-invalid': 'The input does not match the schema of the handler',
  'item-compression': 'An item of the table cannot be unpacked',
  'item-json': 'An item of the table is not JSON',
  'item-shape': 'An item of the table is not what it should be',
  'journal-corrupt': 'The journal cannot be what a handler wrote',
  'journal-expired': 'The journal has expired meanwhile',
  'journal-unreachable': 'The journal cannot be reached',
  killed: 'The invocation was killed',
  'non-determinism': 'The code and its journal differ',
  'not-a-request': 'The function was invoked with something that is no request',
  'option-invalid': 'An option has a value that it cannot have',
  'promise-rejected': 'The durable promise was rejected',
  'protocol-json': 'A message is not JSON',
  'protocol-shape': 'A message is not as the protocol says',
  'protocol-version': 'Two sides speak different versions of the protocol',
  'segment-too-large': 'A segment is too large for the table',
  'signature-invalid': 'The signature of the request is not good',
  'signature-missing': 'The request is not signed',
  'state-moved': 'The state has changed since the attempt began',
  'state-read-only': 'A shared handler cannot change state',
  'step-exhausted': 'A step failed as often as it may',
  'step-failed': 'A step threw an error',
  'step-interrupted': 'A step that may start once was interrupted',
  'table-unreachable': 'The table cannot be reached',
  terminal: 'The handler failed for good',
  timeout: 'It took longer than it may',
  'tolerance-exceeded': 'More branches failed than may',
  'value-unreadable': 'A stored value cannot be read',
  'value-unstorable': 'A value cannot be stored',
} as const satisfies Record<string, string>

/** The title of any code that has a page in `docs/errors/`; `undefined` for a user's own. */
export function titleOf(code: string): string | undefined {
  if (Object.hasOwn(errorCatalogue, code)) return errorCatalogue[code as ErrorCode].title
  const titles: Readonly<Record<string, string>> = foreignTitles
  return Object.hasOwn(titles, code) ? titles[code] : undefined
}
