import type {
  Entry,
  EntryKind,
  EntryOf,
  OpStatus,
  Segment,
  Value,
} from '@fermata/lambda-runtime/protocol'
import type { InvocationState, Phase, SignalLine, StatePatch } from './state.ts'

/**
 * Folds a whole journal. News may stand before `created`: what waits in a mailbox has no other journal yet, and
 * a restarted invocation begins with what is kept of another's. `undefined`: there is no `created` yet.
 */
export function evolveAll(segments: readonly Segment[]): InvocationState | undefined {
  for (const segment of segments) {
    const created = segment.entries.find((entry) => entry.kind === 'created')
    if (created !== undefined) return segments.reduce(evolve, begin(created, segment))
  }
  return undefined
}

/** Folds one segment. A handler segment that its epoch does not allow changes nothing but the length (INV-2). */
export function evolve(state: InvocationState, segment: Segment): InvocationState {
  const after: InvocationState = { ...state, next: segment.n + 1, updatedAt: segment.at }
  if (segment.by === 'handler' && !admits(state, segment)) {
    return { ...after, refused: new Set(state.refused).add(segment.n) }
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

function begin(created: EntryOf<'created'>, segment: Segment): InvocationState {
  return {
    created,
    createdAt: segment.at,
    updatedAt: segment.at,
    born: segment.born,
    next: 0,
    phase: { kind: 'queued' },
    epoch: 0,
    deployment: undefined,
    lastHandler: undefined,
    ops: 0,
    settled: new Map(),
    sleeps: new Map(),
    awakeables: new Set(),
    calls: new Map(),
    promises: new Map(),
    deadlines: new Map(),
    signals: new Map(),
    signalIds: new Set(),
    cancel: 'none',
    killed: false,
    patch: { cleared: false, values: new Map() },
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

const progressed = { failures: 0, failingSince: undefined } as const

const folds: { readonly [K in EntryKind]: Fold<K> } = {
  created: getPlace,
  attempt: (state, entry, segment) => ({
    ...state,
    ...(state.phase.kind === 'paused' ? progressed : {}),
    cancel: state.cancel === 'asked' ? 'told' : state.cancel,
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
  call: (state, entry) => {
    const next = asked(state, entry.op)
    return { ...next, calls: new Map(next.calls).set(entry.op, entry) }
  },
  send: (state, entry) => issued(state, entry.op),
  awakeable: makeAwakeable,
  'awakeable-complete': (state, entry) => issued(state, entry.op),
  'state-get': (state, entry) => ({ ...asked(state, entry.op), ...progressed }),
  'state-keys': (state, entry) => ({ ...asked(state, entry.op), ...progressed }),
  'state-set': (state, { op, name, value }) => ({
    ...issued(state, op),
    patch: patched(state.patch, name, value),
  }),
  'state-clear': (state, { op, name }) => ({
    ...issued(state, op),
    patch: patched(state.patch, name, undefined),
  }),
  'state-clear-all': (state, entry) => ({
    ...issued(state, entry.op),
    patch: { cleared: true, values: new Map() },
  }),
  'signal-wait': waitForSignal,
  'signal-send': (state, entry) => issued(state, entry.op),
  'cancel-invocation': (state, entry) => issued(state, entry.op),
  attach: (state, entry) => asked(state, entry.op),
  'promise-get': (state, entry) => {
    const next = asked(state, entry.op)
    return { ...next, promises: new Map(next.promises).set(entry.op, entry.promise) }
  },
  'promise-peek': (state, entry) => asked(state, entry.op),
  'promise-complete': (state, entry) => asked(state, entry.op),
  completion: settle,
  signal: takeSignal,
  heartbeat: (state, { op }, segment) => {
    const deadline = state.deadlines.get(op)
    if (deadline === undefined) return state
    const dueAt = Math.max(deadline.dueAt, segment.at + deadline.everyMs)
    return { ...state, deadlines: new Map(state.deadlines).set(op, { ...deadline, dueAt }) }
  },
  cancel: (state) => (state.cancel === 'none' ? { ...state, cancel: 'asked' } : state),
  cancelled: (state) => ({ ...state, ...progressed, cancel: 'surfaced' }),
  killed: (state) => ({ ...state, killed: true }),
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

/** One that had to wait before it could queue up gets its place in the mailbox. */
function getPlace(state: InvocationState, entry: EntryOf<'created'>): InvocationState {
  if (state.created.slot !== 0 || entry.slot === 0) return state
  return { ...state, created: entry, phase: { kind: 'queued' } }
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
  return state.settled.has(entry.op) ? state : settled(state, entry.op, entry.result.kind)
}

function settled(
  state: InvocationState,
  op: number,
  how: Exclude<OpStatus, 'pending'>,
): InvocationState {
  return {
    ...state,
    settled: new Map(state.settled).set(op, how),
    sleeps: without(state.sleeps, op),
    calls: without(state.calls, op),
    promises: without(state.promises, op),
    deadlines: without(state.deadlines, op),
  }
}

function without<V>(map: ReadonlyMap<number, V>, op: number): ReadonlyMap<number, V> {
  if (!map.has(op)) return map
  const rest = new Map(map)
  rest.delete(op)
  return rest
}

function makeAwakeable(
  state: InvocationState,
  { op, heartbeatMs, at }: EntryOf<'awakeable'>,
  segment: Segment,
): InvocationState {
  const next = { ...issued(state, op), awakeables: new Set(state.awakeables).add(op) }
  if (heartbeatMs === undefined || state.settled.has(op)) return next
  const deadline = { everyMs: heartbeatMs, dueAt: (at ?? segment.at) + heartbeatMs }
  return { ...next, deadlines: new Map(state.deadlines).set(op, deadline) }
}

/** The k-th wait for a name gets the k-th signal of that name, whichever of the two comes first. */
function waitForSignal(
  state: InvocationState,
  { op, name }: EntryOf<'signal-wait'>,
): InvocationState {
  const next = asked(state, op)
  const { waits, early } = lineOf(next, name)
  if (early === 0) return inLine(next, name, { waits: [...waits, op], early })
  return settled(inLine(next, name, { waits, early: early - 1 }), op, 'value')
}

function takeSignal(state: InvocationState, { name, id }: EntryOf<'signal'>): InvocationState {
  if (id !== undefined && state.signalIds.has(id)) return state
  const signalIds = id === undefined ? state.signalIds : new Set(state.signalIds).add(id)
  const next = { ...state, signalIds }
  const { waits, early } = lineOf(next, name)
  const [first, ...rest] = waits
  if (first === undefined) return inLine(next, name, { waits, early: early + 1 })
  return settled(inLine(next, name, { waits: rest, early }), first, 'value')
}

function lineOf(state: InvocationState, name: string): SignalLine {
  return state.signals.get(name) ?? { waits: [], early: 0 }
}

function inLine(state: InvocationState, name: string, line: SignalLine): InvocationState {
  return { ...state, signals: new Map(state.signals).set(name, line) }
}

function patched(
  { cleared, values }: StatePatch,
  name: string,
  value: Value | undefined,
): StatePatch {
  return { cleared, values: new Map(values).set(name, value) }
}

function inPhase(state: InvocationState, phase: Phase): InvocationState {
  return { ...state, phase }
}
