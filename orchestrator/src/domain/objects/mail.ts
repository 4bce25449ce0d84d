import type {
  Entry,
  EntryOf,
  Failure,
  InvocationId,
  Segment,
} from '@fermata/lambda-runtime/protocol'
import { evolveAll } from '../invocation/evolve.ts'
import type { InvocationState } from '../invocation/state.ts'
import type { Leave, Stimulus } from '../invocation/stimulus.ts'
import type { Slot } from './model.ts'

/** What the slot whose turn it is means, given the journal of its invocation. */
export type Turn =
  /** There is no journal yet, or one that has no place so far: it begins. */
  | 'begins'
  | 'holds'
  | 'over'
  /** It stands in another slot, too, or ended before it got one. */
  | 'void'

export function judgeTurn(n: number, state: InvocationState | undefined): Turn {
  if (state === undefined) return 'begins'
  const isClosed = state.phase.kind === 'closed'
  if (state.created.slot === n) return isClosed ? 'over' : 'holds'
  return state.created.slot === 0 && !isClosed ? 'begins' : 'void'
}

/** What an invocation begins with whose turn has come: leave to run, word that nobody serves it, or the wait for a permit. */
export type Start =
  | { readonly kind: 'leave'; readonly leave: Leave }
  | { readonly kind: 'unserved'; readonly reason: Failure }
  | { readonly kind: 'wait' }

/** The first entries of its own; `before`: news that came while it waited in the mailbox. */
export function opening(
  created: EntryOf<'created'>,
  before: readonly Entry[],
  start: Start,
): readonly Entry[] {
  const ended = endedBefore(created, before)
  if (ended !== undefined) {
    return [created, { kind: 'output', result: { kind: 'failure', failure: ended } }]
  }
  switch (start.kind) {
    case 'leave':
      return [created, { kind: 'attempt', epoch: 1, ...start.leave }]
    case 'unserved':
      return [created, { kind: 'paused', reason: start.reason }]
    case 'wait':
      return [created]
  }
}

/** One that does another one's work again has something to make up for: its handler hears of a cancellation itself. */
function endedBefore(
  { restartOf }: EntryOf<'created'>,
  before: readonly Entry[],
): Failure | undefined {
  const killed = before.find((entry) => entry.kind === 'killed')
  if (killed !== undefined) {
    const message = killed.reason ?? 'The invocation was killed'
    return { code: 'killed', name: 'TerminalError', message }
  }
  const isCancelled = before.some((entry) => entry.kind === 'cancel')
  if (!isCancelled || restartOf?.kept !== undefined) return undefined
  return { code: 'cancelled', name: 'CancelledError', message: 'The invocation was cancelled' }
}

/** What of a stimulus is kept for an invocation that waits in a mailbox; its journal begins with it. */
export function decidePreface(
  created: EntryOf<'created'>,
  before: readonly Entry[],
  stimulus: Stimulus,
): readonly Entry[] {
  switch (stimulus.kind) {
    case 'signal':
      return signal(before, stimulus)
    case 'waiter':
      return waiter(created, before, stimulus)
    case 'cancel':
      return end(before, 'cancel', stimulus.reason)
    case 'kill':
      return end(before, 'killed', stimulus.reason)
    default:
      return []
  }
}

type Of<K extends Stimulus['kind']> = Extract<Stimulus, { readonly kind: K }>

function signal(
  before: readonly Entry[],
  { name, value, id }: Of<'signal'>,
): readonly EntryOf<'signal'>[] {
  if (id === undefined) return [{ kind: 'signal', name, value }]
  const isKnown = before.some((entry) => entry.kind === 'signal' && entry.id === id)
  return isKnown ? [] : [{ kind: 'signal', name, value, id }]
}

function waiter(
  { origin }: EntryOf<'created'>,
  before: readonly Entry[],
  { invocation, op }: Of<'waiter'>,
): readonly EntryOf<'waiter'>[] {
  const isSame = (one: { readonly invocation: InvocationId; readonly op: number }) =>
    one.invocation === invocation && one.op === op
  const isKnown = before.some((entry) => entry.kind === 'waiter' && isSame(entry))
  const isCaller = origin.kind === 'call' && isSame(origin)
  return isKnown || isCaller ? [] : [{ kind: 'waiter', invocation, op }]
}

function end(
  before: readonly Entry[],
  kind: 'cancel' | 'killed',
  reason: string | undefined,
): readonly Entry[] {
  if (before.some((entry) => entry.kind === kind)) return []
  return [{ kind, ...(reason === undefined ? {} : { reason }) }]
}

/** How an invocation looks that has no journal yet, or only news: as if it had just been created. */
export function queuedState(
  slot: Pick<Slot, 'n' | 'writer' | 'at'>,
  created: EntryOf<'created'>,
  preface: readonly Segment[],
): InvocationState | undefined {
  const last: Segment = {
    protocol: 1,
    n: preface.length,
    born: preface[0]?.born ?? '',
    epoch: 0,
    by: 'orchestrator',
    writer: slot.writer,
    at: slot.at,
    entries: [{ ...created, slot: slot.n }],
  }
  return evolveAll([...preface, last])
}

/** Epoch ms at which a slot is stamped anew, so that it does not expire while it waits. */
export function halfRetentionOf({ expires, mail }: Slot): number {
  const retentionMs = mail.kind === 'edit' ? mail.retentionMs : mail.created.retentionMs
  return expires - Math.max(1, Math.floor(retentionMs / 2))
}
