import type { Channel, InvokeRequest, Segment } from '@fermata/lambda-runtime/protocol'
import { protocolVersion } from '@fermata/lambda-runtime/protocol'
import type { InvocationState } from '../../domain/invocation/state.ts'
import type { JournalSession } from './journal-session.ts'

/**
 * What an attempt is sent. `keep` bounds how many of the newest segments go along, where the whole
 * journal would exceed what the transport carries; the handler reads the rest itself.
 */
export function buildRequest(
  session: JournalSession,
  state: InvocationState,
  channel: Channel,
  keep: number,
): InvokeRequest {
  const [first, ...rest] = session.segments
  const newest = rest.slice(Math.max(0, rest.length - keep))
  const partial = newest.length < rest.length
  return {
    protocol: protocolVersion,
    kind: 'invoke',
    invocation: session.id,
    target: state.created.target,
    epoch: state.epoch,
    attempt: state.failures + 1,
    journal: [first, ...newest].filter((segment) => segment !== undefined).map(mutable),
    ...(partial ? { journalFrom: state.next - newest.length } : {}),
    expires: session.expires,
    channel,
  }
}

function mutable(segment: Segment): InvokeRequest['journal'][number] {
  return { ...segment, entries: [...segment.entries] }
}
