import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { mutants } from './mutants.ts'
import { mutated } from './mutate.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const interleavings = 20

describe('planted bugs', () => {
  it.each(mutants)('$name: its places are there, once each', ({ edits }) => {
    const sources = new Map<string, string>()
    for (const edit of edits) {
      const before = sources.get(edit.file) ?? readFileSync(`${root}${edit.file}`, 'utf8')
      const after = mutated(before, edit)
      expect(after).not.toBe(before)
      sources.set(edit.file, after)
    }
  })

  it('bring back each of the interleavings', () => {
    const traces = new Set(mutants.map(({ trace }) => trace))
    const missing = Array.from({ length: interleavings }, (_, index) => index + 1).filter(
      (trace) => !traces.has(trace),
    )
    expect(missing).toEqual([])
  })

  it('stand in docs/testing.md, each with its number of seeds', () => {
    const docs = readFileSync(`${root}docs/testing.md`, 'utf8').split('\n')
    const begin = docs.indexOf('| planted bug | trace | must be found within |')
    const rows = docs.slice(begin + 2).filter((line) => line.startsWith('| '))
    const table = mutants.map(
      ({ name, trace, within }) => `| ${name} | ${trace ?? ''} | ${within} seeds |`,
    )
    expect(rows.slice(0, mutants.length)).toEqual(table)
  })

  it.each(['release before state', 'hand out before durable', 'drop seen', 'two places for one'])(
    '%s is found',
    (name) => {
      const main = fileURLToPath(new URL('mutant-main.ts', import.meta.url))
      const args = ['--conditions=source', '--no-warnings', main, '--name', name]
      const answer = execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
      const { played } = JSON.parse(answer.trim().split('\n').at(-1) ?? '') as { played: number }
      expect(played).toBeGreaterThan(0)
    },
  )
})
