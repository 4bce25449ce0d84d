import type { StateCell } from '@fermata/lambda-runtime/protocol'
import { deriveInvocationId, maxStateNamesBytes } from '@fermata/lambda-runtime/protocol'
import type { StatePatch } from '@fermata/orchestrator/domain/invocation/state'
import {
  bytesOf,
  hasRoom,
  inlineBytes,
  isEmpty,
  layOut,
  lazyCells,
  patchCells,
  patchOf,
  recordOf,
} from '@fermata/orchestrator/domain/objects/cells'
import {
  doneOf,
  finish,
  judgeEdit,
  showLive,
  snapshot,
} from '@fermata/orchestrator/domain/objects/head'
import type { ObjectHead, Slot } from '@fermata/orchestrator/domain/objects/model'
import { findCircle, type Wait } from '@fermata/orchestrator/domain/objects/waits'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fillingNames } from '../../support/state-names.ts'
import { created, invocationId } from './journals.ts'

const patch = (values: Record<string, string | undefined>, cleared = false): StatePatch => ({
  cleared,
  values: new Map(
    Object.entries(values).map(([name, json]) => [name, json === undefined ? json : { json }]),
  ),
})
const cell = (name: string, json: string): StateCell => ({ name, value: { json } })
const long = 'x'.repeat(3_000)

const head: ObjectHead = {
  done: 4,
  version: 2,
  cells: [cell('a', '1')],
  live: undefined,
  expires: undefined,
  writes: 7,
}

const slot: Slot = {
  n: 5,
  writer: 'w',
  at: 0,
  expires: 1_000,
  mail: { kind: 'invocation', invocation: invocationId, created },
  mark: undefined,
}

describe('the layout of a state', () => {
  it('keeps short values in the head, by name', () => {
    const made = layOut([cell('b', '1'), cell('c', '2')], patch({ a: '3', c: undefined }), 9)
    expect(made).toEqual({ cells: [cell('a', '3'), cell('b', '1')], stored: [], dropped: [] })
  })

  it('moves the longest values out, as few as it takes', () => {
    const made = layOut([cell('a', long)], patch({ b: `${long}y`, c: 'short' }), 9)
    expect(made.stored).toEqual([{ name: 'b', value: { json: `${long}y` } }])
    expect(made.cells).toEqual([
      cell('a', long),
      { name: 'b', slot: 9, bytes: bytesOf(cell('b', `${long}y`)) },
      cell('c', 'short'),
    ])
  })

  it('leaves values alone that are out already', () => {
    const out = { name: 'z', slot: 3, bytes: 90_000 }
    const made = layOut([cell('a', long), out], patch({ b: `${long}y` }), 9)
    expect(made.stored.map(({ name }) => name)).toEqual(['b'])
    expect(made.cells).toContainEqual(out)
  })

  it('drops what nothing points to any more', () => {
    const stored = { name: 'a', slot: 3, bytes: 9_000 }
    expect(layOut([stored], patch({ b: '1' }), 9).dropped).toEqual([])
    expect(layOut([stored], patch({ a: '1' }), 9).dropped).toEqual([{ name: 'a', slot: 3 }])
    expect(layOut([stored], patch({}, true), 9)).toMatchObject({
      cells: [],
      dropped: [{ name: 'a', slot: 3 }],
    })
  })

  it('comes to the same when it is done again, and never to a long head', () => {
    const values = fc.dictionary(fc.string(), fc.string({ maxLength: 6_000 }), { maxKeys: 8 })
    fc.assert(
      fc.property(values, values, fc.boolean(), (before, after, cleared) => {
        const cells = layOut([], patch(before), 1).cells
        const change = patch(after, cleared)
        const made = layOut(cells, change, 2)
        expect(layOut(cells, change, 2)).toEqual(made)
        const inline = made.cells.filter((one) => 'value' in one)
        expect(inline.reduce((sum, one) => sum + bytesOf(one), 0)).toBeLessThanOrEqual(inlineBytes)
        const names = new Set([...(cleared ? [] : Object.keys(before)), ...Object.keys(after)])
        expect(new Set(made.cells.map(({ name }) => name))).toEqual(names)
      }),
    )
  })

  it('writes a change down and reads it again', () => {
    const change = patch({ a: '1', b: undefined }, true)
    expect(patchOf(recordOf(change))).toEqual(change)
    expect(isEmpty(change)).toBe(false)
    expect(isEmpty(patch({}))).toBe(true)
    expect(patchCells([cell('b', '1')], patch({}))).toEqual([cell('b', '1')])
  })

  it('sends values along as long as they are not too much together', () => {
    const cells = [
      { name: 'big', slot: 1, bytes: 500 },
      { name: 'bigger', slot: 1, bytes: 600 },
      cell('short', 'x'),
    ]
    expect(lazyCells(cells, 2_000)).toEqual(new Set())
    expect(lazyCells(cells, 550)).toEqual(new Set(['bigger']))
    expect(lazyCells(cells, 1)).toEqual(new Set(['big', 'bigger']))
  })
})

describe('a change of a state', () => {
  const names = fillingNames()
  const [first = '', ...others] = names
  const full = names.map((name) => cell(name, '1'))

  it('has room up to the last byte', () => {
    const before = others.map((name) => cell(name, '1'))
    expect(hasRoom(before, patch({ [first]: '1' }))).toBe(true)
    expect(hasRoom(before, patch({ [`${first}x`]: '1' }))).toBe(false)
    expect(hasRoom(full, patch({ one: '1' }))).toBe(false)
    expect(hasRoom(full, patch({ [first]: undefined, one: '1' }))).toBe(true)
    expect(hasRoom(full, patch({ one: '1' }, true))).toBe(true)
  })

  it('without a new name always has room: what was stored can be stored again', () => {
    const tooMany = [...full, cell('one', '1')]
    expect(hasRoom(tooMany, patch({ one: '2', [first]: undefined }))).toBe(true)
    expect(hasRoom(tooMany, patch({}))).toBe(true)
  })

  it('has none for names that nothing can be called', () => {
    for (const name of ['', 'x'.repeat(257), '\ud800']) {
      expect(hasRoom([], patch({ [name]: '1' }))).toBe(false)
      expect(hasRoom([], patch({ [name]: undefined }))).toBe(true)
    }
  })

  it('leaves a head that is a bounded part of an item', () => {
    const { cells } = layOut([], patch(Object.fromEntries(names.map((name) => [name, '1']))), 9)
    const bytes = Buffer.byteLength(JSON.stringify(cells))
    expect(bytes).toBeLessThanOrEqual(maxStateNamesBytes + inlineBytes)
  })
})

describe('the end of a slot', () => {
  it('goes on without a change that has no room', () => {
    const made = finish(head, { slot: 5, patch: patch({ '': '2', a: '2' }), expires: 10 })
    expect(made).toMatchObject({ isRefused: true, stored: [], dropped: [] })
    expect(made).toMatchObject({ head: { done: 5, version: 2, cells: head.cells, writes: 8 } })
  })

  it('changes the state once', () => {
    const made = finish(head, { slot: 5, patch: patch({ b: '2' }), expires: 10 })
    expect(made).toEqual({
      kind: 'write',
      isRefused: false,
      head: {
        done: 5,
        version: 3,
        cells: [cell('a', '1'), cell('b', '2')],
        live: undefined,
        expires: undefined,
        outlives: 10,
        writes: 8,
      },
      stored: [],
      dropped: [],
    })
    const after = made.kind === 'write' ? made.head : undefined
    expect(finish(after, { slot: 5, patch: patch({ b: '2' }), expires: 10 })).toEqual({
      kind: 'over',
    })
  })

  it('without a change keeps the version; without a state the head expires', () => {
    const first = finish(undefined, { slot: 1, patch: patch({}), expires: 10 })
    expect(first).toMatchObject({ head: { done: 1, version: 0, expires: 10, writes: 1 } })
    const later = { ...head, cells: [], expires: 99 }
    const next = finish(later, { slot: 5, patch: patch({}), expires: 10 })
    expect(next).toMatchObject({ head: { version: 2, expires: 99 } })
  })

  it('lets a head without its state expire once all slots before it have', () => {
    const made = finish(undefined, { slot: 1, patch: patch({ a: '1' }), expires: 90 })
    const kept = made.kind === 'write' ? made.head : undefined
    const cleared = { cleared: true, values: new Map() }
    const next = finish(kept, { slot: 2, patch: cleared, expires: 10 })
    expect(next).toMatchObject({ head: { done: 2, cells: [], expires: 90 } })
  })

  it('of a workflow lets its state expire, and so does what comes after it', () => {
    const run = { slot: 1, patch: patch({ a: '1' }), expires: 50, ofWorkflow: true }
    const made = finish(undefined, run)
    expect(made).toMatchObject({ head: { cells: [cell('a', '1')], expires: 50 } })
    const after = made.kind === 'write' ? made.head : undefined
    const passed = finish(after, { slot: 2, patch: patch({}), expires: 40 })
    expect(passed).toMatchObject({ head: { done: 2, expires: 50 } })
  })
})

describe('what a waiting holder shows', () => {
  const state = { created: { ...created, slot: 5 }, next: 3, patch: patch({ a: '2' }) }

  it('grows with its journal, and counts only while it holds', () => {
    const shown = showLive(head, invocationId, state, 99)
    expect(shown).toMatchObject({
      done: 4,
      writes: 8,
      expires: undefined,
      live: { slot: 5, n: 3, patch: { cleared: false, values: [['a', { json: '2' }]] } },
    })
    expect(snapshot(shown)).toEqual({ kind: 'cells', cells: [cell('a', '2')] })
    expect(showLive(shown, invocationId, state, 99)).toBeUndefined()
    expect(showLive(shown, invocationId, { ...state, next: 4 }, 99)?.live?.n).toBe(4)
    const over = { ...head, done: 5 }
    expect(showLive(over, invocationId, state, 99)).toBeUndefined()
    const late = { ...over, live: shown?.live }
    expect(snapshot(late)).toEqual({ kind: 'cells', cells: head.cells })
  })

  it('is nothing when it changed nothing', () => {
    expect(showLive(head, invocationId, { ...state, patch: patch({}) }, 99)).toBeUndefined()
    const unplaced = { ...state, created }
    expect(showLive(undefined, invocationId, unplaced, 99)).toBeUndefined()
  })

  it('makes a head where there is none, which expires', () => {
    const shown = showLive(undefined, invocationId, state, 99)
    expect(shown).toMatchObject({ done: 4, version: 0, cells: [], expires: 99, writes: 1 })
    const again = showLive({ ...head, expires: 50 }, invocationId, state, 99)
    expect(again?.expires).toBe(99)
  })

  it('is left to its journal when it is long', () => {
    const change = { ...state, patch: patch({ a: 'x'.repeat(5_000) }) }
    const shown = showLive(head, invocationId, change, 99)
    expect(shown?.live).toMatchObject({ slot: 5, n: 3, invocation: invocationId, patch: undefined })
    expect(snapshot(shown)).toEqual({ kind: 'journal', live: shown?.live })
  })

  it('is nothing where there is no head', () => {
    expect(snapshot(undefined)).toEqual({ kind: 'cells', cells: [] })
  })
})

describe('a key', () => {
  it('is done up to where its head says, or up to its first slot', () => {
    expect(doneOf(head, slot)).toBe(4)
    expect(doneOf(undefined, { ...slot, n: 8 })).toBe(7)
    expect(doneOf(undefined, undefined)).toBe(0)
  })

  it('takes an edit for its version, or for any', () => {
    const edit = { id: 'e', patch: recordOf(patch({})) }
    expect(judgeEdit(head, { ...edit, version: 2 })).toBe('applied')
    expect(judgeEdit(head, { ...edit, version: 1 })).toBe('void')
    expect(judgeEdit(head, { ...edit, version: undefined })).toBe('applied')
    expect(judgeEdit(undefined, { ...edit, version: 0 })).toBe('applied')
  })

  it('takes no edit that has no room, and tells that from another version', () => {
    const edit = { id: 'e', patch: recordOf(patch({ ['x'.repeat(257)]: '1' })) }
    expect(judgeEdit(head, { ...edit, version: 2 })).toBe('too-large')
    expect(judgeEdit(head, { ...edit, version: 1 })).toBe('void')
    expect(judgeEdit(undefined, { ...edit, version: undefined })).toBe('too-large')
  })
})

describe('invocations that wait for each other', () => {
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => deriveInvocationId('x', [name]))
  if (a === undefined || b === undefined || c === undefined || d === undefined) throw new Error()
  const wait = (from: typeof a, to: typeof a): Wait => ({ from, to, by: 'call' })

  it('are found in a circle, also where the way there is not part of it', () => {
    expect(findCircle([wait(a, b), wait(b, c), wait(c, b)], a)).toEqual([b, c])
    expect(findCircle([wait(a, a)], a)).toEqual([a])
  })

  it('are not where none waits for itself in the end', () => {
    const diamond = [wait(a, b), wait(a, c), wait(b, d), wait(c, d)]
    expect(findCircle(diamond, a)).toBeUndefined()
    expect(findCircle([], a)).toBeUndefined()
  })
})
