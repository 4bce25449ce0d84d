import {
  childIdFor,
  type Entry,
  type EntryKind,
  type EntryOf,
  type InvocationId,
  type Outcome,
  type Segment,
} from '@fermata/lambda-runtime/protocol'

/** What a durable segment asks for. Each is idempotent by a derived id, so it may be carried out again (INV-5). */
export type Effect =
  | {
      readonly kind: 'create'
      readonly how: 'call' | 'send'
      readonly entry: EntryOf<'call'> | EntryOf<'send'>
    }
  | {
      readonly kind: 'complete-awakeable'
      readonly awakeable: string
      readonly outcome: Outcome
    }
  | { readonly kind: 'signal'; readonly entry: EntryOf<'signal-send'> }
  | { readonly kind: 'cancel'; readonly invocation: InvocationId }
  | { readonly kind: 'attach'; readonly entry: EntryOf<'attach'> }
  | {
      readonly kind: 'promise'
      readonly entry: EntryOf<'promise-get' | 'promise-peek' | 'promise-complete'>
    }
  /** Whoever was called by an op before `before` and has not answered ends, too: what is called later makes up for it. */
  | {
      readonly kind: 'end-children'
      readonly how: 'cancel' | 'kill'
      readonly before: number
    }

type EffectOf = { readonly [K in EntryKind]?: (entry: EntryOf<K>) => Effect }

/** Those that cannot wake the invocation itself. */
const first: EffectOf = {
  send: (entry) => ({ kind: 'create', how: 'send', entry }),
  'signal-send': (entry) => ({ kind: 'signal', entry }),
  'cancel-invocation': ({ invocation }) => ({ kind: 'cancel', invocation }),
}

const last: EffectOf = {
  call: (entry) => ({ kind: 'create', how: 'call', entry }),
  'awakeable-complete': ({ awakeable, result }) => ({
    kind: 'complete-awakeable',
    awakeable,
    outcome: result,
  }),
  attach: (entry) => ({ kind: 'attach', entry }),
  'promise-get': (entry) => ({ kind: 'promise', entry }),
  'promise-peek': (entry) => ({ kind: 'promise', entry }),
  'promise-complete': (entry) => ({ kind: 'promise', entry }),
  cancelled: ({ after }) => ({ kind: 'end-children', how: 'cancel', before: after }),
  killed: () => ({ kind: 'end-children', how: 'kill', before: Number.POSITIVE_INFINITY }),
}

/** The effects of one segment: first those that cannot wake the invocation itself, then those that can. */
export function effectsOf({ entries }: Segment): readonly Effect[] {
  return [first, last].flatMap((table) =>
    entries.flatMap((entry) => {
      const effect = table[entry.kind] as ((entry: Entry) => Effect) | undefined
      return effect === undefined ? [] : [effect(entry)]
    }),
  )
}

/** The segments after `carried` that ask for something, and may. */
export function uncarried(
  segments: readonly Segment[],
  carried: number,
  refused: ReadonlySet<number>,
): readonly Segment[] {
  return segments.filter(
    (segment) => segment.n > carried && !refused.has(segment.n) && effectsOf(segment).length > 0,
  )
}

/**
 * What stands before an effect of `parent`: because it is for the same key, and an earlier op; or for the same
 * invocation, which may only just have been asked for: what is told to one that is not there is lost.
 */
export function predecessors(
  effects: readonly Effect[],
  parent: InvocationId,
): ReadonlyMap<Effect, Effect> {
  return new Map([...inKeys(effects), ...afterReceivers(effects, parent)])
}

function inKeys(effects: readonly Effect[]): ReadonlyMap<Effect, Effect> {
  const lines = new Map<string, Extract<Effect, { kind: 'create' }>[]>()
  for (const effect of effects) {
    if (effect.kind !== 'create' || effect.entry.target.key === undefined) continue
    const { service, key } = effect.entry.target
    const line = `${service}#${key}`
    lines.set(line, [...(lines.get(line) ?? []), effect])
  }
  const before = new Map<Effect, Effect>()
  for (const line of lines.values()) {
    const inLine = line.toSorted((a, b) => a.entry.op - b.entry.op)
    for (const [index, effect] of inLine.entries()) {
      const previous = inLine[index - 1]
      if (previous !== undefined) before.set(effect, previous)
    }
  }
  return before
}

function afterReceivers(
  effects: readonly Effect[],
  parent: InvocationId,
): ReadonlyMap<Effect, Effect> {
  const lasts = new Map<InvocationId, Effect>()
  for (const effect of effects) {
    if (effect.kind !== 'create') continue
    const { target, op, idempotencyKey } = effect.entry
    lasts.set(childIdFor(target, { parent, op, idempotencyKey }), effect)
  }
  const before = new Map<Effect, Effect>()
  for (const effect of effects) {
    const receiver = receiverOf(effect)
    if (receiver === undefined) continue
    const last = lasts.get(receiver)
    if (last !== undefined) before.set(effect, last)
    lasts.set(receiver, effect)
  }
  return before
}

function receiverOf(effect: Effect): InvocationId | undefined {
  switch (effect.kind) {
    case 'signal':
    case 'attach':
      return effect.entry.invocation
    case 'cancel':
      return effect.invocation
    default:
      return undefined
  }
}
