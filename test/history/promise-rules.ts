import type { InvocationId, PromiseRef } from '@fermata/lambda-runtime/protocol'
import { canonical, type HistoryEvent } from './events.ts'

type Of<W extends HistoryEvent['what']> = Extract<HistoryEvent, { what: W }>
type Asked = { readonly kind: 'get' | 'complete'; readonly promise: string }

/** Durable promises (INV-5): the first who completes one has, and all who wait for it hear the same. */
export class PromiseRules {
  readonly #standing = new Map<string, Of<'promise'>>()
  /** Ops on promises, by invocation and op. */
  readonly #asked = new Map<string, Asked>()

  take(event: Of<'promise'>): readonly string[] {
    const name = nameOf(event.promise)
    const before = this.#standing.get(name)
    this.#standing.set(name, event)
    if (before === undefined || before.expires <= event.at) return []
    const [was, is] = [before, event].map(({ outcome, by }) => canonical([by, outcome]))
    return was === is ? [] : [`INV-5: promise ${name} was ${was}, and is ${is}`]
  }

  takeGone({ promise }: Of<'promise-gone'>): readonly string[] {
    this.#standing.delete(nameOf(promise))
    return []
  }

  takeSegment({ invocation, segment }: Of<'segment'>): readonly string[] {
    const found: string[] = []
    for (const entry of segment.entries) {
      if (entry.kind === 'promise-get' || entry.kind === 'promise-complete') {
        const kind = entry.kind === 'promise-get' ? 'get' : 'complete'
        this.#asked.set(opOf(invocation, entry.op), { kind, promise: nameOf(entry.promise) })
      }
      if (entry.kind === 'completion') {
        found.push(...this.#heard(invocation, entry.op, canonical(entry.result)))
      }
    }
    return found
  }

  #heard(invocation: InvocationId, op: number, heard: string): readonly string[] {
    const asked = this.#asked.get(opOf(invocation, op))
    const standing = asked && this.#standing.get(asked.promise)
    if (asked === undefined || standing === undefined) return []
    const isOwn = standing.by === opOf(invocation, op)
    const right =
      asked.kind === 'get'
        ? canonical(standing.outcome)
        : canonical({ kind: 'value', value: { json: isOwn } })
    if (heard === right) return []
    return [`INV-5: op ${op} of ${invocation} heard ${heard} of ${asked.promise}, not ${right}`]
  }
}

function opOf(invocation: InvocationId, op: number): string {
  return `${invocation}.${op}`
}

function nameOf({ workflow, key, name }: PromiseRef): string {
  return `${workflow}/${key}/${name}`
}
