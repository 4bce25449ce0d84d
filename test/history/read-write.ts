import type { InvocationId, Json, PromiseRef } from '@fermata/lambda-runtime/protocol'
import {
  type AttributeValue,
  decodeSegmentItem,
  decodeStateItem,
  type Item,
  textOf,
} from '@fermata/lambda-runtime/table'
import {
  decodeHead,
  decodeSlot,
  slotPrefix,
} from '@fermata/orchestrator/adapters/dynamodb/object-item'
import {
  decodeOutcome,
  expiresOf,
  outcomePrefix,
} from '@fermata/orchestrator/adapters/dynamodb/promise-item'
import { decodeDeadRecord } from '@fermata/orchestrator/domain/subscriptions/dead-record'
import type { ObjectRef } from '@fermata/orchestrator/ports'
import type { Happening } from './events.ts'
import type { WireItem, WireRecord } from './table-stream.ts'

/** What others than the orchestrators and functions put into the table, so that it has its place in the order. */
export const notePartition = 'X#history'

export type Read = { readonly at?: number; readonly who: string; readonly happening: Happening }

/** What a write of the table means; nothing for those that no rule looks at. */
export function readWrite({ eventName, dynamodb }: WireRecord): readonly Read[] {
  const key = toItem(dynamodb.Keys)
  const [pk, sk] = [textIn(key, 'pk'), textIn(key, 'sk')]
  const family = pk.slice(0, pk.indexOf('#') + 1)
  const image = dynamodb.NewImage && toItem(dynamodb.NewImage)
  if (image === undefined || eventName === 'REMOVE') {
    const old = dynamodb.OldImage && toItem(dynamodb.OldImage)
    return old === undefined ? [] : removed(family, pk, sk, old)
  }
  if (pk === notePartition) return JSON.parse(textIn(image, 'reads')) as readonly Read[]
  switch (family) {
    case 'J#':
      return [readSegment(pk, image)]
    case 'O#':
      return readObject(refOf(pk), sk, image)
    case 'P#':
      return sk.startsWith(outcomePrefix) ? [readPromise(refOf(pk), image)] : []
    case 'C#':
      return pk === 'C#dead' ? readDead(image) : []
    default:
      return []
  }
}

function removed(family: string, pk: string, sk: string, old: Item): readonly Read[] {
  if (family === 'P#' && sk.startsWith(outcomePrefix)) {
    const promise = promiseOf(refOf(pk), old)
    return [{ who: 'table', happening: { what: 'promise-gone', promise } }]
  }
  if (family !== 'J#') return []
  const happening = { what: 'segment-gone', invocation: invocationOf(pk), n: Number(sk) } as const
  return [{ who: 'table', happening }]
}

function readSegment(pk: string, image: Item): Read {
  const { segment, expires } = decodeSegmentItem(image)
  return {
    at: segment.at,
    who: segment.by,
    happening: {
      what: 'segment',
      invocation: invocationOf(pk),
      segment,
      ...(expires === undefined ? {} : { expires }),
    },
  }
}

function readObject(object: ObjectRef, sk: string, image: Item): readonly Read[] {
  const who = 'orchestrator'
  if (sk === 'head') return [{ who, happening: { what: 'head', object, head: decodeHead(image) } }]
  if (sk.startsWith(slotPrefix)) {
    const slot = decodeSlot(image)
    return [{ at: slot.at, who, happening: { what: 'slot', object, slot } }]
  }
  const [, name = '', slot] = sk.split('#')
  const place = { name: decodeURIComponent(name), slot: Number(slot) }
  return [{ who, happening: { what: 'value', object, ...place, value: decodeStateItem(image) } }]
}

function readPromise(ref: ObjectRef, image: Item): Read {
  const { outcome, by } = decodeOutcome(image)
  const promise = promiseOf(ref, image)
  const expires = expiresOf(image)
  return { who: 'orchestrator', happening: { what: 'promise', promise, outcome, by, expires } }
}

function promiseOf({ service, key }: ObjectRef, item: Item): PromiseRef {
  return { workflow: service, key, name: decodeOutcome(item).name }
}

function readDead(image: Item): readonly Read[] {
  const dead = decodeDeadRecord(JSON.parse(textOf('dead record', image['body'])) as Json)
  if (dead === undefined) return []
  const { subscription, topic, partition, offset } = dead
  const happening = { what: 'dead', subscription, topic, partition, offset } as const
  return [{ who: 'orchestrator', happening }]
}

/** `J#service#id`. */
function invocationOf(pk: string): InvocationId {
  return pk.split('#').slice(2).join('#') as InvocationId
}

/** `O#service#key`, `P#workflow#key`. */
function refOf(pk: string): ObjectRef {
  const [, service = '', ...key] = pk.split('#')
  return { service, key: key.join('#') }
}

function textIn(item: Item, name: string): string {
  const value = item[name]
  if (value === undefined || !('S' in value)) throw new Error(`${name} is not text`)
  return value.S
}

function toItem(wire: WireItem): Item {
  return Object.fromEntries(
    Object.entries(wire).map(([name, value]) => [name, toAttribute(value)] as const),
  )
}

function toAttribute(value: WireItem[string]): AttributeValue {
  if (value['S'] !== undefined) return { S: value['S'] }
  if (value['N'] !== undefined) return { N: value['N'] }
  return { B: Buffer.from(value['B'] ?? '', 'base64') }
}
