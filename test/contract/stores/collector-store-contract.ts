import type { CollectedSend, CollectorRef, CollectorSlot } from '@fermata/orchestrator/ports'
import { expect } from 'vitest'
import {
  describeCases,
  freshName,
  inAnHour,
  type StoreCases,
  type StoresUnderTest,
} from './harness.ts'

export function collectorStoreContract(name: string, stores: () => StoresUnderTest): void {
  describeCases(`${name}: collector store`, cases, stores)
}

const refOf = (key: string = freshName('key')): CollectorRef => ({
  service: 'mail',
  handler: 'digest',
  how: 'batch',
  key: { of: 'send', text: key },
})

const sendOf = (by: string): CollectedSend => ({
  by,
  input: { list: [{ json: by }, { void: true }] },
  headers: { a: 'b' },
  at: 1_800_000_000_000,
  collect: { how: 'batch', maxSize: 10, waitMs: 1_000 },
  keepMs: 1_000,
})

function slotOf(stores: StoresUnderTest, n: number, bys: string[], life = 'one'): CollectorSlot {
  return { n, life, sends: bys.map(sendOf), expires: inAnHour(stores) }
}

async function opened(stores: StoresUnderTest, ref: CollectorRef, done = 0, life = 'one') {
  const { collectors } = stores
  const before = (await collectors.read(ref, 10)).head
  const head = { life, done, expires: inAnHour(stores) }
  expect(await collectors.writeHead(ref, head, before)).toBe(true)
}

const cases: StoreCases = {
  async 'a collector that nobody wrote to has no head and no slots'({ collectors }) {
    expect(await collectors.read(refOf(), 10)).toEqual({ head: undefined, open: [] })
  },

  async 'a head is written only over the one that was read'(stores) {
    const { collectors } = stores
    const ref = refOf()
    const head = { life: 'one', done: 0, expires: inAnHour(stores) }
    expect(await collectors.writeHead(ref, head, undefined)).toBe(true)
    expect(await collectors.writeHead(ref, head, undefined)).toBe(false)
    const first = (await collectors.read(ref, 10)).head
    const ranged = { ...head, range: { from: 1, to: 2 } }
    expect(await collectors.writeHead(ref, ranged, first)).toBe(true)
    expect(await collectors.writeHead(ref, head, first)).toBe(false)
    expect((await collectors.read(ref, 10)).head?.head).toEqual(ranged)
  },

  async 'slots are read in order behind the head, as many as are wanted'(stores) {
    const { collectors } = stores
    const ref = refOf()
    await opened(stores, ref, 1)
    for (const n of [10, 2, 9, 1, 3]) await collectors.append(ref, slotOf(stores, n, [`s${n}`]))
    const { open } = await collectors.read(ref, 3)
    expect(open.map(({ n }) => n)).toEqual([2, 3, 9])
    expect(open[0]).toEqual(slotOf(stores, 2, ['s2']))
    expect((await collectors.read(ref, 10)).open).toHaveLength(4)
  },

  async 'a place is taken once, and the very same sends have it when they come again'(stores) {
    const { collectors } = stores
    const ref = refOf()
    await opened(stores, ref)
    expect(await collectors.append(ref, slotOf(stores, 1, ['a', 'b']))).toBe(true)
    expect(await collectors.append(ref, slotOf(stores, 1, ['a', 'b']))).toBe(true)
    expect(await collectors.append(ref, slotOf(stores, 1, ['a']))).toBe(false)
    expect(await collectors.append(ref, slotOf(stores, 1, ['c']))).toBe(false)
    expect((await collectors.read(ref, 10)).open).toHaveLength(1)
  },

  async 'of several who want a place one gets it'(stores) {
    const { collectors } = stores
    const ref = refOf()
    await opened(stores, ref)
    const tries = Array.from({ length: 5 }, (_, i) => slotOf(stores, 1, [`s${i}`]))
    const taken = await Promise.all(tries.map((slot) => collectors.append(ref, slot)))
    expect(taken.filter(Boolean)).toHaveLength(1)
  },

  async 'what is left of an earlier life does not count, and gives way'(stores) {
    const { collectors } = stores
    const ref = refOf()
    await opened(stores, ref)
    await collectors.append(ref, slotOf(stores, 1, ['old']))
    await opened(stores, ref, 0, 'two')
    expect((await collectors.read(ref, 10)).open).toEqual([])
    expect(await collectors.append(ref, slotOf(stores, 1, ['new'], 'two'))).toBe(true)
    expect((await collectors.read(ref, 10)).open).toEqual([slotOf(stores, 1, ['new'], 'two')])
  },

  async 'a send that was marked is known from then on'(stores) {
    const { collectors } = stores
    const ref = refOf()
    expect(await collectors.isTaken(ref, 's1')).toBe(false)
    const bys = Array.from({ length: 40 }, (_, i) => `s${i}`)
    await collectors.markTaken(
      ref,
      bys.map((by) => ({ by, expires: inAnHour(stores) })),
    )
    await collectors.markTaken(ref, [{ by: 's1', expires: inAnHour(stores) }])
    const known = await Promise.all(bys.map((by) => collectors.isTaken(ref, by)))
    expect(known.every(Boolean)).toBe(true)
    expect(await collectors.isTaken(ref, 's40')).toBe(false)
    expect(await collectors.isTaken(refOf(), 's1')).toBe(false)
  },

  async 'keys are kept apart, whatever is in them'(stores) {
    const { collectors } = stores
    const key = `${freshName('a')}#b/ü 💌`
    const keyed: CollectorRef = { ...refOf(key), key: { of: 'target', text: key } }
    await opened(stores, refOf(key))
    expect((await collectors.read(keyed, 10)).head).toBeUndefined()
    expect((await collectors.read(refOf(key), 10)).head).toBeDefined()
  },
}
