import type { Entry, EntryKind, EntryOf, Segment } from '@fermata/lambda-runtime/protocol'
import type { InvocationState, Phase } from './state.ts'

/** Folds segments in order onto what is known. `undefined`: there is no `created` yet. */
export function evolveAll(
  state: InvocationState | undefined,
  segments: readonly Segment[],
): InvocationState | undefined {
  return segments.reduce<InvocationState | undefined>(evolve, state)
}

/** Folds one segment. A handler segment that its epoch does not allow changes nothing but the length (INV-2). */
export function evolve(
  state: InvocationState | undefined,
  segment: Segment,
): InvocationState | undefined {
  const base = state ?? begin(segment)
  if (base === undefined) return undefined
  const after: InvocationState = { ...base, next: segment.n + 1, updatedAt: segment.at }
  if (segment.by === 'handler' && !admits(base, segment)) {
    return { ...after, refused: new Set(base.refused).add(segment.n) }
  }
  const bound =
    segment.by === 'handler'
      ? { ...after, lastHandler: { n: segment.n, writer: segment.writer } }
      : after
  const carried = segment.carried ?? bound.carried
  return segment.entries.reduce((now, entry) => apply(now, entry, segment), { ...bound, carried })
}

/** Whether a handler segment with this epoch and writer may extend the journal (INV-2). */
export function admits(
  state: Pick<InvocationState, 'phase' | 'epoch' | 'lastHandler'>,
  segment: Pick<Segment, 'epoch' | 'writer'>,
): boolean {
  if (state.phase.kind !== 'running' || segment.epoch !== state.epoch) return false
  return state.lastHandler === undefined || state.lastHandler.writer === segment.writer
}

function begin(segment: Segment): InvocationState | undefined {
  const created = segment.entries.find((entry) => entry.kind === 'created')
  if (created === undefined) return undefined
  return {
    created,
    createdAt: segment.at,
    updatedAt: segment.at,
    born: segment.born,
    next: segment.n,
    phase: { kind: 'queued' },
    epoch: 0,
    deployment: undefined,
    lastHandler: undefined,
    ops: 0,
    settled: new Map(),
    sleeps: new Map(),
    awakeables: new Set(),
    waiters: [],
    failures: 0,
    failingSince: undefined,
    lastFailure: undefined,
    refused: new Set(),
    carried: -1,
  }
}

type Fold<K extends EntryKind> = (
  state: InvocationState,
  entry: EntryOf<K>,
  segment: Segment,
) => InvocationState

const unchanged = (state: InvocationState): InvocationState => state
const progressed = { failures: 0, failingSince: undefined } as const

const folds: { readonly [K in EntryKind]: Fold<K> } = {
  created: unchanged,
  attempt: (state, entry, segment) => ({
    ...state,
    ...(state.phase.kind === 'paused' ? progressed : {}),
    epoch: entry.epoch,
    deployment: entry.deployment,
    lastHandler: undefined,
    phase: { kind: 'running', startedAt: segment.at, alive: false },
  }),
  run: (state, entry) => settle(asked({ ...state, ...progressed }, entry.op), entry),
  'run-started': (state, entry) => asked(state, entry.op),
  'run-failed': (state, entry) => ({ ...asked(state, entry.op), lastFailure: entry.failure }),
  sleep: (state, entry) => {
    const next = asked(state, entry.op)
    return { ...next, sleeps: new Map(next.sleeps).set(entry.op, entry.wakeAt) }
  },
  call: (state, entry) => asked(state, entry.op),
  send: (state, entry) => issued(state, entry.op),
  awakeable: (state, entry) => ({
    ...issued(state, entry.op),
    awakeables: new Set(state.awakeables).add(entry.op),
  }),
  'awakeable-complete': (state, entry) => issued(state, entry.op),
  completion: settle,
  seen: (state) => ({ ...state, ...progressed }),
  waiter: (state, entry) => ({
    ...state,
    waiters: [...state.waiters, { invocation: entry.invocation, op: entry.op }],
  }),
  alive: (state) =>
    state.phase.kind === 'running' ? inPhase(state, { ...state.phase, alive: true }) : state,
  suspended: (state, entry) =>
    inPhase({ ...state, ...progressed }, { kind: 'suspended', waitingOn: entry.waitingOn }),
  'attempt-failed': (state, entry, segment) => ({
    ...state,
    phase: { kind: 'backing-off', retryAt: entry.retryAt },
    failures: state.failures + 1,
    failingSince: state.failingSince ?? segment.at,
    lastFailure: entry.failure,
  }),
  paused: (state, entry) => ({ ...state, phase: { kind: 'paused' }, lastFailure: entry.reason }),
  output: (state, entry) => inPhase(state, { kind: 'closed', outcome: entry.result }),
}

/** INV-12: what follows an output changes nothing but who waits for it. */
function apply(state: InvocationState, entry: Entry, segment: Segment): InvocationState {
  if (state.phase.kind === 'closed' && entry.kind !== 'waiter') return state
  return (folds[entry.kind] as Fold<EntryKind>)(state, entry, segment)
}

function issued(state: InvocationState, op: number): InvocationState {
  return op < state.ops ? state : { ...state, ops: op + 1 }
}

/** An op that is no awakeable: what was said of it before it was there is nothing to it, for ids can be guessed. */
function asked(state: InvocationState, op: number): InvocationState {
  const next = issued(state, op)
  if (!next.settled.has(op)) return next
  const settled = new Map(next.settled)
  settled.delete(op)
  return { ...next, settled }
}

/** The first result of an op counts; one that precedes its awakeable is kept for it. */
function settle(
  state: InvocationState,
  entry: EntryOf<'completion'> | EntryOf<'run'>,
): InvocationState {
  if (state.settled.has(entry.op)) return state
  const settled = new Map(state.settled).set(entry.op, entry.result.kind)
  if (!state.sleeps.has(entry.op)) return { ...state, settled }
  const sleeps = new Map(state.sleeps)
  sleeps.delete(entry.op)
  return { ...state, settled, sleeps }
}

function inPhase(state: InvocationState, phase: Phase): InvocationState {
  return { ...state, phase }
}
