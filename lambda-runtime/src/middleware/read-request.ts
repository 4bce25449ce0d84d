import { UsageError } from '../errors.ts'
import { decodeRequest, type Request } from '../protocol/index.ts'

/**
 * The orchestrator's request in a Lambda event.
 *
 * @throws UsageError `not-a-request` for events of another kind
 * @throws ProtocolError for a request that is not as it should be
 */
export function readRequest(event: unknown): Request {
  if (typeof event === 'object' && event !== null && 'protocol' in event)
    return decodeRequest(event)
  throw new UsageError(
    'not-a-request',
    `This function takes only the requests of a Fermata orchestrator; it was invoked with ${describe(event)}. ` +
      'Register it there (POST /deployments) and call its handlers over HTTP, from Kafka or from other handlers',
  )
}

/** What each kind of event is known by. */
const marks: readonly (readonly [key: string, kind: string])[] = [
  ['requestContext', 'an event of API Gateway, a load balancer or a function URL'],
  ['detail-type', 'an event of EventBridge'],
  ['Records', 'a batch of records'],
  ['records', 'a batch of records'],
  ['key1', 'the test event of the Lambda console'],
]

function describe(event: unknown): string {
  if (typeof event !== 'object' || event === null) return `${typeof event}: ${String(event)}`
  const mark = marks.find(([key]) => key in event)
  if (mark !== undefined) return mark[1]
  const keys = Object.keys(event).slice(0, 10)
  return keys.length === 0 ? 'an empty event' : `an event with ${keys.join(', ')}`
}
