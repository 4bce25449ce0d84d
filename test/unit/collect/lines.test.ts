import type { Collected, Take } from '@fermata/orchestrator/engine/collect/lines'
import { createLines } from '@fermata/orchestrator/engine/collect/lines'
import type { CollectedSend } from '@fermata/orchestrator/ports'
import { describe, expect, test } from 'vitest'
import { batch } from './scene.ts'

const send = (by: string): CollectedSend => ({
  by,
  input: { void: true },
  headers: {},
  at: 0,
  collect: batch(1),
  keepMs: 0,
})

/** Takes what it is given, one turn later; `poison` is never taken. */
function recording(groups: string[][]): Take {
  return async (sends) => {
    groups.push(sends.map(({ by }) => by))
    await Promise.resolve()
    if (sends.some(({ by }) => by === 'poison')) throw new Error('too large')
    return sends.map((): Collected => 'accepted')
  }
}

describe('sends for one collector', () => {
  test('that come while it is at work go together next, in order', async () => {
    const groups: string[][] = []
    const lines = createLines()
    const take = recording(groups)
    await Promise.all(['a', 'b', 'c'].map((by) => lines.add('x', send(by), take)))
    await lines.add('x', send('d'), take)
    expect(groups).toEqual([['a'], ['b', 'c'], ['d']])
  })

  test('fail alone, where one of them cannot be taken', async () => {
    const groups: string[][] = []
    const lines = createLines()
    const take = recording(groups)
    const all = ['a', 'b', 'poison', 'c', 'd'].map((by) => lines.add('x', send(by), take))
    const results = await Promise.allSettled(all)
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
    ])
    expect(await lines.add('x', send('e'), take)).toBe('accepted')
  })

  test('wait for their turn where only some were taken', async () => {
    const groups: string[][] = []
    const lines = createLines()
    const one: Take = async (sends) => {
      groups.push(sends.map(({ by }) => by))
      return ['duplicate']
    }
    const all = ['a', 'b', 'c'].map((by) => lines.add('x', send(by), one))
    expect(await Promise.all(all)).toEqual(['duplicate', 'duplicate', 'duplicate'])
    expect(groups).toEqual([['a'], ['b', 'c'], ['c']])
  })
})
