import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { runSoak } from '../soak/run.ts'
import { requirePart } from '../support/real-parts/require-part.ts'

requirePart('kafka')('a short soak', () => {
  it('leaves a sound history, whatever went wrong', { timeout: 600_000 }, async () => {
    const directory = await mkdtemp(join(tmpdir(), 'fermata-soak-'))
    onTestFinished(() => rm(directory, { recursive: true }))

    const { violations, acts, struck, events, effects } = await runSoak({
      ...{ troubleMs: 12_000, rate: 6, replicas: 2, seed: 1, patienceMs: 240_000, directory },
    })

    expect(violations).toEqual([])
    // It has seen what it is to judge.
    expect([acts.size, struck.size]).toEqual([7, expect.any(Number)])
    expect(struck.size).toBeGreaterThan(3)
    expect(effects).toBeGreaterThan(50)
    const kinds = [
      'segment',
      'slot',
      'head',
      'promise',
      'committed',
      'effect',
      'accepted',
      'answered',
    ]
    expect([...events.keys()]).toEqual(expect.arrayContaining(kinds))
  })
})
