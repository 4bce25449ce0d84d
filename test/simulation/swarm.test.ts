import { describe, expect, it } from 'vitest'
import { Summary } from './summary.ts'
import { type Played, playAll } from './swarm.ts'

const main = new URL('unwell-worker.ts', import.meta.url)

describe('a swarm', () => {
  it('names the seeds whose workers died or hang, and plays the others', async () => {
    const all: Played[] = []
    await playAll({
      ...{ from: 1, seeds: 5, workers: 2, main, patienceMs: 5_000 },
      onPlayed: (played) => all.push(played),
    })
    const found = all.toSorted((a, b) => a.seed - b.seed).map((one) => [one.seed, one.violations])
    expect(found).toEqual([
      [1, []],
      [2, ['its worker has ended with 7']],
      [3, ['it hangs: it is not over after 5 s']],
      [4, []],
      [5, []],
    ])
  })

  it('plays no more when it is enough', async () => {
    const all: number[] = []
    await playAll({
      ...{ from: 4, seeds: 10, workers: 1, main },
      onPlayed: ({ seed }) => all.push(seed),
      isEnough: () => all.length === 2,
    })
    expect(all).toEqual([4, 5])
  })
})

describe('a summary', () => {
  it('counts faults by kind, and by place and what was written last before', () => {
    const summary = new Summary()
    const fault = { kind: 'replica-dies', where: 'append.after', after: 'output' } as const
    const twin = { kind: 'twin', where: 'an invocation', after: 'nothing' } as const
    summary.add({
      ...{ seed: 1, simulatedMs: 10, violations: [], stories: ['tills'] },
      faults: [fault, fault, twin],
    })
    const text = summary.text()
    expect(text).toContain('faults: replica-dies 2, twin 1')
    expect(text).toMatch(/^append\.after +· +2/m)
    expect(text).toMatch(/^twin an invocation +1 +·/m)
    expect(summary.neverStruck()).not.toContain('twin')
    expect(summary.neverStruck()).toContain('throttle')
  })
})
