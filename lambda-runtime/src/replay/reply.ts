import { toFailure } from '../failure.ts'
import type { Entry, InvokeReply, InvokeRequest, ReplyStatus } from '../protocol/index.ts'
import { ProtocolError, protocolVersion } from '../protocol/index.ts'
import type { Outbox } from './outbox.ts'
import { payloadEnd } from './payload-end.ts'
import type { AttemptPayloads } from './ports.ts'
import { entryBytes, fitting } from './segments.ts'

export type ReplyDeps = {
  readonly request: InvokeRequest
  readonly writer: string
  readonly outbox: Outbox
  /** The attempt has said `alive`: those who watch its journal are to read there how it ends. */
  readonly appendsItsEnd: boolean
  readonly maxSegmentBytes: number
  readonly maxReplyBytes: number
  readonly payloads: AttemptPayloads | undefined
}

/**
 * Ends an attempt. What is not durable goes into the reply as far as it fits one segment; what stands before
 * that is appended first, and so is the end itself where the reply would be too large or its loss would cost time.
 */
export async function endWith(given: ReplyStatus, deps: ReplyDeps): Promise<InvokeReply> {
  try {
    return await endPacked(await packedStatus(given, deps.payloads), deps)
  } catch (cause) {
    return replyOf(deps, payloadEnd(cause) ?? unreachable(cause), [])
  }
}

async function endPacked(status: ReplyStatus, deps: ReplyDeps): Promise<InvokeReply> {
  const { outbox } = deps
  const end = endEntryOf(status)
  const { keep, bytes } = lastSegment(await outbox.packed, end, deps.maxSegmentBytes)
  const isTooLarge = bytes > deps.maxReplyBytes
  const appendsEnd = end !== undefined && (deps.appendsItsEnd || isTooLarge)
  if (appendsEnd) outbox.add('note', end)
  await outbox.drain(appendsEnd || isTooLarge ? 0 : keep)
  if (outbox.state === 'fenced') return replyOf(deps, { kind: 'fenced' }, [])
  if (appendsEnd && outbox.state === 'open') return replyOf(deps, { kind: 'appended' }, [])
  // What is left ends with the end, where that was to be appended.
  const packed = await outbox.packed
  const left = appendsEnd ? packed.slice(0, -1) : packed
  // What could not be appended before the last segment would not fit into that.
  const isOneSegment = left.length <= keep && !isTooLarge
  if (isOneSegment || outbox.state !== 'unreachable') return replyOf(deps, status, left)
  return replyOf(deps, unreachable(outbox.cause), [])
}

/** The status as it is stored: an end that the handler appends itself has the same parts. */
async function packedStatus(
  status: ReplyStatus,
  payloads: AttemptPayloads | undefined,
): Promise<ReplyStatus> {
  if (payloads === undefined) return status
  if (status.kind === 'retry') {
    return { kind: 'retry', failure: await payloads.packFailure(status.failure) }
  }
  const end = endEntryOf(status)
  const [packed] = end === undefined ? [] : await payloads.pack([end])
  if (packed?.kind === 'paused') return { kind: 'paused', failure: packed.reason }
  if (packed?.kind !== 'output') return status
  const { result } = packed
  return result.kind === 'value'
    ? { kind: 'completed', value: result.value }
    : { kind: 'failed', failure: result.failure }
}

/** The attempt could not get at its journal: the next may fare better, but with what no segment can hold. */
export function unreachable(cause: unknown): ReplyStatus {
  if (cause instanceof ProtocolError && cause.code === 'segment-too-large') {
    return { kind: 'paused', failure: { code: cause.code, message: cause.message } }
  }
  return {
    kind: 'retry',
    failure: {
      code: 'journal-unreachable',
      message: 'The handler could not reach its journal',
      cause: toFailure(cause, 'journal-unreachable'),
    },
  }
}

/** An answer without anything to store. */
export function replyOf(
  { request, writer, outbox }: Pick<ReplyDeps, 'request' | 'writer'> & { readonly outbox?: Outbox },
  status: ReplyStatus,
  entries: readonly Entry[],
): InvokeReply {
  return {
    protocol: protocolVersion,
    kind: 'reply',
    invocation: request.invocation,
    epoch: request.epoch,
    writer,
    base: outbox?.base ?? null,
    entries: [...entries],
    status,
  }
}

/** How many entries the journal's last segment takes, beside the end, and how large it is. */
function lastSegment(
  entries: readonly Entry[],
  end: Entry | undefined,
  maxBytes: number,
): { readonly keep: number; readonly bytes: number } {
  let last = end === undefined ? entries : [...entries, end]
  for (let size = fitting(last, maxBytes); size < last.length; size = fitting(last, maxBytes)) {
    last = last.slice(size)
  }
  const bytes = last.reduce((sum, entry) => sum + entryBytes(entry), 0)
  return { keep: end === undefined ? last.length : last.length - 1, bytes }
}

/** A retry's end is the orchestrator's to write: it knows the policy. */
function endEntryOf(status: ReplyStatus): Entry | undefined {
  switch (status.kind) {
    case 'suspended':
      return { kind: 'suspended', waitingOn: status.waitingOn }
    case 'completed':
      return { kind: 'output', result: { kind: 'value', value: status.value } }
    case 'failed':
      return { kind: 'output', result: { kind: 'failure', failure: status.failure } }
    case 'paused':
      return { kind: 'paused', reason: status.failure }
    case 'retry':
    case 'fenced':
    case 'appended':
      return undefined
    default:
      return status satisfies never
  }
}
