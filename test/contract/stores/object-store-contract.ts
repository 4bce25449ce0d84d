import type { EntryOf, InvocationId } from '@fermata/lambda-runtime/protocol'
import { deriveInvocationId } from '@fermata/lambda-runtime/protocol'
import type { ObjectHead, ObjectRef, Slot } from '@fermata/orchestrator/ports'
import { expect } from 'vitest'
import { fillingNames } from '../../support/state-names.ts'
import {
  createdEntry,
  denseText,
  describeCases,
  freshName,
  hourMs,
  inAnHour,
  type StoreCases,
  type StoresUnderTest,
} from './harness.ts'

const freshRef = (): ObjectRef => ({ service: 'cart', key: freshName('ключ #') })

function slotOf(stores: StoresUnderTest, n: number, fields: Partial<Slot> = {}): Slot {
  const created = createdEntry(hourMs) as EntryOf<'created'>
  const invocation: InvocationId = deriveInvocationId('cart', [String(n)])
  return {
    n,
    writer: `writer-${n}`,
    at: stores.clock.now(),
    expires: inAnHour(stores),
    mail: { kind: 'invocation', invocation, created },
    mark: undefined,
    ...fields,
  }
}

const head: ObjectHead = {
  done: 3,
  version: 2,
  cells: [
    { name: 'total', value: { json: 7 } },
    { name: 'items', slot: 3, bytes: 9_000 },
  ],
  live: undefined,
  expires: undefined,
  writes: 1,
}

const cases: StoreCases = {
  'a key that nobody wrote to has no head, no slots and no values': async ({ objects }) => {
    const ref = freshRef()
    expect(await objects.head(ref)).toBeUndefined()
    expect(await objects.slots(ref, 1, 10)).toEqual([])
    expect(await objects.lastSlot(ref)).toBe(0)
    expect(await objects.value(ref, { name: 'x', slot: 1 })).toBeUndefined()
  },

  'a slot is taken once; whoever comes second learns what stands there': async (stores) => {
    const ref = freshRef()
    const first = slotOf(stores, 1)
    expect(await stores.objects.append(ref, first)).toEqual({ kind: 'appended' })
    const second = slotOf(stores, 1, { writer: 'other' })
    expect(await stores.objects.append(ref, second)).toEqual({ kind: 'conflict', existing: first })
    expect(await stores.objects.slots(ref, 1, 10)).toEqual([first])
  },

  'the very same slot may be appended again': async (stores) => {
    const ref = freshRef()
    await stores.objects.append(ref, slotOf(stores, 1))
    expect(await stores.objects.append(ref, slotOf(stores, 1))).toEqual({ kind: 'appended' })
  },

  'of many who want one slot at once, exactly one gets it': async (stores) => {
    const ref = freshRef()
    const writers = Array.from({ length: 20 }, (_, i) => `w${i}`)
    const answers = await Promise.all(
      writers.map((writer) => stores.objects.append(ref, slotOf(stores, 1, { writer }))),
    )
    expect(answers.filter(({ kind }) => kind === 'appended')).toHaveLength(1)
  },

  'slots are listed by number, from any, a page at a time': async (stores) => {
    const ref = freshRef()
    for (const n of [1, 2, 9, 10, 11, 999_999, 1_000_000]) {
      await stores.objects.append(ref, slotOf(stores, n))
    }
    const numbers = async (from: number, limit: number) =>
      (await stores.objects.slots(ref, from, limit)).map(({ n }) => n)
    expect(await numbers(1, 100)).toEqual([1, 2, 9, 10, 11, 999_999, 1_000_000])
    expect(await numbers(10, 2)).toEqual([10, 11])
    expect(await stores.objects.lastSlot(ref)).toBe(1_000_000)
  },

  'keys do not see each other': async (stores) => {
    const ref = freshRef()
    await stores.objects.append(ref, slotOf(stores, 1))
    await stores.objects.writeHead(ref, head, undefined)
    const other = { ...ref, key: `${ref.key}#` }
    expect(await stores.objects.slots(other, 1, 10)).toEqual([])
    expect(await stores.objects.head(other)).toBeUndefined()
  },

  'a slot that has expired is absent, but its number is not given again': async (stores) => {
    const ref = freshRef()
    await stores.objects.append(ref, slotOf(stores, 1))
    await stores.objects.append(ref, slotOf(stores, 2, { expires: inAnHour(stores) + hourMs }))
    await stores.objects.append(ref, slotOf(stores, 3))
    stores.clock.advance(hourMs)
    expect((await stores.objects.slots(ref, 1, 1)).map(({ n }) => n)).toEqual([2])
    expect(await stores.objects.lastSlot(ref)).toBe(3)
    const late = await stores.objects.append(ref, slotOf(stores, 3, { writer: 'late' }))
    expect(late).toEqual({ kind: 'conflict', existing: undefined })
  },

  'a slot is stamped anew unless it has expired': async (stores) => {
    const ref = freshRef()
    const until = inAnHour(stores) + hourMs
    await stores.objects.append(ref, slotOf(stores, 1))
    await stores.objects.restampSlot(ref, 1, until)
    await stores.objects.restampSlot(ref, 2, until)
    stores.clock.advance(hourMs)
    expect(await stores.objects.slots(ref, 1, 10)).toMatchObject([{ n: 1, expires: until }])
    stores.clock.advance(hourMs)
    await stores.objects.restampSlot(ref, 1, until + hourMs)
    expect(await stores.objects.slots(ref, 1, 10)).toEqual([])
  },

  'a slot is kept for no less than it was': async (stores) => {
    const ref = freshRef()
    const until = inAnHour(stores) + hourMs
    await stores.objects.append(ref, slotOf(stores, 1, { expires: until }))
    await stores.objects.restampSlot(ref, 1, until - 1)
    expect(await stores.objects.slots(ref, 1, 1)).toMatchObject([{ n: 1, expires: until }])
  },

  'a slot can be marked': async (stores) => {
    const ref = freshRef()
    const edit = { id: 'e', version: 2, patch: { cleared: false, values: [['a', null]] } } as const
    const mail = { kind: 'edit', edit, retentionMs: hourMs } as const
    await stores.objects.append(ref, slotOf(stores, 1, { mail }))
    await stores.objects.markSlot(ref, 1, 'applied')
    expect(await stores.objects.slots(ref, 1, 1)).toMatchObject([{ n: 1, mail, mark: 'applied' }])
  },

  'a head is written against the one that was read': async ({ objects }) => {
    const ref = freshRef()
    expect(await objects.writeHead(ref, head, undefined)).toBe(true)
    expect(await objects.head(ref)).toEqual(head)
    expect(await objects.writeHead(ref, head, undefined)).toBe(false)
    const next = { ...head, done: 4, outlives: 5, writes: 2 }
    expect(await objects.writeHead(ref, next, head)).toBe(true)
    expect(await objects.writeHead(ref, { ...head, done: 5, writes: 2 }, head)).toBe(false)
    expect(await objects.head(ref)).toEqual(next)
  },

  'of many who finish at once, exactly one writes the head': async ({ objects }) => {
    const ref = freshRef()
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, done) => objects.writeHead(ref, { ...head, done }, undefined)),
    )
    expect(answers.filter(Boolean)).toHaveLength(1)
  },

  'a head keeps what a waiting holder shows': async ({ objects }) => {
    const ref = freshRef()
    const patch = { cleared: true, values: [['a', { json: 1 }]] } as const
    const live = { slot: 4, n: 2, invocation: deriveInvocationId('cart', ['4']), patch }
    await objects.writeHead(ref, { ...head, live }, undefined)
    expect((await objects.head(ref))?.live).toEqual(live)
    const long = { ...live, n: 3, patch: undefined }
    await objects.writeHead(ref, { ...head, live: long, writes: 2 }, { ...head, live })
    expect((await objects.head(ref))?.live).toEqual(long)
  },

  'a head that has expired is absent and gives way': async (stores) => {
    const ref = freshRef()
    const expires = inAnHour(stores)
    await stores.objects.writeHead(ref, { ...head, expires }, undefined)
    stores.clock.advance(hourMs)
    expect(await stores.objects.head(ref)).toBeUndefined()
    expect(await stores.objects.writeHead(ref, { ...head, done: 1 }, undefined)).toBe(true)
  },

  'large values stand beside the head, one for each name and slot': async ({ objects }) => {
    const ref = freshRef()
    const name = 'photos/2024 #1'
    const large = { json: denseText(100_000) }
    await objects.putValue(ref, { name, slot: 1 }, large, undefined)
    await objects.putValue(ref, { name, slot: 2 }, { json: 'new' }, 1_900_000_000_000)
    expect(await objects.value(ref, { name, slot: 1 })).toEqual(large)
    await objects.removeValue(ref, { name, slot: 1 })
    await objects.removeValue(ref, { name, slot: 1 })
    expect(await objects.value(ref, { name, slot: 1 })).toBeUndefined()
    expect(await objects.value(ref, { name, slot: 2 })).toEqual({ json: 'new' })
  },

  'a head holds a state of many short values': async ({ objects }) => {
    const ref = freshRef()
    const cells = Array.from({ length: 500 }, (_, i) => ({
      name: `value ${i}`,
      slot: i + 1,
      bytes: 7_000,
    }))
    await objects.writeHead(ref, { ...head, cells }, undefined)
    expect((await objects.head(ref))?.cells).toEqual(cells)
  },

  'a head holds all the names that there is room for, beside all else that may stand in it':
    async ({ objects }) => {
      const ref = { service: 's'.repeat(60), key: freshName('k').padEnd(512, 'k') }
      const cells = fillingNames().map((name, i) => ({
        ...{ name: denseText(name.length, i), slot: 999_999_999_999 },
        bytes: 999_999_999,
      }))
      const patch = { cleared: false, values: [['a', { json: denseText(4_000) }]] } as const
      const invocation = deriveInvocationId(ref.service, ['1'])
      const live = { slot: 999_999_999_999, n: 999_999, invocation, patch }
      const full = { ...head, cells, live, outlives: 9_999_999_999_999 }
      expect(await objects.writeHead(ref, full, undefined)).toBe(true)
      expect(await objects.head(ref)).toEqual(full)
    },
}

/** What every adapter of the ObjectStore port does. */
export function objectStoreContract(name: string, stores: () => StoresUnderTest): void {
  describeCases(`${name}: objects`, cases, stores)
}
