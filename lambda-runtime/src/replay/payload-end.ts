import { PayloadError } from '../errors.ts'
import { toFailure } from '../failure.ts'
import type { InvokeRequest, ReplyStatus, Segment } from '../protocol/index.ts'
import type { AttemptPayloads, HandlerJournal } from './ports.ts'

/**
 * How an attempt ends that cannot open what is stored, or store what it has made. What is gone or changed stays so;
 * a key that is missing can be added by a person; all else may be better the next time.
 */
export function payloadEnd(error: unknown): ReplyStatus | undefined {
  if (!(error instanceof PayloadError)) return undefined
  const failure = toFailure(error, error.code)
  switch (error.code) {
    case 'payload-corrupt':
    case 'payload-missing':
      return { kind: 'failed', failure: { ...failure, name: 'TerminalError' } }
    case 'payload-key-unknown':
      return { kind: 'paused', failure }
    case 'blobs-unreachable':
    case 'payload-codec-failed':
      return { kind: 'retry', failure }
    default:
      throw error.code satisfies never
  }
}

/** A journal whose tail is opened on its way in. What is appended to it is packed already. */
export function opening(
  open: (request: InvokeRequest) => HandlerJournal,
  payloads: AttemptPayloads | undefined,
): (request: InvokeRequest) => HandlerJournal {
  if (payloads === undefined) return open
  return (request) => {
    const journal = open(request)
    return {
      append: (segment: Segment) => journal.append(segment),
      tail: async (from, before) => payloads.open(await journal.tail(from, before)),
      stateValue: async (name, slot) => {
        const value = await journal.stateValue(name, slot)
        return value === undefined ? undefined : payloads.openValue(value)
      },
    }
  }
}
